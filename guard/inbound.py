"""The way back: review what the upstream said, and close the entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from guard.asks import Held, Hold, Note, Recognize, Record, Story
from guard.course import EVIDENT, EVIDENT_SCORE, Course, bindings
from guard.errors import Blocked, Escalated
from guard.mask.masker import Masked
from guard.mask.placeholders import normalised
from guard.mask.restore import StreamRestorer, restore
from guard.mask.text import read as read_text
from guard.mask.vault import Vault
from guard.review.review import Review, observe, review
from guard.surfaces.attachments import replaced
from guard.surfaces.citations import moved
from guard.surfaces.reply import Gathered, Revised
from guard.surfaces.stream import move_in
from guard.surfaces.surface import Choice, Surface
from guard.surfaces.walk import Path, dump, rebuild
from guard.types import Closing, Decision, Dialogue, FoundSpan, Json, Outcome, Span
from guard.validation import refusal, validated

Located: TypeAlias = Sequence[tuple[Span, str]]  # where a value was found in a text, and the value
Said: TypeAlias = tuple[str, str]  # a text of a reply, and where it stands for the log
Found: TypeAlias = tuple[Located, tuple[FoundSpan, ...]]  # what is to be masked in a text, and what is kept

HELD = "/v1/guard/held/"  # where a held reply is asked for, by the name of its exchange

_SEVERITY: tuple[Decision, ...] = ("allow", "revise", "escalate", "block")


@dataclass(frozen=True, slots=True)
class Judged:
    """A choice after its review: `masked` is what the upstream said, `rest` the part that may not be revised."""

    choice: Choice
    review: Review
    content: str
    rest: str
    found: tuple[FoundSpan, ...]
    told: str = ""

    @property
    def masked(self) -> str:
        """What the upstream said, as it was judged."""
        return joined(self.content, self.rest)

    @property
    def sent(self) -> str:
        """What the client was told, masked."""
        return self.told if self.review.decision in ("block", "escalate") else joined(self.review.text, self.rest)


def joined(content: str, rest: str) -> str:
    """What of a choice is judged."""
    return f"{content}\n{rest}" if rest else content


def judge_choices(
    course: Course, choices: Sequence[Choice], told: Mapping[int, str] | None = None
) -> Story[tuple[Judged, ...]]:
    """Recognize what the reply says, mask what is new in it, and judge it.

    `told` is what has been told, masked, of the content of each choice: it stands, whatever the review says.
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
        before = (told or {}).get(choice.index, "")
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
    course: Course, choice: Choice, in_content: tuple[Masked, Located], in_rest: tuple[Masked, Located], told: str
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
        fixed = len(told) if content.text.startswith(told) else editable
        result = yield from review(
            dialogue, principles, plan.settings, editable=editable, unknown_spans=unknown, told=fixed
        )
    result = yield from _validated(course, result, rest.text)
    logged = content.found + content.kept + rest.found + rest.kept
    return Judged(choice, result, content.text, rest.text, logged, told)


def _validated(course: Course, result: Review, rest: str) -> Story[Review]:
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


def blocked(course: Course, judged: Sequence[Judged]) -> Blocked | Escalated | None:
    """What to tell the client where a choice may not go out, or not before a person has decided."""
    for item in judged:
        if item.review.decision == "block":
            return Blocked(f"guard withheld the reply: {item.review.reason}")
    if any(item.review.decision == "escalate" for item in judged):
        named = ", ".join(f"'{principle}'" for principle in escalating(judged))
        return Escalated(
            f"guard holds the reply until a person has decided about it, because of: {named}. "
            f"Ask for it at GET {HELD}{course.plan.exchange_id} with the same credentials."
        )
    return None


def escalating(judged: Sequence[Judged]) -> tuple[str, ...]:
    """The principles that ask for a person."""
    named = (item.review.principle for item in judged if item.review.decision == "escalate")
    return tuple(dict.fromkeys(name for name in named if name))


def hold(course: Course, judged: Sequence[Judged], body: dict[str, Json], raw: bytes = b"") -> Story[None]:
    """Have the reply kept for a person where one must decide. `raw` is how `body` came, where it came whole."""
    if decision_of(judged) != "escalate":
        return
    mended = {item.choice.index: item.review.text for item in judged if item.review.text != item.content}
    decision: Decision = "revise" if mended else "allow"
    held = Revised(course.surface, mended).apply(body)
    if mended or len(course.vault):  # as it goes out: see `guard.telling.hides_tokens`
        held = course.surface.without_tokens(held)
    plan = course.plan
    yield Hold(
        Held(
            exchange=plan.exchange_id,
            time=plan.clock(),
            principal=course.incoming.principal,
            surface=course.surface.name,
            model=course.model,
            principles=escalating(judged),
            prompt=course.prompt,
            reply="\n\n".join(item.masked for item in judged),
            sent="\n\n".join(joined(item.review.text, item.rest) for item in judged),
            body=raw if raw and held is body else dump(held),
            names=dict(course.vault.names),
            decision=decision,
        )
    )


