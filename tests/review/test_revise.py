import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.review.accept import KEPT
from guard.review.revise import Draft, redacted, spans_of, tidy
from guard.types import Dialogue
from tests.review.told import principle, verdict

REPLY = "Hi <PERSON_K7Q2M4XD>, you fool, go away <PERSON_0ZZ2M4X1>!"


def draft(*verdicts: object, reply: str = REPLY, **changes: object) -> Draft:
    return Draft(Dialogue("", reply), len(reply), verdicts, (), **changes)  # type: ignore[arg-type]


def at(text: str) -> tuple[int, int]:
    return REPLY.index(text), REPLY.index(text) + len(text)


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("Better.", "Better."),
        ("  Better.\n", "Better."),
        ("New passage: Better.", "Better."),
        ('"Better."', "Better."),
        ('"', '"'),
    ],
)
def test_a_passage_is_freed_of_what_models_put_around_it(text: str, passage: str) -> None:
    assert tidy(text, "old") == passage
    assert tidy('"Better."', '"old"') == '"Better."'


def test_a_span_is_replaced_by_a_neutral_word_or_the_template() -> None:
    found = draft(verdict("a", "fired", at("fool")), verdict("b", "fired", at("go away")))
    new = redacted(found, [principle("a"), principle("b", template="goodbye")])
    assert new.text == "Hi <PERSON_K7Q2M4XD>, you [removed: a], goodbye <PERSON_0ZZ2M4X1>!"


def test_a_template_is_said_once_and_that_of_a_check_each_time() -> None:
    found = draft(verdict("a", "fired", at("you"), at("fool")))
    assert redacted(found, [principle("a", template="T.")]).text == REPLY.replace("you fool", "T. ")
    check = principle("a", template="[x]", check="reveals_unknown_data")
    assert redacted(found, [check]).text == REPLY.replace("you fool", "[x] [x]")


def test_overlapping_spans_become_one_under_the_first_principle() -> None:
    found = draft(verdict("a", "fired", at("fool, go")), verdict("b", "fired", at("you fool")))
    assert redacted(found, [principle("a"), principle("b")]).text == REPLY.replace("you fool, go", "[removed: a]")


def test_half_a_placeholder_is_taken_whole() -> None:
    found = draft(verdict("a", "fired", (0, 8)))
    assert redacted(found, [principle("a")]).text == "[removed: a], you fool, go away <PERSON_0ZZ2M4X1>!"


def test_a_quote_serves_where_the_verdict_points_nowhere() -> None:
    found = draft(verdict("a", "fired"), quotes=(("a", "fool"),))
    assert spans_of(found, principle("a")) == (at("fool"),)
    assert spans_of(draft(verdict("a", "fired"), quotes=(("a", "gone"),)), principle("a")) == ()
    assert spans_of(draft(verdict("a", "fired")), principle("a")) == ()


edges = st.lists(st.integers(0, len(REPLY)), unique=True, max_size=6).map(sorted)


@given(edges, edges)
def test_placeholders_beside_what_is_redacted_survive(one: list[int], other: list[int]) -> None:
    def spans(found: list[int]) -> list[tuple[int, int]]:
        return list(zip(found[::2], found[1::2], strict=False))

    found = draft(verdict("a", "fired", *spans(one)), verdict("b", "fired", *spans(other)))
    principles = [p for p in (principle("a"), principle("b")) if found.verdict(p).spans]
    new = redacted(found, principles)
    touched = [*spans(one), *spans(other)]
    for match in KEPT["a placeholder"].finditer(REPLY):
        cut = any(start < match.end() and match.start() < end for start, end in touched)
        assert (match[0] in new.text) is not cut
    assert KEPT["a placeholder"].sub("", new.text).count("_") == 0
    assert new.editable == len(new.text)
