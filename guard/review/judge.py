"""Judge a reply: exact checks here, everything else by the critic, and nonsense counted as not judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from guard.asks import Judge, Story
from guard.constitution import Principle
from guard.errors import CriticError
from guard.review.checks import beside, exact
from guard.types import Dialogue, Span, State, Verdict

NONSENSE = "the critic's answer made no sense"


def judge(dialogue: Dialogue, principles: Sequence[Principle], unknown: Sequence[Span]) -> Story[tuple[Verdict, ...]]:
    """One verdict per principle, in order.

    Asks the critic once, for the principles without a check. Where it fails or answers nonsense (another number of
    verdicts, another order, a score that is none, spans outside the reply), all it was asked is not judged.
    """
    # An empty reply cannot violate anything; what the prompt violates can still be judged.
    said = bool(dialogue.reply) and not dialogue.reply.isspace()
    answered = {principle.id: Verdict(principle.id, 0.0, "clear") for principle in principles}
    asked = tuple(p for p in principles if p.check is None and (said or p.applies_to == "prompt"))
    if asked:
        try:
            answer = yield Judge(dialogue, asked)
            problem = "" if _makes_sense(answer, asked, len(dialogue.reply)) else NONSENSE
        except CriticError as error:
            answer, problem = (), error.message
        if problem:
            answer = tuple(Verdict(p.id, 1.0, "not_judged", (), problem) for p in asked)
        answered |= {p.id: beside(p, verdict, dialogue) for p, verdict in zip(asked, answer, strict=True)}
    return tuple(
        answered[principle.id] if principle.check is None else exact(principle, principle.check, unknown)
        for principle in principles
    )


def _makes_sense(answer: Any, asked: Sequence[Principle], length: int) -> bool:
    if not isinstance(answer, tuple | list) or len(answer) != len(asked):
        return False
    return all(
        isinstance(verdict, Verdict)
        and verdict.principle == principle.id
        and verdict.state in get_args(State)
        and isinstance(verdict.score, int | float)
        and 0 <= verdict.score <= 1  # false for a score that is not a number
        and _in_order(verdict.spans, length)
        for verdict, principle in zip(answer, asked, strict=True)
    )


def _in_order(spans: Any, length: int) -> bool:
    """Whether `spans` are (start, end) pairs inside a text of `length` characters, in order and disjoint."""
    if not isinstance(spans, tuple):
        return False
    before = 0
    for span in spans:
        if not (isinstance(span, tuple) and len(span) == 2 and all(type(edge) is int for edge in span)):
            return False
        if not before <= span[0] < span[1] <= length:
            return False
        before = span[1]
    return True
