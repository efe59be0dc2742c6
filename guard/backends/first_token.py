"""Read a yes or a no out of the log-probabilities that a server gives for the first token of an answer.

A server tells the likeliest tokens alone. What it does not tell is not taken for zero: a yes that is missing leaves
the question open, and the principle is never clear because of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guard.backends.calibration import Calibration
from guard.errors import CriticError
from guard.types import State

# A token counts as an answer when it is one of these without blanks, quotation marks and capitals.
YES = frozenset({"yes", "예", "네", "はい", "是"})
NO = frozenset({"no", "아니오", "아니요", "아니", "いいえ", "いえ", "否", "不是"})  # some tokenizers split 아니오
BLANKS = "▁Ġ \t\n\"'“”‘’«»「」*`.:"  # ▁ and Ġ: how SentencePiece and byte-level BPE spell the blank before a word

LEAST_MASS = 0.05  # of what the model might say; under it, it did not answer the question
UNTOLD = -9000.0  # vLLM writes -9999 where there is no probability, as for all but one token of a greedy answer

DID_NOT_ANSWER = "The model did not answer the question."
NOT_TOLD = "The server did not tell how likely the other answer is."
NEAR_THE_LINE = "The score lies where this critic is often wrong."


@dataclass(frozen=True, slots=True)
class FirstToken:
    """The log-probabilities of yes and no, None where the server told none; `rest` is the most an untold one has."""

    yes: float | None
    no: float | None
    rest: float

    @property
    def odds(self) -> float:
        """The logarithm of P(yes) / P(no); where one is untold it stands at the most it can be."""
        if self.yes is None and self.no is None:
            return 0.0
        return (self.rest if self.yes is None else self.yes) - (self.rest if self.no is None else self.no)

    @property
    def mass(self) -> float:
        """How much of what the model might say is an answer at all, 0 to 1."""
        return sum(math.exp(one) for one in (self.yes, self.no) if one is not None)

    def verdict(self, calibration: Calibration) -> tuple[State, str]:
        """The state, and why it is unsure where it is."""
        if self.mass < LEAST_MASS:
            return "unsure", DID_NOT_ANSWER
        state = calibration.state(self.odds)
        if self.yes is None or (self.no is None and state != "fired"):
            # An untold no is counted at its most, so what fires in spite of it has fired; the rest is not known.
            return "unsure", NOT_TOLD
        return state, NEAR_THE_LINE if state == "unsure" else ""


def read(answer: Any) -> FirstToken:
    """Read the answer to a chat completion of one token. Raises CriticError where it holds no log-probabilities."""
    told = list(_told(answer))
    if not told:
        raise CriticError(
            "The critic's server tells no log-probabilities. Let it, or set critic.form to that of a model that writes."
        )
    likely = {token: number for token, number in told if number > UNTOLD}
    return FirstToken(
        _together([number for token, number in likely.items() if plain(token) in YES]),
        _together([number for token, number in likely.items() if plain(token) in NO]),
        min(likely.values(), default=UNTOLD),
    )


def plain(token: str) -> str:
    """`token` as a word: without blanks, marks and capitals."""
    return token.strip(BLANKS).casefold()


def _told(answer: Any) -> Iterator[tuple[str, float]]:
    """The tokens that the server tells of the first place, with their log-probabilities."""
    try:
        first = answer["choices"][0]["logprobs"]["content"][0]
        listed: Sequence[Mapping[str, Any]] = [first, *(first.get("top_logprobs") or ())]
        for one in listed:
            token, number = one["token"], one["logprob"]
            if isinstance(token, str) and isinstance(number, int | float) and number <= 1e-3:  # not for NaN
                yield token, float(number)
    except (KeyError, IndexError, TypeError, AttributeError):
        return


def _together(numbers: Sequence[float]) -> float | None:
    """The logarithm of the sum of probabilities given as logarithms; None for none."""
    if not numbers:
        return None
    most = max(numbers)
    return most + math.log(sum(math.exp(number - most) for number in numbers))
