import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.spans import ASIDE, NAMES, disjoint
from guard.types import Span

TEXT = "Write to Alice Meyer <alice@x.com>, or (ring) 010-1234-5678. "
ENTITIES = ["PERSON", "EMAIL_ADDRESS", "SECRET", "PHONE_NUMBER", "ORGANIZATION"]


def span(value, entity, score=0.8, text=TEXT):
    start = text.index(value)
    return Span(start, start + len(value), entity, score, "test")


def shown(spans, text=TEXT):
    return [(text[s.start : s.end], s.entity) for s in spans]


@st.composite
def texts_and_spans(draw):
    text = draw(st.text(st.sampled_from("ab .,-@\n가"), min_size=1, max_size=30))
    ends = st.integers(-2, len(text) + 2)
    spans = st.builds(Span, ends, ends, st.sampled_from(ENTITIES), st.sampled_from([0.4, 0.6, 0.9]), st.just("r"))
    return text, draw(st.lists(spans, max_size=8))


def trimmed(text, span):
    """The positions of a span that must stay covered."""
    inside = list(range(max(span.start, 0), min(span.end, len(text))))
    if span.entity in NAMES:
        return [i for i in inside if text[i].isalnum()]
    return [i for i in inside if not text[i].isspace()]


@given(texts_and_spans())
def test_nothing_that_was_found_is_left_uncovered(case):
    text, spans = case
    covered = {i for s in disjoint(spans, text) for i in range(s.start, s.end)}
    for found in spans:
        assert covered.issuperset(trimmed(text, found))


@given(texts_and_spans())
def test_the_result_is_sorted_disjoint_and_inside_the_text(case):
    text, spans = case
    result = disjoint(spans, text)
    ends = [0, *(s.end for s in result)]
    assert all(previous <= s.start < s.end for previous, s in zip(ends, result, strict=False))
    assert ends[-1] <= len(text)


@given(texts_and_spans())
def test_nothing_is_covered_that_was_not_found_but_for_a_space_between_names(case):
    text, spans = case
    found = {i for s in spans for i in range(max(s.start, 0), s.end)}
    for s in disjoint(spans, text):
        assert all(i in found or (text[i] == " " and s.entity in NAMES) for i in range(s.start, s.end))


@given(texts_and_spans(), st.randoms())
def test_the_order_in_which_recognizers_answer_does_not_matter(case, random):
    text, spans = case
    shuffled = list(spans)
    random.shuffle(shuffled)
    assert disjoint(shuffled, text) == disjoint(spans, text)


@given(texts_and_spans())
def test_doing_it_again_changes_nothing(case):
    text, spans = case
    once = disjoint(spans, text)
    assert disjoint(once, text) == once


@given(texts_and_spans(), st.sets(st.sampled_from(ENTITIES)))
def test_what_is_kept_hides_nothing_that_is_not_and_makes_none_of_it_longer(case, kept):
    text, spans = case
    acting = [s for s in spans if s.entity not in kept]
    alone, beside = disjoint(acting, text), disjoint(spans, text, kept)
    assert tuple(s for s in beside if s.entity not in kept) == alone
    covered = {i for s in beside for i in range(s.start, s.end)}
    assert all(covered.issuperset(trimmed(text, s)) for s in spans)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([("Alice Meyer", "PERSON"), ("Alice", "PERSON")], [("Alice Meyer", "PERSON")]),
        ([("Alice", "PERSON"), ("Meyer", "PERSON")], [("Alice Meyer", "PERSON")]),
        ([("Alice", "PERSON"), ("Meyer", "ORGANIZATION")], [("Alice", "PERSON"), ("Meyer", "ORGANIZATION")]),
        (
            [("Alice Meyer <alice@x.com>", "ORGANIZATION"), ("alice@x.com", "EMAIL_ADDRESS")],
            [("Alice Meyer", "ORGANIZATION"), ("alice@x.com", "EMAIL_ADDRESS")],
        ),
        ([("alice@x.com>, or", "SECRET"), ("alice@x.com", "EMAIL_ADDRESS")], [("alice@x.com>, or", "SECRET")]),
        ([("010-1234", "SECRET"), ("010-1234-5678", "PHONE_NUMBER")], [("010-1234-5678", "SECRET")]),
        ([("234-5678", "SECRET"), ("010-1234-5678", "PHONE_NUMBER")], [("010-1234-5678", "SECRET")]),
        ([(" Alice Meyer <", "PERSON")], [("Alice Meyer", "PERSON")]),
        ([("(ring)", "PERSON")], [("ring", "PERSON")]),
        ([(" <", "PERSON")], []),
    ],
)
def test_who_wins(spans, expected):
    assert shown(disjoint([span(*s) for s in spans], TEXT)) == expected


