"""What guard adds to a call: direct, without masking, with masking, in one run, whole and streamed, 1 and 32 at once.

    python benchmarks/overhead.py [--log FOLDER ...] [--seconds S] [--rounds N] [--surfaces NAME ...] [--json]

A mock upstream, guard with one worker, and the client are three processes on this machine. Each figure is the median
of the rounds; in each round the set-ups take turns, so that a slow moment of the machine meets them all. `--log`
names the folders that hold the audit log, such as a RAM disk and a real one; an fsync there is measured too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROSE = (
    "Please write to Alice Meyer (alice.meyer@example.com) that the invoice of 14 March is still open and that her "
    "card 4111 1111 1111 1111 was declined. Our office in Berlin can be reached at +49 30 901820. "
)
POLICIES = {
    "pass-through": "recognize: {profile: none}\nlog: {content: none}\nreview: {constitution: null, stream: observe}",
    "patterns": "recognize: {profile: patterns}\nreview: {constitution: null, stream: observe}",
    "fast": "recognize: {profile: fast}\nreview: {constitution: null, stream: observe}",
    "full": "recognize: {profile: full}\nreview: {constitution: null, stream: observe}",
}
EVENTS = 52
WARM_UP_S = 0.3


# ── the mock upstream ────────────────────────────────────────────────────────────────────────────────────────────────


class Mock(asyncio.Protocol):
    """Answers every request with the same reply, whole or as a stream, without reading it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            path = self._held.split(b" ", 2)[1]
            length = _content_length(self._held[:end])
            if len(self._held) < end + 4 + length:
                return
            body = self._held[end + 4 : end + 4 + length]
            self._held = self._held[end + 4 + length :]
            self._transport.write(ANSWERS[path][b'"stream":true' in body])


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def _sse(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


SAID = "The letter has been written. " * 8


def _chat() -> tuple[dict[str, Any], list[bytes]]:
    frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _sse({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    message = {"role": "assistant", "content": SAID}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    whole = {**frame, "object": "chat.completion", "choices": choices}
    return whole, [*[event({"content": "word "})] * (EVENTS - 2), event({}, "stop"), b"data: [DONE]\n\n"]


def _completions() -> tuple[dict[str, Any], list[bytes]]:
    frame = {"id": "c1", "object": "text_completion", "created": 1, "model": "m"}

    def told(text: str, finish: str | None) -> dict[str, Any]:
        return {**frame, "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}]}

    pieces = [_sse(told("word ", None))] * (EVENTS - 2)
    return told(SAID, "stop"), [*pieces, _sse(told("", "stop")), b"data: [DONE]\n\n"]


def _messages() -> tuple[dict[str, Any], list[bytes]]:
    whole = {
        "id": "m1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": SAID}], "usage": {"input_tokens": 3, "output_tokens": 40},
    }  # fmt: skip
    begun = {**whole, "content": [], "stop_reason": None}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word "}}
    ending = [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    pieces = [delta] * (EVENTS - 4)
    return whole, [_sse(body) for body in ({"type": "message_start", "message": begun}, block, *pieces, *ending)]


def _responses() -> tuple[dict[str, Any], list[bytes]]:
    part = {"type": "output_text", "annotations": [], "text": SAID}
    item = {"id": "i1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    whole = {"id": "r1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [item]}
    place = {"item_id": "i1", "output_index": 0, "content_index": 0, "logprobs": []}
    pieces = [{"type": "response.output_text.delta", "delta": "word ", **place}] * (EVENTS - 2)
    begun = {"type": "response.created", "response": {**whole, "output": []}}
    return whole, [_sse(body) for body in (begun, *pieces, {"type": "response.completed", "response": whole})]


def _gemini() -> tuple[dict[str, Any], list[bytes]]:
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 40, "totalTokenCount": 43}

    def told(text: str, finish: str | None = None) -> dict[str, Any]:
        ended = {"finishReason": finish} if finish else {}
        candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **ended}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r1"}

    return told(SAID, "STOP"), [*[_sse(told("word "))] * (EVENTS - 1), _sse(told("", "STOP"))]


@dataclass(frozen=True)
class Api:
    """Where an API is called, how a text is asked, and what the mock upstream answers, whole and streamed.

    `streams_at` is where a stream is asked for, where the path says that and the model, and the body does not.
    """

    path: str
    asked: Callable[[str], dict[str, Any]]
    whole: dict[str, Any]
    events: list[bytes]
    streams_at: str = ""

    def request(self, text: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """The path and the body of a request."""
        if self.streams_at:
            return self.streams_at if stream else self.path, self.asked(text)
        return self.path, {"model": "m", **({"stream": True} if stream else {}), **self.asked(text)}


def _spoken(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


APIS = {
    "chat": Api("/v1/chat/completions", _spoken, *_chat()),
    "responses": Api("/v1/responses", lambda text: {"input": text}, *_responses()),
    "messages": Api("/v1/messages", lambda text: {"max_tokens": 99, **_spoken(text)}, *_messages()),
    "completions": Api("/v1/completions", lambda text: {"prompt": text}, *_completions()),
    "embeddings": Api(
        "/v1/embeddings",
        lambda text: {"input": text},
        {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5] * 64}]},
        [],
    ),
    "gemini": Api(
        "/v1beta/models/m:generateContent",
        lambda text: {"contents": [{"parts": [{"text": text}]}]},
        *_gemini(),
        "/v1beta/models/m:streamGenerateContent?alt=sse",
    ),
}


