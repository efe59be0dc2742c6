import json
import subprocess
import sys

import pytest

import guard.backends.presidio as presidio
from guard.backends.presidio import Contextual, Recognizer, SpacyNames, keep_torch_out, load
from guard.errors import ConfigError
from tests.backends.presidio_examples import Words


@pytest.fixture(scope="session")
def names():
    return SpacyNames()


def found(names, text):
    return [(text[r.start : r.end], r.entity_type) for r in names.analyze(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Alice Meyer works at Siemens in Berlin.",
            [("Alice Meyer", "PERSON"), ("Siemens", "ORGANIZATION"), ("Berlin", "LOCATION")],
        ),
        ("I spoke to ALICE MEYER about it.", [("ALICE MEYER", "PERSON")]),
        ("Contact Alice Meyer님 please", [("Alice Meyer", "PERSON")]),
        ("Ask Alice Meyerさん about it", [("Alice Meyer", "PERSON")]),
    ],
)
def test_names_are_found(names, text, expected):
    assert found(names, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Call os.system and then json.dumps on the result.",
        "We run S3, C4 and EKS with an API that speaks JSON over HTTP.",
        "Commit deadbeef12 and 9fceb02d0ae598e fix it.",
        "the meeting is at noon",
    ],
)
def test_code_and_abbreviations_are_no_names(names, text):
    assert found(names, text) == []


def test_a_batch_answers_each_text_and_reads_only_those_with_latin_letters(names):
    texts = ["", "Alice Meyer came.", "한국어만 있습니다", "12 345", "Bob Smith left."]
    results = names.analyze_batch(texts)
    assert [len(r) for r in results] == [0, 1, 0, 0, 1]
    assert names.analyze_batch([]) == []


def test_it_has_presidios_shape(names):
    assert isinstance(names, Recognizer)
    assert names.supported_entities == ["DATE_TIME", "LOCATION", "NRP", "ORGANIZATION", "PERSON"]
    text = "Alice Meyer works at Siemens."
    assert [r.entity_type for r in names.analyze(text, ["PERSON"])] == ["PERSON"]


def test_only_the_pipe_for_names_is_loaded(names):
    assert names.pipes == ("ner",)


def test_a_missing_model_is_a_matter_of_configuration(monkeypatch):
    monkeypatch.setattr(presidio, "MODEL", "en_model_that_is_not_there")
    with pytest.raises(ConfigError, match="en_model_that_is_not_there is not installed"):
        SpacyNames()


def test_presidio_never_asks_the_network_for_public_suffixes():
    recognizer = load("presidio_analyzer.predefined_recognizers.UrlRecognizer")
    from tldextract import tldextract

    assert tldextract.TLD_EXTRACTOR.suffix_list_urls == ()
    text = "see https://shop.example.co.uk/basket"
    assert [text[r.start : r.end] for r in recognizer.analyze(text)] == ["https://shop.example.co.uk/basket"]


def test_a_recognizer_of_presidio_is_loaded_by_its_class_path_and_scored_by_context():
    recognizer = load("presidio_analyzer.predefined_recognizers.UsBankRecognizer")
    assert recognizer.supported_entities == ["US_BANK_NUMBER"]
    (plain,) = recognizer.analyze("it is 945456787654")
    (near,) = recognizer.analyze("my bank account is 945456787654")
    assert plain.score < 0.1
    assert near.score == pytest.approx(0.4)


def test_a_recognizer_of_the_users_own_takes_its_options():
    recognizer = load("tests.backends.presidio_examples.Words", word="Kestrel", context=("project",))
    text = "our project Kestrel"
    assert [(text[r.start : r.end], r.score) for r in recognizer.analyze(text)] == [("Kestrel", 1.0)]
    assert isinstance(recognizer, Recognizer)


def test_context_counts_only_near_and_before():
    recognizer = Contextual(Words(score=0.2, context=("project",)))
    texts = ("project Falcon", "project one two three four five Falcon", "Falcon is a project")
    scores = [recognizer.analyze(text)[0].score for text in texts]
    assert scores == pytest.approx([0.55, 0.2, 0.2])


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("no.such.module.Thing", {}, "cannot be imported"),
        ("tests.backends.presidio_examples.Nothing", {}, "cannot be imported"),
        ("Nothing", {}, "cannot be imported"),
        ("tests.backends.presidio_examples.Words", {"colour": "red"}, "does not take these options: colour"),
        ("tests.backends.presidio_examples.Shapeless", {}, "is not a Presidio EntityRecognizer"),
    ],
)
def test_what_cannot_be_loaded_is_named(path, options, message):
    with pytest.raises(ConfigError, match=message):
        load(path, **options)


def test_torch_is_kept_out_only_where_it_is_not_in_yet():
    fresh, loaded = {}, {"torch": "the module"}
    keep_torch_out(fresh)
    keep_torch_out(loaded)
    assert fresh == {"torch": None, "transformers": None}
    assert loaded == {"torch": "the module", "transformers": None}


def test_importing_guard_for_recognition_imports_no_heavy_library():
    code = (
        "import sys, json, guard.backends.recognizers;"
        "print(json.dumps([m for m in ('torch', 'spacy', 'presidio_analyzer', 'numpy') if m in sys.modules]))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(output) == []
