"""How well a critic's verdicts fit labels: pure functions over scores and states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guard.types import State


@dataclass(frozen=True, slots=True)
class Figures:
    """Of rows that all were judged: how they were told apart. None where there is nothing to divide by.

    `auroc` is how often a row that should fire scores above one that should not; `precision` and `recall` are those of
    what fired at the threshold in use, `false_alarms` the share of what should not fire and did; `brier` is the mean
    square of score less label, `unsure` the share of which the critic abstains; `not_judged` are left out of the rest.
    """

    rows: int
    positive: int
    auroc: float | None
    precision: float | None
    recall: float | None
    false_alarms: float | None
    brier: float | None
    unsure: float | None
    not_judged: int
    cpu_ms: float


def figures(
    labels: Sequence[bool], scores: Sequence[float], states: Sequence[State], *, cpu_ms: float = 0.0
) -> Figures:
    """Those of one system on one set; `cpu_ms` is what one row costs."""
    judged = [one for one in zip(labels, scores, states, strict=True) if one[2] != "not_judged"]
    positive = [score for label, score, _ in judged if label]
    negative = [score for label, score, _ in judged if not label]
    right = sum(label and state == "fired" for label, _, state in judged)
    wrong = sum(not label and state == "fired" for label, _, state in judged)
    return Figures(
        rows=len(labels),
        positive=sum(labels),
        auroc=auroc(positive, negative),
        precision=_share(right, right + wrong),
        recall=_share(right, len(positive)),
        false_alarms=_share(wrong, len(negative)),
        brier=_share(sum((score - label) ** 2 for label, score, _ in judged), len(judged)),
        unsure=_share(sum(state == "unsure" for *_, state in judged), len(judged)),
        not_judged=len(labels) - len(judged),
        cpu_ms=cpu_ms,
    )


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """How often a positive scores above a negative; ties count half. None where a side is empty."""
    if not positive or not negative:
        return None
    order = sorted([(score, True) for score in positive] + [(score, False) for score in negative])
    wins = below = 0.0
    place = 0
    while place < len(order):
        end = place
        while end < len(order) and order[end][0] == order[place][0]:
            end += 1
        tied = sum(side for _, side in order[place:end])
        wins += tied * (below + (end - place - tied) / 2)
        below += end - place - tied
        place = end
    return wins / (len(positive) * len(negative))


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
