import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.constitution.reliability import Step, as_text, brier, steps

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)


def test_the_brier_score_is_the_mean_squared_distance() -> None:
    assert brier([(1.0, True), (0.0, False)]) == 0
    assert brier([(0.5, True), (0.5, False)]) == 0.25
    assert brier([(0.9, True), (0.3, False), (0.2, True)]) == pytest.approx((0.01 + 0.09 + 0.64) / 3)
    assert brier([]) is None


@given(SCORED)
def test_every_score_is_in_one_step(scored: list[tuple[float, bool]]) -> None:
    found = steps(scored)
    assert sum(one.examples for one in found) == len(scored)
    assert sum(one.examples * one.violating for one in found) == pytest.approx(sum(so for _, so in scored))
    assert all(one.low <= one.score + 1e-9 and one.score <= one.high + 1e-9 for one in found)


def test_a_step_says_what_was_said_and_what_is_so() -> None:
    assert steps([(0.0, False), (0.1, True), (1.0, True)]) == (
        Step(0.0, 0.1, 1, 0.0, 0.0),
        Step(0.1, 0.2, 1, 0.1, 1.0),
        Step(0.9, 1.0, 1, 1.0, 1.0),
    )


def test_the_plot_shows_the_share_and_the_mean() -> None:
    text = as_text([(0.25, True), (0.25, False), (1.0, True)])
    assert text[0] == "how far the scores can be believed: 3 examples, Brier score 0.208"
    assert text[2] == "0.2-0.3          2  0.25      0.50  #####|####.........."
    assert text[3] == "0.9-1.0          1  1.00      1.00  ###################|"
    assert as_text([]) == []
