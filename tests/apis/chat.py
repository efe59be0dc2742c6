"""Chat completions, as OpenAI sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.apis.api import SAID, Streaming, Turn, last_said

_CHUNK = "chat.completion.chunk"
_USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


class Chat(Streaming):
    path = "/v1/chat/completions"
    wrong = b'{"choices": {"index": 0}}'
    done = b"data: [DONE]\n\n"

    def said(self, body: dict[str, Any]) -> str:
        return last_said(body["messages"])

    def has_words(self, event: Mapping[str, Any]) -> bool:
        deltas = [choice["delta"] for choice in event["choices"]]
        return any(
            delta.get("content") or delta.get("tool_calls") or delta.get("reasoning_content") for delta in deltas
        )

    def whole(self, turn: Turn) -> dict[str, Any]:
        choices = [
            {
                "index": index,
                "message": message,
                "logprobs": _logprobs(turn, message),
                "finish_reason": _finish(message),
            }
            for index, message in enumerate(_messages(turn))
        ]
        return {**_frame(turn, "chat.completion"), "choices": choices, "usage": _USAGE}

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        messages = _messages(turn)
        for index, message in enumerate(messages):
            yield _chunk(turn, index, {"role": "assistant", "content": None if message["content"] is None else ""})
        for index, message in enumerate(messages):
            for delta in _deltas(turn, message):
                yield _chunk(turn, index, delta)
        for index, message in enumerate(messages):
            yield _chunk(turn, index, {}, _finish(message))
        if turn.body.get("stream_options", {}).get("include_usage"):
            yield {**_frame(turn, _CHUNK), "choices": [], "usage": _USAGE}


def _chunk(turn: Turn, index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": index, "delta": delta, "finish_reason": finish}
    if turn.body.get("logprobs") and delta.get("content"):
        choice["logprobs"] = _logprobs(turn, delta)
    return {**_frame(turn, _CHUNK), "choices": [choice]}


def _deltas(turn: Turn, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for piece in turn.cut(message.get("reasoning_content") or ""):
        yield {"reasoning_content": piece}
    for piece in turn.cut(message["content"] or ""):
        yield {"content": piece}
    for call in message.get("tool_calls", []):
        yield {"tool_calls": [{"index": 0, **call, "function": {"name": "send", "arguments": ""}}]}
        for piece in turn.cut(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _messages(turn: Turn) -> list[dict[str, Any]]:
    return [_message(index, turn) for index in range(turn.body.get("n") or 1)]


def _message(index: int, turn: Turn) -> dict[str, Any]:
    plain = {"role": "assistant"}
    match turn.kind:
        case "tool":
            function = {"name": "send", "arguments": json.dumps({"to": turn.text})}
            return {
                **plain,
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            }
        case "think":
            return {**plain, "reasoning_content": turn.text, "content": SAID}
    return {**plain, "content": turn.text if index == 0 else f"{index}: {turn.text}"}


def _frame(turn: Turn, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": turn.body["model"]}


def _logprobs(turn: Turn, message: dict[str, Any]) -> dict[str, Any] | None:
    if not turn.body.get("logprobs"):
        return None
    return {"content": [{"token": message["content"], "logprob": -0.1, "bytes": None, "top_logprobs": []}]}


def _finish(message: dict[str, Any]) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"
