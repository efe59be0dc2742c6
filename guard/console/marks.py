"""Masked text in pieces, so that a page can show which words stand for a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from guard.mask.placeholders import BENT, code_parts, key_of, looks_like_one

REDACTED: Final = re.compile(r"\[[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `entity` is what it stands for, empty where it is what was written."""

    text: str
    entity: str = ""


def pieces(text: str) -> tuple[Piece, ...]:
    """`text` cut at its placeholders; joined again it is the same."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    end = 0
    for match in BENT.finditer(text):
        name = match["name"] or match["bare"]
        if not looks_like_one(name):
            continue
        if match.start() > end:
            yield Piece(text[end : match.start()])
        yield Piece(match[0], _entity(name))
        end = match.end()
    if end < len(text):
        yield Piece(text[end:])


def _entity(name: str) -> str:
    """The entity in a placeholder's name: what stands before its code."""
    plain, code = name.replace("\\", "").upper(), code_parts(name)[-1]
    parts = plain.split("_")
    at = next(i for i in reversed(range(len(parts))) if key_of(parts[i]) == code)
    return "_".join(parts[: max(at, 1)])
