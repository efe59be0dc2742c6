"""Korean institutions that everybody knows: authorities, courts, public corporations and their services.

Their names point at nobody and are no company's secret, so they are INSTITUTION and not ORGANIZATION: a policy can keep
the one and mask the other. Schools and hospitals are not among them, for they tell something of who is there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from guard.backends.korean_bodies import BODY, DEPARTMENT, REGION, WORK
from guard.backends.korean_everyday import told_apart
from guard.mask.patterns import Result

__all__ = ["ENTITY", "with_institutions"]

ENTITY = "INSTITUTION"
SCORE = 0.9

_END = (
    r"(?=(?:에서는|에서|에게|에는|에도|에|의|은|는|이|가|을|를|과|와|으로|로|도|만|까지|부터|입니다|이다|이며|나|측|및|내|산하"
    r"|등)?(?![가-힣A-Za-z]))"
)
_BRANCH = "[가-힣]{2,4}(?:지원|지부|지사|출장소)"
_PUBLIC = re.compile(
    rf"(?<![가-힣A-Za-z0-9])(?:(?:{REGION} ){{0,2}}{BODY}(?:[ ·]?{DEPARTMENT}| {_BRANCH}){{0,2}}{_END}"
    rf"|{REGION}(?: ?{REGION}){{0,2}}(?= ?(?:[가-힣]{{0,4}}공고|고시) ?제? ?[0-9]{{4}}-[0-9]+호))"  # whose notice it is
)
_HOUSE = re.compile(r"[로길] ?[0-9]{1,4}(?:-[0-9]{1,4})?,? $")  # of a street; what follows is a building of the address
_BODY = re.compile(BODY)
# What is no name where it is all that is left of a find beside an institution.
_REST = re.compile(rf"(?:[\s·()]|{DEPARTMENT}|{WORK}|누리집|관할|소속|산하)*+")


def institutions(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each, ascending and disjoint; not those that are a building of an address."""
    for match in _PUBLIC.finditer(text):
        if not _HOUSE.search(text, max(0, match.start() - 20), match.start()):
            yield match.span()


def with_institutions(found: Iterable[Result], text: str) -> list[Result]:
    """The names `found` in `text` without what is an institution, and the institutions, where they stand.

    A person stays, unless the whole of the name is a public body's.
    """
    spans = list(institutions(text))
    if not spans:
        return list(found)
    names = [rest for name in found for rest in _without(name, spans, text)]
    return [*names, *(Result(ENTITY, start, end, SCORE) for start, end in spans)]


def _without(name: Result, spans: Sequence[tuple[int, int]], text: str) -> Iterator[Result]:
    if name.entity_type == "PERSON":
        if not _BODY.fullmatch(text, name.start, name.end):
            yield name
        return
    position = name.start
    index = bisect_left(spans, name.start, key=lambda span: span[1] - 1)
    for start, end in (*spans[index:], (name.end, name.end)):
        if position >= name.end:
            return
        if position == name.start and start >= name.end:
            yield name
        elif position < start:
            rest = told_apart(text, Result(name.entity_type, position, min(start, name.end), name.score))
            if rest and not _REST.fullmatch(text, rest.start, rest.end):
                yield rest
        position = max(position, end)
