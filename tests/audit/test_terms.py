"""What a text is found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.audit.terms import LONGEST, MOST_CHARACTERS, terms, wanted


def finds(query: str, text: str) -> bool:
    """Whether a search for `query` finds `text`, as the databases do it."""
    there = terms(text)
    return all(any(t.startswith(w) if longer else t == w for t in there) for w, longer in wanted(query))


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("contracts", "The CONTRACTS are signed.", True),
        ("contract", "The CONTRACTS are signed.", False),
        ("contract*", "The CONTRACTS are signed.", True),
        ("contract*signed", "The CONTRACTS are signed.", True),
        ("*", "anything", True),
        ("계약*", "오늘 견적서를 보냅니다", False),
        ("abc＊", "abcd", True),
        ("계약*", "오늘 계약서를 보냅니다", True),
        ("tract", "The contracts are signed.", False),
        ("in", "inside", False),
        ("in", "go in", True),
        ("signed contract", "The contract is signed", True),
        ("signed invoice", "The contract is signed", False),
        ("PERSON_K7Q2M4XD", "Dear <PERSON_K7Q2M4XD>,", True),
        ("<person_k7q2*>", "Dear <PERSON_K7Q2M4XD>,", True),
        ("계약", "오늘 계약서를 보냅니다", True),
        ("약서", "오늘 계약서를 보냅니다", True),
        ("계약을", "오늘 계약서를 보냅니다", False),
        ("를", "오늘 계약서를 보냅니다", True),
        ("오", "오늘 계약서를 보냅니다", True),
        ("請求書", "先月の請求書をお送りします", True),
        ("請求", "先月の清求書", False),
        ("ｶﾀｶﾅ", "カタカナ", True),
        ("ABC株式会社", "abc株式会社", True),
        ("Straße", "STRASSE", True),
        ("!?", "anything", True),
    ],
)
def test_what_a_search_finds(query: str, text: str, found: bool) -> None:
    assert finds(query, text) is found


@given(st.text(max_size=40), st.data())
def test_every_piece_of_a_text_between_blanks_is_found(text: str, data: st.DataObject) -> None:
    words = text.split()
    if words:
        assert finds(data.draw(st.sampled_from(words)), text)


@given(st.text())
def test_a_term_holds_no_sign_of_a_query(text: str) -> None:
    for term in (*terms(text), *(term for term, _ in wanted(text))):
        assert term
        assert all(letter.isalnum() or letter == "_" for letter in term)


def test_there_is_a_bound() -> None:
    assert terms("a" * 1000) == ("a" * LONGEST,)
    assert finds("b" * 100, "b" * 90)
    assert terms("x " * MOST_CHARACTERS + "late") == ("x",)
