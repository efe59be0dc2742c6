"""A text as its letters and digits alone, and keyed hashes of any stretch of them, all at once.

Fingerprints of documents and of customer records both look stretches of a text up in a table without knowing where one
begins. With a polynomial over 2^64 the hash of every stretch is one subtraction of sums (Karp and Rabin 1987). The
constants come from a key, so that two tables cannot be compared; the hash is quick and no cryptographic one, so that a
table must be kept like what it was made of.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from guard.mask.normalise import normalise, original

U64: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

KEY_SIZE = 32
LIGHT, DENSE = 1, 2
"""How much a character says: one of an alphabet, and one of Chinese characters, Hangul or kana."""

_HIGHEST = 0x32400  # above lies nothing that is written
_CJK = (
    (0x1100, 0x1200), (0x3005, 0x3008), (0x3040, 0x3100), (0x3130, 0x3190), (0x31F0, 0x3200),
    (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xA960, 0xA980), (0xAC00, 0xD7FC), (0xF900, 0xFB00), (0x20000, _HIGHEST),
)  # fmt: skip


@cache
def _table() -> tuple[NDArray[np.uint32], Bools]:
    """For each code point its folded one, 0 for what is neither letter nor digit; and whether it is of CJK."""
    folded = np.zeros(_HIGHEST + 1, np.uint32)
    for point in range(_HIGHEST):
        character = chr(point)
        if character.isalnum():
            folded[point] = ord(unicodedata.normalize("NFKC", character.casefold())[0])
    cjk = np.zeros(_HIGHEST + 1, np.bool_)
    for first, last in _CJK:
        cjk[first:last] = True
    return folded, cjk


@dataclass(frozen=True, eq=False)
class Folded:
    """The letters and digits of a text, in small letters: their code points, and where each stands in `text`.

    `text` is the normalised text; `extent` leads back to the text as it was given.
    """

    text: str
    codes: NDArray[np.uint32]
    places: Ints
    cjk: Bools
    _given: str
    _offsets: Sequence[int] | None

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def weights(self) -> Ints:
        """The sums of the weights of the characters before each, and of all: one longer than `codes`."""
        return np.concatenate(([0], np.cumsum(np.where(self.cjk, DENSE, LIGHT))))

    def extent(self, start: int, end: int) -> tuple[int, int]:
        """The range of the given text that a range (not empty) of the normalised text came from."""
        return original(start, end, self._offsets, self._given)


def fold(text: str) -> Folded:
    """`text`, normalised as recognizers see it, without all that is neither letter nor digit."""
    clean, offsets = normalise(text)
    folded, cjk = _table()
    points = np.frombuffer(clean.encode("utf-32-le", "surrogatepass"), np.uint32)
    points = folded[np.minimum(points, _HIGHEST)]
    places = np.flatnonzero(points)
    codes = points[places]
    return Folded(clean, codes, places, cjk[codes], text, offsets)


class Hasher:
    """Hashes of stretches of folded text under a key of KEY_SIZE bytes."""

    def __init__(self, key: bytes) -> None:
        drawn = hashlib.blake2b(b"grams", key=key, digest_size=32).digest()
        base, self._of_letter, self._last, _ = (int.from_bytes(drawn[i : i + 8], "little") for i in range(0, 32, 8))
        base |= 5  # odd, so that it has an inverse
        self._base, self._inverse = base, pow(base, -1, 1 << 64)
        self._cached = self._powers(1 << 12)

    def sums(self, folded: Folded) -> Sums:
        """What the hash of any stretch of `folded` is computed from."""
        size = len(folded)
        powers, inverses = self._cached if size <= len(self._cached[0]) else self._powers(size)
        terms = _mixed(folded.codes.astype(np.uint64) ^ np.uint64(self._of_letter)) * powers[:size]
        total = np.zeros(size + 1, np.uint64)
        np.cumsum(terms, out=total[1:])
        return Sums(total, inverses, np.uint64(self._last))

    def _powers(self, size: int) -> tuple[U64, U64]:
        both = []
        for factor in (self._base, self._inverse):
            powers = np.full(size, factor, np.uint64)
            powers[0] = 1
            both.append(np.multiply.accumulate(powers))
        return both[0], both[1]


@dataclass(frozen=True, eq=False)
class Sums:
    """The sums of one text, from `Hasher.sums`."""

    _total: U64
    _inverses: U64
    _last: np.uint64

    def hashes(self, starts: Ints, ends: Ints) -> U64:
        """The hash of each stretch from `starts` to `ends`, which are places in the folded text."""
        return _mixed((self._total[ends] - self._total[starts]) * self._inverses[starts] ^ self._last)

    def of_length(self, length: int) -> U64:
        """The hash of every stretch of `length` characters, in the order of their starts."""
        count = max(0, len(self._total) - length)
        return _mixed((self._total[length:] - self._total[:count]) * self._inverses[:count] ^ self._last)


def _mixed(values: U64) -> U64:
    """Each value with its bits spread over all 64: the last step of SplitMix64 (Steele and others 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
