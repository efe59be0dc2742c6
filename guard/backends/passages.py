"""The passages of a text that models for Latin names must read: where nothing is capitalised, nobody is named.

A passage depends on the text alone, so that a text is read alike whatever else is asked at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from guard.mask.evidence import in_code, ordinary
from guard.mask.lexicon import STARTS

Range: TypeAlias = tuple[int, int]

MOST = 440  # characters of a passage; the packaged model was trained on texts of about this length
ASKED, ANSWER = 80, 40  # characters: a sentence no longer than this is read with a no longer one before it
SHARED = 60  # characters that the pieces of an endless sentence share

_EAST = re.compile("[ᄀ-ᇿ⺀-꓏ꥠ-꥿가-퟿豈-﫿︰-﹏＀-￯𠀀-𯿿\ud800-\udfff]")
# What the patterns know, and the models make names or many tokens of: addresses of the web and of mail, accounts and
# telephone numbers in groups, long numbers and codes.
_KNOWN = re.compile(
    r"(?<![^\s<(\[\"'])(?:https?://|www\.)[^\s<>\"']{1,400}|(?<![^\s<(\[\"':,])[\w.+-]{1,64}@[\w.-]{1,100}"
    r"|(?<![\w.+-])[A-Z]{2}[0-9]{2}(?: [0-9A-Z]{4}){2,7}(?: [0-9A-Z]{1,4})?(?!\w)"
    r"|(?<![\w.+-])(?=(?:[^0-9\n]{0,3}[0-9]){8})[+(]{0,2}[0-9]{1,4}\)?(?:[ .-]{1,2}\(?[0-9]{1,5}\)?){2,6}(?!\w)"
    r"|(?<![^\s(\[\"':=#])(?=(?:[^\s0-9]{0,40}[0-9]){7})[0-9A-Za-z+(][0-9A-Za-z().+/:-]{6,80}(?![^\s)\]\"',;.])"
)
_END = re.compile(r"\n+|(?<=[a-z0-9)\]%][a-z0-9)\]%][a-z0-9)\]%][.!?])[\"'”’)]*\s+|(?<=[!?])\s+|\s{3,}")
_FIELD = re.compile(
    r"(?i)[>\s\"'{,]{0,6}(?:from|to|cc|bcc|(?:full |first |last )?name|contact|attn|author|signed)"
    r"[\"']? ?[:=] ?[\"']?[a-z]{2}"
)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_FIRST = re.compile(r"\W*([^\W\d_][\w'’-]*)")
_CAPITAL = re.compile(r"(?<![^\W_])(?![A-Z]+(?:_[A-Z0-9]+)+(?![^\W_]))[A-ZÀ-ÖØ-ÞĀ-ſͰ-ϿЀ-ӿ][^\W\d_][^\W_]*")


def eastern(text: str) -> bool:
    """Whether any of `text` is Korean, Japanese or Chinese."""
    return not text.isascii() and bool(_EAST.search(text))


def latin(text: str) -> str:
    """`text` of the same length with spaces for what the models know nothing of or the patterns know better.

    That is Korean, Japanese and Chinese, addresses of the web and of mail, and long numbers and codes.
    """
    plain = text if text.isascii() else _EAST.sub(" ", text)
    return _KNOWN.sub(lambda match: " " * len(match.group()), plain)


def passages(text: str, *, beside: bool = False) -> tuple[Range, ...]:
    """The ranges of `text` to be read, in order, each of at most MOST characters.

    Sentences that stand side by side are read together. A text without any capital is read as a whole, unless it is
    what is left `beside` Korean or Japanese: there a Latin name has its capitals.
    """
    plain = not beside and not _CAPITAL.search(text)
    read: list[Range] = []
    before = 0
    for start, end in _sentences(text):
        if not (_LETTERS.search(text, start, end) if plain else _names_somebody(text, start, end)):
            before = start if end - start <= ASKED else end
            continue
        if end - start <= ANSWER:
            start = max(before, read[-1][1] if read else 0) if before < start else start  # noqa: PLW2901
        before = end
        if read and end - read[-1][0] <= MOST and not text[read[-1][1] : start].strip():
            read[-1] = (read[-1][0], end)
        else:
            read.extend(_pieces(text, start, end))
    return tuple(read)


def _sentences(text: str) -> Sequence[Range]:
    bounds = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    return [(start, end) for start, end in pairwise(bounds) if not text[start:end].isspace() and start < end]


def _names_somebody(text: str, start: int, end: int) -> bool:
    """Whether a capital stands where grammar asks for none, on no everyday word, or a field is for a name."""
    if _FIELD.match(text, start, end):
        return True
    first = _FIRST.match(text, start, end)
    after = first.end() if first and first[1].lower() in STARTS else start
    capitals = _CAPITAL.finditer(text, after, end)
    return any(not ordinary(match.group()) and not in_code(text, *match.span()) for match in capitals)


def _pieces(text: str, start: int, end: int) -> Sequence[Range]:
    pieces: list[Range] = []
    while end - start > MOST:
        cut = text.rfind(" ", start + MOST // 2, start + MOST) + 1 or start + MOST
        pieces.append((start, cut))
        back = text.rfind(" ", cut - SHARED, cut - SHARED // 2) + 1
        start = back or cut - SHARED
    return [*pieces, (start, end)]
