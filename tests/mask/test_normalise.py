import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.confusables import fold
from guard.mask.normalise import normalise, original

ODD = st.sampled_from("a1 é\u0301\u200b\u00ad\ufe0fﬁ①Ａ＠．가ᄀ\u1161\u11a8ｶﾞか\u3099\u2011“٣\ud800㈜﷽\U0001f469\u200d")
MIXED = st.lists(st.one_of(ODD, st.characters()), max_size=40).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain ASCII, nothing to do",
        "한국어와 日本語 그대로",
        "Krisztián Szöllösy, Yılmaz",
        "emoji \U0001f600 stay",
        "Просим прислать отчёт до 5 мая, в 2024г. Ещё 3-й раз: email-адрес, iPhone-ом, COVID-инфекция",
        "иван@пример.рф, мама@почта.рф и аня@example.com",
        "Η Αθήνα είναι πόλη 3ος αιώνας, α-helix, β2",
        "Հայաստան 2024թ., Ամերիկա",
        "サーバー3台、スーパーコンピュータ、第一回",
        "ᎣᏏᏲ ᎠᎩ",
    ],
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
        ("❹➊⓵⓿ 🅰🅛", "4110 AL"),
        ("4\ufe0f\u20e31\ufe0f\u20e3 a\u0336b\u0336", "41 ab"),
        ("๐๑๒-៣៤", "012-34"),
        ("𝟒𝟙１① 𝖆ｌ𝓲ce", "4111 alice"),
        # letters of other scripts, in a word that also has ASCII letters, many digits, or is of an address
        ("аlice.meyer@exаmple.com", "alice.meyer@example.com"),
        ("сосо@ехаmрlе。соm", "coco@example.com"),
        ("메일аlice@x.com으로", "메일alice@x.com으로"),
        ("αliсe Μeyer, օne, ꓮlice, Ꭺlice, ⲣay, ɡo", "alice Meyer, one, Alice, Alice, pay, go"),
        ("ᴀʟɪᴄᴇ@ᴇxᴀᴍᴘʟᴇ.ᴄᴏᴍ", "alice@example.com"),
        ("АТ611904300234573201", "AT611904300234573201"),
        # and between digits
        ("41О1 1ο1 5З7", "4101 101 537"),
        ("010ㅡ1234ㅡ5678, 090ー1234ー5678, 090一1234", "010-1234-5678, 090-1234-5678, 090-1234"),
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


@settings(deadline=None)
@given(MIXED)
def test_offsets_are_sorted_and_span_the_text(text):
    clean, offsets = normalise(text)
    if offsets is None:
        assert len(clean) == len(text)
        return
    assert len(offsets) == len(clean) + 1
    assert list(offsets) == sorted(offsets)
    assert offsets[-1] == len(text)


@settings(deadline=None)
@given(MIXED)
def test_every_clean_character_comes_from_the_characters_it_is_carried_back_to(text):
    clean, offsets = normalise(text)
    for i, character in enumerate(clean):
        start, end = original(i, i + 1, offsets, text)
        assert 0 <= start < end <= len(text)
        # Of a look-alike only the word decides whether it is folded: give it one.
        assert (
            character
            in normalise(text[start:end])[0]
            + normalise(f"1{text[start:end]}a1111")[0]
            + normalise(f"1{text[start:end]}1")[0]
        )


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cf", "Mn", "Nd", "Pd", "Pi", "Pf", "Ps", "Lo"]), max_size=40))
def test_it_is_nfkc_but_for_what_it_maps_further(text):
    plain = unicodedata.normalize("NFKC", re.sub(r"[\u2043\u2212]|[^\0-\u024f]", "", text))
    assert normalise(plain)[0] == plain
    latin = [c for c in plain if unicodedata.name(c, "").startswith("LATIN")]
    assert normalise("ｘ".join(latin))[0] == unicodedata.normalize("NFKC", "ｘ".join(latin))


WORDS = st.text(st.sampled_from("АБВЕОСабвеоспрухΑΒΩαβοωԱՕաօսᎪᎣⲟꓮ각가あ漢ー"), min_size=1, max_size=12)


@settings(deadline=None)
@given(st.lists(WORDS | st.sampled_from(("GitHub", "3", "12", "a@b.com", "(", ",")), max_size=8).map(" ".join))
def test_words_without_ascii_letters_are_never_folded(text):
    assert fold(text) == text


@settings(deadline=None)
@given(st.text(st.sampled_from("аеорсхАВ αοΑ օ ɡ aB1@.。 ー一З가")))
def test_folding_keeps_every_place(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert all(new == old or (new.isascii() and not old.isascii()) for new, old in zip(folded, text, strict=True))


def test_a_long_run_of_combining_marks_is_one_cluster():
    text = "a" + "\u0301\u0323" * 20_000
    clean, offsets = normalise(text)
    assert offsets is not None
    assert original(0, len(clean), offsets, text) == (0, len(text))
