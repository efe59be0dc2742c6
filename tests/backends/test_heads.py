from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends import heads
from guard.backends.heads import Examples, Floats, LeftOut, Reading, Thresholds


def cloud(center: float, count: int, seed: int, dimensions: int = 12) -> tuple[Reading, ...]:
    points = np.random.default_rng(seed).normal(size=(count, dimensions))
    points[:, 0] += center
    return tuple(Reading(point[None, :], point) for point in points)


APART = Examples(cloud(3, 10, 1), cloud(-3, 14, 2), (cloud(-3, 5, 3), cloud(-3, 6, 4)))
SAME = Examples(cloud(0, 20, 5, 60), cloud(0, 20, 6, 60), ())


def test_a_fit_is_where_the_loss_has_no_slope() -> None:
    vectors, targets, weights = heads._problem(APART)
    head = heads.fit(APART)
    chances = 1 / (1 + np.exp(-head.logits(vectors)))
    slope = vectors.T @ (weights * (chances - targets)) + heads.PENALTY * head.weights
    assert np.abs(slope).max() < 1e-5
    assert abs((weights * (chances - targets)).sum() + heads.PENALTY * head.bias) < 1e-5


def test_the_two_sides_weigh_the_same() -> None:
    _, targets, weights = heads._problem(APART)
    assert weights[targets == 1].sum() == pytest.approx(10)
    assert weights[targets == 0].sum() == pytest.approx(10)
    _, targets, weights = heads._problem(SAME)
    assert weights[targets == 0].sum() == pytest.approx(20)


def test_a_fit_is_the_same_twice() -> None:
    assert np.array_equal(heads.fit(APART).weights, heads.fit(APART).weights)


def test_what_is_left_out_was_not_seen() -> None:
    """Each logit is that of a head fitted by hand without the example, or without its group."""
    left_out = heads.leave_out(APART)
    without = Examples(APART.violates[1:], APART.complies, APART.others)
    assert left_out.violates[0] == pytest.approx(heads.fit(without).logits(APART.violates[0].windows)[0], abs=0.2)
    vectors, targets, weights = heads._problem(APART)
    head = heads._fit(vectors[:-6], targets[:-6], weights[:-6])
    assert left_out.others[-6:] == pytest.approx([head.logits(one.windows)[0] for one in APART.others[1]])
    head = heads._fit(*(np.delete(one, 10, axis=0) for one in (vectors, targets, weights)))
    assert left_out.complies[0] == pytest.approx(head.logits(APART.complies[0].windows)[0])


def test_noise_is_worth_nothing_when_left_out() -> None:
    """The same heads look perfect on the examples they were fitted to."""
    head, left_out = heads.fit(SAME), heads.leave_out(SAME)
    seen = [[head.logits(one.whole[None, :])[0] for one in side] for side in (SAME.violates, SAME.complies)]
    assert heads.auroc(*seen) > 0.7
    assert heads.auroc(left_out.violates, left_out.complies) < 0.7


def test_the_highest_window_counts() -> None:
    bad, good = APART.violates[0], APART.complies[0]
    mixed = Reading(np.concatenate([good.windows, bad.windows]), good.whole)
    left_out = heads.leave_out(Examples(APART.violates, (mixed, *APART.complies[1:]), ()))
    assert left_out.complies[0] > 0


def scores(violates: list[float], complies: list[float], others: list[float]) -> LeftOut:
    return LeftOut(*(np.array(one, dtype=np.float64) for one in (violates, complies, others)))


def test_thresholds_of_what_is_apart_leave_no_band() -> None:
    chosen = heads.choose(scores([2, 3, 4], [-2, -1, 0], [-3, -1]))
    assert chosen.fire == 1.0
    assert 0 < chosen.clear <= 1.0  # no example lies between them


def test_a_mixed_stretch_becomes_the_band() -> None:
    violates, complies = [0.1, 0.3, 0.5, *range(5, 15)], [0.2, 0.4, 0.6, *range(-15, -5)]
    chosen = heads.choose(scores(violates, complies, []))
    assert chosen.state(7) == "fired"
    assert chosen.state(0.35) == "unsure"
    assert chosen.state(-6) == "clear"
    assert chosen == Thresholds(clear=0.25, fire=0.45)


def test_where_nothing_can_be_trusted_nothing_fires() -> None:
    chosen = heads.choose(scores([0.0, 1.0, 2.0], [0.5, 1.5, 2.5], [3.0]))
    assert chosen.fire > 3.0
    assert all(chosen.state(one) != "fired" for one in (0.0, 1.0, 2.0, 2.5, 3.0))


