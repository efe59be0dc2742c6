import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.review.accept import KEPT, unacceptable, worse
from guard.types import Dialogue
from tests.review.told import verdict

REPLY = "Dear <PERSON_K7Q2M4XD>, you will surely get 40 euros, see https://a.example/x now. ```pay(40)``` Bye."
PASSAGE = "you will surely get 40 euros"
START = REPLY.index(PASSAGE)
END = START + len(PASSAGE)
DIALOGUE = Dialogue("I am <PERSON_0ZZ2M4X1>, born 1990, me@a.example.", REPLY)


def test_a_modest_change_is_acceptable() -> None:
    assert unacceptable(DIALOGUE, START, END, "you may get 40 euros") == ""
    assert unacceptable(DIALOGUE, START, END, "you may get something, <PERSON_0ZZ2M4X1>") == ""
    assert unacceptable(DIALOGUE, START, END, "we will write to me@a.example") == ""


@pytest.mark.parametrize(
    ("passage", "reason"),
    [
        ("", "did not change"),
        (" \n", "did not change"),
        (PASSAGE, "did not change"),
        ("maybe", "too long or too short"),
        ("you may " * 40, "too long or too short"),
        ("I'm sorry, but I can't help with this", "refusal"),
        ("as an AI language model I have no money", "refusal"),
        ("죄송하지만 도와드릴 수 없습니다 정말", "refusal"),
        ("you may get 41 euros", "makes up a number"),
        ("you may ask <PERSON_K7Q2M4XE>", "makes up a placeholder"),
        ("see https://b.example/y for more", "makes up an address"),
        ("write to eve@evil.example about it", "makes up an address"),
        ("you may get ``` 40 euros", "spoils a block of code"),
        ("you may get ```rm``` 40 euros", "makes up a block of code"),
    ],
)
def test_what_is_lost_or_made_up_is_not_acceptable(passage: str, reason: str) -> None:
    assert reason in unacceptable(DIALOGUE, START, END, passage)


def test_a_number_beside_the_passage_may_not_run_into_it() -> None:
    assert "spoils a number" in unacceptable(Dialogue("5", "It costs 5 euros or 5"), 0, 9, "It costs a 5")


def test_a_passage_that_was_a_refusal_may_stay_one() -> None:
    assert unacceptable(Dialogue("", "I can't, you fool."), 0, 18, "I can't, I fear.") == ""


@given(st.text("ab 1<>`_.K7Q2M4XD\n", max_size=60))
def test_everything_beside_an_accepted_passage_survives(passage: str) -> None:
    if unacceptable(DIALOGUE, START, END, passage):
        return
    after = REPLY[:START] + passage + REPLY[END:]
    for pattern in KEPT.values():
        for kept in pattern.findall(REPLY[:START]) + pattern.findall(REPLY[END:]):
            assert kept in pattern.findall(after)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ((verdict("a"), verdict("b")), ""),
        ((verdict("a"), verdict("b", score=0.15)), ""),
        ((verdict("a"), verdict("b", score=0.16)), "principle b got worse"),
        ((verdict("a"), verdict("b", "unsure", score=0.1)), "principle b got worse"),
        ((verdict("a"), verdict("b", "not_judged", score=0.0)), "principle b got worse"),
        ((verdict("a", "fired"), verdict("b")), "a is still fired"),
        ((verdict("a", "unsure"), verdict("b")), "a is still unsure"),
        ((verdict("a", "not_judged"), verdict("b")), "a is still not judged"),
    ],
)
def test_a_revision_must_be_proven_better(after: tuple, reason: str) -> None:  # type: ignore[type-arg]
    problem = worse((verdict("a", "fired"), verdict("b")), after, "a")
    assert reason in problem
    assert bool(problem) == bool(reason)