def test_of_two_equals_the_surer_one_wins():
    spans = [span("010-1234-5678", "PHONE_NUMBER", 0.5), span("010-1234-5678", "CREDIT_CARD", 0.9)]
    assert shown(disjoint(spans, TEXT)) == [("010-1234-5678", "CREDIT_CARD")]


def test_what_is_listed_goes_before_a_guess_and_is_not_joined():
    listed = [Span(9, 14, "CODE_NAME", 1.0, "lists"), Span(15, 20, "CODE_NAME", 1.0, "lists")]
    guessed = Span(9, 35, "ORGANIZATION", 0.85, "model")
    assert shown(disjoint([guessed, *listed], TEXT)) == [
        ("Alice", "CODE_NAME"),
        ("Meyer", "CODE_NAME"),
        ("alice@x.com", "ORGANIZATION"),
    ]
    mail = Span(22, 33, "EMAIL_ADDRESS", 0.9, "patterns")
    assert shown(disjoint([mail, Span(22, 27, "CUSTOMER", 1.0, "lists")], TEXT)) == [("alice@x.com", "EMAIL_ADDRESS")]


@pytest.mark.parametrize("aside", sorted(ASIDE))
def test_what_points_at_nobody_takes_nothing_from_what_does_and_lends_it_nothing(aside):
    text = "see https://x.com/?mail=alice@x.com&n=1 now"
    link = span("https://x.com/?mail=alice@x.com&n=1", aside, text=text)
    mail = span("alice@x.com", "EMAIL_ADDRESS", text=text)
    assert shown(disjoint([link, mail], text), text) == [
        ("https://x.com/?mail=", aside),
        ("alice@x.com", "EMAIL_ADDRESS"),
        ("&n=1", aside),
    ]


def test_a_time_does_not_swallow_the_date_of_birth_in_it():
    text = "born 1990-05-17 08:00:00."
    spans = [span("1990-05-17 08:00:00", "DATE_TIME", 0.9, text), span("1990-05-17", "DATE_OF_BIRTH", 0.5, text)]
    assert shown(disjoint(spans, text), text) == [("1990-05-17", "DATE_OF_BIRTH"), ("08:00:00", "DATE_TIME")]


def test_a_bracket_that_a_name_opened_is_closed_in_it():
    text = "at 1 Main St (Old Town), and"
    assert shown(disjoint([span("1 Main St (Old Town),", "LOCATION", text=text)], text), text) == [
        ("1 Main St (Old Town)", "LOCATION")
    ]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("pay Meyer Ltd. now", "Meyer Ltd.", "Meyer Ltd."),
        ("in Cyprus (Greek) now", "Cyprus (Greek)", "Cyprus (Greek)"),
        ("see Meyer. Then", "Meyer.", "Meyer"),
        ("so Meyer) came", "Meyer)", "Meyer"),
    ],
)
def test_a_sign_at_the_end_stays_where_it_belongs_to_the_name(text, value, expected):
    assert shown(disjoint([span(value, "ORGANIZATION", text=text)], text), text) == [(expected, "ORGANIZATION")]
