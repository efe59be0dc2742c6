import numpy as np
import pytest

from guard.mask.boilerplate import STOCK, shared
from guard.mask.grams import Hasher
from guard.mask.winnow import distinct, winnowed
from tests.prose import prose

HASHER = Hasher(bytes(range(32)))
NOTHING = np.zeros(0, np.uint64)


def shares(*texts, known="", from_=2):
    """How much of each text is boilerplate."""
    prints = [winnowed(text, HASHER) for text in texts]
    marks = shared(prints, distinct(known, HASHER), from_=from_)
    assert [len(mark) for mark in marks] == [len(hashes) for hashes, _ in prints]
    return [round(float(mark.mean()), 2) if len(mark) else None for mark in marks]


def filled(seed, language="en"):
    """A document from a template of ten sentences, between which it has its own."""
    parts = [prose(language, 900 + i, 3) for i in range(4)]
    return " ".join(f"{part} {prose(language, 100 * seed + i, 2)}" for i, part in enumerate(parts))


def test_what_is_unlike_is_no_boilerplate():
    assert max(shares(*(prose("en", seed) for seed in range(6)))) < 0.05


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
@pytest.mark.parametrize("count", [2, 3, 12])
def test_the_words_of_a_template_are(language, count):
    texts = [filled(seed, language) for seed in range(count)]
    template = " ".join(prose(language, 900 + i, 3) for i in range(4))
    prints = [winnowed(text, HASHER) for text in texts]
    known = distinct(template, HASHER)
    for (hashes, _), mark in zip(prints, shared(prints, NOTHING, from_=2), strict=True):
        of_template = np.isin(hashes, known)
        assert mark[of_template].mean() > 0.85
        assert mark[~of_template].mean() < 0.2


def test_a_footer_is_and_the_rest_is_not():
    footer = prose("en", 77, 3)
    first, second, third = shares(*(f"{prose('en', seed)} {footer}" for seed in (1, 2)), prose("en", 3))
    assert 0.03 < first < 0.15
    assert 0.03 < second < 0.15
    assert third == 0


def test_copies_do_not_erase_each_other():
    assert max(shares(*[prose("en", 1)] * 5, prose("en", 2))) < 0.05


def test_two_versions_do_not_erase_each_other():
    text = prose("en", 1, 60)
    assert max(shares(text, text + " " + prose("en", 3, 3), prose("en", 2))) < 0.05


def test_many_that_are_nearly_the_same_are_of_one_template():
    text = prose("en", 1, 60)
    assert min(shares(*(f"{text} {prose('en', seed, 4)}" for seed in range(10, 14)))) > 0.85


def test_what_is_known_is_boilerplate_in_a_single_document():
    (share,) = shares(f"{prose('en', 1, 10)} {prose('en', 2, 10)}", known=prose("en", 2, 10))
    assert share == pytest.approx(0.5, abs=0.1)


def test_how_many_must_share_it_can_be_said():
    pair = [f"{prose('en', seed, 8)} {prose('en', 99, 8)}" for seed in (1, 2)]
    third = f"{prose('en', 3, 8)} {prose('en', 99, 8)}"
    assert max(shares(*pair, from_=3)) < 0.05
    assert min(shares(*pair, third, from_=3)) > 0.4
    assert max(shares(*pair, third, from_=0)) == 0


def test_turns_of_phrase_count_until_they_are_stock():
    phrase = "notwithstanding this"
    texts = [f"{prose('en', seed, 6)} {phrase} {prose('en', seed + 50, 6)}" for seed in range(STOCK)]
    prints = [winnowed(text, HASHER) for text in texts]
    known = distinct(phrase, HASHER)

    def marked(count):
        marks = shared(prints[:count], NOTHING, from_=2)
        return [bool(mark[np.isin(hashes, known)].any()) for (hashes, _), mark in zip(prints, marks, strict=False)]

    assert not any(marked(STOCK - 1))
    assert all(marked(STOCK))


def test_nothing_and_empty_documents():
    assert shared([], NOTHING, from_=2) == []
    assert shares("", prose("en", 1), "") == [None, 0, None]
