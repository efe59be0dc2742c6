import dataclasses

from guard.console.candidates import SAMPLE, Candidates
from guard.types import Verdict
from tests.audit.samples import CLOSING, OPENING


def closing(exchange, state, decision="allow", principle="p", time=0.0):
    verdicts = ((0, Verdict(principle, 0.5, state)),)
    return dataclasses.replace(CLOSING, exchange=exchange, time=time, decision=decision, verdicts=verdicts)


def nobody(exchange, principle):
    return False


def test_the_unsure_come_first_then_the_blocked_then_the_revised_then_the_rest():
    found = Candidates()
    for exchange, state, decision in (
        ("a", "clear", "allow"), ("b", "fired", "revise"), ("c", "fired", "allow"), ("d", "unsure", "allow"),
        ("e", "fired", "block"), ("f", "not_judged", "block"), ("g", "fired", "escalate"),
    ):  # fmt: skip
        found.closed(closing(exchange, state, decision))
    assert [(one.exchange, one.why) for one in found.waiting(nobody)] == [
        ("d", "unsure"), ("g", "held"), ("e", "blocked"), ("b", "revised"), ("c", "noted"), ("a", "sample"),
    ]  # fmt: skip


def test_of_one_kind_the_newest_comes_first():
    found = Candidates()
    for exchange in ("old", "new"):
        found.closed(closing(exchange, "unsure"))
    assert [one.exchange for one in found.waiting(nobody)] == ["new", "old"]


def test_the_first_verdict_is_the_one_to_label():
    found = Candidates()
    verdicts = ((0, Verdict("p", 0.9, "fired")), (0, Verdict("p", 0.1, "clear")))
    found.closed(dataclasses.replace(CLOSING, decision="revise", verdicts=verdicts))
    assert [(one.score, one.why) for one in found.waiting(nobody)] == [(0.9, "revised")]


def test_verdicts_on_prompts_are_candidates_too():
    found = Candidates()
    found.opened(OPENING)
    assert [(one.principle, one.why) for one in found.waiting(nobody)] == [("no-injection", "unsure")]


def test_what_somebody_has_spoken_on_does_not_wait():
    found = Candidates()
    for exchange in ("a", "b"):
        found.closed(closing(exchange, "unsure"))
    assert [one.exchange for one in found.waiting(lambda exchange, _: exchange == "b")] == ["a"]


def test_the_sample_is_bounded_spread_over_time_and_the_same_for_everybody():
    names = [f"{number:05d}" for number in range(SAMPLE * 10)]
    here, there = Candidates(), Candidates()
    for name in names:
        here.closed(closing(name, "clear"))
    for name in reversed(names):
        there.closed(closing(name, "clear"))
    sample = [one.exchange for one in here.waiting(nobody)]
    assert len(sample) == SAMPLE
    assert sample == [one.exchange for one in there.waiting(nobody)]
    early = sum(name < names[len(names) // 2] for name in sample)
    assert 0.3 < early / SAMPLE < 0.7  # a fair coin leaves this band less than once in a million times
