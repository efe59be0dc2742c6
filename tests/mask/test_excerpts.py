import numpy as np
import pytest

from guard.mask.boilerplate import shared
from guard.mask.excerpts import matches
from guard.mask.grams import Hasher
from guard.mask.winnow import distinct, table_of, winnowed
from tests.prose import edited, prose

HASHER = Hasher(bytes(range(32)))
BEFORE = {"en": "Please shorten this text: ", "ko": "다음 글을 줄여 줘: ", "ja": "次の文章を短くして：\n"}


def table(*texts, boilerplate=""):
    prints = [winnowed(text, HASHER) for text in texts]
    known = distinct(boilerplate, HASHER)
    return table_of(prints, [np.isin(hashes, known) for hashes, _ in prints])


def found(text, made):
    return [text[m.start : m.end] for m in matches(text, made, HASHER)]


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
@pytest.mark.parametrize("rate", [0, 0.03])
def test_an_excerpt_of_200_characters_is_recognised(language, rate):
    texts = [prose(language, seed) for seed in range(6)]
    made = table(*texts)
    missed = []
    for seed in range(60):
        text = texts[seed % 6]
        start = seed * 7
        asked = f"{BEFORE[language]}{edited(text[start : start + 200], rate, language, seed)}\n\nThanks!"
        excerpts = matches(asked, made, HASHER)
        covered = sum(e.end - e.start for e in excerpts)
        if covered < 150 or {e.document for e in excerpts} != {seed % 6}:
            missed.append(seed)
    assert len(missed) <= (0 if rate == 0 else 1)


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_what_is_around_an_excerpt_stays(language):
    sentences = prose(language, 1).split("。" if language == "ja" else ". ")
    excerpt = "。".join(sentences[3:8]) + "。" if language == "ja" else ". ".join(sentences[3:8]) + "."
    asked = f"{BEFORE[language]}{excerpt}\nThanks, that would be great."
    assert found(asked, table(prose(language, 1))) == [excerpt]


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_other_text_is_not_recognised(language):
    prints = [winnowed(prose(language, seed), HASHER) for seed in range(12)]
    made = table_of(prints, shared(prints, np.zeros(0, np.uint64), from_=2))
    assert [seed for seed in range(20, 60) if found(prose(language, seed), made)] == []


def test_a_text_is_recognised_in_another_layout_and_case():
    text = prose("en", 1)
    excerpt = text[:400].upper().replace(" ", "\n  > ").replace("A", "Ａ")
    assert sum(map(len, found(excerpt, table(text)))) > 0.9 * len(excerpt)


def test_boilerplate_counts_neither_way():
    common, own = prose("en", 8, 10), prose("en", 1, 6)
    other = prose("en", 2, 6)
    made = table(f"{own} {common} {other}", boilerplate=common)
    assert found(common, made) == []
    (whole,) = found(f"{own} {common} {other}", made)
    assert (whole.startswith(own[:20]), whole.endswith(other[-20:])) == (True, True)


def test_scattered_turns_of_phrase_are_no_excerpt():
    text = prose("en", 1, 60)
    words = text.split()
    scattered = " ".join(
        " ".join(words[i : i + 4]) + " " + prose("en", 50 + i, 3) for i in range(0, len(words) - 4, 16)
    )
    assert found(scattered, table(text)) == []


def test_the_same_passage_twice_is_found_twice():
    text = prose("en", 1)
    asked = f"{text[:300]}\n\n{prose('en', 9)}\n\n{text[:300]}"
    assert len(found(asked, table(text))) == 2


def test_a_long_excerpt_is_one():
    text = prose("en", 1, 200)
    assert len(found(text, table(prose("en", 3), text))) == 1
    (match,) = matches(text, table(prose("en", 3), text), HASHER)
    assert (match.start, match.end, match.document, match.score) == (0, len(text), 1, pytest.approx(1, abs=0.05))


def test_edits_lower_the_score():
    text = prose("en", 1)
    whole, bent = (max(m.score for m in matches(t, table(text), HASHER)) for t in (text, edited(text, 0.05, "en", 1)))
    assert 0.4 < bent < whole


def test_offsets_are_those_of_the_given_text():
    text = prose("ko", 1)
    asked = f"\u200b①ﬁ {text[:200]}\nEnd"
    (match,) = matches(asked, table(text), HASHER)
    assert asked[match.start : match.end].strip() in asked
    assert text[:190] in asked[match.start : match.end]


@pytest.mark.parametrize("text", ["", "a", "가", "short", "!!!", "\ud800", "0" * 500])
def test_texts_without_fingerprints_hold_nothing(text):
    assert found(text, table(prose("en", 1))) == []
    assert found(text, table()) == []


def test_an_empty_document_matches_nothing():
    assert found(prose("en", 1), table("", "x")) == []