def revised(judged: Sequence[Judged]) -> Mapping[int, str]:
    """The new contents, still masked, of the choices that were changed: what is still to be told of them."""
    changed = [item for item in judged if item.review.decision == "revise"]
    return {item.choice.index: item.review.text[len(item.told) :] for item in changed}


def restored(surface: Surface, vault: Vault, body: dict[str, Json]) -> dict[str, Json]:
    """A whole body with every placeholder replaced by its value; the same object where none is."""
    if not len(vault):
        return body
    changes: dict[tuple[Path, bool], str] = {}
    for leaf in surface.reply_leaves(body):
        text = restore(leaf.text, vault)
        if text != leaf.text:
            changes[leaf.path, leaf.key] = text
    if not changes:
        return body
    # The counts first: where they stand, no key is a value, so their places stay.
    counts = moved(surface.citations(body), lambda cited: move_in(body, cited.text, StreamRestorer(vault)))
    rebuilt = rebuild(replaced(body, counts), changes)
    return rebuilt if isinstance(rebuilt, dict) else body


def keep_for_later(course: Course, reply: Gathered) -> Story[None]:
    """Keep in the tenant vault what a later exchange of the same conversation will need.

    These are the codes of a conversation that the provider keeps, and how the provider wrote what it has signed:
    another guard that masks the restored text anew might not come to the same bytes.
    """
    codes = tuple(sorted(course.vault.codes))
    if codes and reply.thread:
        for thread in {reply.thread, course.call.thread} - {""}:
            yield Note(course.thread_name(thread), codes)
    for text in reply.sealed():
        yield Note(course.sealed_name(restore(text, course.vault)), (text,))


def close_judged(course: Course, judged: Sequence[Judged], status: int) -> Story[None]:
    """Close the entry of an exchange whose reply was judged."""
    decision = decision_of(judged)
    lost = any(item.review.not_judged for item in judged)
    outcome: Outcome = "not_judged" if lost else "blocked"
    if decision != "block":
        outcome = "held" if decision == "escalate" else "completed"
    reason = "; ".join(item.review.reason for item in judged if item.review.reason)
    yield from close(course, outcome, decision, reason, status, judged)


def close(
    course: Course,
    outcome: Outcome,
    decision: Decision,
    reason: str,
    status: int,
    judged: Sequence[Judged] = (),
) -> Story[None]:
    """Close the entry, once, if it was opened."""
    if not course.opened or course.closed:
        return
    keep, plan = course.keeps_content, course.plan
    yield Record(
        Closing(
            exchange=plan.exchange_id,
            time=plan.clock(),
            outcome=outcome,
            decision=decision,
            reason=reason,
            status=status,
            upstream=course.upstream,
            failed=tuple(course.failed),
            model=course.model,
            reply=("\n\n".join(item.masked for item in judged) if judged else course.told) if keep else "",
            sent=("\n\n".join(item.sent for item in judged) if judged else course.told) if keep else "",
            spans=tuple(span for item in judged for span in item.found),
            verdicts=tuple(
                (item.choice.index, verdict)
                for item in judged
                for verdict in (*item.review.verdicts, *item.review.final)
            ),
            revisions=tuple(
                replace(revision, choice=item.choice.index, critique=revision.critique if keep else "")
                for item in judged
                for revision in item.review.revisions
            ),
            not_judged=_not_judged(course, judged),
            unknown_placeholders=_unknown(course, judged),
            usage=dict(course.usage),
            timings_ms=dict(course.timings),
            keeping=course.keeping,
        )
    )
    course.closed = True


def _not_judged(course: Course, judged: Sequence[Judged]) -> tuple[str, ...]:
    if not course.surface.speaks:
        return ()
    if not any(item.review.verdicts for item in judged):
        return ("reply",)
    names = (name for item in judged for name in (*item.review.not_judged, *item.choice.pictures))
    return tuple(dict.fromkeys(names))


def _unknown(course: Course, judged: Sequence[Judged]) -> int:
    """How many placeholders of the reply nobody knows: bent beyond recognition, or made up."""
    count = 0
    for item in judged:
        restorer = StreamRestorer(course.vault)
        restorer.feed(item.masked)
        restorer.flush()
        count += restorer.unknown
    return count
