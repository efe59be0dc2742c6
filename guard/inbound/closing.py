"""The end of an exchange: what a later one will need is kept, and the entry is closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guard.asks import Note, Record, Story
from guard.course import Course
from guard.inbound.judging import PIECE, Judged, decision_of
from guard.mask.restore import StreamRestorer, restore
from guard.surfaces.reply import Gathered
from guard.types import Closing, Decision, Outcome


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
            model=course.recorded_model,
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
        restorer, masked = StreamRestorer(course.vault), item.masked
        for start in range(0, len(masked), PIECE):
            restorer.feed(masked[start : start + PIECE])
        restorer.flush()
        count += restorer.unknown
    return count
