import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.cells import LONGEST, Lengths, dates, forms, hash_of, stretches
from guard.mask.grams import Hasher, fold

HASHER = Hasher(bytes(range(32)))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("홍길동", ["홍길동"]),
        ("홍 길동", ["홍길동"]),
        (" Alice Meyer ", ["alicemeyer", "meyeralice"]),
        ("Meyer, Alice", ["meyeralice", "alicemeyer"]),
        ("110-123-456789", ["110123456789"]),
        ("1985-03-12", ["19850312"]),
        ("12 March 1985", ["12march1985", "19850312"]),
        ("March 12, 1985", ["march121985", "19850312"]),
        ("1985년 3월 12일", ["1985년3월12일", "19850312"]),
        ("昭和60年", ["昭和60年"]),
        ("31.12.1999", ["31121999", "19991231"]),
        ("03/04/1999", ["03041999", "19990403", "19990304"]),
        ("+82 10-1234-5678", ["821012345678", "1012345678", "01012345678"]),
        ("+1 (415) 555-0100", ["14155550100", "4155550100", "04155550100"]),
        ("a@b.example", ["abexample"]),
        ("Kim", ["kim"]),
        ("2999-99-99", ["29999999"]),
        # Too short to say anything, or too long.
        ("45", []),
        ("123", []),
        ("Al", []),
        ("김", []),
        ("", []),
        ("—", []),
        ("x" * (LONGEST + 1), []),
    ],
)
def test_the_forms_of_a_cell(cell, expected):
    assert list(forms(cell)) == expected


@pytest.mark.parametrize(
    "text",
    ["on 1985-03-12, at", "1985.3.12", "1985/03/12", "1985년 3월 12일생", "1985年3月12日", "12 Mar 1985", "12th of March 1985",
     "Mar. 12, 1985", "March 12th 1985", "12.3.1985"],
)  # fmt: skip
def test_a_date_is_found_however_it_is_written(text):
    assert "19850312" in [form for _, _, form in dates(text)]


@pytest.mark.parametrize("text", ["1985-13-01", "version 1.2.3", "31.02.1999", "11985-03-12", "may 1985", "no digit"])
def test_what_is_no_date_is_not(text):
    assert list(dates(text)) == []


def found(text, *cells):
    known = [form for cell in cells for form in forms(cell)]
    folded = fold(text)
    starts, ends = stretches(folded, Lengths.of(known))
    return {"".join(map(chr, folded.codes[a:b])) for a, b in zip(starts, ends, strict=True)} & set(known)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("어제 홍길동님은 왔다", "홍길동"),
        ("담당자는홍길동입니다", "홍길동"),
        ("홍 길 동 고객", "홍길동"),
        ("担当の田中太郎様から", "田中 太郎"),
        ("Dear Alice Meyer,", "Alice Meyer"),
        ("MEYER, ALICE;", "Alice Meyer"),
        ("계좌 110-123-456789로", "110123456789"),
        ("口座番号110 123 456789です", "110-123-456789"),
        ("no12345678x", "12345678"),
        ("write to a.b@x.example!", "a.b@x.example"),
        ("a.b@x.example으로", "a.b@x.example"),
    ],
)
def test_a_cell_is_a_stretch_of_a_text(text, cell):
    assert forms(cell)[0] in found(text, cell) or forms(cell)[-1] in found(text, cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("malice meyers", "Alice Meyer"),
        ("Alicemeyerson", "Alice Meyer"),
        ("9110123456789", "110123456789"),
        ("1101234567890", "110123456789"),
        ("110 — — — 123456789", "110123456789"),
        ("", "Alice"),
    ],
)
def test_a_part_of_a_word_or_number_is_not(text, cell):
    assert found(text, cell) == set()


@given(st.lists(st.text("abc가나1", min_size=1, max_size=9), min_size=1, max_size=6))
def test_the_hash_of_a_form_is_that_of_its_stretch(known):
    text = "".join(known)
    sums = HASHER.sums(fold(text))
    ends = np.cumsum([len(form) for form in known])
    starts = ends - [len(form) for form in known]
    assert hash_of(known, HASHER) == sums.hashes(starts, ends).tolist()


def test_no_form_has_no_hash():
    assert hash_of([], HASHER) == []
    assert Lengths.of([]) == Lengths((), ())
