"""Entries to record, by hand and by hypothesis."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from guard.audit.entries import Leaf, columns, encode
from guard.audit.merkle import leaf_hash
from guard.audit.store import SqliteStore, Store
from guard.types import Act, Closing, Entry, FoundSpan, Keeping, Opening, Principal, Revision, Verdict

NOW = 1_764_000_000.0

SPAN = FoundSpan("messages.0.content", "PERSON", "spacy", 0.85, "placeholder", "5f2c")
OPENING = Opening(
    exchange="0-first",
    time=NOW + 0.25,
    principal=Principal("ann", "legal", "mailer"),
    tenant="default",
    surface="chat",
    stream=True,
    upstream="local",
    fallbacks=("spare",),
    model="small",
    policy="default",
    policy_digest="p1",
    constitution="workplace",
    constitution_digest="c1",
    critic="embedded",
    critic_digest="e1",
    spans=(SPAN,),
    routed=("CODE_NAME",),
    not_scanned=("images",),
    request='Write to <PERSON_K7Q2M4XD>, "today"\n 안녕',
    timings_ms={"mask": 1.5},
    verdicts=(Verdict("no-injection", 0.12, "unsure", (), "near the line"),),
    keeping=Keeping("masked", "ann"),
)
CLOSING = Closing(
    exchange="0-first",
    time=NOW + 1.5,
    outcome="completed",
    decision="revise",
    reason="no-threats",
    status=200,
    upstream="spare",
    failed=(("local", "429"),),
    model="small-2026",
    reply="Dear <PERSON_K7Q2M4XD>, or else.",
    sent="Dear <PERSON_K7Q2M4XD>.",
    spans=(),
    verdicts=((0, Verdict("no-threats", 0.91, "fired", ((23, 31),), "a threat", (("small", 0.8), ("large", 0.91)))),),
    revisions=(Revision(0, 1, ("no-threats",), "redaction", "or else", True, ""),),
    not_judged=(),
    unknown_placeholders=0,
    usage={"prompt_tokens": 12},
    timings_ms={"judge": 20.0},
    keeping=Keeping("masked", "ann"),
)
ACT = Act("0-look", NOW + 2, "eve", "auditor", "look", "0-first", "asked by the works council")


def apart(entry: Entry) -> tuple[bytes, bytes]:
    """The body of `entry`, and its words as they would be sealed; b"" where it keeps none."""
    kept: list[bytes] = [b""]

    def seal(exchange: str, kind: str, keeping: Keeping, clear: bytes) -> tuple[bytes, bytes]:
        kept.append(clear)
        return bytes(range(16)), b"sealed:" + clear

    return encode(entry, seal), kept[-1]


def encoded(entry: Entry) -> bytes:
    """The body of `entry` alone."""
    return apart(entry)[0]


WORDS = {"opening": ("request",), "closing": ("reply", "sent")}


def in_the_body(entry: Opening | Closing) -> dict[str, Any]:
    """`entry` as JSON with its words in it, as before the fourth schema."""
    data: dict[str, Any] = json.loads(encoded(entry))
    for name in ("sealed", "keeping", "schema"):
        del data[name]
    for name in WORDS[data["kind"]]:
        data[name] = getattr(entry, name)
    for revision, told in zip(data.get("revisions", ()), getattr(entry, "revisions", ()), strict=True):
        revision["critique"] = told.critique
    return data


def of_the_third_schema(entry: Opening | Closing) -> Leaf:
    """`entry` as a guard of the third schema stored it."""
    data = {**in_the_body(entry), "schema": 3}
    body = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Leaf(body, leaf_hash(body), columns(entry))


def opening(exchange: str, time: float = NOW) -> Opening:
    return dataclasses.replace(OPENING, exchange=exchange, time=time)


def closing(exchange: str, time: float = NOW) -> Closing:
    return dataclasses.replace(CLOSING, exchange=exchange, time=time)


def new_store(folder: Path, *, now: float = NOW) -> SqliteStore:
    """A store whose commits all happen at `now`, so that entries made at NOW are in time."""
    return SqliteStore(folder / "audit.db", clock=lambda: now)


def signed(store: Store) -> str:
    """The newest checkpoint of `store` as a signed note, over all that it appended."""
    store.sign()
    return str(store.checkpoint())


numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(-(2**63), 2**64)
spans = st.lists(st.builds(FoundSpan, score=numbers), max_size=2).map(tuple)
words = st.lists(st.text(max_size=5), max_size=2).map(tuple)
timings = st.dictionaries(st.text(max_size=5), numbers, max_size=2)
verdicts = st.builds(
    Verdict,
    score=numbers,
    spans=st.lists(st.tuples(counts, counts), max_size=2).map(tuple),
    reason=st.text(),
    scores=st.lists(st.tuples(st.text(max_size=5), numbers), max_size=2).map(tuple),
)
keepings = st.builds(Keeping, st.sampled_from(["masked", "encrypted"]), until=numbers)
openings = st.builds(
    Opening, keeping=keepings, time=numbers, spans=spans, fallbacks=words, routed=words, not_scanned=words, timings_ms=timings,
    verdicts=st.lists(verdicts, max_size=2).map(tuple),
)  # fmt: skip
closings = st.builds(
    Closing,
    keeping=keepings,
    time=numbers,
    spans=spans,
    verdicts=st.lists(st.tuples(counts, verdicts), max_size=2).map(tuple),
    revisions=st.lists(st.builds(Revision, principles=words), max_size=2).map(tuple),
    failed=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=2).map(tuple),
    not_judged=words,
    usage=st.dictionaries(st.text(max_size=5), counts, max_size=2),
    timings_ms=timings,
)
acts = st.builds(Act, time=numbers)
entries = openings | closings | acts
