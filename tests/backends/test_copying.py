import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends.copying import PLACEHOLDER, Copying, Vocabulary

PROMPT = "Write to <PERSON_K7Q2M4XD> (<EMAIL_ADDRESS_3F8ZK2QA>, <PERSON_K7Q2M4XD_7F2K>) on MAX_SIZE in SECRET_KEY."
MINE = {"<PERSON_K7Q2M4XD>", "<EMAIL_ADDRESS_3F8ZK2QA>", "<PERSON_K7Q2M4XD_7F2K>"}
PIECES = (
    *"<>_ .,[]abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\n",
    "<PERSON", "PERSON", "PERS", "ON_", "ON_K", "K7Q2", "K7Q3", "M4XD", "M4", "XD>", "D>.", "D> and", "D>x<PER", "XD_",
    "7F2K>", "EMAIL", "_ADDRESS_", "<EMAIL_", "3F8Z", "K2QA>", "9TQ4M2XA", "Dear ", "MAX", "_SIZE", "_KEY", "SECRET",
    "<SECRET", "DATE_", "_TIME", "<<", "><",
)  # fmt: skip
VOCABULARY = Vocabulary.of(PIECES)


def spell(copying: Copying, text: str) -> str:
    """Write `text` a character at a time; return what was written before the first refusal."""
    for index, character in enumerate(text):
        token = PIECES.index(character)
        choices = copying.choices()
        if (choices and token not in choices) or copying.refuses(token):
            return text[:index]
        copying.take(token)
    return text


@pytest.mark.parametrize(
    "text",
    [
        *sorted(MINE), "Dear <PERSON_K7Q2M4XD>, ", "<<EMAIL_ADDRESS_3F8ZK2QA>>", "PERSON_K7Q2M4XD ",
        "[PERSON_K7Q2M4XD]", "PERSON_K7Q2M4XD_7F2K.", "<P>", "<PERSON>", "<B>bold", "a <b> c", "x < y > z",
        "<SDL_image.h>", "MAX_SIZE ", "SECRET_KEY", "K7 ", "PERSON ", "3F ", "DATE_TIME", "A_B_C1", "2024",
    ],
)  # fmt: skip
def test_what_may_be_written(text: str) -> None:
    assert spell(Copying(PROMPT, VOCABULARY), text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<PERSON_K7Q3", "<PERSON_K7Q"),
        ("<PERSON_K7Q2M4XD.", "<PERSON_K7Q2M4XD"),
        ("<PERSON_K7Q2M4X>", "<PERSON_K7Q2M4X"),
        ("<PERSON_K7Q2M4XD_7F2>", "<PERSON_K7Q2M4XD_7F2"),
        ("<EMAIL_ADDRESS_K7", "<EMAIL_ADDRESS_"),
        ("<PERSON_ ", "<PERSON_"),
        ("<CREDIT_CARD_9", "<CREDIT_"),
        ("<MAX_SIZE>", "<MAX_"),
        ("person_k7q2", "person_k7"),
        ("<PERSONS_K7", "<PERSONS_"),
        ("PERSON_9", "PERSON_"),
        ("PERSON_K7Q2M4XE", "PERSON_K7Q2M4X"),
        ("card K7Q2", "card K7"),
        ("card k7q2", "card k7"),
        ("Card_3F8", "Card_3F"),
        ("<person_k", "<person_"),
        ("<Person_K", "<Person_"),
    ],
)
def test_what_may_not_be_written(text: str, written: str) -> None:
    assert spell(Copying(PROMPT, VOCABULARY), text) == written


def test_without_placeholders_in_the_prompt_only_a_whole_code_is_refused() -> None:
    def copying() -> Copying:
        return Copying("Explain Array<MAX_SIZE>.", VOCABULARY)

    assert spell(copying(), "<MAX_SIZE> <DATE_A> <FOO_1") == "<MAX_SIZE> <DATE_A> <FOO_1"
    assert spell(copying(), "<PERSON_K7Q2M4XD>") == "<PERSON_K7Q2M4X"
    assert spell(copying(), "PERSON_K7Q2M4XD") == "PERSON_K7Q2M4X"
    assert spell(copying(), "MAX_PASSWORD") == "MAX_PASSWORD"


def test_a_token_may_span_the_closing_bracket() -> None:
    copying = Copying(PROMPT, VOCABULARY)
    for piece in ("<PERSON", "_", "K7Q2", "M4", "X"):
        copying.take(PIECES.index(piece))
    assert {PIECES[token] for token in copying.choices()} == {"D", "D>.", "D> and", "D>x<PER"}
    copying.take(PIECES.index("D>x<PER"))
    assert copying.tail == ""
    assert copying.choices() == []


def test_a_placeholder_that_is_begun_is_the_tail() -> None:
    copying = Copying(PROMPT, VOCABULARY)
    tails = []
    for piece in ("Dear ", "<PERSON", "_", "K7Q2", "M4", "XD_", "7F2K>"):
        copying.take(PIECES.index(piece))
        tails.append(copying.tail)
    whole = "<PERSON_K7Q2M4XD_7F2K>"
    assert tails == ["", "", whole[:8], whole[:12], whole[:14], whole[:17], ""]


def test_a_vocabulary_without_the_letters_leaves_the_model_free() -> None:
    copying = Copying("<PERSON_K7Q2M4XD>", Vocabulary.of(["<PERSON_", "hello"]))
    copying.take(0)
    assert copying.choices() == []
    assert copying.size == 2


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_placeholder_written_is_one_of_the_prompts(data: st.DataObject) -> None:
    copying = Copying(PROMPT, VOCABULARY)
    text = ""
    for _ in range(data.draw(st.integers(1, 60))):
        choices = copying.choices() or [token for token in range(len(PIECES)) if not copying.refuses(token)]
        token = data.draw(st.sampled_from(choices))
        copying.take(token)
        text += PIECES[token]
    written = {match[0] for match in PLACEHOLDER.finditer(text)}
    assert written <= MINE
    bare = set(
        re.findall(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_[0-9A-HJKMNP-TV-Z]{8,}(?![A-Za-z0-9_])", text)
    )
    assert {name for name in bare if any(c.isdigit() for c in name)} <= {one[1:-1] for one in MINE}


def test_very_long_words_do_not_slow_it_down() -> None:
    copying = Copying(PROMPT, VOCABULARY)
    for _ in range(500):
        copying.take(PIECES.index("A"))
    assert len(copying._tail) == 200
