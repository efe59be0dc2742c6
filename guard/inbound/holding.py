"""A reply that may not go out, or not before a person has decided."""

from __future__ import annotations

from collections.abc import Sequence

from guard.asks import HELD, Held, Hold, Story
from guard.course import Course
from guard.errors import Blocked, Escalated
from guard.inbound.judging import Judged, decision_of, joined
from guard.surfaces.reply import Revised
from guard.surfaces.walk import dump
from guard.types import Decision, Json


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
            model=course.recorded_model,
            principles=escalating(judged),
            prompt=course.prompt,
            reply="\n\n".join(item.masked for item in judged),
            sent="\n\n".join(joined(item.review.text, item.rest) for item in judged),
            body=raw if raw and held is body else dump(held),
            names=dict(course.vault.names),
            decision=decision,
        )
    )
