"""Responses: requests and replies with a place in every kind of field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.matrix.templates import JSON, SCHEMAS, SLOT, UNKNOWN, Inside, Replies, Reply, Requests

HELLO = {"input": "Hello"}


def _message(content: Any, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def _went(*items: Any) -> dict[str, Any]:
    """A conversation that goes on after some items."""
    return {"input": [_message("Hello"), *items, _message("Go on.")]}


def _call(arguments: Any = "{}", **keys: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": "c1", "name": "send", "arguments": arguments, **keys}


def _result(output: Any) -> dict[str, Any]:
    return _went(_call(), {"type": "function_call_output", "call_id": "c1", "output": output})


def _tool(**keys: Any) -> dict[str, Any]:
    return {**HELLO, "tools": [{"type": "function", "name": "send", **keys}]}


def _server(**keys: Any) -> dict[str, Any]:
    return {**HELLO, "tools": [{"type": "mcp", "server_url": "https://mcp.test", **keys}]}


_TEXT = {"type": "input_text", "text": SLOT}
_SPOKEN = ([{"type": "output_text", "text": SLOT}], [{"type": "refusal", "refusal": SLOT}])
_THOUGHTS: tuple[Any, ...] = (
    {"summary": [{"type": "summary_text", "text": SLOT}]},
    {"summary": [], "content": [{"type": "reasoning_text", "text": SLOT}]},
)
_SHAPE = {"format": {"type": "json_schema", "name": SLOT, "schema": {"type": "object"}}}

REQUESTS: Requests = {
    "text": [
        {"input": SLOT},
        *({"input": [_message(content)]} for content in (SLOT, [_TEXT])),
        {**HELLO, "prompt": {"id": "pmpt_1", "variables": {"who": SLOT}}},
    ],
    "instructions": [
        {**HELLO, "instructions": SLOT},
        *(
            {"input": [_message(content, role), _message("Hello")]}
            for role in ("system", "developer")
            for content in (SLOT, [_TEXT])
        ),
    ],
    "history": [
        *(_went(_message(content)) for content in (SLOT, [_TEXT])),
        *(_went(_message(content, "assistant")) for content in (SLOT, *_SPOKEN)),
    ],
    "tool arguments": [
        *(_went(_call(Inside(arguments))) for arguments in ({"to": SLOT}, {SLOT: {"a": 1}})),
        _went({"type": "custom_tool_call", "call_id": "c1", "name": "run", "input": SLOT}),
        _went({"type": "web_search_call", "id": "w1", "action": {"type": "search", "queries": [SLOT]}}),
    ],
    "tool results": [_result(output) for output in (SLOT, [_TEXT])],
    "tool descriptions": [
        _tool(description=SLOT),
        *(_tool(parameters=schema) for schema in SCHEMAS),
        _server(server_label="s", server_description=SLOT),
    ],
    "names and metadata": [
        *({**HELLO, key: SLOT} for key in ("user", "safety_identifier")),
        *({**HELLO, "metadata": metadata} for metadata in ({"k": SLOT}, {SLOT: "v"})),
        *(_went(call) for call in (_call(name=SLOT), _call(call_id=SLOT))),
        _tool(name=SLOT),
        _server(server_label=SLOT),
        {**HELLO, "tool_choice": {"type": "function", "name": SLOT}},
        {**HELLO, "text": _SHAPE},
    ],
    "reasoning": [_went({"type": "reasoning", "id": "rs_1", **thought}) for thought in _THOUGHTS],
    "unknown fields": [
        *({**HELLO, **unknown} for unknown in UNKNOWN),
        {"input": [{**_message("Hello"), "x_note": SLOT}]},
        {"input": [_message([{"type": "input_text", "text": "Hi", "x_a": {"x_b": SLOT}}])]},
        _tool(x_note=SLOT),
    ],
    "JSON inside strings": [
        {"input": Inside(JSON)},
        {"input": [_message([{"type": "input_text", "text": Inside({SLOT: 1}, indent=2)}])]},
        _went(_call(Inside({"body": Inside(JSON)}))),
        _result(Inside(JSON)),
        {**HELLO, "metadata": {"k": Inside([SLOT], ascii=True)}},
    ],
}


_PLACE: dict[str, Any] = {"item_id": "i1", "output_index": 0}


def _response(output: Sequence[Any], status: str, repeated: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": status, "model": "m-1",
        "output": output, **repeated,
    }  # fmt: skip


def _item(
    item: Any,
    begun: Any = None,
    events: Sequence[Any] = (),
    piece: Any = None,
    ended: Sequence[Any] = (),
    told: Any = SLOT,
    repeated: Mapping[str, Any] | None = None,
) -> Reply:
    """A reply of one item, which is begun, told in pieces, and then repeated whole."""
    repeats = repeated or {}
    finished = _response([item], "completed", repeats)
    before = [
        {"type": "response.created", "response": _response([], "in_progress", repeats)},
        {"type": "response.output_item.added", "output_index": 0, "item": item if begun is None else begun},
    ]
    after = [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": finished},
    ]
    spoken = None if piece is None else {**piece, **_PLACE}
    return Reply(finished, [*before, *events], spoken, [*ended, *after], told, judged=repeated is None)


def _content(part: dict[str, Any], key: str, stem: str) -> Reply:
    """A message with one part."""
    message = {"id": "i1", **_message([part], "assistant"), "status": "completed"}
    place = {**_PLACE, "content_index": 0}
    return _item(
        message,
        {**message, "status": "in_progress", "content": []},
        [{"type": "response.content_part.added", **place, "part": {**part, key: ""}}],
        {"type": f"{stem}.delta", "content_index": 0, "delta": SLOT},
        [
            {"type": f"{stem}.done", **place, key: part[key]},
            {"type": "response.content_part.done", **place, "part": part},
        ],
        part[key],
    )


def _text(told: Any = SLOT, **keys: Any) -> Reply:
    part = {"type": "output_text", "annotations": [], "text": told}
    return replace(_content(part, "text", "response.output_text"), content=True, **keys)


def _calling(item: dict[str, Any], key: str, stem: str) -> Reply:
    """A call whose arguments come in pieces."""
    call, told = {"id": "i1", **item}, item[key]
    done = {"type": f"response.{stem}.done", **_PLACE, key: told}
    return _item(call, {**call, key: ""}, (), {"type": f"response.{stem}.delta", "delta": SLOT}, [done], told)


def _thinking(key: str, kind: str, at: str) -> Reply:
    thought = {"id": "i1", "type": "reasoning", "summary": []}
    stem = f"response.reasoning_{'summary_text' if key == 'summary' else 'text'}"
    part = {"type": kind, "text": SLOT}
    ended = [{"type": f"{stem}.done", **_PLACE, at: 0, "text": SLOT}]
    if key == "summary":
        ended.append({"type": "response.reasoning_summary_part.done", **_PLACE, at: 0, "part": part})
    return _item({**thought, key: [part]}, thought, (), {"type": f"{stem}.delta", at: 0, "delta": SLOT}, ended)


def _mcp(**keys: Any) -> dict[str, Any]:
    return {"type": "mcp_call", "server_label": "s", "name": "send", "arguments": "{}", **keys}


_YES = {"id": "i1", **_message([{"type": "output_text", "annotations": [], "text": "Yes."}], "assistant")}
_FOUND = {"file_id": "f1", "filename": "a.txt", "score": 0.5, "text": SLOT}
_SEARCH = {"id": "i1", "type": "file_search_call", "queries": ["a"], "results": [_FOUND]}
_TOOLS = [{"name": "send", "input_schema": {"type": "object"}, "description": SLOT}]
_CUSTOM = {"type": "custom_tool_call", "call_id": "c1", "name": "run", "input": SLOT}
_CODE = {"type": "code_interpreter_call", "status": "completed", "container_id": "k", "code": SLOT}
_NOTE = {"id": "i1", "type": "x_item"}

REPLIES: Replies = {
    "text": [_text(), _content({"type": "refusal", "refusal": SLOT}, "refusal", "response.refusal")],
    "instructions": [_item(_YES, repeated={"instructions": SLOT})],
    "tool arguments": [
        *(_calling(_call(Inside(told)), "arguments", "function_call_arguments") for told in (JSON, {SLOT: {"a": 1}})),
        _calling(_mcp(arguments=Inside(JSON)), "arguments", "mcp_call_arguments"),
        _calling(_CUSTOM, "input", "custom_tool_call_input"),
        _calling(_CODE, "code", "code_interpreter_call_code"),
    ],
    "tool results": [_item({"id": "i1", **_mcp(output=SLOT)}), _item(_SEARCH)],
    "tool descriptions": [
        _item({"id": "i1", "type": "mcp_list_tools", "server_label": "s", "tools": _TOOLS}),
        _item(_YES, repeated={"tools": [{"type": "function", "name": "send", "description": SLOT}]}),
    ],
    "names and metadata": [
        _item({"id": "i1", **_call(name=SLOT)}),
        *(_item(_YES, repeated={"metadata": metadata}) for metadata in ({"k": SLOT}, {SLOT: "v"})),
    ],
    "reasoning": [
        _thinking("summary", "summary_text", "summary_index"),
        _thinking("content", "reasoning_text", "content_index"),
    ],
    "unknown fields": [
        _item({**_YES, "x_note": SLOT}),
        _item({**_YES, SLOT: 1}),
        *(replace(_item(_YES, repeated=unknown), judged=True) for unknown in UNKNOWN),
        _item({**_YES, "content": [{**_YES["content"][0], "x_a": {"x_b": SLOT}}]}),
        _item({**_NOTE, "x_note": SLOT}, _NOTE, (), {"type": "response.x_note.delta", "delta": SLOT}),
    ],
    "JSON inside strings": [
        _text(Inside(JSON), asked={"text": {"format": {"type": "json_object"}}}),
        _calling(_call(Inside({"body": Inside(JSON)})), "arguments", "function_call_arguments"),
    ],
}
