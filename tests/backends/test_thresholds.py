from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.thresholds import UNFITTED, USELESS, Band, fitted, read_bands, write_bands

odds = st.lists(st.floats(-8, 8), min_size=2, max_size=8)


def test_what_is_far_apart_is_told_apart() -> None:
    band = fitted([2.0, 2.5, 3.0], [-3.0, -2.0, -1.5])
    assert band.accuracy == 1
    assert band.low < 0.57 < band.high
    assert [band.state(score) for score in (0.1, 0.9)] == ["clear", "fired"]


def test_scores_that_all_lie_low_have_a_low_threshold() -> None:
    band = fitted([-3.0, -3.1, -2.9, -3.0], [-5.0, -5.2, -4.9, -5.1])
    assert band.high < 0.1
    assert band.state(0.05) == "fired"


def test_what_cannot_be_told_apart_is_never_decided() -> None:
    band = fitted([0.0, 1.0, 2.0, 3.0], [0.1, 1.1, 2.1, 2.9])
    assert (band.low, band.high) == USELESS
    assert {band.state(score) for score in (0.0, 0.5, 1.0)} == {"unsure"}


def test_too_few_examples_leave_the_default() -> None:
    assert fitted([3.0], [-3.0, -2.0]) is UNFITTED
    assert fitted([], []) is UNFITTED


@given(odds, odds)
def test_a_band_is_in_order_and_honest(violating: list[float], complying: list[float]) -> None:
    band = fitted(violating, complying)
    assert band.low < band.high
    assert band.accuracy is not None
    assert 0 <= band.accuracy <= 1


@given(odds)
def test_examples_of_both_kinds_alike_teach_nothing(values: list[float]) -> None:
    assert (fitted(values, values).low, fitted(values, values).high) == USELESS


def test_bands_survive_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "bands.json"
    bands = {"a": Band(0.2, 0.3, 0.9), "b": UNFITTED}
    write_bands(path, bands)
    assert read_bands(path) == bands


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": {"low": 1}}', '{"a": 3}'])
def test_bands_that_cannot_be_read_are_fitted_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bands.json"
    assert read_bands(path) is None
    path.write_text(text)
    assert read_bands(path) is None
