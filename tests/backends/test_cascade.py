import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.cascade import Cascade, sure_bound
from guard.backends.embedded import EmbeddedCritic
from guard.constitution import load
from guard.errors import CriticError
from guard.types import Critic, Dialogue, State, Verdict
from guard.types import Rule as RuleProtocol
from tests.backends.principles import RULES, SHORT

WORKPLACE = Path(__file__).parents[2] / "guard" / "defaults" / "constitutions" / "workplace.yaml"


class Told:
    """A critic that says what it was told to, by principle."""

    def __init__(self, name: str, said: dict[str, tuple[float, State]], *, fails: bool = False) -> None:
        self.name, self.digest, self.writes = name, f"digest of {name}", name == "large"
        self.said = said
        self.fails = fails
        self.asked: list[list[str]] = []
        self.closed = False

    def score(self, dialogue: Dialogue, principles: Sequence[RuleProtocol]) -> tuple[Verdict, ...]:
        self.asked.append([rule.id for rule in principles])
        if self.fails:
            raise CriticError(f"{self.name} failed")
        return tuple(
            Verdict(rule.id, *self.said[rule.id], spans=((0, 2),) if self.name == "small" else (), reason=self.name)
            for rule in principles
        )

    def write(self, prompt: str, *, max_tokens: int) -> str:
        return f"{self.name}: {prompt} {max_tokens}"

    def left_out(self, principle: RuleProtocol) -> tuple[Verdict, ...]:
        """Rising scores of the violating examples, and none of the others."""
        return tuple(Verdict(principle.id, 0.3 + 0.05 * n, "clear") for n in range(len(principle.violates)))

    def close(self) -> None:
        self.closed = True


SMALL: dict[str, tuple[float, State]] = {
    "rule-0": (0.1, "clear"), "rule-1": (0.45, "clear"), "rule-2": (0.6, "unsure"), "rule-3": (0.9, "fired"),
    "rule-4": (0.1, "unsure"),
}  # fmt: skip
LARGE: dict[str, tuple[float, State]] = {
    "rule-0": (1.0, "fired"), "rule-1": (0.02, "clear"), "rule-2": (0.7, "fired"), "rule-3": (0.8, "fired"),
    "rule-4": (0.5, "unsure"),
}  # fmt: skip
FIVE = RULES[:5]
TWELVE = tuple(replace(rule, violates=tuple(Dialogue("Hi", f"Reply {n}.") for n in range(12))) for rule in FIVE)


def test_only_what_is_not_clearly_fine_is_asked_again_and_both_scores_are_told() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    critic: Critic = Cascade(small, large, {rule.id: 0.3 for rule in FIVE})
    verdicts = critic.score(SHORT, FIVE)
    assert small.asked == [[rule.id for rule in FIVE]]
    assert large.asked == [["rule-1", "rule-2", "rule-3", "rule-4"]]  # an unsure one too, however low it scores
    assert [verdict.principle for verdict in verdicts] == [rule.id for rule in FIVE]
    assert [verdict.state for verdict in verdicts] == ["clear", "clear", "fired", "fired", "unsure"]
    assert [verdict.score for verdict in verdicts] == [0.1, 0.02, 0.7, 0.8, 0.5]
    assert [verdict.scores for verdict in verdicts] == [
        (("small", 0.1),),
        (("small", 0.45), ("large", 0.02)),
        (("small", 0.6), ("large", 0.7)),
        (("small", 0.9), ("large", 0.8)),
        (("small", 0.1), ("large", 0.5)),
    ]
    assert [verdict.spans for verdict in verdicts[1:]] == [(), (), ((0, 2),), ()]  # a place that both stand for


def test_without_a_bound_a_principle_is_never_skipped() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    assert Cascade(small, large, {}).score(SHORT, FIVE[:1])[0].state == "fired"
    assert large.asked == [["rule-0"]]


def test_what_is_all_fine_does_not_trouble_the_second() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    assert Cascade(small, large, {"rule-0": 0.3}).score(SHORT, FIVE[:1])[0].state == "clear"
    assert large.asked == []


def test_where_the_first_fails_the_second_judges_all() -> None:
    critic = Cascade(Told("small", SMALL, fails=True), Told("large", LARGE), {rule.id: 0.3 for rule in FIVE})
    verdicts = critic.score(SHORT, FIVE[:2])
    assert [verdict.state for verdict in verdicts] == ["fired", "clear"]
    assert [verdict.scores for verdict in verdicts] == [(("large", 1.0),), (("large", 0.02),)]


