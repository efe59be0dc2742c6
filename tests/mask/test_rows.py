"""A row's score, and what may stand between a label and its value."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.patterns import PatternRecognizer
from guard.mask.rows import THRESHOLD, Row, by_letter, labelled

BADGE = labelled(
    "BADGE", "badge|뱃지|バッジ", r"[A-Z][0-9]{4}", ("badge «A1234»",), ("badge",), needs=("badge", "뱃지", "バッジ")
)


def values(text, row=BADGE):
    return [text[r.start : r.end] for r in PatternRecognizer([row]).analyze(text) if r.score >= THRESHOLD]


@pytest.mark.parametrize(
    "text",
    [
        "badge A1234",
        "Badge: A1234",
        "BADGE NO. A1234",
        "badge number is A1234",
        "badge id (blue): A1234",
        '"badge": "A1234"',
        "badge #A1234",
        "badge=A1234",
        "badge:\n   A1234",
        "**Badge:** A1234",
        "| badge | A1234 |",
        "뱃지번호는 A1234입니다",
        "뱃지(신규): A1234",
        "バッジ番号はA1234です",
    ],
)
def test_a_value_is_found_behind_its_label(text):
    assert values(text) == ["A1234"]


@pytest.mark.parametrize(
    "text", ["A1234", "badges A1234", "the badge of another is A1234", "badge A12345", "badge a1234", "xbadge A1234"]
)
def test_and_not_without_it(text):
    assert values(text) == []


def test_a_label_outweighs_a_failed_checksum_and_a_passed_one_counts_more():
    row = labelled("N", "no", "[0-9]{4}", (), (), needs=("no",), check=lambda value: value == "1111")
    (passed,), (failed,) = (PatternRecognizer([row]).analyze(f"no: {n}") for n in ("1111", "2222"))
    assert passed.score > failed.score >= THRESHOLD


def test_context_counts_as_far_as_the_row_says():
    def score(before):
        row = Row("N", "[0-9]{4}", 0.1, (), at="digit", context=("badge",), before=before)
        (result,) = PatternRecognizer([row]).analyze("badge" + " " * 100 + "1234")
        return result.score

    assert score(60) < THRESHOLD <= score(200)


def test_a_label_that_never_ends_is_read_in_time_that_grows_with_its_length():
    assert values("badge " * 10_000) == []
    assert values("badge (" * 10_000) == []
    assert re.compile(BADGE.regex)


@given(st.text("wWoOjJnN ſK", max_size=8))
def test_words_by_their_first_letter_are_found_where_they_are_in_any_case(text):
    words = ("wo", "won", "job", "wow(?:n|o)?", "no")
    grouped = re.compile(f"(?:{by_letter(*words)})")
    plain = re.compile(f"(?:{'|'.join(words)})", re.IGNORECASE)
    assert [m.span() for m in grouped.finditer(text)] == [m.span() for m in plain.finditer(text)]
