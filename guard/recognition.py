"""What a request holds: every leaf as a text, and the spans that were found in each of its readings.

A value is looked for in each leaf; then across the seams between leaves that stand side by side, over which it may have
been split; and, once it was found anywhere in the conversation, everywhere else in it: a reply that quoted a name comes
back as history, and there the name may stand where no recognizer would see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

from guard.asks import Recognize, Story
from guard.course import Course
from guard.mask.masker import Masker
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
    def joins(self) -> bool:
        """Whether a value may begin in the leaf and go on in the next: in words, however written, and not in JSON."""
        return self.leaf.kind == "text" and self.text.inner is None


def recognized(course: Course) -> Story[tuple[Read, ...]]:
    """Find what every leaf of the request holds. Raises RecognizerError."""
    keys = course.surface.vocabulary.keys
    read = [_read(leaf, keys) for leaf in course.call.leaves]
    flat = [reading for item in read for reading in item.readings]
    runs = list(_runs(read))
    seams = [seam([read[place].text.raw for place in run]) for run in runs]
    joined = [read_text(joint.reading) for joint in seams]  # an encoding may have been cut, too
    across_seams = [reading for text in joined for reading in _readings(text)]
    answers = yield Recognize((*flat, *across_seams), course.plan.policy.policy)
    kept = course.plan.policy.mask.kept
    spread = iter(across(flat, answers[: len(flat)], kept))
    rest = iter(answers[len(flat) :])
    found = [tuple(islice(spread, len(item.readings))) for item in read]
    pieces: dict[int, Spans] = {}
    for run, joint, text in zip(runs, seams, joined, strict=True):
        own = [
            tuple(span for span in _located(course, read[place].text, found[place]) if span.entity not in kept)
            for place in run
        ]
        over = _located(course, text, tuple(islice(rest, len(_readings(text)))))
        pieces |= zip(run, _missing(own, joint.pieces(over)), strict=True)
    return tuple(
        replace(item, spans=_meant(item, spans), seams=pieces.get(place, ()))
        for place, (item, spans) in enumerate(zip(read, found, strict=True))
    )


def _located(course: Course, text: Text, spans: Sequence[Spans]) -> Spans:
    """What was found in the readings of a text as spans of the text itself, whatever the policy does with it."""
    return tuple(span for span, _ in Masker(course.vault, {}).located(text, spans))


def _readings(text: Text) -> tuple[str, ...]:
    return tuple(reading for part in text.leaves() for reading in part.readings)


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
    return Read(leaf, text, _readings(text))


def _runs(read: Sequence[Read]) -> Iterator[tuple[int, ...]]:
    """The places of leaves that stand side by side: parts of one content, items of one list, fields of one object."""
    places = [place for place, item in enumerate(read) if item.joins]
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
