"""The values that a label stands above or beside in data: a column of a table, of an INSERT, a key of an object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["labelled"]

_SIGNS = ("|", "\t", ",", ";", "│")
_QUOTES = " \"'`*"
_INSERT = re.compile(r"\(([^()\n]{1,300})\)\s{0,9}VALUES\s{0,9}(?=\()", re.IGNORECASE)
_TUPLE = re.compile(r"\s{0,9},?\s{0,9}\(([^()]{1,600})\)")
_KEY = re.compile(r"[\"']([^\"'\n:]{1,12})[\"'] {0,3}: {0,3}[\"']([^\"'\n]{2,40})[\"']")


@dataclass(frozen=True, slots=True)
class _Cell:
    """The bare value of a cell: without the signs and quotes around it."""

    start: int
    end: int


def labelled(text: str, label: re.Pattern[str]) -> Iterator[tuple[str, int, int]]:
    """The label, start and end of every value under or beside a label that `label` matches whole.

    Takes time in proportion to the text.
    """
    yield from _columns(text, label)
    yield from _inserts(text, label)
    for match in _KEY.finditer(text):
        if label.fullmatch(match.group(1)):
            yield match.group(1), *match.span(2)


def _columns(text: str, label: re.Pattern[str]) -> Iterator[tuple[str, int, int]]:
    sign, width = "", 0
    names: dict[int, str] = {}
    position = 0
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        if names and sign in line:
            cells = _cells(text, start, position, sign)
            if len(cells) == width:
                yield from ((name, cells[i].start, cells[i].end) for i, name in names.items())
                continue
        sign = next((s for s in _SIGNS if s in line), "")
        cells = _cells(text, start, position, sign) if sign else []
        bare = [text[cell.start : cell.end] for cell in cells]
        names = {i: word for i, word in enumerate(bare) if label.fullmatch(word)}
        width = len(cells)


def _inserts(text: str, label: re.Pattern[str]) -> Iterator[tuple[str, int, int]]:
    for match in _INSERT.finditer(text):
        heads = [text[cell.start : cell.end] for cell in _cells(text, *match.span(1), ",")]
        names = {i: head for i, head in enumerate(heads) if label.fullmatch(head)}
        row = _TUPLE.match(text, match.end()) if names else None
        while row:
            cells = _cells(text, *row.span(1), ",")
            if len(cells) == len(heads):
                yield from ((name, cells[i].start, cells[i].end) for i, name in names.items())
            row = _TUPLE.match(text, row.end())


def _cells(text: str, start: int, end: int, sign: str) -> list[_Cell]:
    found = []
    while start <= end:
        cut = text.find(sign, start, end)
        stop = end if cut < 0 else cut
        first, last = start, stop
        while first < last and (text[first] in _QUOTES or text[first].isspace()):
            first += 1
        while last > first and (text[last - 1] in _QUOTES or text[last - 1].isspace()):
            last -= 1
        found.append(_Cell(first, last))
        start = stop + 1
    return found
