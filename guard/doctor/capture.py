"""The capture server: it stands in for every upstream, keeps each byte that it is sent, and repeats the newest turn."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from guard.doctor.wires import MODEL, Parts, Streaming, streamed
from guard.doctor.wires_items import wire_at

PIECE = 211  # bytes that are sent at once: prime, so that the cuts fall everywhere
PAUSE_S = 0.1  # before the last event: what a client has by then was released before the end
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


@dataclass(slots=True)
class Call:
    """One call that left guard: for which upstream, and its bytes. `path` is without the upstream.

    `opened` says whether the log held the entry of an unfinished exchange when the call came, `ended` when its last
    event was sent, by the monotonic clock.
    """

    upstream: str
    path: str
    raw: bytes
    body: Mapping[str, Any]
    opened: bool
    ended: float | None = None


@dataclass(slots=True)
class Capture:
    """The server's application. `is_open` is asked whether the log has an unfinished entry.

    `everything` adds a tool call and reasoning to each reply; without it a reply is its content alone, so that no
    agent sets out to run the tool.
    """

    is_open: Callable[[], bool]
    everything: bool = True
    sent: list[bytes] = field(default_factory=list)  # all that it was ever sent
    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{upstream}/{path:path}", self._answer, methods=METHODS)])

    def taken(self) -> list[Call]:
        """The calls since the last time."""
        with self._lock:
            calls, self.calls = self.calls, []
        return calls

    async def _answer(self, request: Request) -> Response:
        raw = await request.body()
        path = "/" + request.path_params["path"]
        call = Call(request.path_params["upstream"], path, _bytes(request, raw), object_of(raw), self.is_open())
        with self._lock:
            self.calls.append(call)
            self.sent.append(call.raw)
        wire = wire_at(path)
        if path == "/v1/models":
            return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if path == "/v1beta/models":
            return JSONResponse({"models": [{"name": f"models/{MODEL}"}]})
        if wire is None or request.method != "POST":
            return JSONResponse({"error": {"message": "no such route"}}, 404)
        parts = self._parts(call.body)
        if isinstance(wire, Streaming) and wire.streams(path, call.body):
            return StreamingResponse(_pieces(wire, parts, call), media_type="text/event-stream")
        return JSONResponse(wire.whole(parts))

    def _parts(self, body: Mapping[str, Any]) -> Parts:
        said = repeated(body)
        if self.everything:
            return Parts(said, said, said)
        return Parts(json.dumps({"echo": said}, ensure_ascii=False) if _wants_json(body) else said)


def repeated(body: Mapping[str, Any]) -> str:
    """The words of the newest turn of a request: what the user said last."""
    turns = next((body[key] for key in ("messages", "input", "prompt", "contents") if body.get(key)), "")
    if not isinstance(turns, list) or not turns:
        return _words(turns)
    users = [turn for turn in turns if isinstance(turn, dict) and turn.get("role") == "user"]
    return _words((users or turns)[-1])


def _words(value: Any) -> str:
    match value:
        case str():
            return value
        case list():
            return "".join(_words(item) for item in value)
        case dict():
            return _words(value.get("content") or value.get("parts") or value.get("text") or "")
    return ""


def _wants_json(body: Mapping[str, Any]) -> bool:
    text = body.get("text")
    wanted = body.get("response_format") or (text.get("format") if isinstance(text, dict) else None)
    generation = body.get("generationConfig")
    if isinstance(generation, dict) and generation.get("responseMimeType") == "application/json":
        return True
    return isinstance(wanted, dict) and str(wanted.get("type")).startswith("json")


def _bytes(request: Request, body: bytes) -> bytes:
    """A request as it was on the wire."""
    scope = request.scope
    head = b"%s %s?%s\r\n" % (request.method.encode(), scope["raw_path"], scope["query_string"])
    return head + b"".join(b"%s: %s\r\n" % pair for pair in scope["headers"]) + b"\r\n" + body


def object_of(raw: bytes) -> Mapping[str, Any]:
    """The JSON object that a body is; an empty one where it is none."""
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


async def _pieces(wire: Streaming, parts: Parts, call: Call) -> AsyncIterator[bytes]:
    *events, last = streamed(wire, parts)
    data = b"".join(events)
    for at in range(0, len(data), PIECE):
        yield data[at : at + PIECE]
    await asyncio.sleep(PAUSE_S)
    call.ended = time.monotonic()
    yield last
