"""How far scores can be believed: of what is scored 0.8, eight in ten should violate.

The Brier score is the mean squared distance of the scores from what is so, 0 at best; who always says one half has
0.25 (Brier, Monthly Weather Review 78, 1950).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
WIDTH = 20  # characters of a bar that stands for all

Scored: TypeAlias = tuple[float, bool]
"""A score of 0 to 1, and whether what was scored violates."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is scored from `low` to `high`: how much it is, its mean score, and the share of it that violates."""

    low: float
    high: float
    examples: int
    score: float
    violating: float


def brier(scored: Iterable[Scored]) -> float | None:
    """The Brier score; None where nothing is scored."""
    distances = [(score - violates) ** 2 for score, violates in scored]
    return sum(distances) / len(distances) if distances else None


def steps(scored: Sequence[Scored]) -> tuple[Step, ...]:
    """`scored` by tenths of the score, those alone in which there is something."""
    found = []
    for low, high in pairwise(EDGES):
        inside = [one for one in scored if low <= one[0] < high or one[0] == high == EDGES[-1]]
        if inside:
            score = sum(one for one, _ in inside) / len(inside)
            violating = sum(violates for _, violates in inside) / len(inside)
            found.append(Step(low, high, len(inside), score, violating))
    return tuple(found)


def as_text(scored: Sequence[Scored]) -> list[str]:
    """A table and a plot, by tenths of the score: `#` up to the share that violates, `|` at the mean score."""
    whole = brier(scored)
    if whole is None:
        return []
    return [
        f"how far the scores can be believed: {len(scored)} examples, Brier score {whole:.3f}",
        f"{'score':<9} {'examples':>8} {'mean':>5} {'violating':>9}",
        *map(_row, steps(scored)),
    ]


def _row(step: Step) -> str:
    tenth = f"{step.low:.1f}-{step.high:.1f}"
    return f"{tenth:<9} {step.examples:>8} {step.score:>5.2f} {step.violating:>9.2f}  {_bar(step)}"


def _bar(step: Step) -> str:
    bar = list("#" * round(step.violating * WIDTH) + "." * (WIDTH - round(step.violating * WIDTH)) + " ")
    bar[min(WIDTH - 1, round(step.score * WIDTH))] = "|"
    return "".join(bar).rstrip()
