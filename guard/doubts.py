"""Requests about which a person must decide before anything of them leaves.

What waits is the turn for which a principle asked: once it is approved, its caller sends the request again, and that
turn no longer keeps it back, nor does it later on in the conversation, until the time of the approval is over. Each
request that leaves because of it says so in its entry. Nothing is sent that nobody waits for any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from guard.asks import HELD, Decisions, Held, Hold, Story
from guard.course import Course
from guard.errors import Blocked, Escalated
from guard.prompts import Answered, JudgedPrompt
from guard.types import Verdict


@dataclass(frozen=True, slots=True)
class Doubts:
    """The turns, masked, about which a person must decide, each with the principles that ask for it.

    `decided` says of those that are held in which exchange, and what was decided.
    """

    turns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decided: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def approved(self, turn: str) -> str:
        """The exchange in which a person approved `turn`; empty where nobody has."""
        exchange, word = self.decided.get(turn, ("", "pending"))
        return exchange if word == "approved" else ""


def doubts_about(course: Course, judged: JudgedPrompt) -> Story[Doubts]:
    """What is in doubt in a request, with what people have decided about the same turns of the same caller."""
    if not judged.doubts:
        return Doubts()
    names = {_name(course, turn, principles): turn for turn, principles in judged.doubts.items()}
    decided = yield Decisions(course.incoming.principal, tuple(names))
    return Doubts(judged.doubts, {names[name]: told for name, told in decided.items()})


def with_approvals(answers: Sequence[Answered], doubts: Doubts) -> tuple[Verdict, ...]:
    """The verdicts for the log: one that does not keep the request back says where a person approved that."""
    verdicts = []
    for _, verdict in answers:
        approved = [doubts.approved(turn) for turn, asking in doubts.turns.items() if verdict.principle in asking]
        if approved and all(approved):
            verdict = replace(verdict, reason=f"A person approved it: {', '.join(dict.fromkeys(approved))}.")  # noqa: PLW2901
        verdicts.append(verdict)
    return tuple(verdicts)


def refuse_doubts(course: Course, doubts: Doubts) -> Story[None]:
    """Have held what nobody has decided about yet.

    Raises Blocked where a person rejected a turn of the request, Escalated where one has yet to decide.
    """
    for turn, (_, word) in doubts.decided.items():
        if word == "rejected":
            raise Blocked(
                f"A person decided that this request does not go out, because of: {_named(doubts.turns[turn])}."
            )
    waiting = {turn: asking for turn, asking in doubts.turns.items() if not doubts.approved(turn)}
    if not waiting:
        return
    new = {turn: asking for turn, asking in waiting.items() if turn not in doubts.decided}
    if new:
        yield Hold(_held(course, new))
    first = course.plan.exchange_id if new else doubts.decided[next(iter(waiting))][0]
    named = _named(dict.fromkeys(principle for asking in waiting.values() for principle in asking))
    raise Escalated(
        f"guard holds the request until a person has decided about it, because of: {named}. Ask how it stands at GET "
        f"{HELD}{first} with the same credentials, and send the request again once it is approved."
    )


def _held(course: Course, turns: Mapping[str, tuple[str, ...]]) -> Held:
    plan, call = course.plan, course.call
    return Held(
        exchange=plan.exchange_id,
        time=plan.clock(),
        principal=course.incoming.principal,
        surface=call.surface.name,
        model=call.model,
        principles=tuple(dict.fromkeys(principle for asking in turns.values() for principle in asking)),
        prompt="\n\n".join(turns),
        reply="",
        sent="",
        body=b"",
        names={},
        decision="allow",
        turns=tuple(_name(course, *each) for each in turns.items()),
    )


def _name(course: Course, turn: str, principles: Sequence[str]) -> str:
    """What a decision is filed under: it is about this turn, of this caller, and these principles alone."""
    who = course.incoming.principal
    return course.plan.coder.note("doubt", who.user, who.team, who.application, turn, *sorted(principles))


def _named(principles: Sequence[str] | Mapping[str, None]) -> str:
    return ", ".join(f"'{principle}'" for principle in principles)
