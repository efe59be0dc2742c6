"""Rows of a customer list, recognised by cells that stand near each other, from keyed hashes alone.

Three questions are asked of a stretch of text, each dearer than the one before: does the table of bits know it (a Bloom
filter, CACM 13(7), 1970); is it near others that it knows; is the slow hash of their combination in the table, which
holds one for each combination of the cells of a row. A single cell is nowhere kept but in the bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise, product

import numpy as np
from numpy.typing import NDArray

from guard.mask.cells import Candidate, Lengths, dates, hash_of, stretches
from guard.mask.grams import U64, Bools, Folded, Hasher, fold

NEAR = 300
"""Characters between the cells of one row, at most."""
ROUNDS = 100
"""Rounds of PBKDF2 for a combination: what each guess costs."""

_NEIGHBOURS = 24  # candidates behind one that it is combined with
_PER_FORM = 16  # bytes of bits for a form: one stretch in 4,000 passes that is none
_PROBES = (0, 32)  # which bits of a hash say where to look


@dataclass(frozen=True, eq=False)
class Records:
    """What is known of the rows. `cells` of a row must stand near each other; `combined` and `single` are sorted."""

    key: bytes
    cells: int
    lengths: Lengths
    bits: NDArray[np.uint8]
    combined: U64
    single: U64

    @cached_property
    def hasher(self) -> Hasher:
        """The quick hash of the table of bits."""
        return Hasher(self.key)

    def find(self, text: str) -> list[tuple[int, int]]:
        """Where cells of a row stand near each other in `text`, or one that is enough alone: sorted, each once."""
        folded = fold(text)
        candidates = sorted(self._candidates(folded), key=lambda c: (c.start, c.end))
        certain = {i for i, c in enumerate(candidates) if self._enough(c)}
        self._combine(candidates, certain)
        extents = {(candidates[i].start, candidates[i].end) for i in certain}
        return sorted(folded.extent(start, end) for start, end in extents)

    def _enough(self, candidate: Candidate) -> bool:
        return len(self.single) > 0 and _in(self.single, slow((candidate.form,), self.key))

    def _candidates(self, folded: Folded) -> Iterator[Candidate]:
        starts, ends = stretches(folded, self.lengths)
        known = np.flatnonzero(probe(self.bits, self.hasher.sums(folded).hashes(starts, ends)))
        for start, end in zip(starts[known].tolist(), ends[known].tolist(), strict=True):
            form = "".join(map(chr, folded.codes[start:end]))
            yield Candidate(int(folded.places[start]), int(folded.places[end - 1]) + 1, form)
        written = list(dates(folded.text))
        hashes = np.array(hash_of([form for _, _, form in written], self.hasher), np.uint64)
        for (start, end, form), passes in zip(written, probe(self.bits, hashes), strict=True):
            if passes:
                yield Candidate(start, end, form)

    def _combine(self, candidates: Sequence[Candidate], certain: set[int]) -> None:
        """Add to `certain` the candidates whose combination with others near them is known."""
        # Those next to each other first: in a list of customers that settles nearly all of them.
        for distance in range(self.cells - 1, _NEIGHBOURS):
            for first in range(len(candidates) - distance):
                last = first + distance
                if candidates[last].start - candidates[first].end > NEAR:
                    continue
                for inner in combinations(range(first + 1, last), self.cells - 2):
                    chosen = (first, *inner, last)
                    if not certain.issuperset(chosen) and self._known([candidates[i] for i in chosen]):
                        certain.update(chosen)

    def _known(self, chosen: Sequence[Candidate]) -> bool:
        apart = all(one.end <= other.start for one, other in pairwise(chosen))
        return apart and _in(self.combined, slow([one.form for one in chosen], self.key))


def combined(row: Sequence[Sequence[str]], cells: int, key: bytes) -> set[int]:
    """The hashes of all combinations of so many cells of a row, which gives each cell's forms."""
    return {
        slow(chosen, key) for some in combinations(row, cells) for chosen in product(*some) if len(set(chosen)) == cells
    }


def slow(forms: Sequence[str], key: bytes) -> int:
    """The hash of a combination of forms, in whatever order."""
    text = "\0".join(sorted(forms)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.pbkdf2_hmac("sha256", key, text, ROUNDS, 8), "little")


def bits_of(hashes: U64) -> NDArray[np.uint8]:
    """The table of bits that lets these hashes pass."""
    size = 1 << max(6, (len(hashes) * _PER_FORM - 1).bit_length())
    bits = np.zeros(size * 8, np.bool_)
    for shift in _PROBES:
        bits[hashes >> np.uint64(shift) & np.uint64(size * 8 - 1)] = True
    return np.packbits(bits, bitorder="little")


def probe(bits: NDArray[np.uint8], hashes: U64) -> Bools:
    """Which of the hashes the table of bits lets pass."""
    passes = np.ones(len(hashes), np.bool_)
    for shift in _PROBES:
        places = hashes >> np.uint64(shift) & np.uint64(len(bits) * 8 - 1)
        passes &= (bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & 1).astype(np.bool_)
    return passes


def _in(table: U64, value: int) -> bool:
    place = int(np.searchsorted(table, np.uint64(value)))
    return place < len(table) and int(table[place]) == value
