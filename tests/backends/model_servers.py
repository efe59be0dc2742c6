"""Model servers on real sockets for the critics' tests: a scripted one, and llama.cpp's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from guard.backends import packaged
from tests.upstream import serve

Say = Callable[[dict[str, Any]], Any]


class FakeServer:
    """Speaks chat completions and completions; `say` gives the answer to a body, or a Response, or a number: a status.

    A body whose words hold `WAITS` waits for `gate`; `SLOW` never answers. `seen` are the bodies in the order in which
    they came, `done` the order in which they were answered, `busiest` how many were under way at once.
    """

    def __init__(self, say: Say) -> None:
        self.say = say
        self.url = ""
        self.seen: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.events: list[tuple[str, int]] = []
        self.gate = threading.Event()  # of another thread's, which is why they are looked at again and again
        self.ended = threading.Event()
        self.broken_off = threading.Semaphore(0)
        self.under_way = self.busiest = 0
        routes = [Route(f"/v1{path}", self.call, methods=["POST"]) for path in ("/chat/completions", "/completions")]
        self.app = Starlette(routes=routes)

    async def call(self, request: Request) -> Response:
        body = await request.json()
        number = len(self.seen)
        self.seen.append(body)
        self.paths.append(request.url.path)
        self.headers.append(dict(request.headers))
        self.events.append(("came", number))
        self.under_way += 1
        self.busiest = max(self.busiest, self.under_way)
        try:
            words = json.dumps(body)
            while "WAITS" in words and not (self.gate.is_set() or self.ended.is_set()):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            while "SLOW" in words and not (self.ended.is_set() or await request.is_disconnected()):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            if "SLOW" in words:
                self.broken_off.release()
            answer = self.say(body)
        finally:
            self.under_way -= 1
            self.events.append(("left", number))
        if isinstance(answer, Response):
            return answer
        return JSONResponse({"error": "no"}, answer) if isinstance(answer, int) else JSONResponse(answer)


@contextlib.contextmanager
def serving(say: Say) -> Iterator[FakeServer]:
    fake = FakeServer(say)
    with serve(fake.app) as address:
        fake.url = f"{address}/v1"
        try:
            yield fake
        finally:
            fake.ended.set()


def words(body: Mapping[str, Any]) -> str:
    """All that a request says."""
    return str(body["prompt"]) if "prompt" in body else "\n".join(turn["content"] for turn in body["messages"])


def tokens(**probabilities: float) -> dict[str, Any]:
    """The answer to a request of one token, with the log-probabilities of these tokens."""
    listed = [{"token": token, "logprob": math.log(chance), "bytes": None} for token, chance in probabilities.items()]
    listed.sort(key=lambda one: -one["logprob"])
    content = [{**listed[0], "top_logprobs": listed}] if listed else []
    message = {"role": "assistant", "content": listed[0]["token"] if listed else ""}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "length", "logprobs": {"content": content}}]}


def chance(yes: float) -> dict[str, Any]:
    """The answer of a model to which yes has this probability."""
    return tokens(Yes=yes * 0.96, No=(1 - yes) * 0.96, The=0.02)


def text(said: str | None, finish: str = "stop", *, raw: bool = False) -> dict[str, Any]:
    """The answer to a request for text."""
    choice = {"text": said} if raw else {"message": {"role": "assistant", "content": said}}
    return {"choices": [{"index": 0, "finish_reason": finish, **choice}]}


def endless() -> Response:
    """An answer that is longer than any verdict."""

    async def more() -> Any:
        for _ in range(80):
            yield b" " * 100_000

    return StreamingResponse(more(), media_type="application/json")


def elsewhere(url: str) -> Response:
    return RedirectResponse(url, 307)


@contextlib.contextmanager
def llama_server() -> Iterator[str]:
    """llama.cpp's own server with the packaged model, in a process of its own; gives its address with /v1."""
    command = [sys.executable, "-m", "tests.backends.model_servers", str(packaged.file("packaged:smollm2"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            address = process.stdout.readline().decode().strip()
            assert address.startswith("http://127.0.0.1:")
            yield f"{address}/v1"
        finally:
            process.stdin.close()
            process.wait(20)


def run_llama_server(model: str) -> None:
    import xllamacpp

    wish = xllamacpp.CommonParams()
    wish.model.path = model
    wish.hostnames, wish.port = ["127.0.0.1"], 0
    wish.n_ctx, wish.n_parallel = 4096, 1  # with more slots, each has a prefix cache of its own
    wish.cpuparams.n_threads = wish.cpuparams_batch.n_threads = 1
    wish.warmup = False
    server = xllamacpp.Server(wish)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    run_llama_server(sys.argv[1])
