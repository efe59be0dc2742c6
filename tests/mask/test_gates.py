"""What opens a row's gate: the same as trying the rows one after the other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.gates import Literals, Places
from guard.mask.patterns import ROWS

NUMERIC = [row for row in ROWS if row.at == "digit" and not row.back]
EXAMPLES = [re.sub("[«»]", "", text) for row in ROWS for text in (*row.examples, *row.near) if row.at == "digit"]


def one_by_one(expressions, text, place):
    return [i for i, (regex, flags) in enumerate(expressions) if re.compile(regex, flags).match(text, place)]


def test_every_row_that_matches_at_a_number_is_open_and_no_other():
    expressions = [(row.regex, row.flags) for row in NUMERIC]
    places = Places(expressions)
    for text in EXAMPLES:
        for number in re.finditer("[0-9]+", text):
            opened = list(places.open(text, number.start()))
            assert opened == [i for i, row in enumerate(NUMERIC) if row.pattern.match(text, number.start())]


SAMPLES = [
    (r"(?P<q>[ab])x(?P=q)", re.NOFLAG),
    (r"(?P<q>a)?x(?(q)a|b)", re.NOFLAG),
    (r"(?<=a)x(a|b)", re.NOFLAG),
    (r"axb", re.I),
    (r"", re.NOFLAG),
    (r"x(?![ab])", re.NOFLAG),
]


@given(st.text("abxAB", max_size=8), st.integers(0, 8))
def test_groups_of_one_name_flags_and_looks_behind_are_each_expressions_own(text, place):
    assert list(Places(SAMPLES).open(text, place)) == one_by_one(SAMPLES, text, place)


def test_where_nothing_is_asked_nothing_is_open():
    assert list(Places([]).open("12", 0)) == []
    assert list(Places([("3", re.NOFLAG)]).open("12", 0)) == []


@pytest.mark.parametrize(("text", "opened"), [("a key and a token", [0, 2]), ("tokens", [2]), ("", []), ("note", [])])
def test_a_literal_of_a_row_opens_it(text, opened):
    assert Literals([("key", "secret"), ("pass",), ("token", "key")]).open(text) == opened
