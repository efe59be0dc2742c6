"""Every string of a body is found, and changed ones go back into their places."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.errors import RequestError
from guard.surfaces.walk import MAX_DEPTH, Leaf, Path, Vocabulary, dump, label, leaves, parse, rebuild

SECRET = "alice.meyer@example.com"
VOCABULARY = Vocabulary(
    keys=frozenset({"role", "text", "name", "model", "meta", "list", "count"}),
    words={"role": re.compile("user|tool"), "count": re.compile(r"1\d{8}")},
    names=frozenset({"name"}),
    fixed={"model": re.compile("[a-z]+"), "seed": re.compile(r"\d+")},
    free=frozenset({"meta"}),
)

texts = st.sampled_from(("", "user", "tool", "gpt", "hello", "집", "\ud800", "123456789")) | st.text(max_size=4)
keys = st.sampled_from((*sorted(VOCABULARY.keys), "seed", "x", "")) | st.text(max_size=3)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
bodies = st.dictionaries(
    keys,
    st.recursive(
        st.none() | st.booleans() | numbers | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)

# --- reading and writing -----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(bodies)
def test_what_was_written_is_read_again(body: dict[str, Any]) -> None:
    assert parse(dump(body)) == body


def test_bytes_are_as_short_as_they_can_be_and_any_text_can_be_written() -> None:
    assert dump({"a": [1, "집"]}) == '{"a":[1,"집"]}'.encode()
    assert dump({"a": "\ud800집"}) == b'{"a":"\\ud800\\uc9d1"}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not valid JSON"),
        (b'{"a": "\xff"}', "not valid JSON"),
        ('{"a": 1}'.encode("utf-16"), "not valid JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not valid JSON"),
        (b'{"a": 1} {"b": 1}', "not valid JSON"),
        (b'{"a": ' + b"1" * 5000 + b"}", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'["a"]', "not a JSON object"),
        (b'"a"', "not a JSON object"),
        (b'{"a": {"b": 1, "b": 2}}', "names the same key twice"),
        (b'{"a": 1, "\\u0061": 2}', "names the same key twice"),
        (b'{"a": [NaN]}', "NaN or Infinity"),
        (b'{"a": -Infinity}', "NaN or Infinity"),
        (b'{"a": 1e999}', "too large"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse(body)


@pytest.mark.parametrize("opened", ['{"a":', "["])
def test_what_is_nested_too_deeply_is_refused(opened: str) -> None:
    closed = {"[": "]"}.get(opened, "}")

    def nested(depth: int) -> bytes:
        return f'{{"a":{opened * (depth - 1)}1{closed * (depth - 1)}}}'.encode()

    assert parse(nested(MAX_DEPTH))
    with pytest.raises(RequestError, match="deeper than 100 levels"):
        parse(nested(MAX_DEPTH + 1))
    assert parse(f'{{"a": [{",".join(["[]"] * 1000)}]}}'.encode())  # many are not deep


# --- leaves ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"text": "a"}, [Leaf(("text",), "a", "text")]),
        ({"text": ""}, []),
        ({"text": ["a", {"text": "b"}]}, [Leaf(("text", 0), "a", "text"), Leaf(("text", 1, "text"), "b", "text")]),
        ({"x": "a"}, [Leaf(("x",), "x", "name", key=True), Leaf(("x",), "a", "text")]),
        ({"role": "user"}, []),
        ({"role": "user "}, [Leaf(("role",), "user ", "text")]),
        ({"role": ["tool", "fool"]}, [Leaf(("role", 1), "fool", "text")]),
        ({"name": "ann"}, [Leaf(("name",), "ann", "name")]),
        ({"model": "gpt"}, [Leaf(("model",), "gpt", "fixed")]),
        ({"model": "an ape"}, [Leaf(("model",), "an ape", "text")]),
        ({"meta": {"role": "user"}}, [Leaf(("meta", "role"), "user", "text")]),
        ({"meta": {"list": [{"model": "gpt"}]}}, [Leaf(("meta", "list", 0, "model"), "gpt", "text")]),
        ({"meta": "x"}, [Leaf(("meta",), "x", "text")]),
        ({"text": 4111111111111111}, [Leaf(("text",), "4111111111111111", "name")]),
        ({"text": -41111111.0}, [Leaf(("text",), "-41111111", "name")]),
        ({"text": [9999999, 12345678.5, True, None]}, []),
        ({"count": 123456789}, []),
        ({"count": 223456789}, [Leaf(("count",), "223456789", "name")]),
        ({"meta": {"count": 123456789}}, [Leaf(("meta", "count"), "123456789", "name")]),
        ({"list": [{"seed": 12345678}]},
         [Leaf(("list", 0, "seed"), "seed", "name", key=True), Leaf(("list", 0, "seed"), "12345678", "fixed")]),
    ],
)  # fmt: skip
def test_what_is_text_and_what_is_a_word_of_the_api(body: dict[str, Any], found: list[Leaf]) -> None:
    assert list(leaves(body, VOCABULARY)) == found


@settings(deadline=None)
@given(bodies, st.data())
def test_a_value_is_found_wherever_it_stands(body: dict[str, Any], data: st.DataObject) -> None:
    """Law L6: as a value or as a key, under known keys and unknown ones, at any depth."""

    def planted(value: Any) -> Any:
        match value:
            case dict() if value and data.draw(st.booleans()):
                key = data.draw(st.sampled_from(sorted(value)))
                return {**value, key: planted(value[key])}
            case dict():
                key = data.draw(keys.filter(lambda key: key not in value) | st.just(SECRET))
                return {**value, key: 1 if key == SECRET else SECRET}
            case list() if value:
                at = data.draw(st.integers(0, len(value) - 1))
                return [*value[:at], planted(value[at]), *value[at + 1 :]]
            case _:
                return SECRET

    assert SECRET in {leaf.text for leaf in leaves(planted(body), VOCABULARY)}


# --- rebuild -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(bodies)
def test_changed_leaves_go_into_their_places_and_nothing_else_changes(body: dict[str, Any]) -> None:
    assert rebuild(body, {}) == body
    found = list(leaves(body, VOCABULARY))
    changed = rebuild(body, {(leaf.path, leaf.key): f"§ {at}" for at, leaf in enumerate(found)})
    again = list(leaves(changed, VOCABULARY))
    assert [leaf.text for leaf in again] == [f"§ {at}" for at in range(len(found))]
    assert list(skeleton(changed)) == list(skeleton(body))
    back = rebuild(changed, {(new.path, new.key): old.text for new, old in zip(again, found, strict=True)})
    assert plain(back) == plain(body)


def skeleton(value: Any) -> Any:
    """The shape of a body, and its values that are no leaves."""
    match value:
        case dict():
            yield "{"
            for item in value.values():
                yield from skeleton(item)
            yield "}"
        case list():
            yield "["
            for item in value:
                yield from skeleton(item)
            yield "]"
        case bool() | None:
            yield value


def plain(body: Any) -> Any:
    """A body in which every number is a text: masking makes one of those that are long."""

    def text(number: str) -> str:
        value = json.loads(number)
        return str(int(value)) if value == int(value) else number

    return json.loads(json.dumps(body), parse_int=text, parse_float=text)


# --- label -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ((), ""),
        (("list", 0, "text"), "list[0].text"),
        (("meta", SECRET), "meta.*"),
        ((SECRET, 3, "name"), "*[3].name"),
        (("list", 0, 1), "list[0][1]"),
    ],
)
def test_a_label_tells_no_key_that_may_be_a_value(path: Path, told: str) -> None:
    assert label(path, VOCABULARY.keys) == told
