"""One recorded exchange before other rules: the stories that the proxy tells, answered without upstream and log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from guard.asks import Ask, Judge, Recognize, Story, Validate, Write
from guard.audit.reading import Recorded
from guard.course import Course, Incoming, Plan
from guard.errors import CriticError, GuardError, PolicyError, RequestError
from guard.inbound.judging import review_validated
from guard.mask.placeholders import BENT, LITERAL
from guard.outbound import prompt_text
from guard.prompts import judged_prompt, refuse_prompt
from guard.recognition import Read, recognized
from guard.replaying import Outlook, Replayed, Skipped
from guard.replaying.rules import Rules
from guard.review.review import Review, observe, review
from guard.surfaces.table import BY_NAME
from guard.types import Closing, Dialogue, Opening, Operator, Span, Verdict

Answer = TypeVar("Answer")

NO_CONTENT = "its content is not kept"
UNFINISHED = "it has no end"
UNREADABLE = "its request cannot be read any more"
NO_REPLY = "the prompt would leave; no reply is on record"


def replay(exchange: Recorded, rules: Rules) -> Replayed | Skipped:
    """What would be decided over one exchange. Raises RecognizerError."""
    opening, closing = exchange.opening, exchange.closing
    if closing is None:
        return Skipped(opening.exchange, UNFINISHED)
    if not opening.request:
        return Skipped(opening.exchange, NO_CONTENT)
    before = Outlook(opening.policy, closing.decision, closing.reason, _fired_then(opening, closing, rules))
    operators: dict[str, tuple[Operator, Operator]] = {}
    found: tuple[str, ...] = ()
    try:
        plan = rules.plan(opening.principal, opening.model, opening.surface)
        course = Course.begin(_incoming(opening), plan)
        operators = _operators(opening, plan)
        found = _found(_told(recognized(course), course, rules), plan)
        after = _decided(course, opening, closing, rules)
    except PolicyError as refusal:
        after = Outlook("", "block", refusal.message)
    except RequestError:
        return Skipped(opening.exchange, UNREADABLE)
    return Replayed(
        exchange=opening.exchange,
        time=opening.time,
        team=opening.principal.team,
        surface=opening.surface,
        before=before,
        after=after,
        operators=operators,
        found=found,
    )


def _incoming(opening: Opening) -> Incoming:
    surface = BY_NAME.get(opening.surface)
    if surface is None:
        raise RequestError("the surface is not known")
    raw = opening.request.encode("utf-8", "surrogatepass")
    return Incoming(opening.principal, {}, surface.recorded(raw, opening.model, stream=opening.stream))


def _decided(course: Course, opening: Opening, closing: Closing, rules: Rules) -> Outlook:
    policy, settings = course.plan.policy, course.plan.settings
    stopping = sorted({s.entity for s in opening.spans if policy.mask.operator(s.entity) == "block"})
    if stopping:
        return Outlook(policy.policy, "block", f"the policy does not let {', '.join(stopping)} leave")
    judged_before = _told(judged_prompt(course, {}), course, rules)
    answers = judged_before.answers
    of_prompt = [verdict for _, verdict in answers]
    try:
        refuse_prompt(settings, answers)
    except (PolicyError, CriticError) as refusal:
        return Outlook(policy.policy, "block", refusal.message, _fired(of_prompt))
    if judged_before.doubts:
        return Outlook(policy.policy, "escalate", "a person must decide about the request", _fired(of_prompt))
    if not closing.reply:
        reason = "" if closing.decision == "allow" else NO_REPLY
        return Outlook(policy.policy, "allow", reason, _fired(of_prompt))
    judged = _reviewed(course, opening, closing, rules)
    verdicts = [*of_prompt, *judged.verdicts, *judged.final]
    return Outlook(policy.policy, judged.decision, judged.reason, _fired(verdicts))


def _reviewed(course: Course, opening: Opening, closing: Closing, rules: Rules) -> Review:
    """The review of the reply as the upstream gave it.

    What is exact is not checked again, for no values are at hand: what is on record of it stands, if anything is.
    """
    policy, reply = course.plan.policy, closing.reply
    dialogue = Dialogue(prompt_text(course.call, {}), reply)
    course.prompt = dialogue.prompt
    known = _unknown_then(closing, rules)
    unknown = known or ()
    principles = [one for one in course.principles_for(reply) if one.check is None or known is not None]
    settings = course.plan.settings

    def story() -> Story[Review]:
        if opening.stream and policy.review.stream == "observe":
            return (yield from observe(dialogue, principles, settings, unknown))
        found = yield from review(dialogue, principles, settings, editable=len(reply), unknown_spans=unknown)
        return (yield from review_validated(course, found, ""))

    return _told(story(), course, rules)


def _told(story: Story[Answer], course: Course, rules: Rules) -> Answer:
    """What a story comes to."""
    reply: Any = None
    failure: GuardError | None = None
    while True:
        try:
            ask = story.send(reply) if failure is None else story.throw(failure)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        reply = failure = None
        try:
            reply = _answered(ask, course, rules)
        except CriticError as error:
            failure = error


def _answered(ask: Ask, course: Course, rules: Rules) -> Any:
    match ask:
        case Recognize():
            return rules.recognizers[course.plan.policy.policy].recognize_blocking(ask.texts)
        case Judge() if rules.critic is not None:
            return rules.critic.score(ask.dialogue, ask.principles)
        case Write() if rules.critic is not None:
            return rules.critic.write(ask.prompt, max_tokens=ask.max_tokens)
        case Validate():
            return rules.validators[ask.policy].validate(ask.text, ask.on)
        case _:
            raise CriticError("there is no critic")


def _operators(opening: Opening, plan: Plan) -> dict[str, tuple[Operator, Operator]]:
    """The entities on record that would be treated otherwise."""
    pairs = {span.entity: (span.operator, plan.policy.mask.operator(span.entity)) for span in opening.spans}
    return {entity: pair for entity, pair in sorted(pairs.items()) if pair[0] != pair[1]}


def _found(read: Sequence[Read], plan: Plan) -> tuple[str, ...]:
    """What is found in what left then, but for placeholders and what is kept."""
    found: set[str] = set()
    for item in read:
        for text, spans in zip(item.readings, item.spans, strict=True):
            names = [match.span() for match in BENT.finditer(text)]
            found |= {
                span.entity
                for span in spans
                if plan.policy.mask.operator(span.entity) != "keep"
                and not any(start < span.end and span.start < end for start, end in names)
            }
    return tuple(sorted(found - {LITERAL}))


def _unknown_then(closing: Closing, rules: Rules) -> tuple[Span, ...] | None:
    """Where the reply held what the exchange did not, as the exact check found; None where it is not on record.

    Of a reply with several choices it is not known either: the record does not say where each begins.
    """
    names = _exact(rules)
    first = next((verdict for _, verdict in closing.verdicts if verdict.principle in names), None)
    if first is None or len({choice for choice, _ in closing.verdicts}) > 1:
        return None
    return tuple(
        Span(start, end, "ON_RECORD", 1.0, "record") for start, end in first.spans if end <= len(closing.reply)
    )


def _exact(rules: Rules) -> frozenset[str]:
    """The principles that no critic is asked about."""
    documents = rules.constitutions.values()
    return frozenset(one.id for document in documents for one in document.principles if one.check is not None)


def _fired_then(opening: Opening, closing: Closing, rules: Rules) -> tuple[str, ...]:
    """What fired then; an exact check that cannot be made again is left out, as it is of what would fire."""
    left_out = frozenset() if _unknown_then(closing, rules) is not None else _exact(rules)
    verdicts = [*opening.verdicts, *(verdict for _, verdict in closing.verdicts)]
    return tuple(name for name in _fired(verdicts) if name not in left_out)


def _fired(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    return tuple(sorted({verdict.principle for verdict in verdicts if verdict.state == "fired"}))
