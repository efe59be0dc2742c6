import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.grams import Hasher, fold

KEY = bytes(range(32))


def folded(text):
    return "".join(map(chr, fold(text).codes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Lovelace, 1815!", "adalovelace1815"),
        ("홍 길동-님", "홍길동님"),
        ("ﾀﾅｶ　ＴＡＲＯ", "タナカtaro"),
        ("Straße ÉTÉ", "straseété"),
        ("१२३", "123"),
        ("", ""),
        ("—!?\n", ""),
        ("\ud800x", "x"),
    ],
)
def test_only_letters_and_digits_are_left(text, expected):
    assert folded(text) == expected


@given(st.text(max_size=40))
def test_every_letter_knows_where_it_came_from(text):
    found = fold(text)
    for index in range(len(found)):
        start, end = found.extent(int(found.places[index]), int(found.places[index]) + 1)
        assert 0 <= start < end <= len(text)


def test_cjk_weighs_double():
    assert fold("ab가か字").weights.tolist() == [0, 1, 2, 4, 6, 8]


@given(st.text("abc가나 ", max_size=30), st.integers(0, 20), st.integers(1, 8))
def test_a_stretch_has_the_same_hash_wherever_it_stands(text, start, length):
    hasher = Hasher(KEY)
    whole = fold(text)
    part = folded(text)[start : start + length]
    if len(part) < length:
        return
    alone = hasher.sums(fold(part)).of_length(length)
    inside = hasher.sums(whole)
    assert inside.of_length(length)[start] == alone[0]
    assert inside.hashes(np.array([start]), np.array([start + length]))[0] == alone[0]


def test_hashes_of_long_texts_are_those_of_short_ones():
    hasher = Hasher(KEY)
    text = "".join(chr(97 + i * i % 26) for i in range(9_000))
    assert hasher.sums(fold(text)).of_length(12)[8_000] == hasher.sums(fold(text[8_000:8_012])).of_length(12)[0]


def test_hashes_differ_by_text_and_by_key():
    texts = ["abcdefghijkl", "abcdefghijlk", "bbcdefghijkl", "abcdefghijk1"]
    found = {int(Hasher(key).sums(fold(text)).of_length(12)[0]) for text in texts for key in (KEY, KEY[::-1])}
    assert len(found) == 8


def test_hashes_are_spread_evenly():
    text = "".join(chr(97 + i * 7919 % 26) + str(i) for i in range(3_000))
    hashes = Hasher(KEY).sums(fold(text)).of_length(12)
    counts = np.bincount((hashes >> np.uint64(60)).astype(int), minlength=16)
    assert counts.min() > len(hashes) / 16 * 0.8
