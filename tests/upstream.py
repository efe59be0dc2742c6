"""A model server that speaks chat completions over a socket, echoes what it is sent, and misbehaves on demand.

The model's name, after its last slash, says how it behaves:

    echo             says the last user message
    split            the same, each character in an event of its own, sent in pieces of a byte
    tool             calls a tool with the last user message as an argument
    say:KEY          says what `replies` holds under KEY
    status:N         answers with error N, quoting the last user message; 429 comes with Retry-After
    flaky            answers 500 once for each message, then echoes
    gate             a stream that waits, after its first words, until `gate` is set
    nonsense, html, array, empty, redirect    answer what is no chat completion
    cut, garbage, error, stall                break off in the middle of a stream, or stop there
    slow             does not answer

`raw` is a server of another kind: whatever it is sent, it answers with the given bytes and closes the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

_CHUNK = "chat.completion.chunk"


class FakeUpstream:
    """The server's application. `seen` holds every body, and `seen_headers` the headers, that reached it.

    `begun` is set once a `gate` stream has said its first words, `gone` counts the streams whose client left.
    """

    def __init__(self) -> None:
        self.url = ""
        self.replies: dict[str, str] = {}
        self.ended = threading.Event()
        self.forget()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/models", self.models),
            ]
        )

    def forget(self) -> None:
        """Begin anew."""
        self.seen: list[bytes] = []
        self.seen_headers: list[dict[str, str]] = []
        self.gone = threading.Semaphore(0)
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.replies.clear()
        self._failed: set[str] = set()

    async def models(self, request: Request) -> Response:
        self.seen_headers.append(dict(request.headers))
        return JSONResponse({"object": "list", "data": [{"id": "echo", "object": "model"}, {"id": 7}, "odd"]})

    async def chat(self, request: Request) -> Response:
        raw = await request.body()
        self.seen.append(raw)
        self.seen_headers.append(dict(request.headers))
        body = json.loads(raw)
        kind, _, argument = body["model"].rpartition("/")[2].partition(":")
        said = _last_user_text(body)
        if kind == "slow":
            while not (self.ended.is_set() or await request.is_disconnected()):  # noqa: ASYNC110 - as in _wait
                await asyncio.sleep(0.005)
            self.gone.release()
        odd = self._odd(kind, argument, said)
        if odd is not None:
            return odd
        text = self.replies[argument] if kind == "say" else said
        choices = [_message(index, text, kind) for index in range(body.get("n") or 1)]
        if not body.get("stream"):
            return JSONResponse(_whole(body, choices))
        return StreamingResponse(self._events(body, choices, kind), media_type="text/event-stream")

    def _odd(self, kind: str, argument: str, said: str) -> Response | None:
        match kind:
            case "status":
                headers = {"retry-after": "7", "retry-after-ms": "10"} if argument == "429" else {}
                error = {"message": f"no: {said}", "type": "invalid_request_error", "param": None, "code": "nope"}
                return JSONResponse({"error": error}, int(argument), headers)
            case "flaky" if said not in self._failed:
                self._failed.add(said)
                error = {"message": "try again", "type": "server_error"}
                return JSONResponse({"error": error}, 500, {"retry-after-ms": "10"})
            case "nonsense":
                return PlainTextResponse("this is not JSON", media_type="application/json")
            case "array":
                return JSONResponse({"choices": {"index": 0}})
            case "empty":
                return Response(status_code=200)
            case "html":
                return PlainTextResponse("<html>bad gateway</html>", 502, media_type="text/html")
            case "redirect":
                return Response(status_code=307, headers={"location": f"{self.url}/v1/models"})
        return None

    async def _wait(self, event: threading.Event) -> None:
        while not (event.is_set() or self.ended.is_set()):  # noqa: ASYNC110 - the event is set by another thread
            await asyncio.sleep(0.005)

    async def _events(self, body: dict[str, Any], choices: list[dict[str, Any]], kind: str) -> AsyncIterator[bytes]:
        try:
            for number, chunk in enumerate(_chunks(body, choices, kind)):
                event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
                for piece in _pieces(event, kind):
                    yield piece
                if number == 1:
                    async for misdeed in self._after_first_words(kind):
                        yield misdeed
                    if kind == "cut":
                        return
            if body.get("stream_options", {}).get("include_usage"):
                usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
                yield b"data: " + json.dumps({**_frame(body, _CHUNK), "choices": [], "usage": usage}).encode() + b"\n\n"
            yield b"data: [DONE]\n\n"
        except (asyncio.CancelledError, GeneratorExit):
            self.gone.release()
            raise

    async def _after_first_words(self, kind: str) -> AsyncIterator[bytes]:
        self.begun.set()
        match kind:
            case "gate":
                await self._wait(self.gate)
            case "stall":
                await self._wait(self.ended)
            case "garbage":
                yield b"data: {not json\n\n"
            case "error":
                yield b'data: {"error": {"message": "overloaded"}}\n\n'


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
            {
                "index": index,
                "message": message,
                "logprobs": _logprobs(body, message),
                "finish_reason": _finish(message),
            }
            for index, message in enumerate(messages)
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def _frame(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": body["model"]}


def _logprobs(body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
        return None
    return {"content": [{"token": message["content"], "logprob": -0.1, "bytes": None, "top_logprobs": []}]}


def _finish(message: dict[str, Any]) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _chunks(body: dict[str, Any], messages: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    frame = _frame(body, _CHUNK)

    def chunk(index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**frame, "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}

    for index, message in enumerate(messages):
        yield chunk(index, {"role": "assistant", "content": None if message["content"] is None else ""})
    for index, message in enumerate(messages):
        for piece in _cut(message["content"] or "", kind):
            told = chunk(index, {"content": piece})
            if body.get("logprobs"):
                told["choices"][0]["logprobs"] = _logprobs(body, {"content": piece})
            yield told
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
    return [event[at : at + 1] for at in range(len(event))] if kind == "split" else [event]


@contextlib.contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a socket of its own, in a thread; gives its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # log_config: what uvicorn logs goes to the root, where a test can read it.
    config = uvicorn.Config(app, log_config=None, log_level="error", access_log=False, lifespan="on")
    server = uvicorn.Server(config)
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


@contextlib.contextmanager
def serve_fake() -> Iterator[FakeUpstream]:
    """Serve a fake upstream."""
    fake = FakeUpstream()
    with serve(fake.app) as fake.url:
        try:
            yield fake
        finally:
            fake.ended.set()


@contextlib.contextmanager
def raw(answer: bytes) -> Iterator[str]:
    """A server that answers every connection with the same bytes and closes it; gives its address."""

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while (line := self.rfile.readline().lower()) not in {b"\r\n", b""}:
                length = int(line.split(b":")[1]) if line.startswith(b"content-length:") else length
            self.rfile.read(length)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
