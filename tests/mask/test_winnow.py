import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.grams import Hasher, fold
from guard.mask.winnow import (
    BAND,
    GRAM,
    GRAM_CJK,
    NOTHING,
    SHARED,
    WINDOW,
    Fingerprints,
    distinct,
    every,
    table_of,
    taken_apart,
    winnowed,
)
from tests.prose import prose

HASHER = Hasher(bytes(range(32)))


@pytest.mark.parametrize(("language", "gram"), [("en", GRAM), ("ko", GRAM_CJK), ("ja", GRAM_CJK)])
def test_every_stretch_of_some_length_leaves_a_fingerprint(language, gram):
    # What the paper guarantees: whatever two texts share of WINDOW + GRAM - 1 characters is found.
    kept, _ = winnowed(prose(language, 1), HASHER)
    hashes, _ = every(fold(prose(language, 1)), HASHER)
    own = np.isin(hashes, kept)
    assert all(own[start : start + WINDOW].any() for start in range(len(own) - WINDOW + 1))
    assert len(kept) < 0.5 * len(hashes)


@given(st.text("ab가나 1", max_size=40))
def test_a_hash_begins_wherever_its_stretch_fits(text):
    found = fold(text)
    hashes, lengths = every(found, HASHER)
    assert len(hashes) == len(lengths) <= len(found)
    for start, length in enumerate(lengths.tolist()):
        assert length == (GRAM_CJK if found.cjk[start] else GRAM)
        assert start + length <= len(found)


def test_what_repeats_one_or_two_characters_is_no_fingerprint():
    hashes, _ = every(fold("ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ 0000000000000000 abababababababab"), HASHER)
    assert (hashes[:6] == NOTHING).all()
    assert len(winnowed("0" * 200, HASHER)[0]) == 0
    assert len(winnowed("한국어 문장은 그대로 남는다", HASHER)[0]) > 0


def test_a_fingerprint_knows_its_block():
    hashes, blocks = winnowed(prose("en", 2, 60), HASHER)
    whole = every(fold(prose("en", 2, 60)), HASHER)[0]
    for value, block in zip(hashes, blocks.tolist(), strict=True):
        assert block in np.flatnonzero(whole == value) // 256
    assert len(set(blocks.tolist())) > 5


def table(*texts):
    prints = [winnowed(text, HASHER) for text in texts]
    return table_of(prints, [np.arange(len(hashes)) % 3 == 0 for hashes, _ in prints]), prints


def test_a_table_comes_apart_as_it_was_put_together():
    made, prints = table(prose("en", 1), "", prose("ko", 1), prose("ja", 1, 90))
    again = taken_apart(made)
    assert len(again) == len(prints)
    for (hashes, blocks), (old, places) in zip(again, prints, strict=True):
        assert hashes.tolist() == old.tolist()
        assert blocks.tolist() == places.tolist()


def test_no_band_holds_two_documents():
    made, prints = table(*(prose("en", seed, size) for seed, size in enumerate((1, 30, 70, 3, 120))))
    for shift in (0, BAND // 2):
        bands = [
            {(int(first) + int(block) + shift) // BAND for block in blocks}
            for first, (_, blocks) in zip(made.firsts, prints, strict=True)
        ]
        assert sum(map(len, bands)) == len(set().union(*bands))


def test_all_places_of_a_hash_are_found_and_nothing_else():
    prints = [winnowed(text, HASHER) for text in (prose("en", 1), prose("en", 2), prose("en", 1))]
    made = table_of(prints, [np.zeros(len(hashes), np.bool_) for hashes, _ in prints])
    asked = np.concatenate([every(fold(prose("en", seed)), HASHER)[0] for seed in (1, 2, 3)])
    index, blocks = made.entries(asked)
    found = sorted(zip(asked[index].tolist(), blocks.tolist(), strict=True))
    there = set(asked.tolist())
    expected = [
        (value, block + int(first))
        for (hashes, places), first in zip(prints, made.firsts, strict=True)
        for value, block in zip(hashes.tolist(), places.tolist(), strict=True)
        if value in there
    ]
    times = {value: asked.tolist().count(value) for value, _ in expected}
    assert found == sorted(pair for pair in expected for _ in range(times[pair[0]]))


def test_of_boilerplate_one_place_is_told():
    prints = [winnowed(prose("en", 1), HASHER)] * 3
    made = table_of(prints, [np.ones(len(hashes), np.bool_) for hashes, _ in prints])
    index, blocks = made.entries(prints[0][0])
    assert sorted(index.tolist()) == list(range(len(prints[0][0])))
    assert (blocks & SHARED).all()


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2**64 - 2), max_size=50))
def test_the_bits_turn_away_no_hash_of_the_table(values):
    hashes = np.unique(np.array(values, np.uint64))
    made = Fingerprints.of(hashes[::-1], np.zeros(len(hashes), np.uint32), np.zeros(1, np.uint32))
    if values:
        assert sorted(made.entries(hashes)[0].tolist()) == list(range(len(hashes)))
    others = hashes + np.uint64(1)
    assert not set(others[made.entries(others)[0]].tolist()) - set(values)


def test_of_boilerplate_every_stretch_is_kept():
    text = prose("en", 4)
    assert set(winnowed(text, HASHER)[0].tolist()) < set(distinct(text, HASHER).tolist())
    assert set(every(fold(text), HASHER)[0].tolist()) == set(distinct(text, HASHER).tolist())