def _answer(kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(body)) + body


def _answers(api: Api) -> dict[bytes, tuple[bytes, bytes]]:
    whole = _answer(b"application/json", json.dumps(api.whole).encode())
    stream = _answer(b"text/event-stream", b"".join(api.events))
    return {api.path.encode(): (whole, stream), **({api.streams_at.encode(): (stream,) * 2} if api.streams_at else {})}


# By the path that is asked for: the whole reply and the stream.
ANSWERS = {path: answers for api in APIS.values() for path, answers in _answers(api).items()}


async def _serve_mock(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Mock, "127.0.0.1", port)
    await server.serve_forever()


# ── the client ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Sample:
    """Milliseconds until the first and until the last byte of the body of one reply."""

    first: float
    last: float


class Client(asyncio.Protocol):
    """One connection that sends a request, reads the reply to its end, and sends the next."""

    def __init__(self, requests: Iterator[bytes], until: float, samples: list[Sample], done: asyncio.Event) -> None:
        self._requests, self._until, self._samples, self._done = requests, until, samples, done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def _send(self) -> None:
        self._held = b""
        self._first = 0.0
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._held += data
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._held[:end].lower()
        body = len(self._held) - end - 4
        if body and not self._first:
            self._first = now
        chunked = b"transfer-encoding: chunked" in head
        if not (self._held.endswith(b"0\r\n\r\n") if chunked else body >= _content_length(head)):
            return
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(f"unexpected reply: {self._held[:400]!r}")
        self._samples.append(Sample((self._first - self._began) * 1000, (now - self._began) * 1000))
        if now < self._until:
            self._send()
        else:
            self._transport.close()
            self._done.set()


async def _load(port: int, requests: Iterator[bytes], at_once: int, seconds: float) -> tuple[list[Sample], float]:
    loop = asyncio.get_running_loop()
    samples: list[Sample] = []
    began = time.perf_counter()
    done = [asyncio.Event() for _ in range(at_once)]
    for event in done:
        await loop.create_connection(
            lambda event=event: Client(requests, began + seconds, samples, event), "127.0.0.1", port
        )
    for event in done:
        await event.wait()
    return samples, time.perf_counter() - began


def _requests(api: Api, *, kilobyte: bool, stream: bool, new: bool) -> Iterator[bytes]:
    """HTTP requests; with `new` no two have the same text, so that no cache knows it."""
    count = time.time_ns()
    while True:
        count += 1
        text = (PROSE * 5)[:1000] if kilobyte else "Write a letter."
        if new:
            text = f"{count} {text}"
        path, asked = api.request(text, stream=stream)
        body = json.dumps(asked, separators=(",", ":")).encode()
        head = b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" % path.encode()
        yield head + b"content-length: %d\r\n\r\n" % len(body) + body


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Setup:
    """A server to measure: its name and port, the process id where its memory counts."""

    name: str
    port: int
    pid: int | None = None