def test_other_principles_text_keeps_a_head_from_firing() -> None:
    own = scores([2, 3, 4], [-2, -1, 0], [])
    ordinary = scores([2, 3, 4], [-2, -1, 0], [2.5] * 10 + [-4.0] * 90)
    assert heads.choose(own).state(2.2) == "fired"
    assert heads.choose(ordinary).state(2.2) != "fired"
    assert heads.choose(ordinary).state(3) == "fired"


def test_a_band_never_swallows_ordinary_text() -> None:
    chosen = heads.choose(scores([-4, 1, 2], [-3, 0, 1.5], [*np.linspace(-3.5, -1, 100)]))
    unsure = [chosen.state(one) == "unsure" for one in np.linspace(-3.5, -1, 100)]
    assert sum(unsure) <= 11


FINITE = st.lists(st.floats(-10, 10).map(lambda one: round(one, 2)), min_size=2, max_size=12)


@given(FINITE, FINITE, st.lists(st.floats(-10, 10), max_size=12))
@settings(max_examples=200)
def test_what_fires_is_right_nine_times_in_ten(
    violates: list[float], complies: list[float], others: list[float]
) -> None:
    one = scores(violates, complies, others)
    chosen = heads.choose(one)
    right, wrong = (one.violates >= chosen.fire).sum(), (one.complies >= chosen.fire).sum()
    assert chosen.clear <= chosen.fire
    # Rounding to four digits may move a threshold past a score that lies that close.
    if min((abs(score - chosen.fire) for score in (*violates, *complies, *others)), default=1) > 1e-3:
        assert right >= 0.9 * (right + wrong)
        assert (one.others >= chosen.fire).sum() <= 0.02 * len(others)


def test_a_score_of_one_half_has_fired() -> None:
    thresholds = Thresholds(clear=-1.0, fire=2.0)
    assert [thresholds.state(one) for one in (-1.5, -1.0, 1.9, 2.0)] == ["clear", "unsure", "unsure", "fired"]
    assert thresholds.score(2.0) == 0.5
    assert 0 <= thresholds.score(-1e9) < thresholds.score(1.9) < 0.5 < thresholds.score(1e9) <= 1


def test_states_are_by_thresholds_that_did_not_see_the_example() -> None:
    """Alone above all others, a complying example is what keeps the threshold up: without it, it would have fired."""
    one = scores([1.0, 1.1, 1.2], [2.0, -1.0, -1.1], [-2.0])
    assert heads.choose(one).state(2.0) != "fired"
    assert heads.states_left_out(one)[1][0] == "fired"


def test_auroc_counts_ties_half() -> None:
    assert heads.auroc([1, 2], [0, 1]) == 0.875
    lists: Floats = np.array([0.0, 1.0])
    assert heads.auroc(lists, lists) == 0.5


def test_examples_of_one_prompt_are_left_out_together() -> None:
    """Each logit is that of a head which saw neither the example nor its twin on the other side."""
    prompts = (*range(10), *range(10), 10, 11, 12, 13)
    twins = Examples(APART.violates, APART.complies, APART.others, prompts)
    left_out = heads.leave_out(twins)
    head = heads._fit(*(np.delete(one, [3, 13], axis=0) for one in heads._problem(twins)))
    assert left_out.violates[3] == pytest.approx(head.logits(APART.violates[3].windows)[0])
    assert left_out.complies[3] == pytest.approx(head.logits(APART.complies[3].windows)[0])
    assert left_out.complies[13] == pytest.approx(heads.leave_out(APART).complies[13])


def test_twins_do_not_pull_each_other_over_the_line() -> None:
    """Prompts differ much and the two sides little: alone left out, an example looks like its twin."""
    generator = np.random.default_rng(7)
    topics = generator.normal(size=(12, 40)) * 3
    topics[:, 0] = 0
    step = np.eye(40)[0] / 5
    sides = [tuple(Reading(one[None, :], one) for one in topics + sign * step) for sign in (1, -1)]
    alone = heads.leave_out(Examples(sides[0], sides[1], ()))
    together = heads.leave_out(Examples(sides[0], sides[1], (), (*range(12), *range(12))))
    assert heads.auroc(alone.violates, alone.complies) < 0.3
    assert heads.auroc(together.violates, together.complies) > 0.9


def test_states_left_out_forget_the_twin_too() -> None:
    one = LeftOut(np.array([1.0, 1.1, 1.2]), np.array([2.0, -1.0, -1.1]), np.array([-2.0]), (0, 1, 2, 0, 1, 2))
    without = LeftOut(one.violates[1:], one.complies[1:], one.others)
    assert heads.states_left_out(one)[0][0] == heads.choose(without).state(1.0)
    assert (
        heads.states_left_out(one)[0][0]
        != heads.states_left_out(LeftOut(*(one.violates, one.complies, one.others)))[0][0]
    )
