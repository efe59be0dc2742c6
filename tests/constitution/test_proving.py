from __future__ import annotations

from typing import Any

import pytest

from guard.constitution import Constitution, Marks
from guard.constitution.proving import Proof, Report, as_text
from guard.types import State, Verdict
from tests.dialogue import principle

STATES: dict[str, tuple[State, float]] = {
    "f": ("fired", 0.9), "u": ("unsure", 0.4), "c": ("clear", 0.1), "n": ("not_judged", 1.0),
}  # fmt: skip


def verdicts(states: str) -> tuple[Verdict, ...]:
    return tuple(Verdict("x", STATES[one][1], STATES[one][0]) for one in states)


def proof(violates: str, complies: str, **marks: Any) -> Proof:
    return Proof(principle("x", marks=Marks(**marks)), verdicts(violates), verdicts(complies))


def test_the_figures() -> None:
    one = proof("fffuc", "fuccc")
    assert one.precision == 3 / 4
    assert one.recall == 3 / 5
    assert one.missed == 1 / 5
    assert one.unsure == 2 / 10
    assert one.margin == pytest.approx((2.7 + 0.4 + 0.1) / 5 - (0.9 + 0.4 + 0.3) / 5)


def test_where_nothing_fires_there_is_no_precision() -> None:
    assert proof("uc", "cc").precision is None


CASES: dict[str, tuple[Proof, tuple[str, ...]]] = {
    "as good as a coin": (proof("fc", "fc"), ()),
    "perfect": (proof("ff", "cc", precision=1, recall=1, missed=0, margin=0.8), ()),
    "one in three right": (proof("fuu", "ffu"), ("precision 0.33 is under 0.50", "margin -0.17 is under 0.00")),
    "misses most": (proof("fcc", "ccc"), ("missed 0.67 is over 0.50",)),
    "never fires": (proof("uu", "cc"), ("it fires on no example",)),
    "never fires, as is allowed": (proof("uu", "cc", precision=0), ()),
    "never fires, but has to": (proof("uu", "cc", precision=0, recall=0.1), ("it fires on no example",)),
    "its own recall": (proof("fu", "cc", recall=0.6), ("recall 0.50 is under 0.60",)),
    "its own margin": (proof("ff", "uu", margin=0.6), ("margin 0.50 is under 0.60",)),
    "not judged": (proof("fn", "cc"), ("an example could not be judged",)),
}  # fmt: skip


@pytest.mark.parametrize(("one", "problems"), CASES.values(), ids=CASES)
def test_what_is_not_reached_is_named(one: Proof, problems: tuple[str, ...]) -> None:
    assert one.problems == problems


def test_a_report_is_a_table_with_what_fails() -> None:
    constitution = Constitution("house", 3, (), "d" * 64)
    failing = Report(constitution, "scripted", "e" * 64, (proof("ff", "cc"), proof("fcc", "ccc")), ("data",))
    assert failing.problems == ("principle 'x': missed 0.67 is over 0.50",)
    text = as_text(failing).splitlines()
    assert text[0] == "house version 3 (dddddddddddd) on scripted (eeeeeeeeeeee)"
    assert text[2].split() == ["x", "2+2", "1.00", "1.00", "0.00", "0.00", "0.80", "0.01"]
    assert text[4].startswith("data")
    assert text[6] == "how far the scores can be believed: 10 examples, Brier score 0.170"
    assert text[-2:] == ["FAILED principle 'x': missed 0.67 is over 0.50", "not fit to be in force"]
    lost = Report(constitution, "scripted", "e" * 64, (proof("nn", "nn"),), ())
    assert as_text(lost).splitlines()[2].split()[-1] == "-"
    assert "believed" not in as_text(lost)
    passing = Report(constitution, "scripted", "e" * 64, (proof("ff", "cc"),), ())
    assert as_text(passing).endswith("\n\nfit to be in force")
