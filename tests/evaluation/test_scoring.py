"""Scores, against figures computed by hand."""

import pytest

from guard.evaluation.samples import Gold, Sample
from guard.evaluation.scoring import Find, Tally, by_entity, scored, tally, touched, without

#       0         1         2         3
#       0123456789012345678901234567890
TEXT = "Ann Lee, 12 Oak St, 555-0100 ok"
NAME, STREET, PHONE = Gold(0, 7, "PERSON"), Gold(9, 18, "ADDRESS"), Gold(20, 28, "PHONE_NUMBER")
SAMPLE = Sample(TEXT, (NAME, STREET, PHONE), {"language": "en", "half": "held"})


@pytest.mark.parametrize(
    ("finds", "expected"),
    [
        ([], Tally(3, 0, 0, 0)),
        # The space in a name need not be covered, and counts for nothing where it is.
        ([(0, 3, "PERSON"), (4, 7, "PERSON")], Tally(3, 1, 6, 6)),
        ([(0, 7, "PERSON")], Tally(3, 1, 6, 6)),
        # All but the last character is not whole.
        ([(0, 6, "PERSON")], Tally(3, 0, 5, 5)),
        # Another entity's find covers as well; "ok" is two characters too many.
        ([(20, 31, "US_SSN")], Tally(3, 1, 10, 8)),
        # Two finds over the same characters count once.
        ([(0, 7, "PERSON"), (0, 7, "ORGANIZATION")], Tally(3, 1, 6, 6)),
        # One find over all: 6 + 1 + 7 + 1 + 8 + 2 characters, of which the two commas and "ok" are wrong.
        ([(0, 31, "X")], Tally(3, 3, 25, 21)),
    ],
)
def test_a_text_is_scored_by_characters_that_are_no_space(finds: list[Find], expected: Tally) -> None:
    assert tally(SAMPLE, finds) == expected


def test_shares() -> None:
    assert (Tally(4, 3, 10, 7).fully_masked, Tally(4, 3, 10, 7).precision) == (0.75, 0.7)
    assert (Tally().fully_masked, Tally().precision) == (None, None)


def test_an_entity_is_whole_whatever_covers_it_and_precise_by_what_it_covers() -> None:
    assert by_entity(SAMPLE, [(0, 7, "PERSON"), (9, 18, "LOCATION"), (29, 31, "PERSON")]) == {
        "ADDRESS": Tally(1, 1, 0, 0),
        "LOCATION": Tally(0, 0, 7, 7),
        "PERSON": Tally(1, 1, 8, 6),
        "PHONE_NUMBER": Tally(1, 0, 0, 0),
    }


def test_a_gold_is_whole_where_two_entities_cover_it_together() -> None:
    assert by_entity(SAMPLE, [(9, 11, "NUMBER"), (12, 18, "LOCATION")])["ADDRESS"] == Tally(1, 1, 0, 0)


def test_texts_are_summed_in_groups() -> None:
    korean = Sample("이서연입니다", (Gold(0, 3, "PERSON"),), {"language": "ko", "half": "tuning"})
    samples, found = [SAMPLE, korean, korean], [[(0, 7, "PERSON")], [(0, 2, "PERSON")], [(0, 6, "PERSON")]]
    assert scored(samples, found) == {(): Tally(5, 2, 14, 11)}
    assert scored(samples, found, ["language"]) == {("en",): Tally(3, 1, 6, 6), ("ko",): Tally(2, 1, 8, 5)}
    grouped = scored(samples, found, ["entity", "half", "kind"])
    assert grouped["PERSON", "held", ""] == Tally(1, 1, 6, 6)
    assert grouped["PERSON", "tuning", ""] == Tally(2, 1, 8, 5)
    assert list(grouped) == sorted(grouped)


def test_each_text_needs_its_finds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        scored([SAMPLE, SAMPLE], [[]])


def test_golds_can_be_left_out() -> None:
    (rest,) = without([SAMPLE], {"ADDRESS", "PHONE_NUMBER"})
    assert (rest.golds, rest.text, rest.groups) == ((NAME,), TEXT, SAMPLE.groups)


def test_a_text_is_touched_once() -> None:
    assert touched([[], [(0, 1, "A")], [(0, 1, "A"), (2, 3, "B")]]) == 2
