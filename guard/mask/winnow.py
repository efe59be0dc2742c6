"""Fingerprints of documents, and the table in which those of a text are looked up.

A fingerprint is the hash of some letters or digits in a row. Of a document those are kept that are the least of some
window (winnowing: Schleimer, Wilkerson and Aiken, SIGMOD 2003), so that each stretch of `GRAM + WINDOW - 1` characters
leaves at least one. In a text every stretch is looked up, which finds more under edits than winnowing it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from guard.mask.grams import U64, Bools, Folded, Hasher, Ints, fold

GRAM, GRAM_CJK = 12, 6
"""Characters of a fingerprint; the second for one that begins with a Chinese character, Hangul or kana."""
WINDOW = 6
BLOCK = 256
"""A fingerprint remembers in which stretch of so many characters of its document it stood, and no more."""
BAND = 4
"""A document's blocks are numbered from a multiple of it, with at least half of it unused before the next."""
SHARED = np.uint32(1 << 31)
"""The bit of a block's number that says: boilerplate."""

NOTHING = np.uint64((1 << 64) - 1)
"""The hash of what is no fingerprint."""

Prints: TypeAlias = tuple[U64, NDArray[np.uint32]]
"""The fingerprints of a document, sorted, each once, and the number of the block, from 0, where each stands first."""

