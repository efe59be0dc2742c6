"""What a request holds: every leaf as a text, and the spans that were found in each of its readings.

A value is looked for in each leaf and, once it was found anywhere in the conversation, everywhere else in it: a reply
that quoted a name comes back as history, and there the name may stand where no recognizer would see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guard.asks import Recognize, Story
from guard.course import Course
from guard.mask.propagate import across
from guard.mask.text import Text
from guard.mask.text import read as read_text
from guard.surfaces.walk import Leaf
from guard.types import Span

Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A leaf, opened as far as guard can read it, with the spans of each of its readings, in order."""

    leaf: Leaf
    text: Text
    spans: tuple[Spans, ...]


def recognized(course: Course) -> Story[tuple[Read, ...]]:
    """Find what every leaf of the request holds. Raises RecognizerError."""
    keys = course.surface.vocabulary.keys
    texts = [(leaf, _as_text(leaf, keys)) for leaf in course.call.leaves]
    readings = [[reading for part in text.leaves() for reading in part.readings] for _, text in texts]
    flat = tuple(reading for own in readings for reading in own)
    answers = yield Recognize(flat, course.plan.policy.policy)
    spread = across(flat, answers)
    return tuple(
        Read(leaf, text, spread[at : at + len(own)])
        for (leaf, text), own, at in zip(texts, readings, _firsts(readings), strict=True)
    )


def _as_text(leaf: Leaf, keys: frozenset[str]) -> Text:
    key = next((part for part in reversed(leaf.path) if isinstance(part, str)), "")
    context = "" if key in keys else key
    return read_text(leaf.text, "text" if leaf.kind == "text" else "name", context=context)


def _firsts(readings: Sequence[Sequence[str]]) -> list[int]:
    """Where in the list of all readings those of each leaf begin."""
    places, at = [], 0
    for own in readings:
        places.append(at)
        at += len(own)
    return places
