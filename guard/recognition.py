"""What a request holds: every leaf as a text, and the spans that were found in each of its readings.

A value is looked for in each leaf; then across the seams between leaves that stand side by side, over which it may have
been split; and, once it was found anywhere in the conversation, everywhere else in it: a reply that quoted a name comes
back as history, and there the name may stand where no recognizer would see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from guard.asks import Recognize, Story
from guard.course import Course
from guard.mask.propagate import across
from guard.mask.seams import seam
from guard.mask.text import Text
from guard.mask.text import read as read_text
from guard.surfaces.walk import Leaf, Path
from guard.types import Span

Spans = tuple[Span, ...]

_GUESSED = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "NRP"})
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]*")

# Lists whose items make up one text.
_IN_PARTS = frozenset({"content", "system", "summary", "output", "parts"})


@dataclass(frozen=True, slots=True)
class Read:
    """A leaf, opened as far as guard can read it, with its readings and the spans of each, in order.

    `seams` are spans of the leaf itself: pieces of what began in the leaf before it or goes on in the next.
    """

    leaf: Leaf
    text: Text
    readings: tuple[str, ...]
    spans: tuple[Spans, ...] = ()
    seams: Spans = ()

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
    spread = across(flat, answers[: len(flat)])
    pieces: dict[int, Spans] = {}
    for run, joint, spans in zip(runs, seams, answers[len(flat) :], strict=True):
        own = [read[place].text.placed(spread[firsts[place]]) for place in run]
        pieces |= zip(run, _missing(own, joint.pieces(spans)), strict=True)
    return tuple(
        replace(item, spans=_meant(item, spread[at : at + len(item.readings)]), seams=pieces.get(place, ()))
        for place, (item, at) in enumerate(zip(read, firsts, strict=False))
    )


def _meant(item: Read, spans: tuple[Spans, ...]) -> tuple[Spans, ...]:
    """The spans of a leaf, without people and places in what is a word of a program: `WebSearch`, `new_string`.

    A model for names takes such words for names, and a tool that is called otherwise is another tool. Who speaks in a
    message may well be named in one word.
    """
    speaker = len(item.leaf.path) == 3 and item.leaf.path[0] == "messages"
    if item.leaf.kind != "name" or speaker or not _IDENTIFIER.fullmatch(item.leaf.text):
        return spans
    return tuple(tuple(span for span in own if span.entity not in _GUESSED) for own in spans)


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


def _missing(own: Sequence[Sequence[Span]], found: Sequence[Spans]) -> Iterator[Spans]:
    """Of the pieces of what stands across the seams of a run those that the leaves' own spans leave open.

    What a leaf's own reading covers is whole by itself and does not go on in the next leaf: "write to a@b.com" and
    "Thanks" are no address. Of a secret no part may leave, so there nothing is taken for whole.
    """
    covered = [
        [piece for piece in pieces if any(s.start <= piece.start and piece.end <= s.end for s in spans)]
        for spans, pieces in zip(own, found, strict=True)
    ]
    whole = {_identity(piece) for pieces in covered for piece in pieces if piece.entity != "SECRET"}
    for pieces, known in zip(found, covered, strict=True):
        yield tuple(piece for piece in pieces if piece not in known and _identity(piece) not in whole)


def _identity(piece: Span) -> tuple[str, str, float]:
    """What the pieces of one find have in common."""
    return piece.entity, piece.recognizer, piece.score
