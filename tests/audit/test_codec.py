from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest

from guard.audit.codec import RefusedFieldError, codec


@dataclass(frozen=True)
class Inner:
    word: Literal["yes", "no"]
    pair: tuple[int, str]


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    score: float
    counts: Mapping[str, int]


VALUE = Outer((Inner("yes", (1, "a")),), 0.5, {"x": 1})
DATA = {"inner": [{"word": "yes", "pair": [1, "a"]}], "score": 0.5, "counts": {"x": 1}}


def test_a_value_becomes_json_and_comes_back():
    form = codec(Outer)
    assert form.dump(VALUE) == DATA
    assert form.load(form.dump(VALUE)) == VALUE


def test_a_refusal_names_the_path_and_not_the_value():
    form = codec(Outer)
    with pytest.raises(RefusedFieldError, match=r"^inner\.pair is not of type int$"):
        form.dump(Outer((Inner("yes", ("secret", "a")),), 0.5, {}))
    with pytest.raises(RefusedFieldError, match=r"^inner\.word is none of yes, no$"):
        form.load({**DATA, "inner": [{"word": "secret", "pair": [1, "a"]}]})


def test_a_missing_and_an_unknown_field_are_refused():
    form = codec(Outer)
    for data in ({"score": 0.5}, {**DATA, "more": 1}):
        with pytest.raises(RefusedFieldError, match="does not have the fields of Outer"):
            form.load(data)


def test_a_type_that_has_no_form_is_refused():
    with pytest.raises(TypeError):
        codec(bytes)
