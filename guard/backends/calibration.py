"""From the log-odds of a critic's answers to verdicts: per principle a temperature and a threshold.

The score is P(the principle is violated): the log-odds less the threshold, divided by the temperature, fitted to the
principle's own examples as Platt does (Lin, Lin and Weng, Machine Learning 68, 2007), whose softened targets keep a
few examples that are told apart by chance from making the critic certain. Which scores are clear, unsure or fired is
said by `guard.backends.thresholds`, which leaves each example out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from guard.backends.thresholds import LEAST_EXAMPLES, UNFITTED, Band, fitted, share
from guard.types import Dialogue, Rule, State

LIMIT = 30.0  # log-odds beyond which an answer is certain in all but name
ROUNDS = 50
RIDGE = 1e-3  # keeps the step finite where all examples have the same odds
LEAST_SLOPE = 0.05  # flatter, or falling: the answers say nothing of the principle, and are left as they are


def beyond(own: Rule, fitted: Rule | None) -> tuple[tuple[Dialogue, ...], tuple[Dialogue, ...]]:
    """The violating and the complying examples to which `fitted` was fitted, and which `own` does not have."""
    known = {*own.violates, *own.complies}
    sides = (fitted.violates, fitted.complies) if fitted else ((), ())
    return tuple(one for one in sides[0] if one not in known), tuple(one for one in sides[1] if one not in known)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`band` is that of P(yes) as the model said it; `temperature` and `threshold` are in log-odds."""

    band: Band = UNFITTED
    temperature: float = 1.0
    threshold: float = 0.0

    def state(self, odds: float) -> State:
        """What log-odds mean."""
        return self.band.state(share(odds))

    def score(self, odds: float) -> float:
        """How likely it is, 0 to 1, that the principle is violated."""
        return share((odds - self.threshold) / self.temperature)


PLAIN = Calibration()


def calibrated(violating: Sequence[float], complying: Sequence[float]) -> Calibration:
    """The calibration for the log-odds of a principle's examples; PLAIN where there are fewer than two of a kind."""
    if min(len(violating), len(complying)) < LEAST_EXAMPLES:
        return PLAIN
    slope, offset = _platt(violating, complying)
    band = fitted(violating, complying)
    if slope < LEAST_SLOPE:
        return Calibration(band)
    return Calibration(band, 1 / slope, -offset / slope)


def _platt(violating: Sequence[float], complying: Sequence[float]) -> tuple[float, float]:
    """The slope and the offset of the logistic that gives the examples their likeliest scores, by Newton's method."""
    high, low = (len(violating) + 1) / (len(violating) + 2), 1 / (len(complying) + 2)
    points = [(_bounded(odds), high) for odds in violating] + [(_bounded(odds), low) for odds in complying]
    slope, offset = 0.0, 0.0
    for _ in range(ROUNDS):
        errors = [(x, share(slope * x + offset) - target) for x, target in points]
        weights = [(x, share(slope * x + offset) * (1 - share(slope * x + offset))) for x, _ in points]
        gradient = (sum(error * x for x, error in errors) + RIDGE * slope, sum(error for _, error in errors))
        xx = sum(weight * x * x for x, weight in weights) + RIDGE
        x1, one = sum(weight * x for x, weight in weights), sum(weight for _, weight in weights) + RIDGE
        determinant = xx * one - x1 * x1
        steps = (
            (one * gradient[0] - x1 * gradient[1]) / determinant,
            (xx * gradient[1] - x1 * gradient[0]) / determinant,
        )
        slope, offset = slope - steps[0], offset - steps[1]
        if max(map(abs, steps)) < 1e-9:
            break
    return slope, offset


def _bounded(odds: float) -> float:
    return max(-LIMIT, min(LIMIT, odds))


def write(path: Path, kept: Mapping[str, Calibration]) -> None:
    """Keep calibrations in the file `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_suffix(".new")
    work.write_text(json.dumps({key: asdict(one) for key, one in kept.items()}), encoding="utf-8")
    work.replace(path)


def read(path: Path) -> dict[str, Calibration] | None:
    """The calibrations kept in the file `path`; None where there is none that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): Calibration(Band(**one["band"]), float(one["temperature"]), float(one["threshold"]))
            for key, one in kept.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None
