import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import AuditError, CriticError
from guard.review.judge import NONSENSE, judge
from guard.types import Dialogue, Verdict
from tests.review.told import Answers, Words, principle, tell, unknown, verdict

HELLO = Dialogue("Hi", "Hello there.")
TWO = (principle("a"), principle("b"))


def judged(answer: Any, dialogue: Dialogue = HELLO) -> tuple[Verdict, ...]:
    return tuple(tell(judge(dialogue, TWO, ()), Answers(answer)))


def test_the_critic_is_asked_once_for_all() -> None:
    critic = Words({"b": "there"})
    assert tell(judge(HELLO, TWO, ()), critic) == (verdict("a"), verdict("b", "fired", (6, 11)))
    assert critic.judged == [HELLO]


def test_a_critic_that_fails_has_judged_nothing() -> None:
    verdicts = judged(CriticError("out of memory"))
    assert [(v.principle, v.state, v.score, v.reason) for v in verdicts] == [
        ("a", "not_judged", 1.0, "out of memory"),
        ("b", "not_judged", 1.0, "out of memory"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "clear",
        (),
        (verdict("a"),),
        (verdict("a"), verdict("b"), verdict("c")),
        (verdict("b"), verdict("a")),
        (verdict("a"), verdict("a")),
        (verdict("a"), None),
        (verdict("a"), verdict("b", score=math.nan)),
        (verdict("a"), verdict("b", score=math.inf)),
        (verdict("a"), verdict("b", score=1.01)),
        (verdict("a"), verdict("b", score=-0.1)),
        (verdict("a"), Verdict("b", "high", "fired")),  # type: ignore[arg-type]
        (verdict("a"), Verdict("b", 0.5, "maybe")),  # type: ignore[arg-type]
        (verdict("a"), verdict("b", "fired", (3, 13))),
        (verdict("a"), verdict("b", "fired", (-1, 3))),
        (verdict("a"), verdict("b", "fired", (3, 3))),
        (verdict("a"), verdict("b", "fired", (4, 6), (1, 2))),
        (verdict("a"), verdict("b", "fired", (1, 5), (4, 6))),
        (verdict("a"), Verdict("b", 0.5, "fired", [(1, 2)])),  # type: ignore[arg-type]
        (verdict("a"), Verdict("b", 0.5, "fired", ((1, 2, 3),))),  # type: ignore[arg-type]
        (verdict("a"), Verdict("b", 0.5, "fired", (("a", 2),))),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_not_a_judgement(answer: Any) -> None:
    assert [(v.state, v.reason) for v in judged(answer)] == [("not_judged", NONSENSE)] * 2


spans = st.lists(st.tuples(st.integers(-3, 16), st.integers(-3, 16)), max_size=3).map(tuple)


@given(spans)
def test_spans_that_do_not_lie_in_the_reply_in_order_are_nonsense(given_spans: Any) -> None:
    edges = [edge for span in given_spans for edge in span]
    right = all(0 <= s < e <= len(HELLO.reply) for s, e in given_spans) and edges == sorted(edges)
    states = {v.state for v in judged((verdict("a"), verdict("b", "fired", *given_spans)))}
    assert ("not_judged" in states) is not right


def test_what_a_critic_could_not_judge_itself_is_kept() -> None:
    assert judged((verdict("a"), verdict("b", "not_judged")))[1].state == "not_judged"


def test_other_failures_are_not_the_judges() -> None:
    with pytest.raises(AuditError):
        judged(AuditError("disk full"))


def test_a_check_is_decided_without_the_critic() -> None:
    check = principle("data", check="reveals_unknown_data")
    dialogue = Dialogue("Hi", "Ask eve@evil.example or bob@evil.example.")
    found = [unknown(dialogue.reply, "bob@evil.example"), unknown(dialogue.reply, "eve@evil.example", "URL")]
    (fired,) = tell(judge(dialogue, (check,), found), None)
    assert (fired.state, fired.score, fired.spans) == ("fired", 1.0, ((4, 20), (24, 40)))
    assert fired.reason == "the reply holds what the exchange did not: EMAIL_ADDRESS, URL"
    assert "evil" not in fired.reason
    assert tell(judge(dialogue, (check,), ()), None) == (Verdict("data", 0.0, "clear"),)


def test_order_is_the_constitutions_whoever_decides() -> None:
    principles = (principle("a"), principle("data", check="reveals_unknown_data"), principle("b"))
    verdicts = tell(judge(HELLO, principles, ()), Words({}))
    assert [v.principle for v in verdicts] == ["a", "data", "b"]


def test_an_empty_reply_violates_nothing_but_the_prompt_may() -> None:
    principles = (principle("a"), principle("asked", applies_to="prompt"))
    critic = Answers((verdict("asked", "fired"),))
    assert [v.state for v in tell(judge(Dialogue("Hi", " \n"), principles, ()), critic)] == ["clear", "fired"]
    assert [v.state for v in tell(judge(Dialogue("Hi", ""), principles[:1], ()), None)] == ["clear"]


def test_without_principles_nobody_is_asked() -> None:
    assert tell(judge(HELLO, (), ()), None) == ()
