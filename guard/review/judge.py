"""Judge a reply: ask the critic, check its answer, and treat nonsense as not judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guard.asks import Judge, Story
from guard.constitution import Principle
from guard.errors import CriticError
from guard.types import Dialogue, Span, State, Verdict

_STATES: tuple[State, ...] = ("clear", "unsure", "fired")


def judge(
    dialogue: Dialogue, principles: Sequence[Principle], unknown_spans: Sequence[Span]
) -> Story[tuple[Verdict, ...]]:
    """One verdict per principle, in order. A critic that fails or answers nonsense gives `not_judged`, never `clear`.

    `unknown_spans` are the personal data and secrets of the reply that the exchange gave no ground for: the exact
    check `reveals_unknown_data` fires on them, and no critic is asked.
    """
    asked = tuple(principle for principle in principles if principle.check is None)
    answers: dict[str, Verdict] = {}
    if asked and not dialogue.reply.strip():
        answers = {p.id: Verdict(p.id, 0.0, "clear", reason="the reply is empty") for p in asked}
    elif asked:
        answers = yield from _ask(dialogue, asked)
    return tuple(
        answers[principle.id] if principle.check is None else _revealed(principle, unknown_spans)
        for principle in principles
    )


def _ask(dialogue: Dialogue, principles: tuple[Principle, ...]) -> Story[dict[str, Verdict]]:
    try:
        verdicts = yield Judge(dialogue, principles)
        fault = _fault(verdicts, dialogue, principles)
    except CriticError as error:
        fault = error.message
    if fault:
        return {p.id: Verdict(p.id, 1.0, "not_judged", reason=fault) for p in principles}
    return {verdict.principle: verdict for verdict in verdicts}


def _fault(verdicts: Any, dialogue: Dialogue, principles: Sequence[Principle]) -> str:
    """What makes the critic's answer nonsense; empty where nothing does."""
    if not isinstance(verdicts, tuple) or not all(isinstance(verdict, Verdict) for verdict in verdicts):
        return "the critic's answer is not a list of verdicts"
    if [verdict.principle for verdict in verdicts] != [principle.id for principle in principles]:
        return "the critic answered for other principles than it was asked for"
    length = len(dialogue.reply)
    for verdict in verdicts:
        if verdict.state not in _STATES:
            return "the critic gave a state that does not exist"
        if not 0.0 <= verdict.score <= 1.0:  # also false for NaN
            return "the critic gave a score outside 0 to 1"
        if any(not 0 <= start < end <= length for start, end in verdict.spans):
            return "the critic pointed outside the reply"
        if any(a[1] > b[0] for a, b in zip(verdict.spans, verdict.spans[1:], strict=False)):
            return "the critic's spans are not in order"
    return ""


def _revealed(principle: Principle, spans: Sequence[Span]) -> Verdict:
    if not spans:
        return Verdict(principle.id, 0.0, "clear")
    entities = ", ".join(sorted({span.entity for span in spans}))
    ranges = tuple(sorted((span.start, span.end) for span in spans))
    return Verdict(principle.id, 1.0, "fired", ranges, f"the reply holds {entities} that the exchange does not")
