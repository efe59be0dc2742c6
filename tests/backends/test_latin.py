from pathlib import Path

import pytest

from guard.backends.latin import LatinNames
from guard.backends.presidio import Recognizer, SpacyNames
from guard.backends.stack import Spec, Stack
from guard.mask.spans import ASIDE

ORDINARY = (Path(__file__).parent / "ordinary.txt").read_text(encoding="utf-8").split("\n---\n")
ALICE, BOB = ("Alice Meyer", "PERSON"), ("Bob Smith", "PERSON")


@pytest.fixture(scope="module")
def stacks():
    return {"full": Stack.of(Spec(profile="full")), "fast": Stack.of(Spec(profile="fast"))}


def found(stack, text):
    spans = stack.recognize([text])[0]
    return [(text[s.start : s.end], s.entity) for s in spans if s.entity not in ASIDE]


@pytest.mark.parametrize("profile", ["full", "fast"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my name is alice meyer", [("alice meyer", "PERSON")]),
        ("ALICE MEYER CALLED ABOUT HER INVOICE", [("ALICE MEYER", "PERSON")]),
        ("Alice씨가 왔어요", [("Alice", "PERSON")]),
        ("Bobさんに連絡してください", [("Bob", "PERSON")]),
        ("담당자는 Alice Meyer입니다", [ALICE]),
        ("From: Alice Meyer\nTo: Bob Smith; Carol Jones\nSubject: Budget", [ALICE, BOB, ("Carol Jones", "PERSON")]),
        ('{"name": "Alice Meyer"}', [ALICE]),
        ("Thanks,\nBob", [("Bob", "PERSON")]),
        ("See Ms. LEE and MR. PARK.", [("LEE", "PERSON"), ("PARK", "PERSON")]),
        ("Claude Dubois came. Claude stayed.", [("Claude Dubois", "PERSON"), ("Claude", "PERSON")]),
        ("We moved here from New Zealand", [("New Zealand", "LOCATION")]),
        ("Ask Claude about Rust, Kafka and Boolean flags in an MCP server.", []),
        ("Explain Bayes' theorem, Moore's law and a Bloom filter.", []),
        ("김철수 is not Latin", [("김철수", "PERSON")]),
    ],
)
def test_names_in_all_their_forms(stacks, profile, text, expected):
    assert found(stacks[profile], text) == expected


def test_companies_are_known_by_their_form_and_their_company(stacks):
    text = "Bob Smith from Example Widgets Ltd. spent a year at Walk Score."
    expected = [BOB, ("Example Widgets Ltd.", "ORGANIZATION"), ("Walk Score", "ORGANIZATION")]
    assert found(stacks["full"], text) == expected


@pytest.mark.parametrize("profile", ["full", "fast"])
def test_of_ordinary_prompts_fewer_than_two_in_a_hundred_are_touched(stacks, profile):
    assert len(ORDINARY) == 60
    touched = {text[:60]: names for text in ORDINARY if (names := found(stacks[profile], text))}
    assert len(touched) < 0.02 * len(ORDINARY), touched


def test_it_has_presidios_shape_and_answers_each_text_of_a_batch():
    names = LatinNames(SpacyNames())
    assert isinstance(names, Recognizer)
    assert {r.entity_type for r in names.analyze("Alice Meyer is in Berlin.", ["PERSON"])} == {"PERSON"}
    results = names.analyze_batch(["", "Alice Meyer came.", "한국어만", "no name here"])
    assert [len(one) > 0 for one in results] == [False, True, False, False]


def test_a_text_is_answered_alike_alone_and_in_company(stacks):
    texts = [
        "Greetings from Bob Smith in Leeds.",
        "Alice Meyer lives at 5 High Street, London.",
        "Ask Faina Yefremova.",
    ]
    alone = [stacks["full"].recognize([text])[0] for text in texts]
    assert list(stacks["full"].recognize(texts)) == alone


def test_cells_with_nothing_between_them_are_told_apart(stacks):
    names = found(stacks["full"], "payee;account;amount\nPellworm Logistics;4711;402.90\nBob Smith;4712;17.00")
    assert [value for value, _ in names] == ["Pellworm Logistics", "Bob Smith"]


def test_cells_of_a_table_are_told_apart(stacks):
    text = "| Alice Meyer | Berlin |\n| Bob Smith | Leeds |"
    assert found(stacks["full"], text) == [ALICE, ("Berlin", "LOCATION"), BOB, ("Leeds", "LOCATION")]


def test_a_long_text_keeps_its_places(stacks):
    text = "Nothing is said here. " * 400 + "But Alice Meyer is named."
    assert found(stacks["fast"], text) == [ALICE]
