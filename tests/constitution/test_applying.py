from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.constitution import Constitution, Principle, Scope, applicable, in_force, languages_of
from guard.constitution.resolving import digest_of
from guard.types import Principal
from tests.dialogue import principle

ENGLISH = "Please summarise the minutes of the meeting."
KOREAN = "회의록을 요약해서 팀에 보내 주세요."
JAPANESE = "会議の議事録を要約してチームに送ってください。"
ALL = Scope()
CHINESE = "请总结会议记录并发送给团队成员。"
RUSSIAN = "Подготовьте краткое изложение протокола."


def document(name: str, *principles: Principle, scope: Scope = ALL, precedence: int = 0) -> Constitution:
    made = Constitution(name, 1, principles, "", precedence=precedence, scope=scope)
    return replace(made, digest=digest_of(made))


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        (ENGLISH, {"en"}),
        (KOREAN, {"ko"}),
        (JAPANESE, {"ja", "zh"}),
        (CHINESE, {"zh"}),
        (RUSSIAN, {"other"}),
        (f"{KOREAN} {ENGLISH}", {"ko", "en"}),
        (f"{KOREAN} Microsoft Excel", {"ko"}),
        (f"{KOREAN} <EMAIL_ADDRESS_K7Q2M4XD> https://intranet.example.com/minutes `git commit --amend`", {"ko"}),
        ("Hi!", set()),
        ("12345 :-)", set()),
        ("", set()),
    ],
)
def test_languages_are_told_by_their_scripts(text: str, languages: set[str]) -> None:
    assert languages_of(text) == languages


SOME = st.lists(st.sampled_from([ENGLISH, KOREAN, JAPANESE, CHINESE, RUSSIAN, "Hi ", "은 ", "の"]), max_size=4).map(
    "".join
)


@given(SOME, SOME)
def test_more_text_never_takes_a_language_away(text: str, more: str) -> None:
    assert languages_of(text) <= languages_of(text + more)


ANN = Principal("ann", "sales-emea", "mail")


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(), True),
        (Scope(teams=("sales-*",)), True),
        (Scope(teams=("legal", "sales-*"), surfaces=("chat",)), True),
        (Scope(teams=("sales-*",), surfaces=("messages",)), False),
        (Scope(users=("bob",)), False),
        (Scope(applications=("ma?l",)), True),
        (Scope(languages=("ko",)), True),
    ],
)
def test_a_scope_is_for_callers_and_surfaces(scope: Scope, covers: bool) -> None:
    assert scope.covers(ANN, "chat") is covers
    one = document("a", principle("x"), scope=scope)
    assert (in_force([one], ANN, "chat") is not None) is covers
    other = in_force([document("a", principle("x", scope=scope), principle("y"))], ANN, "chat")
    assert other is not None
    assert [p.id for p in other.principles] == (["x", "y"] if covers else ["y"])


def test_one_in_force_is_itself() -> None:
    one = document("a", principle("x"))
    assert in_force([one], ANN, "chat") == one
    assert in_force([], ANN, "chat") is None


def test_of_several_in_force_the_higher_precedence_comes_first() -> None:
    low, high = document("low", principle("x"), principle("y")), document("high", principle("x"), precedence=1)
    both = in_force([low, high], ANN, "chat")
    assert both is not None
    assert (both.name, [p.id for p in both.principles]) == ("high, low", ["x", "x", "y"])
    assert both.digest not in (low.digest, high.digest)
    assert in_force([high, low], ANN, "chat") == both
    assert applicable(both.principles, ENGLISH) == (high.principles[0], low.principles[1])


def test_a_principle_is_for_the_languages_of_its_document_and_its_own() -> None:
    own = (
        principle("a"),
        principle("b", scope=Scope(languages=("ko", "ja"))),
        principle("c", scope=Scope(languages=("zh",))),
    )
    force = in_force([document("asia", *own, scope=Scope(languages=("ko", "en")))], ANN, "chat")
    assert force is not None
    assert [(p.id, p.scope.languages) for p in force.principles] == [("a", ("ko", "en")), ("b", ("ko",))]


def test_what_is_for_another_language_does_not_apply() -> None:
    korean = principle("k", scope=Scope(languages=("ko",)))
    rules = (korean, principle("all"))
    assert [p.id for p in applicable(rules, KOREAN)] == ["k", "all"]
    assert [p.id for p in applicable(rules, ENGLISH)] == ["all"]
    assert [p.id for p in applicable(rules, ENGLISH, KOREAN)] == ["k", "all"]


def test_in_doubt_a_principle_applies() -> None:
    assert [p.id for p in applicable((principle("k", scope=Scope(languages=("ko",))),), "OK", "")] == ["k"]


def test_versions_of_a_principle_for_two_languages_stand_in_for_each_other() -> None:
    english, korean = (principle("x", scope=Scope(languages=(one,)), statement=one) for one in ("en", "ko"))
    assert [p.statement for p in applicable((english, korean), KOREAN)] == ["ko"]
    assert [p.statement for p in applicable((english, korean), f"{ENGLISH} {KOREAN}")] == ["en"]
