"""Chat completions: requests and replies with a place in every kind of field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.matrix.templates import JSON, SCHEMAS, SLOT, UNKNOWN, Inside, Replies, Reply, Requests

HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}
CONTENTS: tuple[Any, ...] = (SLOT, [{"type": "text", "text": "Hi"}, {"type": "text", "text": SLOT}])


def said(content: Any, role: str = "user", **keys: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **keys}]}


def before(message: dict[str, Any], role: str = "assistant") -> dict[str, Any]:
    """A conversation that goes on after a message."""
    return {"messages": [*HELLO["messages"], {"role": role, **message}, {"role": "user", "content": "Go on."}]}


def _call(arguments: Any = "{}", name: Any = "send", id_: str = "c1") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def _called(*calls: Any) -> dict[str, Any]:
    return before({"content": None, "tool_calls": list(calls)})


def _tool(**keys: Any) -> dict[str, Any]:
    return {**HELLO, "tools": [{"type": "function", "function": {"name": "send", **keys}}]}


_ARGUMENTS = (Inside({"to": SLOT}), Inside({SLOT: {"a": 1}}), Inside({"to": [SLOT]}, indent=1))
_SHAPE = {"type": "json_schema", "json_schema": {"name": SLOT, "schema": {"type": "object"}}}

REQUESTS: Requests = {
    "text": [
        *map(said, CONTENTS),
        {**HELLO, "prediction": {"type": "content", "content": SLOT}},
        {**HELLO, "stop": [SLOT]},
    ],
    "instructions": [
        {"messages": [{"role": role, "content": content}, *HELLO["messages"]]}
        for role in ("system", "developer")
        for content in CONTENTS
    ],
    "history": [
        *(before({"content": content}, role) for role in ("assistant", "user") for content in CONTENTS),
        before({"content": None, "refusal": SLOT}),
    ],
    "tool arguments": [
        *(_called(_call(), _call(arguments, id_="c2")) for arguments in _ARGUMENTS),
        before({"content": None, "function_call": {"name": "send", "arguments": _ARGUMENTS[0]}}),
        _called({"id": "c1", "type": "custom", "custom": {"name": "run", "input": SLOT}}),
    ],
    "tool results": [before({"tool_call_id": "c1", "content": content}, "tool") for content in CONTENTS],
    "tool descriptions": [
        _tool(description=SLOT),
        *(_tool(parameters=schema) for schema in SCHEMAS),
        {**HELLO, "functions": [{"name": "send", "description": SLOT}]},
    ],
    "names and metadata": [
        *({**HELLO, key: SLOT} for key in ("user", "safety_identifier")),
        *({**HELLO, "metadata": metadata} for metadata in ({"k": SLOT}, {SLOT: "v"})),
        said("Hello", name=SLOT),
        _called(_call(name=SLOT)),
        before({"tool_call_id": SLOT, "content": "ok"}, "tool"),
        _tool(name=SLOT),
        {**HELLO, "tool_choice": {"type": "function", "function": {"name": SLOT}}},
        {**HELLO, "response_format": _SHAPE},
    ],
    "reasoning": [
        before({"content": "Yes.", "reasoning_content": SLOT}),
        before({"content": "Yes.", "reasoning": SLOT}),
        before({"content": "Yes.", "reasoning_details": [{"type": "text", "text": SLOT}]}),
    ],
    "unknown fields": [
        *({**HELLO, **unknown} for unknown in UNKNOWN),
        said("Hello", x_note=SLOT),
        said([{"type": "text", "text": "Hi", "x_a": {"x_b": SLOT}}]),
        {**HELLO, "tools": [{"type": "function", "x_note": SLOT}]},
    ],
    "JSON inside strings": [
        said(Inside(JSON)),
        said([{"type": "text", "text": Inside({SLOT: 1}, indent=2)}]),
        _called(_call(Inside({"body": Inside(JSON)}))),
        {**HELLO, "metadata": {"k": Inside([SLOT], ascii=True)}},
    ],
}


_STOP = {"delta": {}, "finish_reason": "stop"}


def _choice(message: Any, first: Any = (), delta: Any = None, told: Any = SLOT) -> Reply:
    """A message that begins with `first` and goes on in pieces of `delta`."""
    begun = {"delta": {"role": "assistant", "content": None, **dict(first)}, "finish_reason": None}
    piece = None if delta is None else {"delta": delta, "finish_reason": None}
    return Reply({"message": {"role": "assistant", "content": None, **message}}, [begun], piece, [_STOP], told)


def _field(key: str, told: Any = SLOT) -> Reply:
    return _choice({key: told}, (), {key: SLOT}, told)


def _calling(told: Any) -> Reply:
    first = {"tool_calls": [{"index": 0, **_call("")}]}
    piece = {"tool_calls": [{"index": 0, "function": {"arguments": SLOT}}]}
    return _choice({"tool_calls": [_call(told)]}, first, piece, told)


def _running(input_: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "id": "c1", "type": "custom", "custom": {"name": "run", "input": input_}}]}


def _old_call(arguments: Any) -> dict[str, Any]:
    return {"function_call": {"name": "send", "arguments": arguments}}


_THOUGHT = {"reasoning_details": [{"index": 0, "type": "text", "text": SLOT}]}
_BESIDE = {"x_a": {"x_b": SLOT}}
_NESTED = {"x_a": [{"x_b": SLOT}]}

REPLIES: Replies = {
    "text": [replace(_field("content"), content=True), _field("refusal")],
    "tool arguments": [
        *map(_calling, _ARGUMENTS),
        _choice(_old_call(Inside(JSON)), _old_call(""), {"function_call": {"arguments": SLOT}}, Inside(JSON)),
        _choice(_running(SLOT), _running(""), {"tool_calls": [{"index": 0, "custom": {"input": SLOT}}]}),
    ],
    "names and metadata": [
        _choice({"tool_calls": [_call(name=SLOT)]}, {"tool_calls": [{"index": 0, **_call(name=SLOT)}]}),
    ],
    "reasoning": [_field("reasoning_content"), _field("reasoning"), _choice(_THOUGHT, (), _THOUGHT)],
    "unknown fields": [
        _field("x_note"),
        _choice(_NESTED, _NESTED),
        _choice({SLOT: "a"}, {SLOT: "a"}),
        Reply({"message": {"content": "Yes."}, **_BESIDE}, [{"delta": {"content": "Yes."}, **_BESIDE}, _STOP]),
        *(replace(_choice({"content": "Yes."}, {"content": "Yes."}), beside=unknown) for unknown in UNKNOWN),
    ],
    "JSON inside strings": [
        replace(
            _field("content", Inside(JSON)), asked={"response_format": {"type": "json_object"}}, content=True
        ),
        _calling(Inside({"body": Inside(JSON)})),
    ],
}  # fmt: skip
