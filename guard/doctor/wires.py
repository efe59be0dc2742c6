"""How each API writes a reply, whole and streamed, and how a client reads it: what the capture server answers with.

This shares no code with the surfaces, so that the two do not make the same mistake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from guard.types import SurfaceName

MODEL = "doctor"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a reply says: its content and, where there are any, a tool call's argument and the reasoning."""

    content: str
    argument: str = ""
    reasoning: str = ""


class Wire(Protocol):
    """One API as it is on the wire."""

    surface: ClassVar[SurfaceName]
    path: ClassVar[str]

    def serves(self, path: str) -> bool:
        """Whether a request to `path` is one of this API."""
        return path == self.path

    def target(self, model: str, body: Mapping[str, Any], *, stream: bool) -> str:
        """Where a request goes."""
        del model, body, stream
        return self.path

    def request(self, model: str, body: Mapping[str, Any], *, stream: bool) -> dict[str, Any]:
        """The body of a request that asks `model` for a reply, whole or as a stream."""
        return {**body, "model": model, **({"stream": True} if stream else {})}

    def streams(self, path: str, body: Mapping[str, Any]) -> bool:
        """Whether a request asks for a stream."""
        del path
        return bool(body.get("stream"))

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a whole reply."""
        ...

    def read(self, body: Mapping[str, Any]) -> Parts:
        """What a whole reply says."""
        ...


@runtime_checkable
class Streaming(Wire, Protocol):
    """An API that streams, too. `named` says whether its events carry their type as a name, `done` ends a stream."""

    named: ClassVar[bool] = False
    done: ClassVar[bytes] = b""

    def events(self, parts: Parts) -> Iterator[dict[str, Any]]:
        """The bodies of the events of a stream, one for every character of what is said."""
        ...

    def join(self, events: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
        """What the events of a stream say, as often as they say it: some APIs repeat as a whole what came in pieces."""
        ...


def streamed(wire: Streaming, parts: Parts) -> list[bytes]:
    """The events of a stream as bytes; the last ends it."""
    written = [_written(event, named=wire.named) for event in wire.events(parts)]
    return [*written, wire.done] if wire.done else written


def _written(event: Mapping[str, Any], *, named: bool) -> bytes:
    name = f"event: {event['type']}\n".encode() if named else b""
    return name + b"data: " + json.dumps(event).encode() + b"\n\n"


def argument_of(arguments: str) -> str:
    """What a tool was called with; the text itself where it is not the JSON that was sent."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    return str(value.get("echo", arguments)) if isinstance(value, dict) else arguments


def call(argument: str) -> str:
    """The arguments of a tool as JSON."""
    return json.dumps({"echo": argument}, ensure_ascii=False)


class Chat(Streaming):
    """Chat completions."""

    surface = "chat"
    path = "/v1/chat/completions"
    done = b"data: [DONE]\n\n"

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a whole reply."""
        message: dict[str, Any] = {"role": "assistant", "content": parts.content}
        if parts.reasoning:
            message["reasoning_content"] = parts.reasoning
        if parts.argument:
            message["tool_calls"] = [self._call(call(parts.argument))]
        return self._frame("chat.completion", {"index": 0, "message": message, "finish_reason": "stop"})

    def events(self, parts: Parts) -> Iterator[dict[str, Any]]:
        """The bodies of the events."""
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in parts.reasoning:
            yield self._chunk({"reasoning_content": piece})
        for piece in parts.content:
            yield self._chunk({"content": piece})
        if parts.argument:
            yield self._chunk({"tool_calls": [{"index": 0, **self._call("")}]})
            for piece in call(parts.argument):
                yield self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield self._chunk({}, "stop")

    def read(self, body: Mapping[str, Any]) -> Parts:
        """What a whole reply says."""
        message = body["choices"][0]["message"]
        calls = message.get("tool_calls") or ()
        arguments = "".join(one["function"]["arguments"] for one in calls)
        return Parts(message.get("content") or "", argument_of(arguments), message.get("reasoning_content") or "")

    def join(self, events: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
        """What the events say."""
        deltas = [choice["delta"] for event in events for choice in event["choices"]]
        calls = [one["function"] for delta in deltas for one in delta.get("tool_calls") or ()]
        said = Parts(
            "".join(delta.get("content") or "" for delta in deltas),
            argument_of("".join(one.get("arguments") or "" for one in calls)),
            "".join(delta.get("reasoning_content") or "" for delta in deltas),
        )
        return (said,)

    @staticmethod
    def _call(arguments: str) -> dict[str, Any]:
        return {"id": "call_1", "type": "function", "function": {"name": "echo", "arguments": arguments}}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return self._frame("chat.completion.chunk", {"index": 0, "delta": delta, "finish_reason": finish})

    @staticmethod
    def _frame(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        plain = {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": MODEL}
        return {**plain, "choices": [choice]}


class Completions(Streaming):
    """Completions of a text."""

    surface = "completions"
    path = "/v1/completions"
    done = b"data: [DONE]\n\n"

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a whole reply."""
        plain = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": MODEL}
        return {**plain, "choices": [{"index": 0, "text": parts.content, "logprobs": None, "finish_reason": "stop"}]}

    def events(self, parts: Parts) -> Iterator[dict[str, Any]]:
        """The bodies of the events."""
        for piece in (*parts.content, ""):
            body = self.whole(Parts(piece))
            body["choices"][0]["finish_reason"] = None if piece else "stop"
            yield body

    def read(self, body: Mapping[str, Any]) -> Parts:
        """What a whole reply says."""
        return Parts(body["choices"][0]["text"])

    def join(self, events: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
        """What the events say."""
        return (Parts("".join(choice["text"] for event in events for choice in event["choices"])),)


class Silent(Wire):
    """An API whose replies hold no words."""

    reply: ClassVar[Mapping[str, Any]]

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a reply."""
        del parts
        return dict(self.reply)

    def read(self, body: Mapping[str, Any]) -> Parts:
        """No words."""
        del body
        return Parts("")


class Embeddings(Silent):
    """Vectors."""

    surface = "embeddings"
    path = "/v1/embeddings"
    reply: ClassVar[Mapping[str, Any]] = {
        "object": "list",
        "model": MODEL,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


class Moderations(Silent):
    """Whether texts are harmful."""

    surface = "moderations"
    path = "/v1/moderations"
    reply: ClassVar[Mapping[str, Any]] = {
        "id": "modr-1",
        "model": MODEL,
        "results": [{"flagged": False, "categories": {"violence": False}, "category_scores": {"violence": 0.01}}],
    }


class CountTokens(Silent):
    """How many tokens a request has."""

    surface = "count_tokens"
    path = "/v1/messages/count_tokens"
    reply: ClassVar[Mapping[str, Any]] = {"input_tokens": 14}
