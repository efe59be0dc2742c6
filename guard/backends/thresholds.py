"""Where a critic's score becomes a verdict: one band per principle, fitted to the principle's own examples.

Scores of small models do not share a scale: with one principle everything lies under .1, with the next over .6. So a
threshold is fitted per principle, in log-odds, where the balanced accuracy on the examples is best. Leaving each
example out moves the threshold; the band is as wide as it moves, and between its edges the critic abstains. A
principle whose left-out examples are told apart no better than by a coin gets a band that nothing leaves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from guard.types import State

LEAST_EXAMPLES = 2
LEAST_ACCURACY = 0.65  # balanced, left out; a coin has .5
MARGIN = 0.1  # log-odds added at both edges


@dataclass(frozen=True, slots=True)
class Band:
    """A score under `low` is clear, one from `high` on has fired, and between them the critic is unsure.

    `accuracy` is the balanced accuracy on left-out examples; None where nothing was fitted.
    """

    low: float
    high: float
    accuracy: float | None = None

    def state(self, score: float) -> State:
        """The state that a score of 0 to 1 means."""
        if score < self.low:
            return "clear"
        return "fired" if score >= self.high else "unsure"


UNFITTED = Band(0.4, 0.6)
USELESS = (0.0, 2.0)  # no score is under the one or from the other on


def fitted(violating: Sequence[float], complying: Sequence[float]) -> Band:
    """The band for the log-odds of a principle's examples; UNFITTED where there are fewer than two of a kind."""
    if min(len(violating), len(complying)) < LEAST_EXAMPLES:
        return UNFITTED
    thresholds: list[float] = []
    right: tuple[list[bool], list[bool]] = ([], [])
    for index, odds in enumerate(violating):
        threshold = _best([*violating[:index], *violating[index + 1 :]], complying)
        thresholds.append(threshold)
        right[0].append(odds >= threshold)
    for index, odds in enumerate(complying):
        threshold = _best(violating, [*complying[:index], *complying[index + 1 :]])
        thresholds.append(threshold)
        right[1].append(odds < threshold)
    accuracy = (sum(right[0]) / len(right[0]) + sum(right[1]) / len(right[1])) / 2
    if accuracy < LEAST_ACCURACY:
        return Band(*USELESS, accuracy)
    return Band(share(min(thresholds) - MARGIN), share(max(thresholds) + MARGIN), accuracy)


def _best(violating: Sequence[float], complying: Sequence[float]) -> float:
    """The threshold of best balanced accuracy: among equals, the middle of the widest gap."""
    values = sorted({*violating, *complying})
    gaps = list(pairwise(values))
    best = max(
        gaps or [(values[0], values[0])],
        key=lambda gap: (_accuracy(violating, complying, gap[1]), gap[1] - gap[0]),
    )
    return (best[0] + best[1]) / 2


def _accuracy(violating: Sequence[float], complying: Sequence[float], threshold: float) -> float:
    found = sum(odds >= threshold for odds in violating) / len(violating)
    spared = sum(odds < threshold for odds in complying) / len(complying)
    return round(found + spared, 9)


def share(odds: float) -> float:
    """The probability that `odds`, a logarithm, stand for."""
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))


def write_bands(path: Path, bands: Mapping[str, Band]) -> None:
    """Keep `bands` in the file `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_suffix(".new")
    work.write_text(json.dumps({key: asdict(band) for key, band in bands.items()}), encoding="utf-8")
    work.replace(path)


def read_bands(path: Path) -> dict[str, Band] | None:
    """The bands kept in the file `path`; None where there is none that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): Band(**band) for key, band in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None
