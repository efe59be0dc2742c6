"""What of a stream may be told before its end: the windows that have passed their review.

A window is judged with what was told before it, as far back as counts: so it takes no more memory and no more work to
judge the last sentence of a book than that of a page. The whole is judged once more at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from guard.asks import Story
from guard.course import Course
from guard.inbound import Found, Located, Told, found_in, groundless, joined, masked_in, texts_of
from guard.mask.masker import Masked
from guard.review.review import passes
from guard.surfaces.parts import Choice, Made, goes_on
from guard.types import Dialogue, Span

CONTEXT = 100  # characters before a window that are read with it, so that a name is seen in its sentence

# At least so many characters before a window are judged with it, about what the largest critic reads in one piece (see
# `guard.backends.packed`), and at most twice as many: the beginning moves in steps, so that in between a critic knows
# what it read before.
REACH = 16_000

Place: TypeAlias = str  # where a text stands, as the log writes it


@dataclass(frozen=True, slots=True)
class Passed:
    """What has passed of one text: of what it was made, and how it was told.

    Of its end there is `raw`, as it came, and `masked`, and where the latter holds what nobody gave the model.
    """

    made: Made = ()
    told: Told = field(default_factory=Told)
    raw: str = ""
    masked: str = ""
    groundless: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """One text of a choice, what passed of it before, and, in characters of it, where that ends."""

    text: str
    where: Place
    made: Made
    before: Passed

    @property
    def new(self) -> str:
        return self.text[self.before.told.length :]


@dataclass(slots=True)
class Watch:
    """The review of a stream while it runs. Once a window has not passed, nothing more does: the end will decide."""

    course: Course
    open: bool = True
    _passed: dict[Place, Passed] = field(default_factory=dict)

    def told(self, choices: Sequence[Choice]) -> Mapping[int, Told]:
        """What has passed of the content of each choice."""
        return {choice.index: self._texts(choice)[0].before.told for choice in choices}

    def words(self, choices: Sequence[Choice]) -> str:
        """The same as the log keeps it, masked."""
        told = self.told(choices)
        return "\n\n".join(told[choice.index].words(choice.content) for choice in choices)

    def passes(self, choices: Sequence[Choice]) -> Story[bool]:
        """Whether `choices`, the words of the stream up to the end of a window, may be told."""
        plan = self.course.plan
        began = plan.clock()
        new = yield from self._read([text for choice in choices for text in self._texts(choice)])
        for choice in choices if self.open else ():
            content, rest = (new[where] for _, where in texts_of(choice))
            shift = len(content.masked) + 1
            moved = tuple(replace(s, start=s.start + shift, end=s.end + shift) for s in rest.groundless)
            dialogue = Dialogue(self.course.prompt, joined(content.masked, rest.masked))
            unknown = content.groundless + moved
            principles = self.course.principles_for(dialogue.reply)
            self.open = self.open and (yield from passes(dialogue, principles, plan.settings, unknown))
        if self.open:
            self._passed |= {where: _within_reach(passed) for where, passed in new.items()}
        self.course.took("windows", began)
        return self.open

    def _texts(self, choice: Choice) -> tuple[_Read, _Read]:
        """The texts of a choice with what has passed of them before; nothing where one does not go on from there."""
        (content, content_at), (rest, rest_at) = texts_of(choice)
        return (
            _Read(content, content_at, choice.content_of, self._before(content_at, choice.content_of)),
            _Read(rest, rest_at, choice.rest_of, self._before(rest_at, choice.rest_of)),
        )

    def _before(self, where: Place, made: Made) -> Passed:
        before = self._passed.get(where, Passed())
        return before if goes_on(before.made, made) else Passed()

    def _read(self, texts: Sequence[_Read]) -> Story[dict[Place, Passed]]:
        """Each text with what is new in it recognized and masked."""
        found = yield from found_in(self.course, [(each.before.raw + each.new, each.where) for each in texts])
        cuts = [len(each.before.raw) for each in texts]
        tails = [(each.new, each.where) for each in texts]
        masked = yield from masked_in(self.course, tails, [_from(*each) for each in zip(found, cuts, strict=True)])
        return {
            each.where: _gone_on(each, tail, groundless(self.course, new))
            for each, (tail, new) in zip(texts, masked, strict=True)
        }


def _gone_on(read: _Read, tail: Masked, unknown: Sequence[Span]) -> Passed:
    """What has passed of a text once its new part has, of which `tail` is what it became."""
    before, new, end = read.before, read.new, len(read.text)
    masked = before.told.masked if tail.text == new else (*before.told.masked, (end - len(new), end, tail.text))
    shift = len(before.masked)
    moved = tuple(replace(span, start=span.start + shift, end=span.end + shift) for span in unknown)
    return Passed(
        made=read.made,
        told=Told(end, masked),
        raw=(before.raw + new)[-CONTEXT:],
        masked=before.masked + tail.text,
        groundless=before.groundless + moved,
    )


def _within_reach(passed: Passed) -> Passed:
    """What has passed without what lies too far back to be judged again."""
    if len(passed.masked) <= 2 * REACH:
        return passed
    cut = len(passed.masked) - REACH
    cut = passed.masked.find(" ", cut, cut + CONTEXT) + 1 or cut  # no half word, and no half placeholder
    kept = (span for span in passed.groundless if span.start >= cut)
    moved = tuple(replace(span, start=span.start - cut, end=span.end - cut) for span in kept)
    return replace(passed, masked=passed.masked[cut:], groundless=moved)


def _from(found: Found, cut: int) -> Found:
    """Of what was found in a text that which reaches beyond `cut`, as found in the text from there on."""
    located, kept = found
    beyond: Located = tuple(
        (replace(span, start=max(0, span.start - cut), end=span.end - cut), value)
        for span, value in located
        if span.end > cut
    )
    return beyond, kept
