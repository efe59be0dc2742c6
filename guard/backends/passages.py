"""The passages of a text that models for Latin names must read: where nothing is capitalised, nobody is named.

A passage depends on the text alone, so that a text is read alike whatever else is asked at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]

MOST = 440  # characters of a passage; the packaged model was trained on texts of about this length
SHARED = 60  # characters that the pieces of an endless sentence share

_EAST = re.compile("[ᄀ-ᇿ⺀-꓏ꥠ-꥿가-퟿豈-﫿︰-﹏＀-￯𠀀-𯿿\ud800-\udfff]")
_END = re.compile(r"\n+|(?<=[a-z0-9)\]%][a-z0-9)\]%][a-z0-9)\]%][.!?])[\"'”’)]*\s+|(?<=[!?])\s+|\s{3,}")
_FIRST = re.compile(r"\W*([^\W\d_][\w'’-]*)")
_CAPITAL = re.compile(r"(?<![^\W_])[A-ZÀ-ÖØ-ÞĀ-ſͰ-ϿЀ-ӿ][^\W\d_]")
# Words with which sentences begin and which are no names, so that their capital says nothing.
_STARTS = frozenset(
    """a about add after all also although an and answer any are as ask assume at based be because before both but by
    calculate can change check choose combine compare complete compute consider convert could create decide define
    delete describe design did do does don't during each either else ensure every explain extract few find first fix follow
    for format from generate get give had has have he hello help her here his how however i i'd i'll i'm i've if
    implement imagine in include instead into is it it's its keep last let let's list look make many may me might more
    most must my name need never next no not note now of off on once one only or order other our out over please
    propose put read recommend refactor remember remove rename replace return review rewrite run second select set she
    should show simplify since so some sort split start state still such suggest sum summarise summarize take tell test
    than thanks that the their them then there these they think third this those to translate try turn two under until up
    update use using verify very was we we're we've were what what's when where whether which while who why will with without
    word would write yes yet you you're your""".split()
)
# Before these words even a name in small letters is told as such.
_TOLD = re.compile(
    r"(?i)(?<![a-z])(?:my name|name is|i am|i'm|named|called|mr|mrs|ms|dr|dear|hi|hello|from|to|cc|attn|signed|regards"
    r"|sincerely|contact|with|by|for|meet|email|call|ask|tell|name)(?![a-z])"
)


def latin(text: str) -> str:
    """`text` of the same length with spaces for what is written in Korean, Japanese or Chinese."""
    return text if text.isascii() else _EAST.sub(" ", text)


def passages(text: str) -> tuple[Range, ...]:
    """The ranges of `text` to be read, in order, each of at most MOST characters.

    Sentences that stand side by side are read together. Where the whole text has no capital, all of it is read that
    has a word before which names stand.
    """
    plain = not _CAPITAL.search(text)
    read: list[Range] = []
    for start, end in _sentences(text):
        if not (_TOLD.search(text, start, end) if plain else _names_somebody(text, start, end)):
            continue
        if read and end - read[-1][0] <= MOST and not text[read[-1][1] : start].strip():
            read[-1] = (read[-1][0], end)
        else:
            read.extend(_pieces(text, start, end))
    return tuple(read)


def _sentences(text: str) -> Sequence[Range]:
    bounds = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    return [(start, end) for start, end in pairwise(bounds) if not text[start:end].isspace() and start < end]


def _names_somebody(text: str, start: int, end: int) -> bool:
    """Whether a capital stands where grammar asks for none."""
    first = _FIRST.match(text, start, end)
    after = first.end() if first and first[1].lower() in _STARTS else start
    return bool(_CAPITAL.search(text, after, end))


def _pieces(text: str, start: int, end: int) -> Sequence[Range]:
    pieces: list[Range] = []
    while end - start > MOST:
        cut = text.rfind(" ", start + MOST // 2, start + MOST) + 1 or start + MOST
        pieces.append((start, cut))
        back = text.rfind(" ", cut - SHARED, cut - SHARED // 2) + 1
        start = back or cut - SHARED
    return [*pieces, (start, end)]
