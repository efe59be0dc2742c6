"""Cut a text into overlapping windows that a small encoder reads whole, so that nothing of it stays unread.

The unit is the sentence, or a piece of one where it is too long. A window is a run of up to three units, about as long
as the examples that the critic learns from; where the whole text fits, it is a window too.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]

UNITS = 3  # sentences in a window
SHORT = 25  # characters; a shorter sentence is read with the one before it

# A sentence ends at a line break, after a full stop of Chinese and Japanese, or at white space after a Latin one.
_END = re.compile(r"\n+|(?<=[。！？])|(?<=[.!?…])[\"'”’)]*\s+")
_PLACEHOLDER = re.compile(
    r"<(?P<entity>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*?)_(?=[0-9A-Z]*[0-9])[0-9A-TV-Z]{8,26}(?:_[0-9A-TV-Z]{4,7})?>"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ENDLESS = re.compile(r"[^\W_]{101,}")
_LAST_LATIN = 0x036F  # Latin and its marks; the additions of block 1E00 are told apart below


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut text: `units` and `windows` are character ranges without white space at the ends, in order.

    `whole` is the index of the window that is the whole text, or None where that is too long.
    """

    units: tuple[Range, ...]
    windows: tuple[Range, ...]
    whole: int | None


def cut(text: str, tokens: Sequence[Range], *, most: int) -> Cut:
    """Cut `text`, whose tokens lie at `tokens`, into windows of at most `most` tokens."""
    starts = [start for start, _ in tokens]

    def count(start: int, end: int) -> int:
        return bisect.bisect_left(starts, end) - bisect.bisect_left(starts, start)

    units = [piece for unit in _sentences(text) for piece in _pieces(text, unit, tokens, starts, most // 2)]
    windows: list[Range] = []
    for first, (start, _) in enumerate(units):
        last = first
        while last + 1 < len(units) and last + 1 < first + UNITS and count(start, units[last + 1][1]) <= most:
            last += 1
        if not windows or units[last][1] > windows[-1][1]:
            windows.append((start, units[last][1]))
    whole = None
    if units and count(units[0][0], units[-1][1]) <= most:
        whole = 0
        windows = [(units[0][0], units[-1][1]), *(one for one in windows if len(windows) > 1)]
    return Cut(tuple(units), tuple(windows), whole)


def plain(text: str) -> str:
    """`text` as the encoder shall read it: a placeholder becomes its entity's name, so that its code is no noise."""
    return _SURROGATE.sub("�", _PLACEHOLDER.sub(lambda match: match["entity"].lower().replace("_", " "), text))


def without_surrogates(text: str) -> str:
    """`text` of the same length in which lone surrogates, which no tokenizer takes, are replacement characters."""
    return _SURROGATE.sub("�", text)


def readable(text: str) -> bool:
    """Whether an English encoder can read `text`: half of its letters or more are Latin, and no word is endless.

    BERT's tokenizer reads a word of over 100 characters as one unknown token.
    """
    if _ENDLESS.search(text):
        return False
    letters = [ord(character) for character in text if character.isalpha()]
    latin = sum(code <= _LAST_LATIN or 0x1E00 <= code <= 0x1EFF for code in letters)
    return 2 * latin >= len(letters)


def merged(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """`ranges` in order and disjoint: those that overlap or touch are one."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


def _sentences(text: str) -> list[Range]:
    bounds = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    sentences: list[Range] = []
    for start, end in pairwise(bounds):
        if not text[start:end].strip():
            continue
        if sentences and end - start < SHORT:
            sentences[-1] = (sentences[-1][0], end)
        else:
            sentences.append((start, end))
    return [_stripped(text, one) for one in sentences]


def _pieces(text: str, unit: Range, tokens: Sequence[Range], starts: Sequence[int], most: int) -> list[Range]:
    """`unit`, or pieces of it of at most `most` tokens."""
    first, last = bisect.bisect_left(starts, unit[0]), bisect.bisect_left(starts, unit[1])
    bounds = [unit[0], *(tokens[index][0] for index in range(first + most, last, most)), unit[1]]
    pieces = [_stripped(text, one) for one in pairwise(bounds)]
    return [(start, end) for start, end in pieces if start < end]


def _stripped(text: str, one: Range) -> Range:
    part = text[one[0] : one[1]]
    return one[0] + len(part) - len(part.lstrip()), one[0] + len(part.rstrip())