_ROW = np.arange(8)  # documents that one fingerprint is looked for in: those that share more are copies, or share stock


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """The fingerprints of many documents: `hashes`, sorted, and for each the number of its block.

    `firsts` are the numbers of the documents' first blocks, ascending. `bits` has a bit set for each hash, at the place
    that its first bits are: most that is not in the table is turned away there. `starts` says for the first bits of a
    hash where such hashes begin, and behind the last where they end.
    """

    hashes: U64
    blocks: NDArray[np.uint32]
    firsts: NDArray[np.uint32]
    bits: NDArray[np.uint8]
    starts: NDArray[np.uint32]

    def entries(self, hashes: U64) -> tuple[Ints, NDArray[np.uint32]]:
        """For all places in the table of one of `hashes`: its index in `hashes`, and the block. Of boilerplate one."""
        if not len(self.hashes):
            return np.zeros(0, np.int64), self.blocks
        index = np.flatnonzero(self._probe(hashes))
        found = hashes[index]
        first = self._first(found)
        there = self.hashes[np.minimum(first, len(self.hashes) - 1)] == found
        index, found, first = index[there], found[there], first[there]
        same = (self.blocks[first] & SHARED) != 0
        known, at = index[same], first[same]  # of boilerplate one place is enough
        index, found, first = index[~same], found[~same], first[~same]
        # The same hash of several documents stands in a row.
        places = np.minimum(first[:, None] + _ROW, len(self.hashes) - 1)
        row, column = np.nonzero(self.hashes[places] == found[:, None])
        inside = first[row] + column < len(self.hashes)
        row, column = row[inside], column[inside]
        places = np.concatenate((at, first[row] + column))
        return np.concatenate((known, index[row])), self.blocks[places]

    def _probe(self, hashes: U64) -> Bools:
        places = hashes >> _shift(len(self.bits) * 8)
        of_byte = (places & np.uint64(7)).astype(np.uint8)
        passes: Bools = (self.bits[places >> np.uint64(3)] >> of_byte & 1).astype(np.bool_)
        return passes

    def _first(self, hashes: U64) -> Ints:
        """The first place whose hash is not less, as of numpy's searchsorted, which has to look at many more places."""
        low: Ints
        bucket = hashes >> _shift(len(self.starts) - 1)
        low, high = self.starts[bucket].astype(np.int64), self.starts[bucket + np.uint64(1)].astype(np.int64)
        while (open_ := low < high).any():
            middle = (low + high) // 2
            less = open_ & (self.hashes[np.minimum(middle, len(self.hashes) - 1)] < hashes)
            low, high = np.where(less, middle + 1, low), np.where(less, high, middle)
        return low

    @classmethod
    def of(cls, hashes: U64, blocks: NDArray[np.uint32], firsts: NDArray[np.uint32]) -> Fingerprints:
        """The table of these hashes, which are in no order."""
        order = np.argsort(hashes, kind="stable")
        size = max(64, 1 << (len(hashes) * 16 - 1).bit_length()) if len(hashes) else 64
        bits = np.zeros(size, np.bool_)
        bits[hashes >> _shift(size)] = True
        sizes = np.bincount((hashes >> _shift(size // 16)).astype(np.int64), minlength=size // 16)
        starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint32)
        return cls(hashes[order], blocks[order], firsts, np.packbits(bits, bitorder="little"), starts)


def _shift(size: int) -> np.uint64:
    """By how much a hash is shifted to be a place among `size`, a power of two."""
    return np.uint64(65 - size.bit_length())


def every(folded: Folded, hasher: Hasher) -> tuple[U64, Ints]:
    """The hash that begins at each place of a text, and its length; at the end some places begin none.

    Stretches that repeat one or two characters say nothing; they get the hash NOTHING.
    """
    hashes, lengths = _every(folded, hasher)
    repeating = np.concatenate(([0, 0, 0], np.cumsum(folded.codes[2:] == folded.codes[:-2])))
    places = np.arange(len(hashes))
    hashes[(repeating[places + lengths] - repeating[places + 2]) * 2 >= lengths] = NOTHING
    return hashes, lengths


def _every(folded: Folded, hasher: Hasher) -> tuple[U64, Ints]:
    sums = hasher.sums(folded)
    long = sums.of_length(GRAM)
    if not folded.cjk.any():
        return long, np.full(len(long), GRAM)
    short = sums.of_length(GRAM_CJK)
    short[: len(long)] = np.where(folded.cjk[: len(long)], short[: len(long)], long)
    # Where no long one fits any more only those of CJK count, up to the first character that is none.
    whole = len(long) + int(np.argmin(np.append(folded.cjk[len(long) : len(short)], False)))
    return short[:whole], np.where(folded.cjk[:whole], GRAM_CJK, GRAM)


def winnowed(text: str, hasher: Hasher) -> Prints:
    """The fingerprints of a document."""
    hashes, _ = every(fold(text), hasher)
    if not len(hashes):
        return hashes, np.zeros(0, np.uint32)
    window = min(WINDOW, len(hashes))
    least = np.unique(sliding_window_view(hashes, window).argmin(axis=1) + np.arange(len(hashes) - window + 1))
    least = least[hashes[least] != NOTHING]
    unique, first = np.unique(hashes[least], return_index=True)
    return unique, (least[first] // BLOCK).astype(np.uint32)


def distinct(text: str, hasher: Hasher) -> U64:
    """The hash of every stretch of a text, each once: of boilerplate all are kept."""
    hashes, _ = every(fold(text), hasher)
    return np.unique(hashes[hashes != NOTHING])


def table_of(documents: Sequence[Prints], shared: Sequence[Bools]) -> Fingerprints:
    """The table of documents: of each its fingerprints, their blocks from 0, and which of them are boilerplate."""
    firsts, first = [], 0
    for _, blocks in documents:
        firsts.append(first)
        used = int(blocks.max()) + 1 if len(blocks) else 1
        first += -(-(used + BAND // 2) // BAND) * BAND
    hashes = np.concatenate([hashes for hashes, _ in documents]) if documents else np.zeros(0, np.uint64)
    numbered = [
        (blocks + np.uint32(first)) | np.where(same, SHARED, np.uint32(0))
        for (_, blocks), first, same in zip(documents, firsts, shared, strict=True)
    ]
    blocks = np.concatenate(numbered) if numbered else np.zeros(0, np.uint32)
    return Fingerprints.of(hashes, blocks, np.array(firsts, np.uint32))


def taken_apart(table: Fingerprints) -> list[Prints]:
    """The documents of a table as `table_of` takes them."""
    blocks = table.blocks & ~SHARED
    documents = np.searchsorted(table.firsts, blocks, side="right") - 1
    order = np.argsort(documents, kind="stable")
    cuts = np.searchsorted(documents[order], np.arange(1, len(table.firsts)))
    parts = zip(np.split(table.hashes[order], cuts), np.split(blocks[order], cuts), table.firsts, strict=True)
    return [(hashes, numbers - first) for hashes, numbers, first in parts] if len(table.firsts) else []
