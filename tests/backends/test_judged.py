from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from guard.backends.judged import JudgedPrompts
from guard.errors import CriticError
from guard.types import Dialogue, Rule, State, Verdict
from tests.dialogue import principle

RULES = (principle("a"), principle("b"))


class Counting:
    name, digest, writes = "counting", "1", False

    def __init__(self, state: State = "clear") -> None:
        self.state: State = state
        self.read: list[str] = []

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        self.read.append(dialogue.prompt)
        return tuple(Verdict(rule.id, 0.1, self.state, reason=dialogue.prompt) for rule in principles)

    def write(self, prompt: str, *, max_tokens: int) -> str:
        raise CriticError("does not write")


def test_a_turn_that_was_judged_is_not_judged_again() -> None:
    critic, judged = Counting(), JudgedPrompts()
    first = judged.score(critic, Dialogue("old", ""), RULES)
    assert judged.score(critic, Dialogue("new", ""), RULES) != first
    assert judged.score(critic, Dialogue("old", ""), RULES) == first
    assert critic.read == ["old", "new"]


def test_a_reply_is_judged_every_time() -> None:
    critic, judged = Counting(), JudgedPrompts()
    for _ in range(2):
        judged.score(critic, Dialogue("old", "reply"), RULES)
    assert len(critic.read) == 2


@pytest.mark.parametrize(
    "other",
    [(RULES[1], RULES[0]), (RULES[0],), (replace(RULES[0], question="Else?"), RULES[1]),
     (replace(RULES[0], complies=(Dialogue("x", ""),)), RULES[1])],
)  # fmt: skip
def test_other_principles_are_another_question(other: tuple[Rule, ...]) -> None:
    critic, judged = Counting(), JudgedPrompts()
    judged.score(critic, Dialogue("old", ""), RULES)
    judged.score(critic, Dialogue("old", ""), other)
    assert len(critic.read) == 2


def test_another_critic_is_asked_anew() -> None:
    critic, judged = Counting(), JudgedPrompts()
    judged.score(critic, Dialogue("old", ""), RULES)
    critic.digest = "2"
    judged.score(critic, Dialogue("old", ""), RULES)
    assert len(critic.read) == 2


def test_what_was_not_judged_is_asked_again() -> None:
    critic, judged = Counting("not_judged"), JudgedPrompts()
    for _ in range(2):
        judged.score(critic, Dialogue("old", ""), RULES)
    assert len(critic.read) == 2


def test_only_the_newest_are_remembered() -> None:
    critic, judged = Counting(), JudgedPrompts(most=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        judged.score(critic, Dialogue(text, ""), RULES)
    assert critic.read == ["a", "b", "c", "b"]


def test_half_a_character_is_a_text_like_any_other() -> None:
    assert len(JudgedPrompts().score(Counting(), Dialogue("\ud800", ""), RULES)) == 2
