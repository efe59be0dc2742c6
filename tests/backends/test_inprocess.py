"""A model inside this process as an upstream, with a model that does what it is told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from guard.asks import Request
from guard.backends.inprocess import LocalLine, LocalUpstream
from guard.config import UpstreamConfig
from guard.errors import RequestError, UpstreamError, UpstreamTimeout

SECRET = "hunter2"
PATH = "/v1/chat/completions"


class Model:
    """Says what it is asked for, a word at a time. `FAIL` makes it fail, `REFUSE` refuse, `WAIT` wait until `go`."""

    name = "scripted"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.ended = threading.Event()
        self.threads: set[str] = set()
        self.at_once = 0
        self.most_at_once = 0

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"said": list(self._words(body))}

    def stream(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if body["say"] == "REFUSE AT ONCE":
            raise RequestError("'say' is too long.", param="say")
        return self._stream(body)

    def _stream(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            for word in self._words(body):
                yield {"word": word}
        finally:
            self.threads.add(threading.current_thread().name)
            self.ended.set()

    def _words(self, body: Mapping[str, Any]) -> Iterator[str]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.threads.add(threading.current_thread().name)
        try:
            for word in body["say"].split():
                if word == "FAIL":
                    raise RuntimeError(SECRET)
                if word == "REFUSE":
                    raise RequestError("'say' is too long.", param="say")
                if word == "WAIT":
                    self.go.wait(20)
                yield word
        finally:
            self.at_once -= 1


@pytest.fixture
async def upstream() -> AsyncIterator[LocalUpstream]:
    made = LocalUpstream(UpstreamConfig(name="local", model="scripted", timeout_s=20), Model())
    yield made
    made.model.go.set()  # type: ignore[attr-defined]
    await made.close()
    made.thread.shutdown(wait=True)


def impatient(upstream: LocalUpstream) -> None:
    upstream.config = upstream.config.model_copy(update={"timeout_s": 0.1})


def asked(say: str, *, stream: bool = False) -> Request:
    return Request("POST", PATH, {}, json.dumps({"say": say}).encode(), stream)


async def events(line: LocalLine) -> list[bytes]:
    found: list[bytes] = []
    while arrived := await line.next():
        found += arrived
    return found


async def test_a_whole_reply_is_that_of_the_model(upstream: LocalUpstream) -> None:
    line = upstream.line(PATH)
    response = await line.send(asked("안녕 you"))
    assert (response.status, response.body, response.streaming) == (200, '{"said":["안녕","you"]}'.encode(), False)
    assert list(await line.next()) == []
    await line.close()


async def test_a_stream_is_that_of_the_model_and_then_done(upstream: LocalUpstream) -> None:
    line = upstream.line(PATH)
    response = await line.send(asked("a b", stream=True))
    assert (response.status, response.streaming) == (200, True)
    assert await events(line) == [b'data: {"word":"a"}\n\n', b'data: {"word":"b"}\n\n', b"data: [DONE]\n\n"]
    assert await events(line) == []
    await line.close()
    assert upstream.model.ended.is_set()  # type: ignore[attr-defined]


async def test_the_model_is_never_run_in_the_event_loop_and_does_one_thing_at_a_time(upstream: LocalUpstream) -> None:
    model: Any = upstream.model
    calls = [asyncio.ensure_future(upstream.line(PATH).send(asked(say))) for say in ("WAIT", "a", "b")]
    await asyncio.sleep(0.05)
    model.go.set()
    await asyncio.gather(*calls)
    assert model.most_at_once == 1
    assert {name.startswith("guard-local") for name in model.threads} == {True}


@pytest.mark.parametrize(("say", "stream"), [("REFUSE", False), ("REFUSE AT ONCE", True)])
async def test_what_the_model_refuses_is_an_answer_in_shape(upstream: LocalUpstream, say: str, stream: bool) -> None:
    line = upstream.line(PATH)
    response = await line.send(asked(say, stream=stream))
    assert (response.status, response.streaming) == (400, False)
    assert json.loads(response.body)["error"]["param"] == "say"
    assert list(await line.next()) == []
    await line.close()


async def test_a_model_that_fails_tells_no_value(upstream: LocalUpstream) -> None:
    line = upstream.line(PATH)
    with pytest.raises(UpstreamError) as whole:
        await line.send(asked("FAIL"))
    await line.send(asked("a FAIL", stream=True))
    assert await line.next() == [b'data: {"word":"a"}\n\n']
    with pytest.raises(UpstreamError) as streamed:
        await line.next()
    assert {whole.value.message, streamed.value.message} == {"The local model failed (RuntimeError)."}
    await line.close()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_takes_too_long_is_a_timeout_and_the_next_call_is_served(
    upstream: LocalUpstream, stream: bool
) -> None:
    line = upstream.line(PATH)
    patient = upstream.config
    impatient(upstream)

    async def whole() -> None:
        await line.send(asked("WAIT", stream=stream))
        await line.next()

    with pytest.raises(UpstreamTimeout, match="did not answer in time"):
        await whole()
    await line.close()
    upstream.config = patient
    upstream.model.go.set()  # type: ignore[attr-defined]
    response = await upstream.line(PATH).send(asked("now"))
    assert json.loads(response.body) == {"said": ["now"]}


async def test_a_stream_that_is_left_ends_the_work_in_the_models_own_thread(upstream: LocalUpstream) -> None:
    line = upstream.line(PATH)
    await line.send(asked("a b c", stream=True))
    await line.next()
    await line.close()
    await line.close()
    model: Any = upstream.model
    assert await asyncio.to_thread(model.ended.wait, 20)
    assert {name.startswith("guard-local") for name in model.threads} == {True}
    assert list(await line.next()) == []


async def test_a_call_that_is_cancelled_is_just_that(upstream: LocalUpstream) -> None:
    call = asyncio.ensure_future(upstream.line(PATH).send(asked("WAIT")))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_it_lists_itself_as_a_model(upstream: LocalUpstream) -> None:
    (model,) = await upstream.models({"authorization": "Bearer sk"})
    assert (model["id"], model["object"], model["owned_by"]) == ("local", "model", "guard")
