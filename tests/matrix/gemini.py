"""Gemini: requests and replies with a place in every kind of field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.matrix.templates import JSON, SCHEMAS, SLOT, UNKNOWN, Inside, Replies, Reply, Requests


def _said(*parts: Any, role: str = "user", **keys: Any) -> dict[str, Any]:
    return {"role": role, "parts": list(parts), **keys}


def _asked(*parts: Any, **keys: Any) -> dict[str, Any]:
    return {"contents": [_said(*parts, **keys)]}


def _text(text: Any = SLOT, **keys: Any) -> dict[str, Any]:
    return {"text": text, **keys}


def _before(*parts: Any, role: str = "model") -> dict[str, Any]:
    """A conversation that goes on after a content."""
    return {"contents": [_said(_text("Hello")), _said(*parts, role=role), _said(_text("Go on."))]}


def _call(args: Any = (), name: Any = "send") -> dict[str, Any]:
    return {"functionCall": {"id": "c1", "name": name, "args": dict(args)}}


def _result(response: Any, name: Any = "send") -> dict[str, Any]:
    return {"functionResponse": {"id": "c1", "name": name, "response": response}}


def _tool(**keys: Any) -> dict[str, Any]:
    return {**_HELLO, "tools": [{"functionDeclarations": [{"name": "send", **keys}]}]}


_HELLO = _asked(_text("Hello"))
_ARGS: tuple[Any, ...] = ({"to": SLOT}, {"mail": [{"to": SLOT}]}, {SLOT: {"a": 1}})
_CODE = {"executableCode": {"language": "PYTHON", "code": SLOT}}
_OUTPUT = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": SLOT}}
_ALLOWED = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [SLOT]}}

REQUESTS: Requests = {
    "text": [
        _asked(_text()),
        _asked(_text("Hi"), _text()),
        {**_HELLO, "generationConfig": {"stopSequences": [SLOT]}},
    ],
    "instructions": [{**_HELLO, key: {"parts": [_text()]}} for key in ("systemInstruction", "system_instruction")],
    "history": [_before(_text(), role=role) for role in ("model", "user")],
    "tool arguments": [*(_before(_call(args)) for args in _ARGS), _before(_CODE)],
    "tool results": [
        *(_before(_result(response), role="user") for response in ({"output": SLOT}, {"list": [{"to": SLOT}]})),
        _before(_OUTPUT),
    ],
    "tool descriptions": [_tool(description=SLOT), *(_tool(parameters=schema) for schema in SCHEMAS)],
    "names and metadata": [
        *({**_HELLO, "labels": labels} for labels in ({"k": SLOT}, {SLOT: "v"})),
        _before(_call(name=SLOT)),
        _before(_result({}, SLOT), role="user"),
        _tool(name=SLOT),
        {**_HELLO, "toolConfig": _ALLOWED},
    ],
    "reasoning": [_before(_text(thought=True), _text("Yes."))],
    "unknown fields": [
        *({**_HELLO, **unknown} for unknown in UNKNOWN),
        _asked(_text("Hello"), x_note=SLOT),
        _asked(_text("Hi", x_a={"x_b": SLOT})),
        _tool(x_note=SLOT),
    ],
    "JSON inside strings": [
        _asked(_text(Inside(JSON))),
        _asked(_text("Hi"), _text(Inside({SLOT: 1}, indent=2))),
        _before(_call({"letter": Inside({"body": Inside(JSON)})})),
        {**_HELLO, "labels": {"k": Inside([SLOT], ascii=True)}},
    ],
}


_STOP = {"finishReason": "STOP"}


def _reply(*parts: Any, piece: Any = None, told: Any = SLOT, **keys: Any) -> Reply:
    """A candidate of some parts, the last of which comes whole, or in pieces where there is a `piece`."""
    content = {"content": _said(*parts, role="model"), **keys}
    begun = {"content": _said(*parts[:-1], role="model")} if piece else content
    return Reply(content, [begun], {"content": _said(piece, role="model")} if piece else None, [_STOP], told)


_YES = _text("Yes.")
_WEB = {"groundingChunks": [{"web": {"uri": "https://a.test", "title": SLOT}}]}
_NESTED = {"text": "Yes.", "x_a": [{"x_b": SLOT}]}

REPLIES: Replies = {
    "text": [replace(_reply(_text(), piece=_text()), content=True)],
    "tool arguments": [*(_reply(_call(args)) for args in _ARGS), _reply(_CODE)],
    "tool results": [_reply(_OUTPUT), _reply(_YES, groundingMetadata=_WEB)],
    "names and metadata": [_reply(_call(name=SLOT))],
    "reasoning": [_reply(_text(thought=True), piece=_text(thought=True))],
    "unknown fields": [
        _reply({**_YES, "x_note": SLOT}),
        _reply({**_YES, SLOT: 1}),
        _reply(_NESTED),
        _reply(_YES, x_note=SLOT),
        *(replace(_reply(_YES), beside=unknown) for unknown in UNKNOWN),
    ],
    "JSON inside strings": [
        replace(
            _reply(_text(Inside(JSON)), piece=_text(), told=Inside(JSON)),
            asked={"generationConfig": {"responseMimeType": "application/json"}},
            content=True,
        ),
        _reply(_call({"letter": Inside(JSON)})),
    ],
}


def _content(*parts: Any, **keys: Any) -> dict[str, Any]:
    return {"content": {"parts": list(parts), **keys}}


_EMBED = _content(_text("Hello"))

EMBEDDINGS: Requests = {
    "text": [
        _content(_text()),
        _content(_text("Hi"), _text()),
        {**_EMBED, "taskType": "RETRIEVAL_DOCUMENT", "title": SLOT},
        {"requests": [{"model": "models/m", **_EMBED}, {"model": "models/m", **_content(_text())}]},
        {"requests": [{"model": "models/m", **_EMBED, "title": SLOT}]},
    ],
    "unknown fields": [
        *({**_EMBED, **unknown} for unknown in UNKNOWN),
        _content(_text("Hi", x_note=SLOT)),
        {"requests": [{"model": "models/m", **_EMBED, "x_note": SLOT}]},
    ],
    "JSON inside strings": [
        _content(_text(Inside(JSON))),
        {"requests": [_content(_text(Inside({SLOT: 1}, indent=2)))]},
    ],
}
