"""One entry of the log as a flat row: what is asked for most has a column, and the whole stands in `entry` as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from guard.audit.reading import Numbered
from guard.types import Act, Closing, Entry, FoundSpan, Opening, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

Row: TypeAlias = Mapping[str, Any]

# The columns, in order, with their types by Arrow's names. What an entry does not say is null.
COLUMNS: Final[Mapping[str, str]] = {
    "seq": "int64",  # the number of the entry in the log
    "day": "string",  # of the entry, UTC, as 2026-11-24; the partition
    "kind": "string",  # opening, closing or act
    "exchange": "string",
    "time": "timestamp",
    "user": "string",
    "team": "string",
    "application": "string",
    "tenant": "string",
    "surface": "string",
    "stream": "bool",
    "upstream": "string",
    "model": "string",
    "policy": "string",
    "policy_digest": "string",
    "constitution": "string",
    "constitution_digest": "string",
    "critic": "string",
    "critic_digest": "string",
    "outcome": "string",
    "decision": "string",
    "reason": "string",
    "status": "int64",
    "action": "string",  # of an act
    "subject": "string",
    "entities": "strings",  # of the spans, one for each span
    "spans": "spans",
    "principles_fired": "strings",
    "verdicts": "verdicts",
    "not_scanned": "strings",
    "not_judged": "strings",
    "usage": "numbers",
    "timings_ms": "numbers",
    "request": "string",  # masked words, where they are kept and asked for
    "reply": "string",
    "sent": "string",
    "entry": "string",  # the whole entry as JSON
}

# Those that a beginning and an end have as fields of the same name.
OF_OPENING: Final = (
    "tenant", "surface", "stream", "upstream", "model", "policy", "policy_digest", "constitution",
    "constitution_digest", "critic", "critic_digest",
)  # fmt: skip
OF_CLOSING: Final = ("upstream", "model", "outcome", "decision", "reason", "status", "reply", "sent")


def row_of(item: Numbered, *, content: bool) -> Row:
    """The row of an entry; without `content`, no words of the exchange stand in it."""
    entry = item.entry if content else without_words(item.entry)
    time = datetime.fromtimestamp(entry.time, UTC)
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"seq": item.seq, "day": f"{time:%Y-%m-%d}", "exchange": entry.exchange, "time": time}
    row |= _own(entry)
    row["entry"] = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return row


def without_words(entry: Entry) -> Entry:
    """`entry` without what the people and the model said."""
    match entry:
        case Opening():
            return replace(entry, request="")
        case Closing():
            revisions = tuple(replace(revision, critique="") for revision in entry.revisions)
            return replace(entry, reply="", sent="", revisions=revisions)
        case Act():
            return entry


def _own(entry: Entry) -> Row:
    match entry:
        case Opening():
            return _opening(entry)
        case Closing():
            return _closing(entry)
        case Act():
            return {
                "kind": "act", "user": entry.actor, "action": entry.action, "subject": entry.subject,
                "reason": entry.note,
            }  # fmt: skip


def _opening(entry: Opening) -> Row:
    return {
        **{name: getattr(entry, name) for name in OF_OPENING},
        "kind": "opening",
        "user": entry.principal.user,
        "team": entry.principal.team,
        "application": entry.principal.application,
        **_found(entry.spans),
        **_judged([(-1, verdict) for verdict in entry.verdicts]),
        "not_scanned": list(entry.not_scanned),
        "timings_ms": _numbers(entry.timings_ms),
        "request": entry.request,
    }


def _closing(entry: Closing) -> Row:
    return {
        **{name: getattr(entry, name) for name in OF_CLOSING},
        "kind": "closing",
        **_found(entry.spans),
        **_judged(entry.verdicts),
        "not_judged": list(entry.not_judged),
        "usage": _numbers(entry.usage),
        "timings_ms": _numbers(entry.timings_ms),
    }


def _found(spans: tuple[FoundSpan, ...]) -> Row:
    return {"entities": [span.entity for span in spans], "spans": [asdict(span) for span in spans]}


def _judged(verdicts: Any) -> Row:
    def told(choice: int, verdict: Verdict) -> Row:
        return {
            "choice": choice, "principle": verdict.principle, "score": float(verdict.score), "state": verdict.state,
            "reason": verdict.reason,
        }  # fmt: skip

    return {
        "principles_fired": [verdict.principle for _, verdict in verdicts if verdict.state == "fired"],
        "verdicts": [told(choice, verdict) for choice, verdict in verdicts],
    }


def _numbers(values: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(name, float(value)) for name, value in values.items()]


def arrow_schema() -> pa.Schema:
    """The columns as Arrow types."""
    import pyarrow as pa

    text = pa.string()
    span = {
        "field": text, "entity": text, "recognizer": text, "score": pa.float64(), "operator": text, "value_hash": text,
    }  # fmt: skip
    verdict = {"choice": pa.int64(), "principle": text, "score": pa.float64(), "state": text, "reason": text}
    types = {
        "int64": pa.int64(),
        "string": text,
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "strings": pa.list_(text),
        "spans": pa.list_(pa.struct(list(span.items()))),
        "verdicts": pa.list_(pa.struct(list(verdict.items()))),
        "numbers": pa.map_(text, pa.float64()),
    }
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
