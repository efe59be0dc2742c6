"""Figures over labels, scores and states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends import heads
from guard.evaluation.review_scoring import auroc, figures
from guard.types import State

LABELS = [True, True, True, False, False, False]
SCORES = [0.9, 0.6, 0.3, 0.7, 0.2, 0.1]
STATES: list[State] = ["fired", "fired", "unsure", "fired", "clear", "clear"]


def test_the_figures() -> None:
    found = figures(LABELS, SCORES, STATES, cpu_ms=2.0)
    assert (found.rows, found.positive, found.not_judged, found.cpu_ms) == (6, 3, 0, 2.0)
    assert found.auroc == pytest.approx(7 / 9)
    assert (found.precision, found.recall, found.false_alarms) == (2 / 3, 2 / 3, 1 / 3)
    assert found.brier == pytest.approx((0.01 + 0.16 + 0.49 + 0.49 + 0.04 + 0.01) / 6)
    assert found.unsure == 1 / 6


def test_what_is_not_judged_is_counted_apart() -> None:
    found = figures([*LABELS, False], [*SCORES, 1.0], [*STATES, "not_judged"])
    assert (found.rows, found.not_judged) == (7, 1)
    assert found.auroc == figures(LABELS, SCORES, STATES).auroc


def test_where_nothing_can_be_said_nothing_is() -> None:
    found = figures([True], [0.2], ["clear"])
    assert (found.auroc, found.precision, found.false_alarms) == (None, None, None)
    assert found.recall == 0


SIDE = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=15)


@given(SIDE, SIDE)
def test_auroc_is_that_of_all_pairs(positive: list[float], negative: list[float]) -> None:
    assert auroc(positive, negative) == pytest.approx(heads.auroc(positive, negative))
