"""A model server that speaks chat completions over a socket, echoes what it is sent, and misbehaves on demand.

The model's name says how it behaves:

    echo             says the last user message
    split            the same, each character in an event of its own, sent in pieces of three bytes
    tool             calls a tool with the last user message as an argument
    say:TEXT         says TEXT (percent-encoded)
    status:N         answers with error N, quoting the last user message; 429 comes with Retry-After
    flaky            answers 500 once for each message, then echoes
    cut, nonsense, slow, html, stall   break off, answer what is not JSON, hang
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import unquote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


class FakeUpstream:
    """The server's application. `seen` holds every body, and `seen_headers` the headers, that reached it."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.seen_headers: list[dict[str, str]] = []
        self.gone = 0
        self._failed: set[str] = set()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/models", self.models),
            ]
        )

    async def models(self, request: Request) -> Response:
        self.seen_headers.append(dict(request.headers))
        return JSONResponse({"object": "list", "data": [{"id": "echo", "object": "model"}]})

    async def chat(self, request: Request) -> Response:
        raw = await request.body()
        self.seen.append(raw)
        self.seen_headers.append(dict(request.headers))
        body = json.loads(raw)
        kind, _, argument = body["model"].partition(":")
        said = _last_user_text(body)
        match kind:
            case "status":
                headers = {"retry-after": "1"} if argument == "429" else {}
                error = {"message": f"no: {said}", "type": "invalid_request_error", "param": None, "code": "nope"}
                return JSONResponse({"error": error}, int(argument), headers)
            case "flaky" if said not in self._failed:
                self._failed.add(said)
                return JSONResponse({"error": {"message": "try again", "type": "server_error"}}, 500)
            case "nonsense":
                return PlainTextResponse("this is not JSON", media_type="application/json")
            case "html":
                return PlainTextResponse("<html>bad gateway</html>", 502, media_type="text/html")
            case "redirect":
                return Response(status_code=307, headers={"location": "http://127.0.0.1:1/elsewhere"})
            case "slow":
                await asyncio.sleep(30)
        text = unquote(argument) if kind == "say" else said
        choices = [_message(index, text, kind) for index in range(body.get("n") or 1)]
        if not body.get("stream"):
            return JSONResponse(_whole(body, choices))
        return StreamingResponse(self._events(body, choices, kind), media_type="text/event-stream")

    async def _events(self, body: dict[str, Any], choices: list[dict[str, Any]], kind: str) -> AsyncIterator[bytes]:
        try:
            for chunk in _chunks(body, choices, kind):
                event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
                for piece in _pieces(event, kind):
                    yield piece
                if kind == "stall":
                    await asyncio.sleep(0.05)
                if kind == "cut":
                    return
                if kind == "garbage":
                    yield b"data: {not json\n\n"
            yield b"data: [DONE]\n\n"
        except (asyncio.CancelledError, GeneratorExit):
            self.gone += 1
            raise


def _last_user_text(body: dict[str, Any]) -> str:
    for message in reversed(body["messages"]):
        if message.get("role") == "user":
            content = message["content"]
            return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return ""


def _message(index: int, text: str, kind: str) -> dict[str, Any]:
    if kind == "tool":
        call = {"id": "call_1", "type": "function", "function": {"name": "send", "arguments": json.dumps({"to": text})}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": text if index == 0 else f"{index}: {text}"}


def _whole(body: dict[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **_frame(body, "chat.completion"),
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": _finish(message)}
            for index, message in enumerate(messages)
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def _frame(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": body["model"]}


def _finish(message: dict[str, Any]) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _chunks(body: dict[str, Any], messages: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    frame = _frame(body, "chat.completion.chunk")

    def chunk(index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**frame, "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}

    for index, message in enumerate(messages):
        yield chunk(index, {"role": "assistant", "content": None if message["content"] is None else ""})
    for index, message in enumerate(messages):
        for piece in _cut(message["content"] or "", kind):
            yield chunk(index, {"content": piece})
        for call in message.get("tool_calls", []):
            arguments = call["function"]["arguments"]
            yield chunk(index, {"tool_calls": [{"index": 0, **call, "function": {"name": "send", "arguments": ""}}]})
            for piece in _cut(arguments, "split"):
                yield chunk(index, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    for index, message in enumerate(messages):
        yield chunk(index, {}, _finish(message))


def _cut(text: str, kind: str) -> list[str]:
    return list(text) if kind == "split" else [text[at : at + 7] for at in range(0, len(text), 7)]


def _pieces(event: bytes, kind: str) -> list[bytes]:
    return [event[at : at + 3] for at in range(0, len(event), 3)] if kind == "split" else [event]


@contextlib.contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a socket of its own, in a thread; gives its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
