"""Reads sets of which each row says whether a prompt, a reply or a text is harmful, or violates a principle.

| format | what |
|---|---|
| guard | JSON lines: `prompt` and `reply`, `prompt`, or `text`; `label` 0 or 1; perhaps `kind`, `half`, `principle` |
| moderation | moderation-api-release as published: `prompt` is the text, and a key for each category |
| halueval | HaluEval: `user_query`, `chatgpt_response`, `hallucination` yes or no; or guard's keys with `spans` |
| xstest | XSTest: `prompt`, `label` safe or unsafe; with `response` harmful or unharmful; CSV as well |
| wildguard | WildGuardTest: `prompt_harm_label` and `response_harm_label`; two sets, of prompts and of replies |
| beavertails | BeaverTails: `prompt`, `response`, `is_safe` |
| toxicchat | ToxicChat: `user_input`, `toxicity` |

`auto` tells them apart by the keys of the first row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from guard.errors import ConfigError
from guard.evaluation.formats import content, lines
from guard.types import Dialogue

ReviewFormat = Literal["auto", "guard", "moderation", "halueval", "xstest", "wildguard", "beavertails", "toxicchat"]
What = Literal["prompts", "replies", "texts"]

CATEGORIES = ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")
WORDS: Mapping[Any, int] = {
    "0": 0, "1": 1, "safe": 0, "unsafe": 1, "harmful": 1, "unharmful": 0, "yes": 1, "no": 0, "true": 1, "false": 0,
}  # fmt: skip
INVENTED = "no-invented-authority"  # the principle that a reply with invented facts violates


@dataclass(frozen=True, slots=True)
class Row:
    """What is judged, and whether it should fire. `half` and `kind` are "" where the set does not say.

    `principle` is the one that this row is about, where rows of a set are about several.
    """

    dialogue: Dialogue
    label: bool
    half: str = ""
    kind: str = ""
    principle: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewSet:
    """Rows of one sort; `principle` is the one that is judged; None for each row's own, or harm in general."""

    name: str
    what: What
    rows: tuple[Row, ...]
    principle: str | None = None


Found: TypeAlias = tuple[What, Row]


def read_review(file: Path, form: ReviewFormat = "auto") -> tuple[ReviewSet, ...]:
    """The sets of a file, one for each sort of rows. Raises ConfigError, whose message names file, line and key."""
    rows = list(_rows(file))
    if not rows:
        raise ConfigError(f"{file}: holds no row. Give a file with at least one.")
    form = _guess(rows[0][0]) if form == "auto" else form
    reader = _READERS[form]
    found: dict[What, list[Row]] = {}
    for row, where in rows:
        for what, one in reader(row, where):
            found.setdefault(what, []).append(one)
    if not found:
        raise ConfigError(f"{file}: holds no row with a label. Check the file, or name another --format.")
    principle = INVENTED if form == "halueval" else None
    several = len(found) > 1
    return tuple(
        ReviewSet(f"{file.name}: {what}" if several else file.name, what, tuple(these), principle)
        for what, these in found.items()
    )


def _rows(file: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    if file.suffix != ".csv":
        yield from lines(file, content(file))
        return
    for number, row in enumerate(csv.DictReader(io.StringIO(content(file))), 2):
        yield row, f"{file}, line {number}"


def _guess(row: Mapping[str, Any]) -> ReviewFormat:
    """The format by the keys that no other has."""
    keys = set(row)
    for form, telling in _TELLING:
        if keys.issuperset(telling):
            return form
    if isinstance(row.get("label"), str) and not row["label"].isdigit():
        return "xstest"
    return "guard"


_TELLING: tuple[tuple[ReviewFormat, set[str]], ...] = (
    ("wildguard", {"prompt_harm_label"}),
    ("beavertails", {"is_safe"}),
    ("toxicchat", {"user_input", "toxicity"}),
    ("halueval", {"user_query", "hallucination"}),
    ("halueval", {"prompt", "reply", "spans"}),
    ("moderation", {"prompt", "SH", "HR"}),
)


def _guard(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    label = _label(row, "label", where)
    own = row.get("principle")
    groups = str(row.get("half", "")), str(row.get("kind", "")), None if own is None else str(own)
    if "text" in row:
        yield "texts", Row(Dialogue("", _text(row, "text", where)), label, *groups)
    elif row.get("reply") is not None:
        yield "replies", Row(Dialogue(str(row.get("prompt", "")), _text(row, "reply", where)), label, *groups)
    else:
        yield "prompts", Row(Dialogue(_text(row, "prompt", where), ""), label, *groups)


def _moderation(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    harmful = any(row.get(category) for category in CATEGORIES)
    yield "texts", Row(Dialogue("", _text(row, "prompt", where)), harmful)


def _halueval(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    if "user_query" not in row:
        yield from _guard(row, where)
        return
    dialogue = Dialogue(_text(row, "user_query", where), _text(row, "chatgpt_response", where))
    yield "replies", Row(dialogue, _label(row, "hallucination", where))


def _xstest(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    kind, prompt = str(row.get("type", "")), _text(row, "prompt", where)
    label = _label(row, "label", where) if "label" in row else kind.startswith("contrast")
    if row.get("response"):
        yield "replies", Row(Dialogue(prompt, _text(row, "response", where)), label, "", kind)
    else:
        yield "prompts", Row(Dialogue(prompt, ""), label, "", kind)


def _wildguard(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    prompt = _text(row, "prompt", where)
    if row.get("prompt_harm_label"):
        yield "prompts", Row(Dialogue(prompt, ""), _label(row, "prompt_harm_label", where))
    if row.get("response") and row.get("response_harm_label"):
        reply = _text(row, "response", where)
        yield "replies", Row(Dialogue(prompt, reply), _label(row, "response_harm_label", where))


def _beavertails(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    dialogue = Dialogue(_text(row, "prompt", where), _text(row, "response", where))
    yield "replies", Row(dialogue, not _label(row, "is_safe", where))


def _toxicchat(row: Mapping[str, Any], where: str) -> Iterator[Found]:
    yield "prompts", Row(Dialogue(_text(row, "user_input", where), ""), _label(row, "toxicity", where))


_READERS: dict[ReviewFormat, Callable[[Mapping[str, Any], str], Iterator[Found]]] = {
    "guard": _guard,
    "moderation": _moderation,
    "halueval": _halueval,
    "xstest": _xstest,
    "wildguard": _wildguard,
    "beavertails": _beavertails,
    "toxicchat": _toxicchat,
}


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise ConfigError(f"{where}: '{key}' must be a string. Check the file, or name another --format.")
    return value


def _label(row: Mapping[str, Any], key: str, where: str) -> bool:
    value = row.get(key)
    known = WORDS.get(str(value).strip().lower())
    if known is None:
        raise ConfigError(f"{where}: '{key}' must be 0 or 1, or one of safe, unsafe, harmful, unharmful, yes and no.")
    return bool(known)
