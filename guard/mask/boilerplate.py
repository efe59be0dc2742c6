"""What several documents share, and so says nothing about any of them: footers, legal text, the words of a template.

A stretch of a document is boilerplate where it shares PASSAGE fingerprints with one other document, so that turns of
phrase which two documents share by chance keep their worth; what STOCK documents share is one without that.

Copies and versions of one document share nearly all and must not erase each other. Copies (COPIES of all fingerprints
of either are in both) count as one document. So do two that are nearly the same (VERSIONS), if they are alone in that:
three or more that are nearly the same were made from one template, and only what each has of its own counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from guard.mask.grams import U64, Bools, Ints
from guard.mask.winnow import Prints

PASSAGE = 6
STOCK = 8
COPIES, VERSIONS = 0.98, 0.9

_SKETCH, _DOUBT = 100, 0.25  # least hashes of a document by which its likeness is estimated, and how wrong that may be
_KEYS = 8  # of them, by which those like it are found
_LEADERS = 8  # documents of one such hash that another is compared with


def shared(documents: Sequence[Prints], known: U64, *, from_: int) -> list[Bools]:
    """For each fingerprint of each document whether it is boilerplate: in `known`, or in `from_` documents or more.

    The hashes of each document are sorted, each once. Where `from_` is 0, only what is in `known` is boilerplate.
    """
    if not documents:
        return []
    hashes = np.concatenate([hashes for hashes, _ in documents])
    boilerplate = np.isin(hashes, known)
    sizes = [len(hashes) for hashes, _ in documents]
    if from_:
        groups = np.repeat(_groups([hashes for hashes, _ in documents]), sizes)
        first = np.cumsum([0, *(int(blocks.max(initial=0)) + 1 for _, blocks in documents)])[:-1]
        blocks = np.repeat(first, sizes) + np.concatenate([blocks for _, blocks in documents])
        boilerplate |= _passages(hashes, groups, blocks, from_)
    return np.split(boilerplate, np.cumsum(sizes)[:-1])


def _passages(hashes: U64, groups: Ints, blocks: Ints, from_: int) -> Bools:
    """Which fingerprints are in passages that `from_` groups or more share, or are stock."""
    order = np.lexsort((groups, hashes))
    hashes, groups = hashes[order], groups[order]
    first = np.append(True, hashes[1:] != hashes[:-1])
    pairs = np.flatnonzero(first | np.append(True, groups[1:] != groups[:-1]))  # each group of each hash once
    run = np.cumsum(first) - 1
    count = np.bincount(run[pairs])
    found = count[run] >= max(STOCK, from_)
    several = np.flatnonzero((count[run] >= max(2, from_)) & ~found)
    # Each of these fingerprints beside each group that has it too, to count how many its block shares with that group.
    times = count[run[several]]
    left = np.repeat(several, times)
    start = (np.cumsum(count) - count)[run[several]]
    right = groups[pairs[np.repeat(start, times) + _counting(times)]]
    other = groups[left] != right
    left, right = left[other], right[other]
    both = blocks[order][left] * len(hashes) + right
    _, same, together = np.unique(both, return_inverse=True, return_counts=True)
    partners = np.bincount(left[together[same] >= PASSAGE], minlength=len(hashes))
    found |= partners >= max(from_ - 1, 1)
    boilerplate = np.empty(len(hashes), np.bool_)
    boilerplate[order] = np.bincount(run, found)[run] > 0  # what is boilerplate somewhere is so everywhere
    return boilerplate


def _counting(times: Ints) -> Ints:
    """0, 1, … up to each of `times`, one after the other."""
    return np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)


def _groups(documents: Sequence[U64]) -> Ints:
    """A number for each document, the same for those that count as one."""
    copies = _alike(documents, list(range(len(documents))), COPIES)
    leaders = sorted(set(copies.values()))
    versions = _alike(documents, leaders, VERSIONS)
    of_version: dict[int, list[int]] = {}
    for document, leader in versions.items():
        of_version.setdefault(leader, []).append(document)
    one = {document: leader for leader, same in of_version.items() if len(same) == 2 for document in same}
    return np.array([one.get(copies[i], copies[i]) for i in range(len(documents))], np.int64)


def _alike(documents: Sequence[U64], chosen: Sequence[int], least: float) -> dict[int, int]:
    """For each of the chosen documents the first that it resembles: the share of common fingerprints is `least`."""
    leader_of: dict[int, int] = {}
    leaders: dict[int, list[int]] = {}
    sketches: dict[int, set[int]] = {}
    for document in chosen:
        sketch = sketches[document] = set(documents[document][:_SKETCH].tolist())
        keys = sorted(sketch)[:_KEYS]
        near = dict.fromkeys(leader for value in keys for leader in leaders.get(value, ()))
        like = [other for other in near if _estimate(sketch, sketches[other]) >= least - _DOUBT]
        found = next((other for other in like if _likeness(documents[document], documents[other]) >= least), None)
        leader_of[document] = document if found is None else found
        if found is None:
            for value in keys:
                known = leaders.setdefault(value, [])
                if len(known) < _LEADERS:
                    known.append(document)
    return leader_of


def _estimate(one: set[int], other: set[int]) -> float:
    """The share of common fingerprints, from the least of each: the bottom sketch of Broder (1997)."""
    least = sorted(one | other)[: max(min(len(one), len(other)), 1)]
    return sum(value in one and value in other for value in least) / len(least) if least else 0.0


def _likeness(one: U64, other: U64) -> float:
    small, large = sorted((len(one), len(other)))
    if small == 0 or small < VERSIONS * large:
        return 0.0
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (small + large - common)
