import shutil

import pytest

import guard.backends.rampart as rampart
from guard.backends.rampart import FILES, Rampart, find
from guard.errors import ConfigError


@pytest.fixture(scope="module")
def model():
    return Rampart()


def found(model, text):
    return [(text[word.start : word.end], word.kind) for word in model.read(text) if word.score > 0.5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Alice Meyer.", [("Alice", "PERSON"), ("Meyer", "PERSON")]),
        ("ALICE MEYER CALLED", [("ALICE", "PERSON"), ("MEYER", "PERSON")]),
        ("Ask Šárka Ottová, please", [("Šárka", "PERSON"), ("Ottová", "PERSON")]),
        ("🙂 Ask Mary O'Neil-Smith 🙂", [("Mary", "PERSON"), ("O'Neil-Smith", "PERSON")]),
        ("She lives in Springfield now", [("Springfield", "LOCATION")]),
        ("the price is high", []),
        ("", []),
        ("...", []),
    ],
)
def test_words_are_told_to_the_character(model, text, expected):
    assert found(model, text) == expected


def test_a_text_beyond_the_models_length_is_read_to_its_end(model):
    text = "a b c d e f g " * 60 + "and her name is Alice Meyer"
    assert found(model, text)[-2:] == [("Alice", "PERSON"), ("Meyer", "PERSON")]


def test_a_text_is_read_alike_whatever_was_read_before(model):
    text = "Greetings from Bob Smith in Leeds."
    first = model.read(text)
    model.read("quite another text about Faina Yefremova")
    assert model.read(text) == first


def test_everyday_words_are_common_and_names_are_not(model):
    assert model.common("House")
    assert model.common("glacier")
    assert not model.common("Yefremova")


def test_a_package_that_is_not_installed_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(rampart, "PACKAGE", "no_such_package")
    with pytest.raises(ConfigError, match=r"no-such-package\) is not installed. Run `guard models install`"):
        Rampart()


def test_files_that_are_missing_or_broken_are_a_matter_of_configuration(tmp_path):
    with pytest.raises(ConfigError, match=r"lacks config\.json, tokenizer\.json"):
        Rampart(tmp_path)
    for name in FILES:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(find() / name, target)
    (tmp_path / FILES[-1]).write_bytes(b"no model")
    with pytest.raises(ConfigError, match="cannot be read"):
        Rampart(tmp_path)
