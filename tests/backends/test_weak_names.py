"""A common word that the model is not sure of is a name only where something speaks for it."""

from __future__ import annotations

import re

import pytest

from guard.backends.crf import Token
from guard.backends.weak_names import Evidence, spoken_for
from guard.mask.patterns import Result

EVIDENCE = Evidence(
    {"님", "에게"}, {"초등학교"}, lambda name, tokens: len(name) == 3 and len(tokens) > 1, re.compile(r"줘\.?$")
)


def tokens(*forms: str) -> tuple[str, list[Token]]:
    """A text of the forms; one that ends in "!" is no common word, and the sign no part of it."""
    text, found = "", []
    for form in forms:
        bare = form.rstrip("!")
        if bare != " ":
            found.append(Token(bare, "N", len(text), len(text) + len(bare), common=bare == form))
        text += bare
    return text, found


@pytest.mark.parametrize(
    ("forms", "name", "entity", "score", "stays"),
    [
        (("배너", "를"), "배너", "PERSON", 0.6, False),
        (("배너", "를"), "배너", "PERSON", 0.95, True),
        (("배너!", "를"), "배너", "PERSON", 0.6, True),
        (("배너", "님"), "배너", "PERSON", 0.6, True),
        (("정보", "람", "은"), "정보람", "PERSON", 0.6, True),
        (("새벽", " ", "배치"), "새벽 배치", "ORGANIZATION", 0.65, False),
        (("새벽", "초등학교"), "새벽초등학교", "ORGANIZATION", 0.65, True),
        (("초등학교",), "초등학교", "ORGANIZATION", 0.65, False),
        (("새벽", " ", "배치"), "새벽 배치", "LOCATION", 0.8, True),
        (("MCP!", "가"), "MCP", "ORGANIZATION", 0.65, False),
        (("MCP!", "가"), "MCP", "ORGANIZATION", 0.8, True),
    ],
)
def test_what_speaks_for_a_name(forms, name, entity, score, stays) -> None:
    text, words = tokens(*forms)
    found = Result(entity, text.index(name), text.index(name) + len(name), score)
    assert list(spoken_for([found], text, words, EVIDENCE)) == ([found] if stays else [])


@pytest.mark.parametrize(
    ("forms", "name", "entity", "score", "stays"),
    [
        (("토너!", " ", "알려", "줘."), "토너", "PERSON", 0.9, False),
        (("토너!", " ", "알려", "줘."), "토너", "PERSON", 0.96, True),
        (("토너!", "에게", " ", "알려", "줘."), "토너", "PERSON", 0.9, True),
        (("토너!", " ", "알려", "줬다."), "토너", "PERSON", 0.9, True),
        (("토너!", "\n", "알려", "줘."), "토너", "PERSON", 0.9, True),
        (("콜드!", " ", "알려", "줘."), "콜드", "ORGANIZATION", 0.8, False),
        (("샛별초등학교!", " ", "알려", "줘."), "샛별초등학교", "ORGANIZATION", 0.8, True),
    ],
)
def test_in_a_request_more_must_speak_for_a_name(forms, name, entity, score, stays) -> None:
    text, words = tokens(*forms)
    found = Result(entity, text.index(name), text.index(name) + len(name), score)
    assert list(spoken_for([found], text, words, EVIDENCE)) == ([found] if stays else [])


def test_a_weak_part_of_a_name_stays_with_the_rest() -> None:
    text, words = tokens("중앙", " ", "티베트!", "와", "중앙")
    weak, strong = Result("LOCATION", 0, 2, 0.53), Result("LOCATION", 3, 6, 0.6)
    alone = Result("LOCATION", 7, 9, 0.53)
    assert list(spoken_for([weak, strong, alone], text, words, EVIDENCE)) == [weak, strong]
