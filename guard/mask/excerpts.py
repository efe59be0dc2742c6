"""Excerpts of known documents, found by their fingerprints also where some of their letters were changed.

One shared fingerprint says nothing. Those that lie near each other both in the text and in one document are joined:
each character that they cover counts for an excerpt, each that they leave out between them counts a part of itself
against. What several documents share, boilerplate, counts neither way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guard.mask.grams import DENSE, Folded, Hasher, Ints, fold
from guard.mask.winnow import BAND, GRAM_CJK, SHARED, WINDOW, Fingerprints, every

NEED = 42
"""How much must speak for an excerpt, in letters of an alphabet; a character of CJK is worth two."""
AGAINST = 0.4
"""How much a letter in between that is not covered speaks against it."""

_BAR = re.compile(r"[\n\f\"“”«»「」『』|]|:(?=\s)")  # what an excerpt is set apart by
_SENTENCE = re.compile(rf"{_BAR.pattern}|[。！？…]|[.!?;](?=\s)")
_REACH = 24  # the weight of the rest of a sentence that is always taken
_CHANCE = 3  # the weight of what may be the same by chance
_FAR = 400  # characters in which the edge of a sentence is looked for
_WORD = re.compile(r"[가-힣]{1,8}|[^\W_ぁ-ヿ㐀-鿿가-힣]{1,24}")
_OPENING = re.compile(r"[(\[{「『#$€£¥₩-]*")
_CLOSING = re.compile(r"[.,;:!?。、！？…)\]}」』%]*")
_LONGEST = 30  # characters of a word, or signs, that are taken


@dataclass(frozen=True, slots=True)
class Match:
    """An excerpt: where in the text, of which document (its number), and the share of it that fingerprints cover."""

    start: int
    end: int
    document: int
    score: float


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of the folded text, first character and the one behind the last."""

    first: int
    end: int
    document: int
    score: float


def matches(text: str, table: Fingerprints, hasher: Hasher) -> list[Match]:
    """The excerpts in `text`, sorted by start; those of several documents may overlap."""
    folded = fold(text)
    hashes, lengths = every(folded, hasher)
    index, blocks = table.entries(hashes)
    if not len(index):
        return []
    shared = (blocks & SHARED) != 0
    weights = _without(folded, index[shared], lengths)
    index, blocks = index[~shared], blocks[~shared]
    if len(index) * DENSE * GRAM_CJK < NEED:
        return []
    runs: dict[int, list[_Run]] = {}
    for run in _runs(index, blocks, lengths, weights, table.firsts):
        runs.setdefault(run.document, []).append(run)
    found = [_match(run, folded) for same in runs.values() for run in _united(same)]
    return sorted(found, key=lambda match: (match.start, -match.end, match.document))


def _without(folded: Folded, index: Ints, lengths: Ints) -> Ints:
    """The sums of the weights, in which what boilerplate covers weighs nothing."""
    weights = folded.weights
    if not len(index):
        return weights
    size = len(weights)
    depth = np.cumsum(np.bincount(index, minlength=size) - np.bincount(index + lengths[index], minlength=size))
    rest = np.zeros(size, np.int64)
    np.cumsum(np.diff(weights) * (depth[:-1] == 0), out=rest[1:])
    return rest


