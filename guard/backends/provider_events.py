"""The events of each API, written from what litellm streams."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from guard.backends.provider_calls import CHAT, MESSAGES, RESPONSES
from guard.backends.provider_replies import bare, chunk, completion, item_of, plain, response_of
from guard.backends.upstreams import EventSplitter
from guard.errors import UpstreamError
from guard.surfaces.walk import dump

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_EVENT_NAME = re.compile(rb"^event: ?(\w+)", re.MULTILINE)
# How a part of a response begins. Where litellm makes the events of a whole one, it has said all by then.
_BLANK: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "response.output_item.added": {"item": {"status": "in_progress", "content": [], "arguments": ""}},
    "response.content_part.added": {"part": {"text": ""}},
}
# Fields that litellm leaves out of the events that it makes.
_FILLED: Mapping[str, Mapping[str, Any]] = {
    "response.output_text.delta": {"logprobs": []},
    "response.output_text.done": {"logprobs": []},
}


class Events(Protocol):
    """Writes what litellm streams as the events of an API."""

    def feed(self, item: Any) -> list[bytes]:
        """The events that `item` makes. Raises UpstreamError where it tells of a failure."""
        ...

    def flush(self) -> list[bytes]:
        """The end. Raises UpstreamError where the stream has come to none."""
        ...


def writer(path: str, limit: int) -> Events:
    """A writer for one stream of `path`; `limit` bounds the bytes of an event."""
    if path == MESSAGES:
        return _MessageEvents(limit)
    return _ResponseEvents() if path == RESPONSES else _ChunkEvents(path)


class _ChunkEvents:
    """Chunks of chat or text completions."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._ended = False

    def feed(self, item: Any) -> list[bytes]:
        body = plain(item)
        told = chunk(body) if self._path == CHAT else completion(body, {})
        self._ended = self._ended or any(choice["finish_reason"] for choice in told["choices"])
        return [b"data: " + dump(told) + b"\n\n"] if told["choices"] or "usage" in told else []

    def flush(self) -> list[bytes]:
        if not self._ended:
            raise UpstreamError("The upstream's stream broke off before its end.")
        return [b"data: [DONE]\n\n"]


class _ResponseEvents:
    """Events of responses, numbered: litellm numbers few of those it makes."""

    def __init__(self) -> None:
        self._number = -1
        self._names: dict[Any, Any] = {}
        self._ended = False

    def feed(self, item: Any) -> list[bytes]:
        body = plain(item)
        kind = str(body["type"])
        if kind == "error":
            raise UpstreamError("The upstream reported an error in the middle of its stream.")
        self._number += 1
        self._ended = self._ended or kind in _ENDS
        shaped = {"item": item_of, "part": bare}
        told = {name: shaped[name](value) if name in shaped else value for name, value in body.items()}
        if isinstance(told.get("response"), dict):
            told["response"] = response_of(told["response"], {})
        if kind == "response.output_item.added":
            self._names[told["item"].get("id")] = told["item"].get("name")
        for name, blank in _BLANK.get(kind, {}).items():
            told[name] |= {key: value for key, value in blank.items() if key in told[name]}
        if kind == "response.function_call_arguments.done":
            told.setdefault("name", self._names.get(told.get("item_id"), ""))
        told = {**_FILLED.get(kind, {}), **told, "sequence_number": self._number}
        return [b"event: %b\ndata: %b\n\n" % (kind.encode(), dump(told))]

    def flush(self) -> list[bytes]:
        if not self._ended:
            raise UpstreamError("The upstream's stream broke off before its end.")
        return []


class _MessageEvents:
    """Events of messages, which litellm writes itself or passes on as they come."""

    def __init__(self, limit: int) -> None:
        self._splitter = EventSplitter(limit)
        self._ended = False

    def feed(self, item: Any) -> list[bytes]:
        arrived = self._splitter.feed(item if isinstance(item, bytes) else str(item).encode())
        names = [match[1] for event in arrived if (match := _EVENT_NAME.search(event))]
        if b"error" in names:
            raise UpstreamError("The upstream reported an error in the middle of its stream.")
        self._ended = self._ended or b"message_stop" in names
        return arrived

    def flush(self) -> list[bytes]:
        if not self._ended:
            raise UpstreamError("The upstream's stream broke off before its end.")
        return []


def pieces(body: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The chunks that a whole reply of chat or text completions would have come in."""
    frame = {k: v for k, v in body.items() if k not in {"choices", "usage"}}
    for choice in body["choices"]:
        if "text" in choice:
            yield {**frame, "choices": [choice]}
            continue
        message = {name: value for name, value in choice["message"].items() if value is not None}
        calls = [{"index": place, **call} for place, call in enumerate(message.get("tool_calls", []))]
        delta = {**message, "tool_calls": calls} if calls else message
        frame["object"] = "chat.completion.chunk"
        yield {**frame, "choices": [{**choice, "delta": delta, "finish_reason": None}]}
        yield {**frame, "choices": [{**choice, "delta": {}, "logprobs": None}]}
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield {**frame, "choices": [], "usage": body.get("usage")}
