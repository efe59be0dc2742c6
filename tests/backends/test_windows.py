from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.windows import Range, cut, merged, plain, readable, without_surrogates


def words(text: str) -> list[Range]:
    """A token per word of up to four characters, so that long words have several."""
    return [match.span() for match in re.finditer(r"\S{1,4}", text)]


def covered(ranges: tuple[Range, ...]) -> set[int]:
    return {index for start, end in ranges for index in range(start, end)}


TEXTS = st.one_of(
    st.text(max_size=400),
    st.lists(
        st.sampled_from(["One. ", "Two words! ", "\n", "a" * 90, "。", "한국어 ", "Is this a longer sentence? "])
    ).map("".join),
)


@given(TEXTS, st.integers(2, 40))
def test_nothing_stays_unread_and_no_window_is_too_long(text: str, most: int) -> None:
    tokens = words(text)
    result = cut(text, tokens, most=most)
    everything = {index for index, character in enumerate(text) if not character.isspace()}
    assert everything <= covered(result.windows)
    assert everything <= covered(result.units)
    for start, end in result.windows:
        assert text[start:end].strip() == text[start:end] != ""
        assert sum(start <= token < end for token, _ in tokens) <= most


@given(TEXTS, st.integers(2, 40))
def test_units_are_in_order_and_neighbours_share_a_window(text: str, most: int) -> None:
    result = cut(text, words(text), most=most)
    assert all(a[1] <= b[0] for a, b in zip(result.units, result.units[1:], strict=False))
    for a, b in zip(result.units, result.units[1:], strict=False):
        assert any(start <= a[0] and b[1] <= end for start, end in result.windows)


def test_a_short_text_is_one_window() -> None:
    text = " This is the first sentence of it. And here is a second one! "
    result = cut(text, words(text), most=100)
    assert result.windows == ((1, len(text) - 1),)
    assert result.whole == 0
    assert [text[start:end] for start, end in result.units] == [
        "This is the first sentence of it.",
        "And here is a second one!",
    ]


def test_a_longer_text_is_read_whole_and_in_overlapping_windows() -> None:
    sentences = [f"This is the sentence number {number}." for number in range(5)]
    text = " ".join(sentences)
    result = cut(text, words(text), most=1000)
    assert result.whole == 0
    assert [text[start:end] for start, end in result.windows] == [
        text,
        " ".join(sentences[0:3]),
        " ".join(sentences[1:4]),
        " ".join(sentences[2:5]),
    ]


def test_what_does_not_fit_has_no_whole() -> None:
    text = "word " * 50
    assert cut(text, words(text), most=20).whole is None


@pytest.mark.parametrize("text", ["", "  \n\n "])
def test_nothing_has_no_windows(text: str) -> None:
    result = cut(text, words(text), most=10)
    assert (result.units, result.windows, result.whole) == ((), (), None)


def test_the_code_of_a_placeholder_is_not_read() -> None:
    assert plain("Dear <PERSON_K7Q2M4XD>, see <EMAIL_ADDRESS_6P1DC5YK_7F2K>.") == "Dear person, see email address."
    assert plain("a < b and <b>bold</b> <MAX_PASSWORD>") == "a < b and <b>bold</b> <MAX_PASSWORD>"


def test_lone_surrogates_are_replaced_one_for_one() -> None:
    assert without_surrogates("a\ud800b") == "a�b"
    assert plain("a\udfffb") == "a�b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain English.", True),
        ("Việt Nam, Ærø, Straße", True),
        ("12:40, 13:50!", True),
        ("Dear 김민수 한국, thank you", True),
        ("안녕하세요, Mr X", False),
        ("これはペンです。", False),
        ("Это опасно", False),
        ("a" * 100, True),
        ("a" * 101, False),
    ],
)
def test_what_can_be_read(text: str, expected: bool) -> None:
    assert readable(text) is expected


def test_ranges_that_touch_or_overlap_are_one() -> None:
    assert merged([(5, 9), (0, 3), (3, 4), (6, 7), (8, 12)]) == ((0, 4), (5, 12))
    assert merged([]) == ()
