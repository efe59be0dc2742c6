"""Patterns and models together, over the texts of one call."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import guard.backends.stack as stack_module
from guard.backends.recognizers import Spec, Stack
from guard.backends.stack import OVERLAP, PIECE, split
from guard.errors import RecognizerError
from tests.backends.presidio_examples import Broken, Words

EXAMPLES = "tests.backends.presidio_examples"
WORDS = Spec(profile="patterns", extra=((f"{EXAMPLES}.Words", {"word": "Falcon"}),))


def shown(text, spans):
    return [(text[s.start : s.end], s.entity) for s in spans]


@pytest.fixture(scope="session")
def full():
    return Stack.of(Spec())


def test_patterns_and_names_together(full):
    text = "Write a short mail to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111) about the invoice."
    assert shown(text, full.recognize([text])[0]) == [
        ("Alice Meyer", "PERSON"),
        ("alice.meyer@example.com", "EMAIL_ADDRESS"),
        ("4111 1111 1111 1111", "CREDIT_CARD"),
    ]


def test_names_in_three_languages(full):
    texts = [
        "김민수 과장은 (주)하늘소프트에 다닙니다.",
        "株式会社アクメの佐藤様",
        "Please ask Alice Meyer about it.\n\n박서연 님께도 물어봐 주세요.",
    ]
    assert [shown(text, spans) for text, spans in zip(texts, full.recognize(texts), strict=True)] == [
        [("김민수", "PERSON"), ("과장", "TITLE"), ("(주)하늘소프트", "ORGANIZATION")],
        [("株式会社アクメ", "ORGANIZATION"), ("佐藤", "PERSON")],
        [("Alice Meyer", "PERSON"), ("박서연", "PERSON")],
    ]


def test_only_the_languages_that_are_asked_for_are_read():
    stack = Stack.of(Spec(languages=("ja",)))
    texts = ["김민수 씨", "佐藤様", "Alice Meyer"]
    assert [shown(text, spans) for text, spans in zip(texts, stack.recognize(texts), strict=True)] == [
        [],
        [("佐藤", "PERSON")],
        [],
    ]


def test_what_is_hidden_is_found_and_carried_back(full):
    text = "메일 al\u200bice@x.com으로, ４１１１ １１１１ １１１１ １１１１입니다"
    assert shown(text, full.recognize([text])[0]) == [
        ("al\u200bice@x.com", "EMAIL_ADDRESS"),
        ("４１１１ １１１１ １１１１ １１１１", "CREDIT_CARD"),
    ]


def test_what_is_found_once_is_found_again():
    text = "my password is hunter2, really: hunter2"
    (spans,) = Stack().recognize([text])
    assert shown(text, spans) == [("hunter2", "SECRET")] * 2


def test_one_name_of_a_person_is_found_again(full):
    text = "Faina Yefremova wrote it. Do you know Yefremova?"
    (spans,) = full.recognize([text])
    assert [s.start for s in spans] == [0, text.rindex("Yefremova")]


def test_each_text_gets_its_own_spans_and_equal_texts_are_read_once():
    words = Words()
    texts = ["Falcon one", "nothing", "Falcon one", "", "two Falcon"]
    spans = Stack([words]).recognize(texts)
    assert [len(s) for s in spans] == [1, 0, 1, 0, 1]
    assert words.seen == ["Falcon one", "nothing", "", "two Falcon"]


def test_below_the_threshold_nothing_counts():
    weak = Words(score=0.5)
    assert Stack([weak], threshold=0.6).recognize(["Falcon"]) == ((),)
    assert len(Stack([weak], threshold=0.5).recognize(["Falcon"])[0]) == 1


def test_the_profile_none_recognizes_nothing():
    assert Stack.of(Spec(profile="none")).recognize(["alice@x.com"]) == ((),)


def test_a_recognizer_that_fails_is_named_and_its_text_is_not():
    with pytest.raises(RecognizerError) as raised:
        Stack([Broken()]).recognize(["my secret text"])
    assert raised.value.message == "recognizer Words failed (ValueError)"
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_results_outside_the_text_are_dropped():
    class Wild(Words):
        def analyze(self, text, entities, nlp_artifacts=None):
            found = super().analyze("Falcon", entities)[0]
            return [type(found)("X", -1, 3, 1.0), type(found)("X", 2, 2, 1.0), type(found)("X", 0, 99, 1.0)]

    assert Stack([Wild()]).recognize(["Falcon"]) == ((),)


def test_a_recognizer_may_answer_none():
    class Silent(Words):
        def analyze(self, text, entities, nlp_artifacts=None):
            return None

    assert Stack([Silent()]).recognize(["Falcon"]) == ((),)


@given(st.text(st.sampled_from("ab \n"), max_size=400))
@settings(max_examples=60)
def test_pieces_cover_the_text_and_overlap(text):
    whole = text * (3 * PIECE // max(len(text), 1))
    pieces = split(whole)
    assert all(whole[start : start + len(piece)] == piece for start, piece in pieces)
    assert all(len(piece) <= PIECE for _, piece in pieces)
    for (start, piece), (after, _) in pairwise(pieces):
        assert start < after <= start + len(piece) - OVERLAP
    assert pieces[-1][0] + len(pieces[-1][1]) == len(whole)


@pytest.mark.parametrize("at", range(PIECE - 12, PIECE + 6, 3))
def test_no_value_at_a_seam_is_lost(at):
    text = "x" * at + " Falcon " + "y " * PIECE
    (spans,) = Stack([Words()]).recognize([text])
    assert shown(text, spans) == [("Falcon", "CODE_NAME")]
    secret = (
        "x" * (at - 1) + " -----BEGIN PRIVATE KEY-----\n" + "QUJD" * 600 + "\n-----END PRIVATE KEY----- " + "y" * PIECE
    )
    (spans,) = Stack([Words()]).recognize([secret])
    assert [s.end - s.start for s in spans] == [secret.index("y") - 1 - at]


def test_a_very_long_text_is_read_in_pieces():
    words = Words()
    text = "lorem ipsum " * 20_000
    Stack([words]).recognize([text])
    assert len(words.seen) > 4
    assert max(map(len, words.seen)) <= PIECE


# --- a specification ---------------------------------------------------------------------------------------------


def test_the_version_changes_with_everything_that_changes_what_is_found(monkeypatch):
    specs = [
        Spec(),
        Spec(profile="patterns"),
        Spec(threshold=0.5),
        Spec(languages=("ko",)),
        WORDS,
        Spec(profile="patterns", extra=((f"{EXAMPLES}.Words", {"word": "Kestrel"}),)),
    ]
    versions = {spec.version for spec in specs}
    monkeypatch.setattr(stack_module, "VERSION", "another table")
    assert len(versions | {Spec().version}) == len(specs) + 1
    assert Spec().version == Spec().version


def test_what_needs_no_model_is_quick():
    assert Spec(profile="patterns").quick
    assert Spec(profile="none").quick
    assert not Spec().quick
    assert not WORDS.quick
