"""An address found in pieces is one: corners of two streets, and the state, post code and country after a town."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from guard.mask.lexicon import COUNTRIES
from guard.types import Span

_CORNER = re.compile(r"(?i)(?:the )?(?:corner|intersection|crossing) of $")
# Between two pieces: signs, and one word that nobody recognised.
_GAP = re.compile(r"[\s,.>?;-]{1,9}(?:(?:[A-ZÀ-Þ][\w'’]{1,14}|(?i:suite|apt\.?|unit|ste\.?|floor))[\s,]{1,3})?")
_AND = re.compile(r" (?:and|&) ")
# What may follow in an envelope: a state of two letters, a post code, a country.
_MORE = re.compile(
    r"[\s,>?]{1,9}(?:nan(?![a-z])|[A-Z]{2}(?![0-9A-Za-z])|[0-9]{2}(?=\s{1,4}[0-9]{4})"
    r"|[0-9]{3,5}(?:[ -][0-9]{2,4})?(?![0-9A-Za-z])"
    r"|(?P<country>[^\W\d_]{4,20}(?: [^\W\d_]{4,20})?)(?![^\W_])(?: \([^\W\d_]{2,20}\))?)"
)
_DIGIT = re.compile(r"[0-9]")


def addresses(spans: Sequence[Span], text: str) -> Iterator[Span]:
    """For the addresses among `spans`, disjoint and sorted, spans of the whole that each is a piece of."""
    index = 0
    while index < len(spans):
        first = last = spans[index]
        index += 1
        if first.entity not in ("LOCATION", "PERSON"):
            continue
        while index < len(spans) and _one(first, last, spans[index], text):
            last = spans[index]
            index += 1
        if not _DIGIT.search(text, first.start, last.end) or (first is last and first.entity == "PERSON"):
            continue
        corner = _CORNER.search(text, max(0, first.start - 24), first.start)
        start, end = corner.start() if corner else first.start, _end(text, last.end)
        if (start, end) != (first.start, first.end):
            yield Span(start, end, "LOCATION", last.score, last.recognizer)


def _one(first: Span, last: Span, after: Span, text: str) -> bool:
    """Whether `after` goes on with the address that began with `first`."""
    gap = text[last.end : after.start]
    if after.entity == "PERSON":
        corner = first is last and _CORNER.search(text, max(0, first.start - 24), first.start)
        return bool(corner and _AND.fullmatch(gap))
    if after.entity != "LOCATION":
        return False
    if last.entity == "LOCATION" and _GAP.fullmatch(gap):
        return bool(_DIGIT.search(text, first.start, last.end))
    corner = first is last and _CORNER.search(text, max(0, first.start - 24), first.start)
    return bool(_AND.fullmatch(gap) and (corner or (first is last and _numbered(after, text))))


def _numbered(span: Span, text: str) -> bool:
    """Whether the span ends in a number, as a street and its house do, and begins with a name."""
    return text[span.end - 1].isdigit() and not text[span.start].isdigit()


def _end(text: str, end: int) -> int:
    """Where the envelope ends that goes on at `end`."""
    for _ in range(4):
        more = _MORE.match(text, end)
        if not more or not _known(more["country"]):
            break
        end = more.end()
    return end


def _known(country: str | None) -> bool:
    if country is None:
        return True
    return country.lower() in COUNTRIES
