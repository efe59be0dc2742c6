"""A model server that speaks every API over a socket, echoes what it is sent, and misbehaves on demand.

The model's name, after its last slash, says how it behaves:

    echo             says the last user message
    split            the same, each character in an event of its own, sent in pieces of a byte
    draw             says it and shows a picture (Gemini)
    tool             calls a tool with the last user message as an argument
    think            thinks the last user message, and says something else
    remember         says the message of the earlier turn that the request goes on from
    say:KEY          says what `replies` holds under KEY
    status:N         answers with error N, quoting the last user message; 429 comes with Retry-After
    flaky            answers 500 once for each message, then echoes
    gate             a stream that waits, after its first words, until `gate` is set
    nonsense, html, array, empty, redirect    answer what is none of the API's replies
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
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.apis import APIS
from tests.apis.api import Api, Refused, Streaming, Turn
from tests.apis.messages import Messages


class FakeUpstream:
    """The server's application. `seen` holds every body, and `seen_headers` the headers, that reached it.

    `begun` is set once a `gate` stream has said its first words, `gone` counts the streams whose client left.
    """

    def __init__(self) -> None:
        self.url = ""
        self.replies: dict[str, str] = {}
        self.ended = threading.Event()
        self.forget()
        calls = [Route(path, partial(self.call, api), methods=["POST"]) for api in APIS for path in _paths(api)]
        lists = [Route("/v1/models", self.models), Route("/v1beta/models", self.google_models)]
        self.app = Starlette(routes=[*calls, *lists])

    def forget(self) -> None:
        """Begin anew."""
        self.seen: list[bytes] = []
        self.seen_headers: list[dict[str, str]] = []
        self.gone = threading.Semaphore(0)
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.replies.clear()
        self._failed: set[str] = set()
        self._remembered: dict[str, str] = {}

    async def models(self, request: Request) -> Response:
        self.seen_headers.append(dict(request.headers))
        return JSONResponse({"object": "list", "data": [{"id": "echo", "object": "model"}, {"id": 7}, "odd"]})

    async def google_models(self, request: Request) -> Response:
        self.seen_headers.append(dict(request.headers))
        return JSONResponse({"models": [{"name": "models/echo", "inputTokenLimit": 9}, {"name": 7}, "odd"]})

    async def call(self, api: Api, request: Request) -> Response:
        raw = await request.body()
        self.seen.append(raw)
        self.seen_headers.append(dict(request.headers))
        if isinstance(api, Messages) and {"x-api-key", "authorization"}.isdisjoint(request.headers):
            return JSONResponse(api.error(401, "x-api-key header is required"), 401)
        body = {**_named_in(request), **json.loads(raw)}
        if "model" in request.path_params and {"x-goog-api-key", "authorization"}.isdisjoint(request.headers):
            return JSONResponse(api.error(403, "Method doesn't allow unregistered callers"), 403)
        kind, _, argument = body.get("model", "echo").rpartition("/")[2].partition(":")
        if kind == "slow":
            while not (self.ended.is_set() or await request.is_disconnected()):  # noqa: ASYNC110 - as in _wait
                await asyncio.sleep(0.005)
            self.gone.release()
        try:
            turn = self._turn(api, body, kind, argument)
        except Refused as refused:
            return JSONResponse(api.error(400, str(refused)), 400)
        odd = self._odd(api, kind, argument, turn.text)
        if odd is not None:
            return odd
        if body.get("stream") and isinstance(api, Streaming):
            return StreamingResponse(self._events(api, turn), media_type="text/event-stream")
        return JSONResponse(api.whole(turn))

    def _turn(self, api: Api, body: dict[str, Any], kind: str, argument: str) -> Turn:
        """What is said to this call. What it says itself is remembered for later calls. Raises Refused."""
        said = api.said(body)
        conversation = body.get("conversation")
        named = conversation["id"] if isinstance(conversation, dict) else conversation
        earlier = body.get("previous_response_id") or named
        if body.get("previous_response_id") and earlier not in self._remembered:
            raise Refused("Previous response not found.")
        text = {"say": self.replies.get(argument, ""), "remember": self._remembered.get(earlier, "")}.get(kind, said)
        turn = Turn(body, kind, text, sizes=(1,) if kind == "tool" else ())
        for name in [turn.name("resp"), *([named] if named else [])]:
            self._remembered[name] = said
        return turn

    def _odd(self, api: Api, kind: str, argument: str, said: str) -> Response | None:
        match kind:
            case "status":
                headers = {"retry-after": "7", "retry-after-ms": "10"} if argument == "429" else {}
                return JSONResponse(api.error(int(argument), f"no: {said}"), int(argument), headers)
            case "flaky" if said not in self._failed:
                self._failed.add(said)
                return JSONResponse(api.error(500, "try again"), 500, {"retry-after-ms": "10"})
            case "nonsense":
                return PlainTextResponse("this is not JSON", media_type="application/json")
            case "array":
                return Response(api.wrong, media_type="application/json")
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

    async def _events(self, api: Streaming, turn: Turn) -> AsyncIterator[bytes]:
        spoken = False
        try:
            for event in api.events(turn):
                for piece in _pieces(api.write(event), turn.kind):
                    yield piece
                if not spoken and api.has_words(event):
                    spoken = True
                    async for misdeed in self._after_first_words(api, turn.kind):
                        yield misdeed
                    if turn.kind == "cut":
                        return
            if api.done:
                yield api.done
        except (asyncio.CancelledError, GeneratorExit):
            self.gone.release()
            raise

    async def _after_first_words(self, api: Streaming, kind: str) -> AsyncIterator[bytes]:
        self.begun.set()
        match kind:
            case "gate":
                await self._wait(self.gate)
            case "stall":
                await self._wait(self.ended)
            case "garbage":
                yield b"data: {not json\n\n"
            case "error":
                yield api.broken


def _paths(api: Api) -> list[str]:
    """Where an API is served; where the model stands in the path, it may have slashes."""
    path = api.path.replace("{model}", "{model:path}")
    return [path, path.replace(":generate", ":streamGenerate")] if path.endswith(":generateContent") else [path]


def _named_in(request: Request) -> dict[str, Any]:
    """What the path says: the model, and whether to stream."""
    if "model" not in request.path_params:
        return {}
    stream = request.url.path.endswith(":streamGenerateContent")
    assert request.url.query == ("alt=sse" if stream else "")
    return {"model": request.path_params["model"], "stream": stream}


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
