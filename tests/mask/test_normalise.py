import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.normalise import normalise, original

ODD = st.sampled_from("a1 é\u0301\u200b\u00ad\ufe0fﬁ①Ａ＠．가ᄀ\u1161\u11a8ｶﾞか\u3099\u2011“٣\ud800㈜﷽\U0001f469\u200d")
MIXED = st.lists(st.one_of(ODD, st.characters()), max_size=40).map("".join)


@pytest.mark.parametrize(
    "text", ["", "plain ASCII, nothing to do", "한국어와 日本語 그대로", "Krisztián Szöllösy", "emoji \U0001f600 stay"]
)
def test_what_is_clean_stays_and_needs_no_map(text):
    assert normalise(text) == (text, None)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("ａｌｉｃｅ＠ｘ．ｃｏｍ", "alice@x.com"),
        ("４１１１　１１１１", "4111 1111"),
        ("al\u200bice@\u2060x.com", "alice@x.com"),
        ("pass\u00adword", "password"),
        ("010\u20111234\u20135678", "010-1234-5678"),
        ("\u202ealice\u202c", "alice"),
        ("“hunter2”", '"hunter2"'),
        ("٠١٢", "012"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("ｶﾞ", "ガ"),
        ("e\u0301", "é"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("ﬁne", "fine"),
    ],
)
def test_look_alikes_become_what_they_look_like(text, clean):
    assert normalise(text)[0] == clean


def test_a_span_is_carried_back_with_the_invisible_inside_and_without_it_at_its_ends():
    text = "mail \u200bal\u200bice@x.com\u200b으로"
    clean, offsets = normalise(text)
    start = clean.index("alice")
    assert text[slice(*original(start, start + 11, offsets, text))] == "al\u200bice@x.com"


def test_half_of_a_ligature_takes_the_whole():
    text = "xﬁy"
    clean, offsets = normalise(text)
    assert clean == "xfiy"
    assert original(1, 2, offsets, text) == (1, 2)
    assert original(2, 3, offsets, text) == (1, 2)
    assert original(0, 3, offsets, text) == (0, 2)


@given(MIXED)
def test_offsets_are_sorted_and_span_the_text(text):
    clean, offsets = normalise(text)
    if offsets is None:
        assert clean == text
        return
    assert len(offsets) == len(clean) + 1
    assert list(offsets) == sorted(offsets)
    assert offsets[-1] == len(text)


@given(MIXED)
def test_every_clean_character_comes_from_the_characters_it_is_carried_back_to(text):
    clean, offsets = normalise(text)
    for i, character in enumerate(clean):
        start, end = original(i, i + 1, offsets, text)
        assert 0 <= start < end <= len(text)
        assert character in normalise(text[start:end])[0]


@given(st.text(st.characters(exclude_categories=["Cs", "Cf", "Mn", "Nd", "Pd", "Pi", "Pf", "Ps", "Lo"]), max_size=40))
def test_it_is_nfkc_but_for_what_it_maps_further(text):
    unmapped = re.sub(r"[\u2043\u2212\u034f\ufe0f]", "", text)
    assert normalise(unmapped)[0] == unicodedata.normalize("NFKC", unmapped)


def test_a_long_run_of_combining_marks_is_one_cluster():
    text = "a" + "\u0301\u0323" * 20_000
    clean, offsets = normalise(text)
    assert offsets is not None
    assert original(0, len(clean), offsets, text) == (0, len(text))