def _runs(
    index: Ints, blocks: NDArray[np.uint32], lengths: Ints, weights: Ints, firsts: NDArray[np.uint32]
) -> Iterator[_Run]:
    """Stretches of the folded text that enough fingerprints of one band cover."""
    # Two tilings, so that what is shorter than half a band lies whole in a band of one of them.
    bands = np.concatenate((blocks // BAND * 2, (blocks + BAND // 2) // BAND * 2 + 1))
    places = np.concatenate((index, index))
    order = np.argsort(bands, kind="stable")  # by place in each band, as the entries come
    bands, places = bands[order], places[order]
    starts, ends = weights[places], weights[places + lengths[places]]
    cuts = np.concatenate(([0], np.flatnonzero(np.diff(bands)) + 1, [len(bands)]))
    for band in np.flatnonzero(np.add.reduceat(ends - starts, cuts[:-1]) >= NEED).tolist():
        low, high = int(cuts[band]), int(cuts[band + 1])
        block = int(blocks[order[low] % len(blocks)])
        document = int(np.searchsorted(firsts, block, side="right")) - 1
        for first, last, score in _segments(starts[low:high].tolist(), ends[low:high].tolist()):
            end = int(places[low + last])
            yield _Run(int(places[low + first]), end + int(lengths[end]), document, score)


def _segments(starts: Sequence[int], ends: Sequence[int]) -> Iterator[tuple[int, int, float]]:
    """Runs of sorted stretches that have enough for them: first and last, and the covered share."""
    first = best = 0
    total = peak = covered = 0.0
    share = 0.0
    reached = starts[0]
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        total -= AGAINST * max(0, start - reached)
        if total <= 0:
            if peak >= NEED:
                yield first, best, share
            first, total, peak, covered, reached = i, 0.0, 0.0, 0.0, start
        gain = max(0, end - max(start, reached))
        total, covered, reached = total + gain, covered + gain, max(reached, end)
        if total > peak:
            best, peak, share = i, total, covered / (reached - starts[first])
    if peak >= NEED:
        yield first, best, share


def _united(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Those that overlap or touch as one, with the score of the surest."""
    last: _Run | None = None
    for run in sorted(runs, key=lambda run: run.first):
        if last and run.first <= last.end:
            last = _Run(last.first, max(last.end, run.end), last.document, max(last.score, run.score))
        else:
            if last:
                yield last
            last = run
    if last:
        yield last


def _match(run: _Run, folded: Folded) -> Match:
    """The excerpt in the given text, with the rest of the sentences that it begins and ends in.

    Less than a window's width at either end may have left no fingerprint, and edits there widen that. So that much is
    taken, but not over a line or a quotation mark, and the rest of a sentence where it is short, or shorter than what
    was found of it.
    """
    text, places = folded.text, folded.places
    start, end = int(places[run.first]), int(places[run.end - 1]) + 1
    low, high = max(0, start - _FAR), min(len(text), end + _FAR)
    edges = [edge.span() for edge in _SENTENCE.finditer(text, low, high)]
    start, end = _without_chance(folded, edges, start, end)
    inner = [edge for edge, _ in edges if start <= edge < end]
    before = max((behind for _, behind in edges if behind <= start), default=low)
    after = min((edge for edge, _ in edges if edge >= end), default=high)
    first, last = np.searchsorted(places, [start, end]).tolist()
    wide_start = max(int(places[max(0, first - WINDOW + 1)]), _last_bar(text, low, start))
    wide_end = min(int(places[min(len(places), last + WINDOW - 1) - 1]) + 1, _first_bar(text, end, high))
    wide_start = _end_of(_WORD, text, wide_start, backwards=True)
    wide_end = _end_of(_WORD, text, wide_end)
    if _weight(folded, before, start) <= max(_REACH, _weight(folded, start, inner[0] if inner else end)):
        wide_start = min(before, wide_start)
    if _weight(folded, end, after) <= max(_REACH, _weight(folded, inner[-1] if inner else start, end)):
        wide_end = max(after, wide_end)
    first, last = np.searchsorted(places, [wide_start, wide_end]).tolist()  # not the space at its ends, but the signs
    start = _end_of(_OPENING, text, int(places[first]), backwards=True)
    end = _end_of(_CLOSING, text, int(places[last - 1]) + 1)
    return Match(*folded.extent(start, end), run.document, run.score)


def _without_chance(folded: Folded, edges: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """The excerpt without a few letters of another sentence, which follow by chance as they do in the document."""
    for edge, behind in edges:
        if start < edge and _weight(folded, start, edge) <= _CHANCE and behind < end:
            start = behind
        if start < edge < end and _weight(folded, behind, end) <= _CHANCE:
            end = edge
    return start, end


def _last_bar(text: str, low: int, start: int) -> int:
    return max((bar.end() for bar in _BAR.finditer(text, low, start)), default=low)


def _first_bar(text: str, end: int, high: int) -> int:
    bar = _BAR.search(text, end, high)
    return bar.start() if bar else high


def _weight(folded: Folded, start: int, end: int) -> int:
    """What the letters and digits from `start` to `end` of the normalised text weigh."""
    first, last = np.searchsorted(folded.places, [start, end])
    return int(folded.weights[last] - folded.weights[first])


def _end_of(pattern: re.Pattern[str], text: str, place: int, *, backwards: bool = False) -> int:
    """How far the pattern matches from `place` on, or back to."""
    if backwards:
        before = pattern.match(text[max(0, place - _LONGEST) : place][::-1])
        return place - (before.end() if before else 0)
    match = pattern.match(text, place)
    return match.end() if match else place
