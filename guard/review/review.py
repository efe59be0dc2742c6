"""Hold one reply to the constitution: judge it, mend it where it may be mended, and decide.

    judge ─▶ not judged ─▶ the policy's failure mode
          ─▶ fired: annotate │ block │ revise
                                       └▶ rewrite (twice at most) ─▶ redact ─▶ template ─▶ block
          ─▶ what is left to go out: escalate holds it for a person

What blocks goes before what escalates: a person who lets one principle pass has not decided about the others.
Everything that is changed is judged again, except where the whole reply became the constitution's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from guard.asks import Story
from guard.constitution import Principle
from guard.review.judge import judge
from guard.review.revise import Draft, offending, redacted, rewritten, spans_of
from guard.review.settings import Settings
from guard.types import Decision, Dialogue, Revision, Span, State, Verdict

__all__ = ["Review", "Settings", "observe", "passes", "review"]


@dataclass(frozen=True, slots=True)
class Review:
    """What became of a reply. `text` is the new editable part; empty where the decision is to block.

    Where it is to escalate, `text` is what goes out if a person lets it.

    `verdicts` is the first judgement and `final` the last one of a reply that was changed: empty where nothing was,
    and where the text is the constitution's own words. `principle` is the one that blocked or escalated. `reason` goes
    on from "guard withheld the reply:" and holds no value.
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
    """Judge and change nothing: whatever is found, the reply goes out."""
    del settings
    verdicts = yield from judge(dialogue, principles, unknown_spans)
    fired = _ids(verdicts, "fired")
    reason = f"observed: {', '.join(fired)}" if fired else ""
    return Review("allow", dialogue.reply, verdicts, not_judged=_ids(verdicts, "not_judged"), reason=reason)


def review(
    dialogue: Dialogue,
    principles: Sequence[Principle],
    settings: Settings,
    *,
    editable: int,
    unknown_spans: Sequence[Span],
    told: int = 0,
) -> Story[Review]:
    """Judge `dialogue.reply`, of which the first `editable` characters may change, and decide.

    The first `told` of these have been told and cannot change any more. `unknown_spans` are the places in the reply
    with personal data or secrets that the exchange did not hold.
    """
    verdicts = yield from judge(dialogue, principles, unknown_spans)
    draft = Draft(dialogue, editable, verdicts, tuple(unknown_spans), told=told)
    stop = _stop(verdicts, principles, settings) or _beyond(draft, principles)
    if stop:
        return _blocked(draft, verdicts, *stop)
    broken = _broken(draft, principles)
    if not broken:
        return _passed(draft, verdicts, principles)
    if settings.writes:
        draft = yield from rewritten(draft, broken, principles, settings)
        broken = _broken(draft, principles)
        beyond = _beyond(draft, principles)
        if beyond:
            return _blocked(draft, verdicts, *beyond)
        if not broken:
            return _passed(draft, verdicts, principles)
    return (yield from _end(draft, broken, principles, settings, verdicts))


def passes(
    dialogue: Dialogue, principles: Sequence[Principle], settings: Settings, unknown_spans: Sequence[Span]
) -> Story[bool]:
    """Whether a reply may be told as far as it is here; what is wrong with it is for `review` to say."""
    verdicts = yield from judge(dialogue, principles, unknown_spans)
    draft = Draft(dialogue, 0, verdicts, tuple(unknown_spans))
    stops = _stop(verdicts, principles, settings) or _escalated(verdicts, principles)
    return stops is None and not _broken(draft, principles)


def _end(
    draft: Draft,
    broken: Sequence[Principle],
    principles: Sequence[Principle],
    settings: Settings,
    first: tuple[Verdict, ...],
) -> Story[Review]:
    """Redact where every offending place is known, else say the templates' words, else block."""
    if all(principle.applies_to != "prompt" and spans_of(draft, principle) for principle in broken):
        new = redacted(draft, broken)
        new = replace(new, verdicts=(yield from judge(new.dialogue, principles, new.unknown)))
        problem, _ = _problem(new, principles, settings)
        note = Revision(0, _next_round(draft), _names(broken), "redaction", "", not problem, problem)
        if not problem:
            return _passed(new.noting(note), first, principles)
        draft = replace(draft.noting(note), lost=_ids(new.verdicts, "not_judged"))
        broken = _broken(new, principles) or broken
    return (yield from _template(draft, broken, principles, settings, first))


