"""What the fake upstream needs to know of an API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, ClassVar, Protocol, runtime_checkable

from tests.dialogue import asked

SAID = "Done."  # what is said beside what was thought


@dataclass(frozen=True)
class Turn:
    """One call: its body, how the model behaves (`kind`), and the text that it says, thinks or calls a tool with.

    `sizes` are those of the pieces of a stream, again and again.
    """

    body: dict[str, Any]
    kind: str
    text: str
    sizes: tuple[int, ...] = ()

    def name(self, prefix: str, number: int = 0) -> str:
        """An identifier as providers make them; the same for the same call, streamed or not."""
        plain = {key: value for key, value in self.body.items() if not key.startswith("stream")}
        seed = json.dumps([plain, self.kind, self.text, prefix, number]).encode()
        return f"{prefix}_{hashlib.sha256(seed).hexdigest()[:48]}"

    def cut(self, text: str) -> list[str]:
        """`text` in the pieces in which it is sent."""
        sizes = cycle(self.sizes or ((1,) if self.kind == "split" else (7,)))
        pieces = []
        while text:
            size = next(sizes)
            pieces.append(text[:size])
            text = text[size:]
        return pieces


class Refused(Exception):
    """The API does not take a request."""


class Api(Protocol):
    """One API. `wrong` is an answer of the wrong shape."""

    path: ClassVar[str]
    wrong: ClassVar[bytes]

    def said(self, body: dict[str, Any]) -> str:
        """The last user message. Raises Refused."""
        ...

    def whole(self, turn: Turn) -> dict[str, Any]:
        """The whole reply."""
        ...

    def error(self, status: int, message: str) -> dict[str, Any]:
        """The body of an error."""
        del status
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": "nope"}}


@runtime_checkable
class Streaming(Api, Protocol):
    """An API that streams, too. `broken` says in a stream that the model has failed, `done` ends it."""

    broken: ClassVar[bytes] = b'data: {"error": {"message": "overloaded"}}\n\n'
    done: ClassVar[bytes] = b""

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        """The data of the events of the reply."""
        ...

    def has_words(self, event: Mapping[str, Any]) -> bool:
        """Whether an event brings words of the model."""
        ...

    def write(self, event: dict[str, Any]) -> bytes:
        """An event on the wire."""
        return b"data: " + json.dumps(event).encode() + b"\n\n"


def replying(api: Streaming, kind: str = "echo", text: str | None = None, sizes: tuple[int, ...] = ()) -> Any:
    """The API without a socket, for `tests.dialogue.play`: it answers a request whole or with the events of a stream."""

    def reply(request: Any) -> bytes | list[bytes]:
        body = asked(request)
        turn = Turn(body, kind, api.said(body) if text is None else text, sizes)
        if not body.get("stream"):
            return json.dumps(api.whole(turn)).encode()
        return [*map(api.write, api.events(turn)), *([api.done] if api.done else [])]

    return reply


def named(event: dict[str, Any]) -> bytes:
    """An event on the wire, with its type as its name."""
    return f"event: {event['type']}\n".encode() + b"data: " + json.dumps(event).encode() + b"\n\n"


def text_of(content: Any) -> str:
    """The words of a content: a text, or a list of parts or texts."""
    if isinstance(content, str):
        return content
    return "".join(part if isinstance(part, str) else part.get("text", "") for part in content or ())


def last_said(messages: list[dict[str, Any]]) -> str:
    """What the last user message says; empty where there is none."""
    users = [message for message in messages if message.get("role") == "user"]
    return text_of(users[-1]["content"]) if users else ""