def test_where_the_second_fails_what_it_was_asked_is_not_judged() -> None:
    critic = Cascade(Told("small", SMALL), Told("large", LARGE, fails=True), {rule.id: 0.3 for rule in FIVE})
    fine, *lost = critic.score(SHORT, FIVE)
    assert fine.state == "clear"
    assert {(verdict.state, verdict.score, verdict.reason) for verdict in lost} == {("not_judged", 1.0, "large failed")}
    assert [verdict.scores for verdict in lost] == [((("small", SMALL[rule.id][0])),) for rule in FIVE[1:]]
    assert all(verdict.spans == () for verdict in lost)
    both = Cascade(Told("small", SMALL, fails=True), Told("large", LARGE, fails=True), {})
    with pytest.raises(CriticError, match="large failed"):
        both.score(SHORT, FIVE)


def test_it_writes_with_the_second_and_closes_both() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    critic = Cascade(small, large, {})
    assert (critic.writes, critic.name) == (True, "small > large")
    assert critic.write("Mend it.", max_tokens=7) == "large: Mend it. 7"
    critic.close()
    assert (small.closed, large.closed) == (True, True)


def test_the_digest_tells_both_critics_and_the_bounds() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    made = [Cascade(small, large, {"a": 0.1}), Cascade(small, large, {"a": 0.2}), Cascade(small, small, {"a": 0.1})]
    assert len({critic.digest for critic in made}) == 3


def test_the_bounds_come_from_the_first_critics_own_examples() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    critic = Cascade.fit(small, large, TWELVE, recall=0.9)
    assert critic.score(SHORT, FIVE[:2])[0].state == "clear"  # .1 is under the lowest of twelve, .3
    assert large.asked == [["rule-1"]]
    assert Cascade.fit(small, large, TWELVE, recall=0.95).score(SHORT, FIVE[:1])[0].state == "fired"


def test_an_example_that_was_left_out_goes_through_both() -> None:
    small, large = Told("small", SMALL), Told("large", LARGE)
    critic = Cascade(small, large, {"rule-0": 0.4})
    one, two, three = critic.left_out(replace(TWELVE[0], violates=TWELVE[0].violates[:3]))
    assert [len(verdict.scores) for verdict in (one, two, three)] == [1, 1, 2]  # .3 and .35 are under .4
    assert (one.state, three.state) == ("clear", "clear")
    assert three.score == 0.4


@pytest.mark.parametrize(
    ("recall", "bound"), [(0.99, None), (0.92, None), (0.91, 1.0), (0.84, 1.0), (0.8, 2.0), (0.5, 6.0)]
)
def test_the_bound_keeps_the_share_that_is_asked_for(recall: float, bound: float | None) -> None:
    assert sure_bound([float(number) for number in range(12, 0, -1)], recall) == bound


def test_no_examples_give_no_bound() -> None:
    assert sure_bound([], 0.5) is None
    assert sure_bound([0.5], 0.5) is None


@given(st.lists(st.floats(0, 1), max_size=15), st.floats(0.01, 0.99))
def test_each_example_reaches_the_bound_of_the_others_as_often_as_promised(scores: list[float], recall: float) -> None:
    bound = sure_bound(scores, recall)
    if bound is None:
        # Only where leaving out the lowest breaks the promise.
        lowest = sum(
            score >= min([*scores[:at], *scores[at + 1 :]], default=math.inf) for at, score in enumerate(scores)
        )
        assert lowest < recall * len(scores) or len(scores) < 2
    else:
        assert sum(score >= bound for score in scores) >= recall * len(scores)


def test_over_the_embedded_critic_most_harmless_text_is_judged_by_it_alone(tmp_path: Path) -> None:
    rules = [one for one in load(WORKPLACE).principles if one.check is None][1:3]
    workplace = replace(load(WORKPLACE), principles=tuple(rules))
    embedded = EmbeddedCritic.fit([workplace], tmp_path, lambda _: None)
    large = Told("large", {rule.id: (0.9, "fired") for rule in rules})
    critic = Cascade.fit(embedded, large, rules, recall=0.9)
    harmless = Dialogue(
        "When is the meeting?", "The meeting is on Tuesday at ten in the small room on the second floor."
    )
    verdicts = critic.score(harmless, rules)
    alone = [verdict.principle for verdict in verdicts if len(verdict.scores) == 1]
    assert alone
    assert {name for asked in large.asked for name in asked} == {rule.id for rule in rules} - set(alone)
    assert all(verdict.scores[0][0] == embedded.name for verdict in verdicts)
    # The promise, on the examples that the heads did not see: nine in ten violations reach the large critic.
    for rule in rules:
        scores = [verdict.score for verdict in embedded.left_out(rule)[: len(rule.violates)]]
        bound = sure_bound(scores, 0.9)
        assert bound is not None
        assert sum(score >= bound for score in scores) >= 0.9 * len(scores)
