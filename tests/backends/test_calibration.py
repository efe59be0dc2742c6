import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends import calibration
from guard.backends.calibration import PLAIN, Calibration, calibrated, share
from guard.backends.thresholds import UNFITTED, USELESS, Band, fitted

ODDS = st.lists(st.floats(-40, 40), min_size=2, max_size=12)


def test_a_critic_that_says_yes_too_easily_is_brought_to_scale() -> None:
    fit = calibrated([6.0, 7.0, 8.0, 9.0], [1.0, 2.0, 3.0, 4.0])
    assert fit.threshold == pytest.approx(5.0, abs=0.3)
    assert (fit.state(3.0), fit.state(8.0)) == ("clear", "fired")
    assert share(3.0) > 0.9 > 0.5 > fit.score(3.0)  # what the model calls likely, and what that is worth
    assert fit.score(fit.threshold) == pytest.approx(0.5)


def test_examples_that_hardly_differ_make_a_high_temperature() -> None:
    sharp = calibrated([4.0, 5.0, 6.0, 5.5], [-4.0, -5.0, -6.0, -5.5])
    blurred = calibrated([4.0, 5.0, 6.0, -5.5], [-4.0, -5.0, -6.0, 5.5])
    assert 0 < sharp.temperature < blurred.temperature
    assert sharp.score(5.0) > blurred.score(5.0) > 0.5


def test_four_examples_a_side_do_not_make_it_certain() -> None:
    fit = calibrated([20.0, 21.0, 22.0, 23.0], [-20.0, -21.0, -22.0, -23.0])
    assert 0.8 < fit.score(21.0) < 0.95  # Platt's targets: five of six
    assert fit.score(-21.0) == pytest.approx(1 - fit.score(21.0), abs=1e-3)


def test_answers_that_say_nothing_are_left_as_they_are_and_decide_nothing() -> None:
    fit = calibrated([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    assert (fit.temperature, fit.threshold) == (1.0, 0.0)
    assert (fit.band.low, fit.band.high) == USELESS
    upside_down = calibrated([-3.0, -2.0, -4.0], [3.0, 2.0, 4.0])
    assert (upside_down.temperature, upside_down.state(9.0)) == (1.0, "unsure")


def test_too_few_examples_fit_nothing() -> None:
    assert calibrated([1.0], [0.0, 1.0]) == PLAIN
    assert Calibration(UNFITTED, 1.0, 0.0) == PLAIN


@given(ODDS, ODDS, st.floats(-60, 60), st.floats(0, 5))
def test_a_worse_answer_never_scores_better_and_the_states_are_those_of_the_band(
    violating: list[float], complying: list[float], odds: float, more: float
) -> None:
    fit = calibrated(violating, complying)
    assert 0 <= fit.score(odds) <= fit.score(odds + more) <= 1
    assert fit.band == fitted(violating, complying)
    assert fit.state(odds) == fit.band.state(share(odds))
    assert math.isfinite(fit.temperature)
    assert fit.temperature > 0


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    kept = {"a": calibrated([1.0, 2.0], [-1.0, -2.0]), "b": Calibration(Band(0.1, 0.2, 0.9), 2.0, -0.5)}
    calibration.write(tmp_path / "deep" / "fit.json", kept)
    assert calibration.read(tmp_path / "deep" / "fit.json") == kept
    assert calibration.read(tmp_path / "none.json") is None
    for broken in ("", "[]", '{"a": 1}', '{"a": {"band": {"low": 1}}}', '{"a": {"band": {}, "temperature": "x"}}'):
        (tmp_path / "broken.json").write_text(broken)
        assert calibration.read(tmp_path / "broken.json") is None
