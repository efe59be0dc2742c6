"""Texts with marks, and what they mean.

    «Alice Meyer|PERSON»   a literal value and its entity
    «person»               a slot: a value is drawn
    «person#2»             another value of the same slot; the same number repeats the value
    «ko_person»[이/가]     a Korean particle: the first form after a final consonant, the second after a vowel

A file of them holds records, each after a line `%%% KIND`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypedDict

_MARK = re.compile(r"«([^«»|]+)(?:\|([A-Z_]+))?»(?:\[([가-힣]+)/([가-힣]+)\])?")
_HEAD = re.compile(r"(?m)^%%% (\w+)\n")

Fill = Callable[[str], tuple[str, str]]


class Place(TypedDict):
    """An entity in a text: characters, end exclusive."""

    start: int
    end: int
    entity: str


class Marked(NamedTuple):
    """A text and the places of its entities."""

    text: str
    spans: list[Place]


def records(file: Path) -> list[tuple[str, str]]:
    """The records of a file: kind and marked text."""
    _, *parts = _HEAD.split(file.read_text(encoding="utf-8"))
    return [(kind, text.strip("\n")) for kind, text in zip(parts[::2], parts[1::2], strict=True)]


def slots(marked: str) -> list[str]:
    """The slots of a marked text, each as often as it stands there."""
    return [match[1] for match in _MARK.finditer(marked) if match[2] is None]


def compiled(marked: str, fill: Fill | None = None) -> Marked:
    """The text without its marks. `fill` gives the value of a slot and its entity, "" where it is none."""
    pieces: list[str] = []
    spans: list[Place] = []
    known: dict[str, tuple[str, str]] = {}
    length = last = 0
    for match in _MARK.finditer(marked):
        before = marked[last : match.start()]
        name, entity, *particles = match.groups()
        if entity is None:
            if fill is None:
                raise ValueError(f"«{name}» is a slot, and this text has none")
            if name not in known:
                known[name] = fill(name.partition("#")[0])
            value, entity = known[name]
        else:
            value = name
        start = length + len(before)
        length = start + len(value)
        if entity:
            spans.append({"start": start, "end": length, "entity": entity})
        particle = _particle(value, *particles) if particles[0] else ""
        pieces += before, value, particle
        length += len(particle)
        last = match.end()
    text = "".join((*pieces, marked[last:]))
    if "«" in text or "»" in text:
        raise ValueError("a mark is not closed, or its entity is missing")
    return Marked(text, spans)


def _particle(value: str, closed: str, opened: str) -> str:
    """The form of a particle after `value`, by the final consonant of its last syllable; 로 also stands after ㄹ."""
    final = (ord(value[-1]) - ord("가")) % 28 if "가" <= value[-1] <= "힣" else 0
    return opened if final == 0 or (final == 8 and opened == "로") else closed
