"""Messages, as Anthropic sends them: blocks, events with names, and thinking that is signed.

A history whose thinking is not what was signed is refused, as Anthropic does.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.apis.api import SAID, Refused, Streaming, Turn, last_said, named

_ERRORS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error",
}  # fmt: skip


class Messages(Streaming):
    path = "/v1/messages"
    wrong = b'{"type": "message", "role": "assistant", "content": {"type": "text", "text": ""}}'
    broken = (
        b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
    )

    def said(self, body: dict[str, Any]) -> str:
        for message in body["messages"]:
            for block in message["content"] if isinstance(message["content"], list) else ():
                if block["type"] == "thinking" and block["signature"] != sign(block["thinking"]):
                    raise Refused("Invalid `signature` in `thinking` block")
        return last_said(body["messages"])

    def has_words(self, event: Mapping[str, Any]) -> bool:
        return event["type"] == "content_block_delta"

    def write(self, event: dict[str, Any]) -> bytes:
        return named(event)

    def error(self, status: int, message: str) -> dict[str, Any]:
        kind = _ERRORS.get(status, "invalid_request_error" if status < 500 else "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}

    def whole(self, turn: Turn) -> dict[str, Any]:
        usage = {"input_tokens": 3, "cache_read_input_tokens": 0, "output_tokens": 4, "service_tier": "standard"}
        return {**_frame(turn), "content": _blocks(turn), **_stop(turn), "usage": usage}

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        start = {**_frame(turn), "content": [], "stop_reason": None, "stop_sequence": None}
        yield {"type": "message_start", "message": {**start, "usage": {"input_tokens": 3, "output_tokens": 1}}}
        for index, block in enumerate(_blocks(turn)):
            empty = {key: "" if key in {"text", "thinking", "signature"} else value for key, value in block.items()}
            if "input" in block:
                empty["input"] = {}
            yield {"type": "content_block_start", "index": index, "content_block": empty}
            if index == 0:
                yield {"type": "ping"}
            for delta in _deltas(turn, block):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        yield {"type": "message_delta", "delta": _stop(turn), "usage": {"output_tokens": 4}}
        yield {"type": "message_stop"}


class CountTokens(Messages):
    path = "/v1/messages/count_tokens"
    wrong = b'{"input_tokens": "many"}'

    def whole(self, turn: Turn) -> dict[str, Any]:
        return {"input_tokens": 14}


def sign(text: str) -> str:
    """The signature of a thought."""
    return base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


def _blocks(turn: Turn) -> list[dict[str, Any]]:
    match turn.kind:
        case "tool":
            call = {"type": "tool_use", "id": turn.name("toolu"), "name": "send", "input": {"to": turn.text}}
            return [{"type": "text", "text": SAID}, call]
        case "think":
            thought = {"type": "thinking", "thinking": turn.text, "signature": sign(turn.text)}
            return [thought, {"type": "text", "text": SAID}]
    return [{"type": "text", "text": turn.text}]


def _deltas(turn: Turn, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "tool_use":
            yield {"type": "input_json_delta", "partial_json": ""}
            for piece in turn.cut(json.dumps(block["input"])):
                yield {"type": "input_json_delta", "partial_json": piece}
        case "thinking":
            for piece in turn.cut(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "text":
            for piece in turn.cut(block["text"]):
                yield {"type": "text_delta", "text": piece}


def _frame(turn: Turn) -> dict[str, Any]:
    return {"id": turn.name("msg"), "type": "message", "role": "assistant", "model": turn.body["model"]}


def _stop(turn: Turn) -> dict[str, Any]:
    return {"stop_reason": "tool_use" if turn.kind == "tool" else "end_turn", "stop_sequence": None}
