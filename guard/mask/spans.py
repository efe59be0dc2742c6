"""From what many recognizers found, which may overlap, to one disjoint, sorted list of spans."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterable
from dataclasses import replace
from functools import partial

from guard.types import Span

# Entities that are names or places: what a model guesses. A pattern that found something exact goes before them.
NAMES = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "INSTITUTION", "CUSTOMER", "CODE_NAME"})

# What points at nobody by itself. It takes nothing away from what does, and makes nothing longer.
ASIDE = frozenset({"URL", "DATE_TIME", "TITLE", "AGE", "NRP", "EDUCATION", "BODY_MEASUREMENT"})

LISTED = "lists"
"""The recognizer of terms that a company lists. They are certain, whatever their entity, and stay one by one."""

# A higher one keeps its extent; everything else has rank 2, and what is kept the lowest of all.
_RANK = {"SECRET": 3} | dict.fromkeys(NAMES, 0) | dict.fromkeys(ASIDE, -1)
_SHORTENED = re.compile(r"(?i)(?<![a-z])(?:inc|ltd|co|corp|bros|jr|sr)$")
_SPACE = re.compile(r"\s*")
_NOT_NAME = re.compile(r"[\s!-/:-@\[-`{-~‘’“”«»、。，．・：；（）「」『』]*")


_KEPT = -2


def disjoint(spans: Iterable[Span], text: str, kept: Container[str] = ()) -> tuple[Span, ...]:
    """The spans without overlaps, sorted by position. Those of the entities `kept` leave as they are.

    Of two that overlap, the one that is more exact, else longer, else surer keeps its extent. What sticks out of the
    other becomes a span of its own, or widens the first where no space parts them. So every character that was found
    stays covered, but for space at the ends of a span and punctuation at the ends of a name.
    What is kept takes nothing from what is not, and is not joined to it.
    Names that one space parts become one. Empty spans and spans outside the text are dropped or cut.
    """
    trimmed = [span for span in (_trim(span, text) for span in spans) if span]
    placed: list[Span] = []
    for span in sorted(trimmed, key=partial(_order, kept)):
        _place(span, placed, text, alone=span.entity in ASIDE or span.entity in kept)
    return tuple(_join_names(placed, text))


def _order(kept: Container[str], span: Span) -> tuple[int, int, float, int, str, str]:
    rank = _RANK.get(span.entity, 2)
    if span.recognizer == LISTED:
        rank = max(rank, 1)
    if span.entity in kept:
        rank = _KEPT
    return (-rank, span.start - span.end, -span.score, span.start, span.entity, span.recognizer)


def _trim(span: Span, text: str) -> Span | None:
    """The span inside `text` without space at its ends, nor punctuation where it is a name; None if nothing is left."""
    start, end = max(span.start, 0), min(span.end, len(text))
    if start >= end:
        return None
    if text[start].isalnum() and text[end - 1].isalnum():  # as nearly always
        return span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)
    edge = _NOT_NAME if span.entity in NAMES else _SPACE
    first = start
    start = _skip(edge, text, start, end)
    if first < start < end and text[start - 1] in "(（" and re.search(r"[)）].", text[start:end]):
        start -= 1  # "(주)하늘", "(株)青空"
    backwards = text[start:end][::-1]
    whole = end
    end -= _skip(edge, backwards, 0, len(backwards))
    if end < whole and edge is _NOT_NAME and start < end and _belongs(text, start, end):
        end += 1
    if start >= end:
        return None
    return span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)


def _belongs(text: str, start: int, end: int) -> bool:
    """Whether the sign at `end` is part of the name before it: "Meyer Ltd.", "Cyprus (Greek)"."""
    if text[end] == ")":
        return text.find("(", start, end) >= 0
    return text[end] == "." and bool(_SHORTENED.search(text, start, end))


def _skip(edge: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = edge.match(text, start, end)
    return match.end() if match else start


def _place(span: Span, placed: list[Span], text: str, *, alone: bool) -> None:
    """Add to `placed`, disjoint and sorted, what it does not cover of `span`; `alone` joins it to no other."""
    position = span.start
    while position < span.end:
        index = bisect_left(placed, position, key=lambda other: other.end - 1)
        after = placed[index] if index < len(placed) else None
        end = min(span.end, after.start) if after else span.end
        if position < end:
            piece = _trim(replace(span, start=position, end=end), text)
            if piece:
                whole = alone or (piece.start, piece.end) == (span.start, span.end)
                index += _insert(piece, index, placed, whole=whole)
        position = max(end, after.end) if after else end


def _insert(piece: Span, index: int, placed: list[Span], *, whole: bool) -> int:
    """Insert `piece` before `placed[index]`, or widen a neighbour that it touches. The number of spans added before."""
    before = placed[index - 1] if index else None
    after = placed[index] if index < len(placed) else None
    if not whole and before and before.end == piece.start:
        placed[index - 1] = replace(before, end=piece.end)
        return 0
    if not whole and after and piece.end == after.start:
        placed[index] = replace(after, start=piece.start)
        return 0
    placed.insert(index, piece)
    return 1


def _join_names(spans: list[Span], text: str) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and _is_one_name(last, span) and text[last.end : span.start] == " ":
            joined[-1] = replace(last, end=span.end, score=max(last.score, span.score))
        else:
            joined.append(span)
    return joined


def _is_one_name(span: Span, after: Span) -> bool:
    """Whether two spans that one space parts are one name."""
    listed = LISTED in (span.recognizer, after.recognizer)
    return span.entity in NAMES and span.entity == after.entity and not listed
