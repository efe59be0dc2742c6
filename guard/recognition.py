"""What a request holds: every leaf as a text, and the spans that were found in each of its readings.

A value is looked for in each leaf; then across the seams between leaves that stand side by side, over which it may have
been split; and, once it was found anywhere in the conversation, everywhere else in it: a reply that quoted a name comes
back as history, and there the name may stand where no recognizer would see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from guard.asks import Recognize, Story
from guard.course import Course
from guard.mask.propagate import across
from guard.mask.seams import seam
from guard.mask.spans import disjoint
from guard.mask.text import Text
from guard.mask.text import read as read_text
from guard.surfaces.walk import Leaf, Path
from guard.types import Span

Spans = tuple[Span, ...]

# Lists whose items make up one text.
_IN_PARTS = frozenset({"content", "system", "summary", "output", "parts"})


@dataclass(frozen=True, slots=True)
class Read:
    """A leaf, opened as far as guard can read it, with its readings and the spans of each, in order."""

    leaf: Leaf
    text: Text
    readings: tuple[str, ...]
    spans: tuple[Spans, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the first reading is the leaf itself, perhaps after its key."""
        return self.leaf.kind == "text" and bool(self.readings) and self.readings[0].endswith(self.text.raw)


def recognized(course: Course) -> Story[tuple[Read, ...]]:
    """Find what every leaf of the request holds. Raises RecognizerError."""
    keys = course.surface.vocabulary.keys
    read = [_read(leaf, keys) for leaf in course.call.leaves]
    flat = [reading for item in read for reading in item.readings]
    firsts = list(accumulate((len(item.readings) for item in read), initial=0))
    runs = list(_runs(read))
    seams = [seam([read[place].text.raw for place in run]) for run in runs]
    answers = yield Recognize((*flat, *(joint.reading for joint in seams)), course.plan.policy.policy)
    spread = list(across(flat, answers[: len(flat)]))
    for run, joint, spans in zip(runs, seams, answers[len(flat) :], strict=True):
        own = [spread[firsts[place]] for place in run]
        for place, pieces in zip(run, _across_seams([read[p] for p in run], own, joint.pieces(spans)), strict=True):
            spread[firsts[place]] = pieces
    return tuple(
        replace(item, spans=tuple(spread[at : at + len(item.readings)])) for item, at in zip(read, firsts, strict=False)
    )


def _read(leaf: Leaf, keys: frozenset[str]) -> Read:
    key = next((part for part in reversed(leaf.path) if isinstance(part, str)), "")
    context = "" if key in keys else key
    text = read_text(leaf.text, "text" if leaf.kind == "text" else "name", context=context)
    return Read(leaf, text, tuple(reading for part in text.leaves() for reading in part.readings))


def _runs(read: Sequence[Read]) -> Iterator[tuple[int, ...]]:
    """The places of leaves that stand side by side: parts of one content, items of one list, fields of one object."""
    places = [place for place, item in enumerate(read) if item.plain]
    for _, group in groupby(places, key=lambda place: _parent(read[place].leaf.path)):
        run = tuple(group)
        if len(run) > 1:
            yield run


def _parent(path: Path) -> Path:
    """What a leaf stands in: the content of which it is a part, else its object or list."""
    return path[:-2] if path[-3:-2] and path[-3] in _IN_PARTS else path[:-1]


def _across_seams(run: Sequence[Read], own: Sequence[Spans], found: Sequence[Spans]) -> list[Spans]:
    """The spans of each first reading of a run, with the pieces of what stands across its seams.

    What a leaf's own reading covers is whole by itself and does not go on in the next leaf: "write to a@b.com" and
    "Thanks" are no address. Of a secret no part may leave, so there nothing is taken for whole.
    """
    shifts = [len(item.readings[0]) - len(item.text.raw) for item in run]
    pieces = [
        [replace(piece, start=piece.start + shift, end=piece.end + shift) for piece in its]
        for its, shift in zip(found, shifts, strict=True)
    ]
    covered = [[piece for piece in its if _covers(spans, piece)] for spans, its in zip(own, pieces, strict=True)]
    whole = {_identity(piece) for its in covered for piece in its if piece.entity != "SECRET"}
    missing = [
        [piece for piece in its if piece not in known and _identity(piece) not in whole]
        for its, known in zip(pieces, covered, strict=True)
    ]
    return [
        disjoint([*spans, *its], item.readings[0]) if its else spans
        for item, spans, its in zip(run, own, missing, strict=True)
    ]


def _identity(piece: Span) -> tuple[str, str, float]:
    """What the pieces of one find have in common."""
    return piece.entity, piece.recognizer, piece.score


def _covers(spans: Spans, piece: Span) -> bool:
    return any(span.start <= piece.start and piece.end <= span.end for span in spans)