@contextlib.contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit("a server did not start")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.1)
    raise SystemExit("a server did not listen")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _guard(folder: Path, policy: str, upstream: int, port: int) -> list[str]:
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "bench.yaml").write_text(f"policy: bench\n{policy}\n")
    config = {
        "listen": {"port": port},
        "data": str(folder / "data"),
        "policies": str(folder / "policies"),
        "upstreams": [
            {"name": "mock", "url": f"http://127.0.0.1:{upstream}/v1", "surfaces": [*APIS]},
        ],
    }
    (folder / "guard.yaml").write_text(json.dumps(config))
    return [sys.executable, "-m", "guard", "-c", str(folder / "guard.yaml"), "serve"]


def _fsync_ms(folder: Path) -> float:
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


CASES = (
    ("short", {"kilobyte": False, "stream": False, "new": False}),
    ("1 KB, new text", {"kilobyte": True, "stream": False, "new": True}),
    ("1 KB, known text", {"kilobyte": True, "stream": False, "new": False}),
    ("short, streamed", {"kilobyte": False, "stream": True, "new": False}),
)


def measure(surface: str, setups: list[Setup], seconds: float, rounds: int) -> list[dict[str, Any]]:
    """A row per case, number at a time, and set-up, with the ratio to the direct call of the same round."""
    rows = []
    api = APIS[surface]
    for setup in setups:  # what is loaded at a first call is no part of the others
        asyncio.run(_load(setup.port, _requests(api, kilobyte=False, stream=False, new=True), 1, WARM_UP_S))
    for case, shape in CASES:
        if shape["stream"] and not api.events:
            continue
        for at_once in (1, 32):
            found: dict[str, list[tuple[float, float, float]]] = {setup.name: [] for setup in setups}
            for _ in range(rounds):
                for setup in setups:
                    samples, took = asyncio.run(_load(setup.port, _requests(api, **shape), at_once, seconds))
                    first = statistics.median(sample.first for sample in samples)
                    last = statistics.median(sample.last for sample in samples)
                    found[setup.name].append((first, last, len(samples) / took))
            direct = found["direct"]
            for name, results in found.items():
                first, last, rate = (statistics.median(result[at] for result in results) for at in range(3))
                ratios = [mine[1] / base[1] for mine, base in zip(results, direct, strict=True)]
                added = [mine[1] - base[1] for mine, base in zip(results, direct, strict=True)]
                rows.append({
                    "surface": surface, "case": case, "at_once": at_once, "setup": name,
                    "first_ms": first, "p50_ms": last, "added_ms": statistics.median(added),
                    "ratio": statistics.median(ratios), "per_s": rate,
                })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", action="append", type=Path, help="a folder for the audit log; may be given again")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(POLICIES), help="policies to measure")
    parser.add_argument("--surfaces", nargs="*", choices=list(APIS), default=["chat"], help="APIs to call")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mock", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if options.mock:
        asyncio.run(_serve_mock(options.mock))
        return
    logs = options.log or [Path(tempfile.gettempdir())]
    with contextlib.ExitStack() as stack:
        upstream = _free_port()
        stack.enter_context(_process([sys.executable, __file__, "--mock", str(upstream)], upstream))
        setups = [Setup("direct", upstream)]
        fsync = {str(log): _fsync_ms(log) for log in logs}
        for log in logs:
            for name in options.only:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=log)))
                port = _free_port()
                command = _guard(folder / "guard", POLICIES[name], upstream, port)
                pid = stack.enter_context(_process(command, port))
                setups.append(Setup(f"{name}, log on {log}", port, pid))
        rows = [row for name in options.surfaces for row in measure(name, setups, options.seconds, options.rounds)]
        memory = {setup.name: _memory_mb(setup.pid) for setup in setups if setup.pid}
    if options.json:
        print(json.dumps({"rows": rows, "fsync_ms": fsync, "memory_mb": memory}, indent=1))
        return
    for row in rows:
        print(
            f"{row['surface']:<12}{row['case']:<18}{row['at_once']:>3}  {row['setup']:<38} "
            f"first {row['first_ms']:7.2f} ms  p50 {row['p50_ms']:7.2f} ms  added {row['added_ms']:7.2f} ms  "
            f"x{row['ratio']:<7.1f}{row['per_s']:9.0f}/s"
        )
    for name, ms in fsync.items():
        print(f"fsync in {name}: {ms:.3f} ms")
    for name, mb in memory.items():
        print(f"memory of {name}: {mb:.0f} MB")


if __name__ == "__main__":
    main()
