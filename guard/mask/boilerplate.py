"""What several documents share, and so says nothing about any of them: footers, legal text, the words of a template.

Copies and versions of one document share nearly all and must not erase each other. Copies (COPIES of all fingerprints
of either are in both) count as one document. So do two that are nearly the same (VERSIONS), if they are alone in that:
three or more that are nearly the same were made from one template, and only what each has of its own counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from guard.mask.grams import U64, Bools, Ints

COPIES, VERSIONS = 0.98, 0.9
_SKETCH = 8  # least hashes of a document by which those like it are found
_LEADERS = 8  # documents of one such hash that another is compared with


def shared(documents: Sequence[U64], known: U64, *, from_: int) -> list[Bools]:
    """For each fingerprint of each document, whether it is boilerplate: in `known`, or in `from_` documents or more.

    Each document is a sorted array without repetitions. Where `from_` is 0, only what is in `known` is.
    """
    hashes = np.concatenate(documents) if documents else known[:0]
    boilerplate = np.isin(hashes, known)
    if from_:
        groups = np.repeat(_groups(documents), [len(document) for document in documents])
        order = np.lexsort((groups, hashes))
        hashes, groups = hashes[order], groups[order]
        new_hash = np.append(True, hashes[1:] != hashes[:-1])
        new_pair = new_hash | np.append(True, groups[1:] != groups[:-1])
        run = np.cumsum(new_hash) - 1
        boilerplate[order] |= np.bincount(run, new_pair)[run] >= from_
    return np.split(boilerplate, np.cumsum([len(document) for document in documents])[:-1]) if documents else []


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
    for document in chosen:
        sketch = documents[document][:_SKETCH].tolist()
        near = dict.fromkeys(leader for value in sketch for leader in leaders.get(value, ()))
        found = next((other for other in near if _likeness(documents[document], documents[other]) >= least), None)
        leader_of[document] = document if found is None else found
        if found is None:
            for value in sketch:
                known = leaders.setdefault(value, [])
                if len(known) < _LEADERS:
                    known.append(document)
    return leader_of


def _likeness(one: U64, other: U64) -> float:
    small, large = sorted((len(one), len(other)))
    if small == 0 or small < VERSIONS * large:
        return 0.0
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (small + large - common)
