"""Recognize what the upstream said, mask what is new in it, and have it reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from guard.asks import Recognize, Story
from guard.course import EVIDENT, EVIDENT_SCORE, Course, bindings
from guard.mask.masker import Masked
from guard.mask.placeholders import normalised
from guard.mask.text import read as read_text
from guard.review.review import Review, observe, review
from guard.surfaces.parts import Choice
from guard.types import Decision, Dialogue, FoundSpan, Span
from guard.validation import refusal, validated

Located: TypeAlias = Sequence[tuple[Span, str]]  # where a value was found in a text, and the value
Said: TypeAlias = tuple[str, str]  # a text of a reply, and where it stands for the log
Found: TypeAlias = tuple[Located, tuple[FoundSpan, ...]]  # what is to be masked in a text, and what is kept

PIECE = 16_384  # characters of a long text that are looked at at a time

_SEVERITY: tuple[Decision, ...] = ("allow", "revise", "escalate", "block")


@dataclass(frozen=True, slots=True)
class Told:
    """What of a content has been told: its first `length` characters, as they came but for the `masked` parts.

    These are in order and disjoint: from where to where each stood, and what it was told as before it was restored.
    """

    length: int = 0
    masked: tuple[tuple[int, int, str], ...] = ()

    def words(self, content: str) -> str:
        """What was told, masked, of `content`."""
        return "".join(self._pieces(content))

    @property
    def size(self) -> int:
        """How many characters its words are."""
        return self.length + sum(len(words) - (end - start) for start, end, words in self.masked)

    def begins(self, masked: str, content: str) -> bool:
        """Whether its words are the beginning of `masked`, which is what became of `content`."""
        if masked is content and not self.masked:
            return True
        at = 0
        for piece in self._pieces(content):
            if not masked.startswith(piece, at):
                return False
            at += len(piece)
        return True

    def _pieces(self, content: str) -> Iterator[str]:
        last = 0
        for start, end, words in (*self.masked, (self.length, self.length, "")):
            yield from (content[at : min(at + PIECE, start)] for at in range(last, start, PIECE))
            yield words
            last = end


@dataclass(frozen=True, slots=True)
class Judged:
    """A choice after its review: `masked` is what the upstream said, `rest` the part that may not be revised."""

    choice: Choice
    review: Review
    content: str
    rest: str
    found: tuple[FoundSpan, ...]
    told: Told = Told()

    @property
    def masked(self) -> str:
        """What the upstream said, as it was judged."""
        return joined(self.content, self.rest)

    @property
    def sent(self) -> str:
        """What the client was told, masked."""
        if self.review.decision in ("block", "escalate"):
            return self.told.words(self.choice.content)
        return joined(self.review.text, self.rest)


def joined(content: str, rest: str) -> str:
    """What of a choice is judged."""
    return f"{content}\n{rest}" if rest else content


def judge_choices(
    course: Course, choices: Sequence[Choice], told: Mapping[int, Told] | None = None
) -> Story[tuple[Judged, ...]]:
    """Recognize what the reply says, mask what is new in it, and judge it.

    `told` is what has been told of the content of each choice: it stands, whatever the review says.
    """
    plan = course.plan
    if not course.reads_replies:
        return ()
    began = plan.clock()
    said = [text for choice in choices for text in texts_of(choice)]
    found = yield from found_in(course, said)
    course.took("recognize", began)
    began = plan.clock()
    masked = yield from masked_in(course, said, found)
    judged = []
    for choice, content, rest in zip(choices, masked[::2], masked[1::2], strict=True):
        before = (told or {}).get(choice.index, Told())
        judged.append((yield from _judge_choice(course, choice, content, rest, before)))
    course.took("review", began)
    return tuple(judged)


def texts_of(choice: Choice) -> tuple[Said, Said]:
    """The two texts of a choice, and where they stand for the log."""
    where = f"choices[{choice.index}]"
    return (choice.content, f"{where}.message.content"), (choice.rest, where)


def found_in(course: Course, said: Sequence[Said]) -> Story[tuple[Found, ...]]:
    """What each text of a reply holds, also inside JSON and other encodings."""
    if course.plan.policy.recognize.profile == "none":
        return (((), ()),) * len(said)
    texts = [read_text(text) for text, _ in said]
    readings = [[reading for part in text.leaves() for reading in part.readings] for text in texts]
    flat = tuple(reading for own in readings for reading in own)
    answers = iter((yield Recognize(flat, course.plan.policy.policy)))
    spans = [tuple(islice(answers, len(own))) for own in readings]
    return tuple(
        (course.masker.located(text, own), course.masker.kept(text, own, where))
        for text, own, (_, where) in zip(texts, spans, said, strict=True)
    )


def masked_in(
    course: Course, said: Sequence[Said], found: Sequence[Found]
) -> Story[tuple[tuple[Masked, Located], ...]]:
    """Each text with its new values masked, and where these now stand.

    Their codes are bound, so that in the log too no two values share one; the values of the request came first, so
    theirs stay.
    """
    known = len(course.vault)
    while True:
        masked = tuple(
            course.masker.mask_reply(text, located, where, kept)
            for (text, where), (located, kept) in zip(said, found, strict=True)
        )
        taken = (yield bindings(course.vault)) if len(course.vault) > known else ()
        if not taken:
            return masked
        course.vault.avoid(taken)


def _judge_choice(
    course: Course, choice: Choice, in_content: tuple[Masked, Located], in_rest: tuple[Masked, Located], told: Told
) -> Story[Judged]:
    plan = course.plan
    (content, new), (rest, more) = in_content, in_rest
    shift = len(content.text) + 1
    unknown = groundless(course, new)
    unknown += tuple(replace(s, start=s.start + shift, end=s.end + shift) for s in groundless(course, more))
    dialogue = Dialogue(course.prompt, joined(content.text, rest.text))
    principles = course.principles_for(dialogue.reply)
    if course.call.stream and plan.policy.review.stream == "observe":
        result = yield from observe(dialogue, principles, plan.settings, unknown)
    else:
        editable = len(content.text)
        # Where what was told would be masked otherwise now, nobody can say what is still to be told.
        fixed = told.size if told.begins(content.text, choice.content) else editable
        result = yield from review(
            dialogue, principles, plan.settings, editable=editable, unknown_spans=unknown, told=fixed
        )
    result = yield from review_validated(course, result, rest.text)
    logged = content.found + content.kept + rest.found + rest.kept
    return Judged(choice, result, content.text, rest.text, logged, told)


def review_validated(course: Course, result: Review, rest: str) -> Story[Review]:
    """The review of a choice, with what the policy's validators say of what would go out."""
    if result.decision == "block":
        return result
    answers = yield from validated(course, joined(result.text, rest), "reply")
    verdicts = tuple(verdict for _, verdict in answers)
    lost = tuple(verdict.principle for verdict in verdicts if verdict.state == "not_judged")
    # The last judgement is that of what would go out; where there is only one, it is both.
    told = {"final": (*result.final, *verdicts)} if result.final else {"verdicts": (*result.verdicts, *verdicts)}
    result = replace(result, **told, not_judged=(*result.not_judged, *lost))  # type: ignore[arg-type]
    stop = refusal(answers, course.plan.settings.on_failure)
    if stop is None:
        return result
    return replace(result, decision="block", text="", reason=stop[0], principle=stop[1])


def groundless(course: Course, new: Located) -> tuple[Span, ...]:
    """Of the values that are new in a reply those that the exchange gave no ground for."""
    return tuple(
        span
        for span, value in new
        if span.entity in EVIDENT
        and span.score >= EVIDENT_SCORE
        and value not in course.said
        and normalised(span.entity, value) not in course.known
    )


def decision_of(judged: Sequence[Judged]) -> Decision:
    """The gravest decision of any choice."""
    return max((item.review.decision for item in judged), key=_SEVERITY.index, default="allow")


def revised(judged: Sequence[Judged]) -> Mapping[int, str]:
    """The new contents, still masked, of the choices that were changed: what is still to be told of them."""
    changed = [item for item in judged if item.review.decision == "revise"]
    return {item.choice.index: item.review.text[item.told.size :] for item in changed}
