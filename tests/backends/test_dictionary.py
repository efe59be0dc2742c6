import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import guard.backends.dictionary as module
from guard.backends.dictionary import Dictionary, lowered
from guard.mask.patterns import Result

TERMS = Dictionary({
    "CODE_NAME": ["Falcon", "Blue Harbor", "IT", "U.S. Steel", "R&D", "On It", "BlueMoon"],
    "CUSTOMER": ["한빛", "한빛전자", "ファルコン", "㈱青山", "Harbor Light", "straße"],
})  # fmt: skip


def found(text, dictionary=TERMS):
    return [(text[r.start : r.end], r.entity_type) for r in dictionary.analyze(text)]


@pytest.mark.parametrize(
    "text",
    ["Blue Harbor", "BlueHarbor", "blue-harbor", "BLUE_HARBOR", "blueharbor", "Blue  Harbor", "Blue\n  Harbor", "blue.harbor",
     "Blue - Harbor"],
)  # fmt: skip
def test_words_of_a_term_may_be_parted_in_any_way(text):
    assert found(f"the {text} deal") == [(text, "CODE_NAME")]


@pytest.mark.parametrize(
    "text",
    ["b lueharbor", "blue--harbor x", "Blue\n\nHarbor", "Fal con", "f-alcon", "blu eharbor", "Blue, Harbor", "한 빛전자", "한빛전 자"],
)  # fmt: skip
def test_words_of_a_term_part_where_the_term_says(text):
    assert text not in [value for value, _ in found(text)]


def test_korean_may_be_spaced_where_two_letters_stay_on_each_side():
    assert found("한빛 전자의 제안") == [("한빛 전자", "CUSTOMER")]


def test_a_short_term_of_two_words_is_not_read_as_one():
    assert found("tell onit and us") == []
    assert found("on it, on-it") == [("on it", "CODE_NAME"), ("on-it", "CODE_NAME")]


def test_abbreviations_are_found_as_they_are_written():
    assert found("IT says it. It is") == [("IT", "CODE_NAME")]
    assert found("r&d, R&D") == [("r&d", "CODE_NAME"), ("R&D", "CODE_NAME")]


def test_two_spellings_in_a_list_are_one_term():
    both = Dictionary({"CODE_NAME": ["GO", "go", "BlueHarbor", "blue harbor"]})
    assert len(both) == 2
    assert [value for value, _ in found("go, GO, Blue Harbor", both)] == ["go", "GO", "Blue Harbor"]


def test_spellings_of_a_list_add_up():
    for words in (["blueharbor", "blue harbor"], ["blue harbor", "blueharbor"]):
        assert found("Blue Harbor", Dictionary({"X": words})) == [("Blue Harbor", "X")]


def test_of_two_terms_one_inside_the_other_the_longer_is_found():
    assert found("한빛전자는 한빛과") == [("한빛전자", "CUSTOMER"), ("한빛", "CUSTOMER")]


def test_terms_that_overlap_are_both_found():
    assert found("Blue Harbor Light") == [("Blue Harbor", "CODE_NAME"), ("Harbor Light", "CUSTOMER")]


def test_what_is_written_keeps_its_case_and_place():
    text = "İstanbul: FALCON ﬁn"
    (result,) = TERMS.analyze(text)
    assert result == Result("CODE_NAME", text.index("F"), text.index("F") + 6, 1.0)


def test_terms_are_read_as_texts_are():
    assert found("(株)青山は") == [("(株)青山", "CUSTOMER")]


@pytest.mark.parametrize("before", range(490, 530, 3))
@pytest.mark.parametrize("filler", ["x", " ", "x ", "x - "])
def test_places_are_right_anywhere_in_a_long_text(before, filler):
    text = f"{(filler * 600)[:before]} Blue Harbor {filler * 200} blue-harbor"
    assert [value for value, _ in found(text)] == ["Blue Harbor", "blue-harbor"]


def test_only_what_is_asked_for():
    assert TERMS.supported_entities == ["CODE_NAME", "CUSTOMER"]
    assert [r.entity_type for r in TERMS.analyze("Falcon 한빛", ["CUSTOMER"])] == ["CUSTOMER"]


def test_many_terms_stand_in_shards(monkeypatch):
    monkeypatch.setattr(module, "_SHARD", 2)
    words = ["alpha one", "beta two", "gamma three", "delta four", "epsilon five"]
    sharded = Dictionary({"CODE_NAME": words})
    assert [value for value, _ in found(", ".join(words), sharded)] == words


TABLE = re.compile(r"^\| `([^`]+)`[^|]* \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
DOCUMENTED = TABLE.findall(Path("docs/company.md").read_text())


@pytest.mark.parametrize(("term", "places", "others"), DOCUMENTED)
def test_what_the_documents_say(term, places, others):
    dictionary = Dictionary({"CODE_NAME": [term]})
    for text in re.findall("`([^`]+)`", places):
        assert len(found(text, dictionary)) == 1, text
    for text in re.findall("`([^`]+)`", others):
        assert found(text, dictionary) == [], text


def test_the_documents_say_something():
    assert len(DOCUMENTED) == 7


@given(st.text())
def test_lowering_keeps_places(text):
    assert len(lowered(text)) == len(text)


LETTERS = st.text(st.sampled_from("ab -_한빛İß\n"), min_size=1, max_size=12)


@given(LETTERS, LETTERS, st.lists(LETTERS, min_size=1, max_size=4))
def test_results_are_in_the_text_and_a_term_between_spaces_is_found(before, after, words):
    terms = [word for word in words if sum(map(str.isalnum, word)) > 4]
    dictionary = Dictionary({"X": terms})
    for term in terms:
        text = f"{before} . {term.strip(' -_')} . {after}"
        results = dictionary.analyze(text)
        assert all(0 <= r.start < r.end <= len(text) for r in results)
        if "\n\n" not in term and "--" not in term.replace("_", "-").replace(" ", "-").replace("\n", "-"):
            assert any(text[r.start : r.end].strip("\n") == term.strip(" -_\n") for r in results), (term, text)


def test_a_hundred_thousand_terms_are_quick():
    syllables = ["ka", "lo", "mi", "ren", "tor", "bel", "vi", "sa", "nu", "gra"]
    words = [
        f"{a}{b}{c} {d}{e}"
        for a in syllables
        for b in syllables
        for c in syllables
        for d in syllables
        for e in syllables
    ]
    began = time.process_time()
    dictionary = Dictionary({"CUSTOMER": words})
    built = time.process_time()
    text = "the quick brown fox and the lazy dog met kalo at the harbour " * 160
    assert dictionary.analyze(text) == []
    scanned = time.process_time()
    assert found(f"{text} Kalomi Rentor.", dictionary) == [("Kalomi Rentor", "CUSTOMER")]
    assert built - began < 5  # .9 s on a quiet core
    assert scanned - built < 0.05  # 10 KB
