import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.names import refine, stands_alone


def refined(text, entity="PERSON"):
    extent = refine(text, 0, len(text), entity)
    return text[slice(*extent)] if extent else None


@pytest.mark.parametrize(
    "name",
    [
        "Alice Meyer",
        "ALICE MEYER",
        "Li",
        "Jean-Luc Picard",
        "O'Neil",
        "McDonald",
        "Faina D. Yefremova",
        "Šárka Ottová",
        "Willemine ten Pas",
    ],
)
def test_a_real_name_stays(name):
    assert refined(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hi Alice", "Alice"),
        ("Dear Alice Meyer", "Alice Meyer"),
        ("Best regards, Bob Smith", "Bob Smith"),
        ("Alice Meyer Email", "Alice Meyer"),
        ("Alice Meyer님", "Alice Meyer"),
        ("Meyerさん", "Meyer"),
        ("Meyer's", "Meyer"),
        ("Alice 12345", "Alice"),
        ("os.system Alice", "Alice"),
    ],
)
def test_what_is_glued_to_a_name_is_cut_off(text, name):
    assert refined(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "os.system",
        "foo_bar",
        "Foo::bar",
        "getUser",
        "deadbeef12",
        "9fceb02d",
        "123 456",
        "S3",
        "C4",
        "EKS",
        "API",
        "JSON",
        "HTTP",
        "invoice",
        "noon",
        "김철수",
        "X",
        "Hi",
        "Best regards",
        "Kubernetes",
        "Monday",
        "--flag",
        "",
    ],
)
def test_what_is_no_name_is_dropped(text):
    assert refined(text) is None


def test_a_place_may_begin_with_a_number_and_an_organisation_may_be_short():
    assert refined("5 Main", "LOCATION") == "5 Main"
    assert refined("IBM", "ORGANIZATION") == "IBM"


def test_among_small_letters_a_short_word_in_capitals_is_no_person():
    text = "at 3 GHZ now"
    assert refine(text, 5, 8, "PERSON") is None


def test_where_all_is_in_capitals_a_short_name_counts():
    assert refine("ASK BOB NOW", 4, 7, "PERSON") == (4, 7)


@given(st.text(max_size=40), st.sampled_from(["PERSON", "LOCATION", "ORGANIZATION"]))
def test_what_is_left_lies_inside(text, entity):
    extent = refine(text, 0, len(text), entity)
    assert extent is None or 0 <= extent[0] < extent[1] <= len(text)


def test_an_everyday_word_does_not_stand_alone():
    assert stands_alone("Meyer")
    assert not any(map(stands_alone, ("Python", "dear", "2024", "Monday")))
