"""L1: no value that the policy masks or blocks leaves, wherever in a request it stands and however it is written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.asks import Send
from guard.errors import RequestError
from guard.surfaces.chat import VOCABULARY
from guard.types import Closing
from tests.dialogue import BOB, CARD, DIGITS, MAIL, NAME, SECRET, Played, body, completion, plan, play

VALUES = (MAIL, CARD, SECRET, NAME, BOB)
KEYS = (*sorted(VOCABULARY.keys - {"stream"}), "note", "x_y", "Straße", "é")

values = st.sampled_from(VALUES)
plain = (
    st.none() | st.booleans() | st.integers(-99, 99) | st.sampled_from(("", "user", "function", "text", "object", "hi"))
)
surroundings = st.sampled_from(("{}", "to {}님께", "<{}>", "{}\n{}", 'say "{}"', "{}様", "PERSON_{}", "x{}"))


@st.composite
def written(draw: st.DrawFn, value: str) -> str:
    """A text that holds `value`: plain, or inside JSON, or as a key of it, at some depth, with or without escapes."""
    text = (
        value
        if draw(st.booleans())
        else draw(surroundings.filter(lambda s: s != "x{}" or value == SECRET)).replace("{}", value)
    )
    for _ in range(draw(st.integers(0, 4))):
        outer: Any = draw(
            st.sampled_from((text, [1, text], {"a": text}, {text: 1}, {"type": text, "b": [{"c": text}]}))
        )
        text = json.dumps(outer, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from((None, 1))))
        if draw(st.booleans()):
            text = (
                text.replace("@", "\\u0040").replace("A", "\\u0041").replace("4", "\\u0034" if text[0] == '"' else "4")
            )
        if draw(st.integers(0, 4)) == 4:
            text = f"Look:\n{text}\n{text}"
    return text


def holders(value: str) -> st.SearchStrategy[Any]:
    """Any JSON that may hold `value`, in texts, in keys and, for a card, in numbers."""
    leaves = plain | written(value)
    if value == CARD:
        leaves |= st.sampled_from((int(DIGITS), -int(DIGITS), float(DIGITS)))
    keys = st.sampled_from(KEYS) | st.just(value)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=5
    )


@st.composite
def requests(draw: st.DrawFn, value: str) -> dict[str, Any]:
    held = holders(value)
    text = written(value)
    message = st.fixed_dictionaries(
        {"role": st.sampled_from(("system", "user", "assistant", "tool"))},
        optional={
            "content": text
            | held
            | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": text}), max_size=2),
            "name": text,
            "tool_call_id": text,
            "tool_calls": st.lists(
                st.fixed_dictionaries(
                    {
                        "id": text,
                        "type": st.just("function"),
                        "function": st.fixed_dictionaries({"name": text, "arguments": text}),
                    }
                ),
                max_size=2,
            ),
            "extra": held,
        },
    )
    tool = st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": text, "description": text, "parameters": held}),
        }
    )
    fields: dict[Any, Any] = {
        "messages": st.lists(message, max_size=4),
        "stream": st.booleans(),
    }
    optional: dict[Any, Any] = {
        "user": text, "metadata": held, "tools": st.lists(tool, max_size=2), "stop": held, "seed": held,
        "response_format": held, "tool_choice": held, "unknown": held, "logit_bias": held, "type": held,
        "created": held, "prediction": held, value: held,
    }  # fmt: skip
    request = draw(st.fixed_dictionaries(fields, optional=optional))
    return {"model": draw(st.sampled_from(("m", "m", "m", "m", "org/m-1", f"m-{value}".replace(" ", "")))), **request}


def holds(data: bytes, value: str) -> bool:
    """Whether `data` holds `value` in any spelling: however deep in JSON, by number, in any case, as bare digits."""
    text = data.decode()
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text).replace("\\", "").lower()
    needles = {value.lower().replace('"', "")} if value != CARD else {CARD, DIGITS}
    return any(needle in text.replace('"', "") for needle in needles)


def errors(played: Played) -> bytes:
    """What guard says of its own accord: error messages."""
    return b"" if played.of(Send) else played.told


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(values.flatmap(lambda value: st.tuples(st.just(value), requests(value))))
def test_a_planted_value_neither_leaves_nor_is_logged_nor_told(planted: tuple[str, dict[str, Any]]) -> None:
    value, request = planted
    raw = json.dumps(request).encode()
    try:
        played = play(raw, completion("Done."), plan(opaque="allow"))
    except RequestError as error:
        assert not holds(error.message.encode() + (error.param or "").encode(), value)
        return
    sends = played.of(Send)
    assert not any(holds(send.request.body + repr(dict(send.request.headers)).encode(), value) for send in sends)
    assert not holds(played.entries, value)
    assert not holds(errors(played), value)
    if not sends:
        assert 400 <= played.head.status < 500
        assert played.error["code"] in {"bad_request", "forbidden_by_policy"}


@settings(max_examples=100, deadline=None)
@given(
    values.flatmap(lambda value: st.tuples(st.just(value), requests(value))),
    st.sampled_from(("redact", "hash", "block")),
)
def test_the_other_operators_let_nothing_leave_either(planted: tuple[str, dict[str, Any]], operator: str) -> None:
    value, request = planted
    try:
        played = play(
            json.dumps(request).encode(), completion("Done."), plan(opaque="allow", mask={"default": operator})
        )
    except RequestError:
        return
    assert not any(holds(send.request.body, value) for send in played.of(Send))
    assert not holds(played.entries, value)
    assert not holds(errors(played), value)
    if operator == "block" and holds(json.dumps(request).encode(), value):
        assert not played.of(Send)


@settings(max_examples=100, deadline=None)
@given(values, st.sampled_from(("MY_CONST {} A_B", "<{}>", "<a_{}>", "{}", "X_Y@{}")), st.booleans())
def test_a_value_that_the_model_brings_in_is_not_logged(value: str, around: str, stream: bool) -> None:
    said = around.replace("{}", value)
    reply: Any = completion(said)
    if stream:
        reply = [json_event for json_event in _events(said)]
    played = play(body("Hello", stream=stream), reply)
    assert not holds(played.entries, value)
    assert isinstance(played.closing, Closing)


def _events(said: str) -> list[bytes]:
    from tests.dialogue import events

    return events(*said)


@pytest.mark.parametrize("text", ["JOHN_DOE@example.com wrote", "MAIL_OF=JOHN_DOE@example.com"])
def test_upper_case_with_underscores_is_not_taken_for_a_placeholder(text: str) -> None:
    assert b"example.com" not in play(body(), completion(text)).entries


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (body(model=f"m-{SECRET}"), "model"),
        (body(seed=int(DIGITS)), "seed"),
        (body(tools=[{"model": MAIL.replace("@", "@")}]), "tools[0].model"),
    ],
)
def test_what_cannot_be_masked_is_refused_by_its_place(request_: dict[str, Any], param: str) -> None:
    played = play(request_)
    assert played.kinds == ["Recognize", "Emit"]
    assert (played.head.status, played.error["param"]) == (400, param)
