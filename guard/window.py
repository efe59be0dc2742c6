"""What of a stream may be told before its end: the windows that have passed their review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from guard.asks import Story
from guard.course import Course
from guard.inbound import Found, Located, found_in, groundless, joined, masked_in, texts_of
from guard.review.review import passes
from guard.surfaces.parts import Choice
from guard.types import Dialogue, Span

CONTEXT = 100  # characters before a window that are read with it, so that a name is seen in its sentence

Place: TypeAlias = str  # where a text stands, as the log writes it


@dataclass(frozen=True, slots=True)
class Passed:
    """What has passed of one text: as it came, masked, and where the masked text holds what nobody gave it."""

    raw: str = ""
    masked: str = ""
    groundless: tuple[Span, ...] = ()


@dataclass(slots=True)
class Watch:
    """The review of a stream while it runs. Once a window has not passed, nothing more does: the end will decide."""

    course: Course
    open: bool = True
    _passed: dict[Place, Passed] = field(default_factory=dict)

    def told(self, choices: Sequence[Choice]) -> Mapping[int, str]:
        """What has passed, masked, of the content of each choice."""
        return {choice.index: self._before(*texts_of(choice)[0]).masked for choice in choices}

    def passes(self, choices: Sequence[Choice]) -> Story[bool]:
        """Whether `choices`, the words of the stream up to the end of a window, may be told."""
        plan = self.course.plan
        began = plan.clock()
        new = yield from self._read([text for choice in choices for text in texts_of(choice)])
        for choice in choices if self.open else ():
            content, rest = (new[where] for _, where in texts_of(choice))
            shift = len(content.masked) + 1
            moved = tuple(replace(s, start=s.start + shift, end=s.end + shift) for s in rest.groundless)
            dialogue = Dialogue(self.course.prompt, joined(content.masked, rest.masked))
            unknown = content.groundless + moved
            principles = self.course.principles_for(dialogue.reply)
            self.open = self.open and (yield from passes(dialogue, principles, plan.settings, unknown))
        if self.open:
            self._passed |= new
        self.course.took("windows", began)
        return self.open

    def _before(self, text: str, where: Place) -> Passed:
        """What has passed of a text before; nothing where it does not go on from there."""
        before = self._passed.get(where, Passed())
        return before if text.startswith(before.raw) else Passed()

    def _read(self, said: Sequence[tuple[str, Place]]) -> Story[dict[Place, Passed]]:
        """Each text with what is new in it recognized and masked."""
        before = [self._before(text, where) for text, where in said]
        contexts = [max(0, len(old.raw) - CONTEXT) for old in before]
        seen = [(text[start:], where) for (text, where), start in zip(said, contexts, strict=True)]
        found = yield from found_in(self.course, seen)
        cuts = [len(old.raw) - start for old, start in zip(before, contexts, strict=True)]
        tails = [(text[len(old.raw) :], where) for (text, where), old in zip(said, before, strict=True)]
        masked = yield from masked_in(self.course, tails, [_from(*each) for each in zip(found, cuts, strict=True)])
        return {
            where: Passed(text, old.masked + tail.text, old.groundless + _after(old, groundless(self.course, new)))
            for (text, where), old, (tail, new) in zip(said, before, masked, strict=True)
        }


def _from(found: Found, cut: int) -> Found:
    """Of what was found in a text that which reaches beyond `cut`, as found in the text from there on."""
    located, kept = found
    beyond: Located = tuple(
        (replace(span, start=max(0, span.start - cut), end=span.end - cut), value)
        for span, value in located
        if span.end > cut
    )
    return beyond, kept


def _after(old: Passed, spans: Sequence[Span]) -> tuple[Span, ...]:
    shift = len(old.masked)
    return tuple(replace(span, start=span.start + shift, end=span.end + shift) for span in spans)