def _template(
    draft: Draft,
    broken: Sequence[Principle],
    principles: Sequence[Principle],
    settings: Settings,
    first: tuple[Verdict, ...],
) -> Story[Review]:
    """The whole reply in the templates' words, or block where a broken principle has none."""
    without = next((principle for principle in broken if not principle.template), None)
    if without:
        problem = f"it violates the principle '{without.id}' and could not be mended: {without.statement}"
        return _blocked(draft, first, problem, without.id)
    words = "\n\n".join(dict.fromkeys(principle.template for principle in broken if principle.template))
    new = draft.with_passage(draft.told, draft.editable, f"\n\n{words}" if draft.told else words)
    # What may not change (what was told, tool calls, reasoning) goes out beside the template, so it has to pass.
    alone = not draft.told and new.editable == len(new.dialogue.reply)
    judged = () if alone else (yield from judge(new.dialogue, principles, new.unknown))
    new = replace(new, verdicts=judged)
    problem, fault = ("", None) if alone else _problem(new, principles, settings)
    new = new.noting(Revision(0, _next_round(draft), _names(broken), "template", "", not problem, problem))
    return _blocked(new, first, problem, fault) if problem else _passed(new, first, principles)


def _problem(draft: Draft, principles: Sequence[Principle], settings: Settings) -> tuple[str, str | None]:
    """Why a changed reply may still not go out, and the principle at fault; an empty reason where it may."""
    left = _broken(draft, principles)
    if left:
        return f"it still violates the principle '{left[0].id}': {left[0].statement}", left[0].id
    return _stop(draft.verdicts, principles, settings) or ("", None)


def _stop(verdicts: Sequence[Verdict], principles: Sequence[Principle], settings: Settings) -> tuple[str, str] | None:
    """Why these verdicts block whatever could be mended, and the principle at fault; None where they do not."""
    for verdict in verdicts:
        if verdict.state == "not_judged" and settings.on_failure == "block":
            return f"it could not be judged: {verdict.reason}", verdict.principle
    for verdict, principle in zip(verdicts, principles, strict=True):
        if verdict.state == "unsure" and settings.on_unsure == "block":
            return f"the critic is not sure about the principle '{principle.id}'", principle.id
        if verdict.state != "fired":
            continue
        match principle.on_violation:
            case "block":
                return f"it violates the principle '{principle.id}': {principle.statement}", principle.id
            case "annotate" | "revise" | "escalate":
                pass
            case _:
                assert_never(principle.on_violation)
    return None


def _beyond(draft: Draft, principles: Sequence[Principle]) -> tuple[str, str] | None:
    """Why the reply cannot be mended: a principle is broken where the reply may not be changed."""
    for principle in _broken(draft, principles):
        spans = offending(draft, draft.verdict(principle).spans)
        all_told = 0 < draft.told == draft.editable
        if all_told or any(start < draft.told or end > draft.editable for start, end in spans):
            return f"it violates the principle '{principle.id}' where it cannot be changed", principle.id
    return None


def _broken(draft: Draft, principles: Sequence[Principle]) -> list[Principle]:
    """The principles that fired and ask for a revision."""
    return [p for p in principles if p.on_violation == "revise" and draft.verdict(p).state == "fired"]


def _escalated(verdicts: Sequence[Verdict], principles: Sequence[Principle]) -> str | None:
    """The first principle that asks for a person, if one fired."""
    fired = set(_ids(verdicts, "fired"))
    return next((p.id for p in principles if p.on_violation == "escalate" and p.id in fired), None)


def _passed(draft: Draft, first: tuple[Verdict, ...], principles: Sequence[Principle]) -> Review:
    """What may go out as far as guard decides: a person does where an escalating principle fired in any judgement."""
    mended = dict.fromkeys(name for revision in draft.revisions if revision.accepted for name in revision.principles)
    lost = tuple(dict.fromkeys((*_ids(first, "not_judged"), *_ids(draft.verdicts, "not_judged"))))
    if mended:
        reason = f"revised for {', '.join(mended)}"
        passed = Review("revise", draft.text, first, draft.verdicts, draft.revisions, lost, reason)
    else:
        noted = _ids(first, "fired")
        reason = f"noted: {', '.join(noted)}" if noted else ""
        passed = Review("allow", draft.text, first, (), draft.revisions, lost, reason)
    escalated = _escalated((*first, *draft.verdicts), principles)
    if escalated is None:
        return passed
    reason = f"a person must decide about it, because of the principle '{escalated}'"
    return replace(passed, decision="escalate", reason=reason, principle=escalated)


def _blocked(draft: Draft, first: tuple[Verdict, ...], reason: str, principle: str | None) -> Review:
    final = draft.verdicts if draft.verdicts is not first else ()
    lost = tuple(dict.fromkeys((*_ids(first, "not_judged"), *_ids(draft.verdicts, "not_judged"), *draft.lost)))
    return Review("block", "", first, final, draft.revisions, lost, reason, principle)


def _ids(verdicts: Sequence[Verdict], state: State) -> tuple[str, ...]:
    return tuple(verdict.principle for verdict in verdicts if verdict.state == state)


def _names(principles: Sequence[Principle]) -> tuple[str, ...]:
    return tuple(principle.id for principle in principles)


def _next_round(draft: Draft) -> int:
    return max((revision.round for revision in draft.revisions), default=0) + 1
