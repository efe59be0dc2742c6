"""Anthropic messages: requests and replies with a place in every kind of field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.matrix.chat import CONTENTS, HELLO, before, said
from tests.matrix.templates import JSON, SCHEMAS, SLOT, UNKNOWN, Inside, Replies, Reply, Requests


def _did(*blocks: Any) -> dict[str, Any]:
    return before({"content": list(blocks)})


def _used(input_: Any = (), **keys: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "t1", "name": "send", "input": dict(input_), **keys}


def _result(content: Any, id_: str = "t1") -> dict[str, Any]:
    return said([{"type": "tool_result", "tool_use_id": id_, "content": content}])


def _tool(**keys: Any) -> dict[str, Any]:
    return {**HELLO, "tools": [{"name": "send", "input_schema": {"type": "object"}, **keys}]}


def _paper(data: str = "Hi", **keys: Any) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": data}, **keys}


def _ran(content: Any, kind: str = "code_execution_tool_result") -> dict[str, Any]:
    return {"type": kind, "tool_use_id": "s1", "content": content}


_TEXT = {"type": "text", "text": SLOT}
_OUTPUT = {"type": "code_execution_result", "stdout": SLOT, "stderr": "", "return_code": 0}
_INPUTS: tuple[Any, ...] = ({"to": SLOT}, {"mail": [{"to": SLOT}]}, {SLOT: {"a": 1}})

REQUESTS: Requests = {
    "text": [
        *map(said, CONTENTS),
        *(said([paper]) for paper in (_paper(SLOT), _paper(title=SLOT), _paper(context=SLOT))),
        said([{"type": "search_result", "source": "web", "title": "A page", "content": [_TEXT]}]),
        {**HELLO, "stop_sequences": [SLOT]},
    ],
    "instructions": [{**HELLO, "system": content} for content in CONTENTS],
    "history": [before({"content": content}, role) for role in ("assistant", "user") for content in CONTENTS],
    "tool arguments": [_did(_used(input_)) for input_ in _INPUTS],
    "tool results": [*map(_result, CONTENTS), _did(_ran(_OUTPUT))],
    "tool descriptions": [_tool(description=SLOT), *(_tool(input_schema=schema) for schema in SCHEMAS)],
    "names and metadata": [
        *({**HELLO, "metadata": metadata} for metadata in ({"user_id": SLOT}, {"k": SLOT}, {SLOT: "v"})),
        _did(_used(name=SLOT)),
        _result("ok", SLOT),
        _tool(name=SLOT),
        {**HELLO, "tool_choice": {"type": "tool", "name": SLOT}},
        {**HELLO, "mcp_servers": [{"type": "url", "url": "https://mcp.test", "name": SLOT}]},
    ],
    "reasoning": [_did({"type": "thinking", "thinking": SLOT, "signature": "c2lnbmVk" * 8})],
    "unknown fields": [
        *({**HELLO, **unknown} for unknown in UNKNOWN),
        said("Hello", x_note=SLOT),
        said([{"type": "text", "text": "Hi", "x_a": {"x_b": SLOT}}]),
        _tool(x_note=SLOT),
    ],
    "JSON inside strings": [
        said(Inside(JSON)),
        said([{"type": "text", "text": Inside({SLOT: 1}, indent=2)}]),
        _result(Inside(JSON)),
        _did(_used({"body": Inside({"body": Inside(JSON)})})),
        {**HELLO, "metadata": {"user_id": Inside([SLOT], ascii=True)}},
    ],
}


_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1"}
_USAGE = {"input_tokens": 3, "output_tokens": 4}


def _delta(delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def _block(block: Any, begun: Any = None, delta: Any = None, told: Any = SLOT) -> Reply:
    """A reply of one block, which is begun and told in pieces of `delta`."""
    return Reply(
        {**_MESSAGE, "content": [block], "stop_reason": "end_turn", "usage": _USAGE},
        [
            {"type": "message_start", "message": {**_MESSAGE, "content": [], "stop_reason": None, "usage": _USAGE}},
            {"type": "content_block_start", "index": 0, "content_block": block if begun is None else begun},
            {"type": "ping"},
        ],
        None if delta is None else _delta(delta),
        [
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
            {"type": "message_stop"},
        ],
        told,
    )


def _beside(unknown: Any) -> Reply:
    """A reply with something beside its content, and in the event that begins it."""
    reply = _block(_YES)
    start, *others = reply.before
    begun = {**start, "message": {**start["message"], **unknown}}
    return replace(reply, whole={**reply.whole, **unknown}, before=[begun, *others])


def _text(told: Any = SLOT, **keys: Any) -> Reply:
    block, delta = {"type": "text", "text": told}, {"type": "text_delta", "text": SLOT}
    return replace(_block(block, {**block, "text": ""}, delta, told), content=True, **keys)


def _using(input_: Any) -> Reply:
    """A call whose input is an object, and comes in pieces of JSON."""
    delta = {"type": "input_json_delta", "partial_json": SLOT}
    return _block(_used(input_), _used(), delta, Inside(input_))


def _citing(citation: Any) -> Reply:
    quoting = _block({"type": "text", "text": "Yes.", "citations": [citation]}, {"type": "text", "text": "Yes."})
    delta = _delta({"type": "citations_delta", "citation": citation})
    return replace(quoting, before=[*quoting.before, delta])


_THOUGHT = {"type": "thinking", "thinking": SLOT, "signature": ""}
_PAGE = {"type": "web_search_result", "url": "https://a.test", "title": SLOT}
_YES = {"type": "text", "text": "Yes."}
_NOTE = {"type": "x_block"}

REPLIES: Replies = {
    "text": [_text(), _citing({"type": "char_location", "cited_text": SLOT, "document_index": 0})],
    "tool arguments": [*map(_using, _INPUTS)],
    "tool results": [
        _block(_ran(_OUTPUT)),
        _block(_ran([_PAGE], "web_search_tool_result")),
        _block(_ran([_TEXT], "mcp_tool_result")),
    ],
    "names and metadata": [_block(_used(name=SLOT))],
    "reasoning": [_block(_THOUGHT, {**_THOUGHT, "thinking": ""}, {"type": "thinking_delta", "thinking": SLOT})],
    "unknown fields": [
        _block({**_YES, "x_note": SLOT}),
        _block({**_YES, SLOT: 1}),
        _block({**_NOTE, "x_a": [{"x_b": SLOT}]}),
        _block({**_NOTE, "x_note": SLOT}, _NOTE, {"type": "x_delta", "x_note": SLOT}),
        *map(_beside, UNKNOWN),
    ],
    "JSON inside strings": [
        _text(Inside(JSON), asked={"output_config": {"format": {"type": "json_schema", "schema": {}}}}),
        _using({"body": Inside(JSON)}),
    ],
}
