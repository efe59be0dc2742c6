"""Judge a reply, mend what violates the constitution, and decide.

The order: judge; where a principle fired, mend it by critique and rewriting if the critic can write, else by taking
the passage out; judge again; accept only what is better; else the principle's own end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from guard.asks import Story
from guard.constitution import Principle
from guard.review.judge import judge
from guard.review.mend import Mending, redacted, replaced, rewritten
from guard.review.prompts import Prompts
from guard.types import Decision, Dialogue, Revision, Span, Verdict


@dataclass(frozen=True, slots=True)
class Settings:
    """What the policy says of reviews, and whether the critic can write. `rounds` bounds the rewriting."""

    on_failure: Literal["block", "allow"] = "block"
    on_unsure: Literal["allow", "block"] = "allow"
    rounds: int = 2
    writes: bool = False
    prompts: Prompts = field(default_factory=Prompts)


@dataclass(frozen=True, slots=True)
class Review:
    """What became of a reply: the decision, the text that may go out, and how that came about.

    `text` is the editable part of the reply, changed or not. `final` is the judgement of a changed reply, else empty.
    `principle` is the one that blocked, or None.
    """

    decision: Decision
    text: str
    verdicts: tuple[Verdict, ...]
    final: tuple[Verdict, ...] = ()
    revisions: tuple[Revision, ...] = ()
    not_judged: tuple[str, ...] = ()
    reason: str = ""
    principle: str | None = None


def observe(
    dialogue: Dialogue, principles: Sequence[Principle], settings: Settings, unknown_spans: Sequence[Span]
) -> Story[Review]:
    """Judge and change nothing: the reply has gone out already."""
    verdicts = yield from judge(dialogue, principles, unknown_spans)
    del settings
    fired = [verdict.principle for verdict in verdicts if verdict.state == "fired"]
    reason = f"observed: {', '.join(fired)}" if fired else ""
    return Review("allow", dialogue.reply, verdicts, not_judged=_not_judged(verdicts), reason=reason)


def review(
    dialogue: Dialogue,
    principles: Sequence[Principle],
    settings: Settings,
    *,
    editable: int,
    unknown_spans: Sequence[Span],
) -> Story[Review]:
    """Judge `dialogue.reply`, of which the first `editable` characters may be changed, and decide."""
    text = dialogue.reply[:editable]
    verdicts = yield from judge(dialogue, principles, unknown_spans)
    refused = _refused(text, principles, verdicts, settings)
    if refused:
        return refused
    fired = tuple(principle for principle, v in zip(principles, verdicts, strict=True) if v.state == "fired")
    to_mend = tuple(principle for principle in fired if principle.on_violation == "revise")
    noted = ", ".join(principle.id for principle in fired if principle.on_violation == "annotate")
    if not to_mend:
        reason = f"noted: {noted}" if noted else ""
        return Review("allow", text, verdicts, not_judged=_not_judged(verdicts), reason=reason)
    return (yield from _mend(Mending(dialogue, tuple(principles), verdicts, to_mend, editable), settings))


def _refused(
    text: str, principles: Sequence[Principle], verdicts: Sequence[Verdict], settings: Settings
) -> Review | None:
    """The review that blocks at once, where one must."""
    given, lost = tuple(verdicts), _not_judged(verdicts)
    if lost and settings.on_failure == "block":
        why = next(verdict.reason for verdict in verdicts if verdict.state == "not_judged")
        return Review("block", text, given, not_judged=lost, reason=f"it could not be judged: {why}", principle=lost[0])
    for principle, verdict in zip(principles, verdicts, strict=True):
        if verdict.state == "unsure" and settings.on_unsure == "block":
            reason = f"the critic is not sure about the principle '{principle.id}'"
            return Review("block", text, given, not_judged=lost, reason=reason, principle=principle.id)
        if verdict.state != "fired":
            continue
        match principle.on_violation:
            case "block":
                reason = f"it violates the principle '{principle.id}': {principle.statement}"
            case "escalate":
                reason = f"a person must decide about it, because of the principle '{principle.id}'"
            case _:
                continue
        return Review("block", text, given, not_judged=lost, reason=reason, principle=principle.id)
    return None


def _mend(mending: Mending, settings: Settings) -> Story[Review]:
    """Try to mend: rewriting first, where the critic can, then taking the passages out, then the template."""
    attempts: list[Revision] = []
    ways = [replaced] if mending.beyond_reach else [redacted, replaced]
    if settings.writes and not mending.beyond_reach:
        mended = yield from rewritten(mending, settings.rounds, settings.prompts, attempts)
        if mended:
            return _revised(mending, mended, attempts)
    for way in ways:
        mended = yield from way(mending, attempts)
        if mended:
            return _revised(mending, mended, attempts)
    first = mending.to_mend[0]
    return Review(
        "block",
        mending.text,
        mending.verdicts,
        revisions=tuple(attempts),
        not_judged=_not_judged(mending.verdicts),
        reason=f"it violates the principle '{first.id}' and could not be mended: {first.statement}",
        principle=first.id,
    )


def _revised(mending: Mending, mended: tuple[str, tuple[Verdict, ...]], attempts: Sequence[Revision]) -> Review:
    text, verdicts = mended
    return Review(
        "revise",
        text,
        mending.verdicts,
        verdicts,
        tuple(attempts),
        _not_judged(mending.verdicts),
        f"revised for {', '.join(principle.id for principle in mending.to_mend)}",
    )


def _not_judged(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    return tuple(verdict.principle for verdict in verdicts if verdict.state == "not_judged")
