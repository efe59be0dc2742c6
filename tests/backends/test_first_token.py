import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.calibration import PLAIN, Calibration
from guard.backends.first_token import DID_NOT_ANSWER, NEAR_THE_LINE, NOT_TOLD, FirstToken, plain, read
from guard.backends.thresholds import Band
from guard.errors import CriticError
from guard.types import State
from tests.backends.model_servers import chance, tokens


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("Yes", "yes"),
        (" YES", "yes"),
        ("▁yes", "yes"),
        ("Ġno", "no"),
        ('"No".', "no"),
        ("예", "예"),
        ("**Yes**", "yes"),
    ],
)
def test_a_token_is_a_word_however_it_is_spelled(token: str, word: str) -> None:
    assert plain(token) == word


def test_all_spellings_of_an_answer_are_counted_together() -> None:
    found = read(
        tokens(**{"Yes": 0.2, " yes": 0.1, "▁YES": 0.05, "예": 0.05, "No": 0.3, "아니오": 0.1, "Nothing": 0.1})
    )
    assert found.yes == pytest.approx(math.log(0.4))
    assert found.no == pytest.approx(math.log(0.4))
    assert (found.mass, found.odds) == (pytest.approx(0.8), pytest.approx(0))


@pytest.mark.parametrize(("yes", "state"), [(0.05, "clear"), (0.5, "unsure"), (0.95, "fired")])
def test_what_is_told_is_judged(yes: float, state: State) -> None:
    found, reason = read(chance(yes)).verdict(PLAIN)
    assert (found, reason) == (state, NEAR_THE_LINE if state == "unsure" else "")


def test_a_missing_yes_leaves_the_question_open_however_sure_the_no() -> None:
    found = read(tokens(No=0.999, The=0.0005))
    assert found.yes is None
    assert found.verdict(PLAIN) == ("unsure", NOT_TOLD)
    assert found.odds == pytest.approx(math.log(0.0005 / 0.999))  # at the most that it can be


def test_a_missing_no_keeps_nothing_from_firing_and_clears_nothing() -> None:
    assert read(tokens(Yes=0.98, The=0.01)).verdict(PLAIN) == ("fired", "")
    assert read(tokens(Yes=0.98)).verdict(PLAIN)[0] == "unsure"  # the no might be as likely as the yes
    always_clear = Calibration(Band(0.999, 0.9999))
    assert read(tokens(Yes=0.5, The=0.4)).verdict(always_clear) == ("unsure", NOT_TOLD)


def test_who_says_something_else_did_not_answer() -> None:
    assert read(tokens(The=0.9, Yes=0.02, No=0.01)).verdict(PLAIN) == ("unsure", DID_NOT_ANSWER)
    assert read(tokens(The=0.9, It=0.1)).verdict(PLAIN) == ("unsure", DID_NOT_ANSWER)


def test_numbers_that_are_none_are_as_good_as_missing() -> None:
    answer = tokens(No=0.9, The=0.05)
    listed = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    for odd in (None, "high", math.nan, math.inf, 0.5, -9999.0):
        listed.append({"token": "Yes", "logprob": odd})
    listed.append({"token": 7, "logprob": -0.1})
    assert read(answer).yes is None


@pytest.mark.parametrize(
    "answer",
    [
        None, [], "yes", {}, {"choices": []}, {"choices": [{}]}, {"choices": [{"logprobs": None}]},
        {"choices": [{"logprobs": {"content": []}}]}, {"choices": [{"logprobs": {"content": None}}]},
        {"choices": [{"logprobs": {"content": [{"token": "Yes"}]}}]}, {"choices": [{"logprobs": {"content": ["Yes"]}}]},
    ],
)  # fmt: skip
def test_an_answer_without_log_probabilities_is_an_error_with_its_remedy(answer: Any) -> None:
    with pytest.raises(CriticError, match="tells no log-probabilities"):
        read(answer)


@given(
    st.none() | st.floats(-50, 0), st.none() | st.floats(-50, 0), st.floats(-60, 0), st.floats(0, 1), st.floats(0, 1)
)
def test_nothing_is_clear_that_is_not_told(
    yes: float | None, no: float | None, rest: float, one: float, other: float
) -> None:
    fit = Calibration(Band(min(one, other), max(one, other)))
    state, reason = FirstToken(yes, no, rest).verdict(fit)
    if yes is None or no is None:
        assert state in ({"unsure", "fired"} if yes is not None else {"unsure"})
    assert (reason == "") == (state in {"clear", "fired"})
