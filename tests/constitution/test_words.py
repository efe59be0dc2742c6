from __future__ import annotations

import pytest

from guard.constitution.words import double_negative, matter, overlap, plain, vague


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The assistant uses appropriate words and, where possible, best practices.", ("appropriate", "where possible", "best practices")),
        ("Does the reply quote a price without a date?", ()),
        ("It is Reasonable, and reasonable again.", ("reasonable",)),
        ("Inappropriateness is no word of the list.", ()),
        ("비서는 적절한 표현을 사용한다.", ("적절",)),
        ("비서는 법령의 조문 번호를 적는다.", ()),
        ("アシスタントは必要に応じて適切な言葉を選ぶ。", ("必要に応じて", "適切")),
        ("アシスタントは法令の条番号を書く。", ()),
    ],
)  # fmt: skip
def test_vague_words_are_found_in_three_languages(text: str, words: tuple[str, ...]) -> None:
    assert vague(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "Does the reply not fail to name a source?",
        "The assistant never gives advice without a warning.",
        "Isn't it true that nobody is named?",
        "The assistant is not unwilling to help.",
        "비서는 출처를 밝히지 않는 일이 없다.",
        "비서는 경고하지 않을 수 없다.",
        "アシスタントは出典を示さないことはない。",
        "アシスタントは警告せざるを得ない。",
    ],
)
def test_two_negations_in_a_clause_are_a_double_negative(text: str) -> None:
    assert double_negative(text)


@pytest.mark.parametrize(
    "text",
    [
        "The assistant does not threaten, and does not insult.",
        "The assistant names its source. It never invents one.",
        "Does the reply claim something without a source?",
        "It is not under ten.",
        "비서는 출처 없이 주장하지 않는다."[:8],
        "비서는 위협하지 않는다.",
        "アシスタントは脅さない。",
    ],
)
def test_one_negation_is_none(text: str) -> None:
    assert not double_negative(text)


def test_what_two_rules_share_is_their_matter_and_not_their_form() -> None:
    one = matter("Does the reply reveal salaries of employees?")
    assert overlap(one, matter("Does the reply reveal salaries?")) == 0  # two words are no rule
    assert overlap(one, matter("Does the reply reveal the salary of an employee?")) > 0.5
    assert overlap(one, matter("Does the reply insult somebody?")) == 0
    assert overlap(one, matter("")) == 0
    assert overlap(matter("급여 정보를 공개하는가"), matter("직원의 급여 정보를 말하는가")) > 0.5
    assert overlap(matter("給与情報を公開するか"), matter("天気について述べるか")) < 0.2


def test_layout_case_and_the_last_mark_do_not_count_but_code_does() -> None:
    assert plain("  Yes,\n IT is. ") == plain("yes, it is")
    assert plain('execute("... = ?", (name,))') != plain('execute(f"... = {name}")')
