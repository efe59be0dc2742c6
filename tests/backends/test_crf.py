"""The model's marginals, and names from them: on a small model that is trained on the spot."""

from __future__ import annotations

import re
from pathlib import Path

import pycrfsuite
import pytest

from guard.backends.crf import PIECE, Bounds, Crf, Token, is_word, labels, pieces, require
from guard.errors import ConfigError

HANGUL = re.compile("[가-힣]")


def tokens_of(text: str) -> list[Token]:
    return [Token(m.group(), "J" if m.group() == "of" else "N", *m.span()) for m in re.finditer(r"\S+", text)]


def features_of(tokens: list[Token]) -> list[list[str]]:
    forms = ["", *(token.form for token in tokens), ""]
    return [[f"w={forms[i]}", f"-w={forms[i - 1]}"] for i in range(1, len(forms) - 1)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crf") / "small.crfsuite"
    trainer = pycrfsuite.Trainer(verbose=False)
    for text, spans in (
        ("call Ann Lee now", [(5, 12, "P")]),
        ("call Bob Roe now", [(5, 12, "P")]),
        ("fly to Rome now", [(7, 11, "L")]),
        ("fly to Oslo of Norway", [(7, 21, "L")]),
        ("drink Cola now", [(6, 10, "X")]),
        ("call me now", []),
        ("of it of", []),
    ) * 5:
        tokens = tokens_of(text)
        trainer.append(features_of(tokens), labels(tokens, spans))
    trainer.train(str(path))
    return path


@pytest.fixture
def crf(model: Path) -> Crf:
    return Crf(model, {"P": "PERSON", "L": "LOCATION"}, ("J",))


def found(crf: Crf, text: str, bounds: Bounds) -> list[tuple[str, str]]:
    tokens = tokens_of(text)
    return [(text[r.start : r.end], r.entity_type) for r in crf.names(text, tokens, features_of(tokens), bounds)]


SURE = Bounds(0.5, 0.6)


def test_names_have_the_entity_of_their_kind(crf: Crf) -> None:
    assert found(crf, "call Ann Lee now", SURE) == [("Ann Lee", "PERSON")]
    assert found(crf, "fly to Rome now", SURE) == [("Rome", "LOCATION")]
    assert found(crf, "", SURE) == []


def test_kinds_that_are_not_asked_for_are_no_names(crf: Crf) -> None:
    assert found(crf, "drink Cola now", SURE) == []


def test_a_name_ends_with_its_line(crf: Crf) -> None:
    assert found(crf, "call Ann\nLee now", SURE) == [("Ann", "PERSON"), ("Lee", "PERSON")]


def test_scores_are_half_of_one_and_the_probability(crf: Crf) -> None:
    tokens = tokens_of("call Ann Lee now")
    (sure,) = crf.names("call Ann Lee now", tokens, features_of(tokens), SURE)
    assert 0.75 < sure.score <= 1
    every = crf.names("call Ann Lee now", tokens, features_of(tokens), Bounds(0.0, 0.0))
    assert min(result.score for result in every) < 0.75


def test_one_word_of_every_name_reaches_the_seed(crf: Crf) -> None:
    text = "fly to Ann now"  # half a place, half a person
    assert found(crf, text, Bounds(0.01, 0.01))
    assert found(crf, text, Bounds(0.01, 1.1)) == []


def test_a_particle_stays_out_unless_the_model_is_sure(crf: Crf, model: Path) -> None:
    assert found(crf, "fly to Oslo of Norway", SURE) == [("Oslo of Norway", "LOCATION")]
    plain = Crf(model, {"P": "PERSON", "L": "LOCATION"})
    every = Bounds(0.0, 0.0)
    assert "".join(name for name, _ in found(plain, "of it of", every)).replace(" ", "") == "ofitof"
    assert "".join(name for name, _ in found(crf, "of it of", every)) == "it"


def test_a_model_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.crfsuite"
    broken.write_bytes(b"no model")
    for path in (broken, tmp_path / "none.crfsuite"):
        with pytest.raises(ConfigError, match=f"{path.name} cannot be read"):
            Crf(path, {"P": "PERSON"})


def test_missing_packages_are_named_with_what_to_do() -> None:
    require({"json": "json"}, "ko")
    with pytest.raises(ConfigError, match=r"'ko' need .* not installed: no-such\. .*recognize\.languages"):
        require({"json": "json", "no_such_module": "no-such"}, "ko")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("nothing", []),
        ("가", ["가"]),
        ("a\n가\nb\n나\nc", ["가\nb\n나\nc"]),
        ("a\n가\n" + "x" * 300 + "\n나", ["가\n", "나"]),
        ("가\n\n\n나", ["가\n\n\n나"]),
    ],
)
def test_pieces_are_the_lines_with_the_script_and_short_ones_after(text: str, expected: list[str]) -> None:
    found = list(pieces(text, HANGUL))
    assert [piece for _, piece in found] == expected
    assert all(text[offset : offset + len(piece)] == piece for offset, piece in found)


@pytest.mark.parametrize("text", ["가" * 30_000, "가나 다. " * 6_000, "가\n" * 20_000])
def test_long_texts_come_in_pieces_that_make_the_whole(text: str) -> None:
    found = list(pieces(text, HANGUL))
    assert "".join(piece for _, piece in found) == text
    assert max(len(piece) for _, piece in found) <= PIECE
    assert [offset for offset, _ in found] == sorted(offset for offset, _ in found)


def test_a_token_belongs_to_the_span_that_covers_half_of_it() -> None:
    tokens = [Token("abcd", "N", 0, 4), Token("ef", "N", 4, 6), Token("g", "N", 6, 7), Token("h", "N", 7, 8)]
    assert labels(tokens, [(2, 6, "P"), (6, 7, "P")]) == ["B-P", "I-P", "B-P", "O"]
    assert labels(tokens, [(3, 6, "P")]) == ["O", "B-P", "O", "O"]


@pytest.mark.parametrize(
    ("name", "word"), [("SQL", True), ("CSV", True), ("SQL JSON", True), ("Meyer", False), ("김", False)]
)
def test_everyday_abbreviations_are_no_names(name: str, word: bool) -> None:
    assert is_word(name) is word
