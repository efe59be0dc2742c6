"""Responses, as OpenAI sends them: items, numbered events with names, texts in pieces and then whole."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from tests.apis.api import SAID, Streaming, Turn, last_said, named

_ECHOED = {
    "instructions": None, "metadata": {}, "tools": [], "tool_choice": "auto", "temperature": 1.0, "top_p": 1.0,
    "max_output_tokens": None, "parallel_tool_calls": True, "previous_response_id": None, "store": True,
    "truncation": "disabled", "user": None, "reasoning": {"effort": None, "summary": None},
    "text": {"format": {"type": "text"}},
}  # fmt: skip
_USAGE = {
    "input_tokens": 3, "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7,
}  # fmt: skip


class Responses(Streaming):
    path = "/v1/responses"
    wrong = b'{"object": "response", "output": {"type": "message"}}'
    broken = (
        b'event: error\ndata: {"type": "error", "code": "server_error", "message": "overloaded", "param": null, '
        b'"sequence_number": 9}\n\n'
    )

    def said(self, body: dict[str, Any]) -> str:
        given = body.get("input", "")
        return given if isinstance(given, str) else last_said(given)

    def has_words(self, event: Mapping[str, Any]) -> bool:
        return str(event["type"]).endswith(".delta")

    def write(self, event: dict[str, Any]) -> bytes:
        return named(event)

    def whole(self, turn: Turn) -> dict[str, Any]:
        return _response(turn, "completed", _items(turn))

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        numbers = count()
        for event in _events(turn):
            yield {**event, "sequence_number": next(numbers)}


def _events(turn: Turn) -> Iterator[dict[str, Any]]:
    items = _items(turn)
    begun = _response(turn, "in_progress", [])
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items):
        place = {"output_index": index}
        yield {"type": "response.output_item.added", **place, "item": _unfinished(item)}
        yield from _item_events(turn, item, {"item_id": item["id"], **place})
        yield {"type": "response.output_item.done", **place, "item": item}
    yield {"type": "response.completed", "response": _response(turn, "completed", items)}


def _item_events(turn: Turn, item: dict[str, Any], place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match item["type"]:
        case "message":
            for at, part in enumerate(item["content"]):
                yield from _part_events(turn, part, {**place, "content_index": at}, "content_part", "output_text")
        case "reasoning":
            for at, part in enumerate(item["summary"]):
                where = {**place, "summary_index": at}
                yield from _part_events(turn, part, where, "reasoning_summary_part", "reasoning_summary_text")
        case "function_call":
            for piece in turn.cut(item["arguments"]):
                hidden = {"obfuscation": "aX93kQpL"}
                yield {"type": "response.function_call_arguments.delta", **place, "delta": piece, **hidden}
            told = {"arguments": item["arguments"], "name": item["name"]}
            yield {"type": "response.function_call_arguments.done", **place, **told}


def _part_events(
    turn: Turn, part: dict[str, Any], place: dict[str, Any], part_name: str, text_name: str
) -> Iterator[dict[str, Any]]:
    extra: dict[str, Any] = {"logprobs": []} if text_name == "output_text" else {}
    yield {"type": f"response.{part_name}.added", **place, "part": {**part, "text": "", **extra}}
    for piece in turn.cut(part["text"]):
        tokens = {"logprobs": _logprobs(turn, piece)} if extra else {}
        yield {"type": f"response.{text_name}.delta", **place, "delta": piece, **tokens, "obfuscation": "Zq3fRt"}
    tokens = {"logprobs": part["logprobs"]} if extra else {}
    yield {"type": f"response.{text_name}.done", **place, "text": part["text"], **tokens}
    yield {"type": f"response.{part_name}.done", **place, "part": part}


def _unfinished(item: dict[str, Any]) -> dict[str, Any]:
    empty = {"content": [], "summary": [], "arguments": "", "status": "in_progress"}
    return {key: empty.get(key, value) for key, value in item.items()}


def _items(turn: Turn) -> list[dict[str, Any]]:
    match turn.kind:
        case "tool":
            called = {"name": "send", "arguments": json.dumps({"to": turn.text}), "call_id": turn.name("call")}
            return [{"id": turn.name("fc"), "type": "function_call", "status": "completed", **called}]
        case "think":
            summary = [{"type": "summary_text", "text": turn.text}]
            sealed = base64.b64encode(turn.name("sealed").encode()).decode()
            thought = {"id": turn.name("rs"), "type": "reasoning", "summary": summary, "encrypted_content": sealed}
            return [thought, _message(turn, SAID)]
    return [_message(turn, turn.text)]


def _message(turn: Turn, text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": _logprobs(turn, text)}
    plain = {"id": turn.name("msg"), "type": "message", "status": "completed", "role": "assistant"}
    return {**plain, "content": [part]}


def _logprobs(turn: Turn, text: str) -> list[dict[str, Any]]:
    if not turn.body.get("top_logprobs"):
        return []
    return [{"token": text, "logprob": -0.1, "bytes": list(text.encode()), "top_logprobs": []}]


def _response(turn: Turn, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    body = turn.body
    plain = {"id": turn.name("resp"), "object": "response", "created_at": 1741476777, "status": status}
    echoed = {key: body.get(key, default) for key, default in _ECHOED.items()}
    conversation = body.get("conversation")
    named_one = {"conversation": conversation if isinstance(conversation, dict) else {"id": conversation}}
    return {
        **plain,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": body["model"],
        "output": output,
        **echoed,
        **(named_one if conversation else {}),
        "usage": _USAGE if status == "completed" else None,
    }
