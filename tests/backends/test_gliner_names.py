"""Where the package is installed its own class does the same; here a scripted one answers to the same calls."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from guard.backends.gliner_names import SHARED, GlinerNames, windows
from guard.backends.presidio import Recognizer, load
from guard.errors import ConfigError

LABELS = {"person": "PERSON", "home address": "LOCATION"}


@pytest.fixture
def package(monkeypatch):
    monkeypatch.delitem(sys.modules, "gliner", raising=False)
    monkeypatch.syspath_prepend(Path(__file__).parent / "packages")


def found(recognizer, text):
    return [(text[r.start : r.end], r.entity_type, r.score) for r in recognizer.analyze(text)]


def test_labels_become_entities(package):
    recognizer = GlinerNames("here", labels=LABELS)
    assert found(recognizer, "Paul lives in Hull") == [("Paul", "PERSON", 0.7), ("Hull", "LOCATION", 0.7)]
    assert recognizer.supported_entities == ["LOCATION", "PERSON"]
    assert [r.entity_type for r in recognizer.analyze("Paul lives in Hull", ["LOCATION"])] == ["LOCATION"]
    assert found(GlinerNames("here", labels=LABELS, threshold=0.8), "Paul lives in Hull") == []


def test_a_long_text_is_read_in_windows_and_offsets_are_those_of_the_text(package):
    recognizer = GlinerNames("here", labels=LABELS, words=40)
    text = " ".join("Paul" if n % 25 == 0 else "so" for n in range(200))
    assert {r.start for r in recognizer.analyze(text)} == {i for i in range(len(text)) if text.startswith("Paul", i)}
    assert [len(each) for each in recognizer.analyze_batch(["", "Paul", " \n", "so"])] == [0, 1, 0, 0]
    assert recognizer.analyze_batch([]) == []


@pytest.mark.parametrize("words", [16, 40, 64])
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 64, 300])
def test_windows_hold_every_word_and_no_more_than_the_model_reads(words, length):
    text = " ".join(f"w{n}" for n in range(length))
    pieces = list(windows(text, words))
    assert all(text[at:].startswith(piece) and len(piece.split()) <= words for at, piece in pieces)
    assert {word for _, piece in pieces for word in piece.split()} == set(text.split())
    for (_, one), (_, other) in pairwise(pieces):
        assert len(set(one.split()) & set(other.split())) == min(SHARED, words // 2)


def test_a_model_that_is_not_here_is_fetched_only_where_that_is_allowed(package):
    with pytest.raises(ConfigError, match=r"cannot be read \(OSError\).*set 'download: true'"):
        GlinerNames("elsewhere", labels=LABELS)
    assert GlinerNames("elsewhere", labels=LABELS, download=True)


def test_a_missing_package_is_a_matter_of_configuration(monkeypatch):
    monkeypatch.setitem(sys.modules, "gliner", None)
    with pytest.raises(ConfigError, match=r"the package gliner is not installed\. Install it"):
        GlinerNames("here", labels=LABELS)


def test_it_is_loaded_as_the_policy_names_it(package):
    recognizer = load("guard.backends.gliner_names.GlinerNames", model="here", labels=LABELS)
    assert isinstance(recognizer, Recognizer)
    assert isinstance(recognizer, GlinerNames)
