"""Protected async functions: the openai SDK against a model server, with guard between them and no proxy."""

import asyncio
import functools
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from guard.audit.reading import SqliteReader
from guard.audit.writer import Writer
from guard.backends.recognizers import Cache, CachedRecognizer, Stack
from guard.library import Guard, WithheldError
from guard.mask.patterns import Result
from guard.protect import is_async
from guard.types import Entry, Opening
from tests.house import CARD, MAIL, PROMPT, REVIEWED, Scripted, leaks, policy, start
from tests.upstream import FakeUpstream

OBSERVE = policy(
    "observe", applies_to={"models": ["observe/*"]}, precedence=1, review={"constitution": "test", "stream": "observe"}
)
STRICT = policy(
    "strict", applies_to={"models": ["strict/*"]}, precedence=1, mask={"entities": {"CREDIT_CARD": "block"}}
)


@pytest.fixture
def critic() -> Scripted:
    return Scripted()


@pytest.fixture
def guard(tmp_path: Path, discretion: list[Path], critic: Scripted) -> Iterator[Guard]:
    discretion.append(tmp_path)
    with Guard(start(tmp_path, "http://127.0.0.1:9", [REVIEWED, OBSERVE, STRICT], critic=critic)) as made:
        yield made


@pytest.fixture
async def client(upstream: FakeUpstream) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{upstream.url}/v1", api_key="sk-caller", max_retries=0) as made:
        yield made


@pytest.fixture
def chat(guard: Guard, client: openai.AsyncOpenAI) -> Callable[..., Any]:
    return guard.protect(client.chat.completions.create)


def ask(text: str, model: str = "echo", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def streamed(text: str, model: str = "echo", **more: Any) -> dict[str, Any]:
    return ask(text, model, stream=True, **more)


def said(chunks: Sequence[Any]) -> str:
    return "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices)


def outcomes(guard: Guard) -> list[str]:
    return [row.outcome for row in SqliteReader(guard.service.store.path).list()]


async def until(true: Callable[[], Any]) -> None:
    """Wait, and let the loop go on, until `true` says so."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - some of what is waited for is not of this loop
            await asyncio.sleep(0.005)


async def test_a_whole_reply_is_masked_and_restored(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream
) -> None:
    assert inspect.iscoroutinefunction(chat)
    reply = await chat(**ask(PROMPT))
    assert isinstance(reply, ChatCompletion)
    assert reply.choices[0].message.content == PROMPT
    assert reply.usage is not None
    assert leaks(upstream.seen[0]) == []
    assert outcomes(guard) == ["completed"]


@pytest.mark.parametrize("model", ["echo", "split", "observe/echo", "observe/split"])
async def test_a_stream_is_restored(guard: Guard, chat: Callable[..., Any], model: str) -> None:
    chunks = [chunk async for chunk in await chat(**streamed(PROMPT, model))]
    assert {type(chunk) for chunk in chunks} == {ChatCompletionChunk}
    assert said(chunks) == PROMPT
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert outcomes(guard) == ["completed"]


@pytest.mark.parametrize("mode", ["", "observe/"])
async def test_tool_calls_are_restored(chat: Callable[..., Any], mode: str) -> None:
    who = f'"Al" <{MAIL}>'
    reply = await chat(**ask(who, f"{mode}tool"))
    assert json.loads(reply.choices[0].message.tool_calls[0].function.arguments) == {"to": who}
    chunks = [chunk async for chunk in await chat(**streamed(who, f"{mode}tool"))]
    calls = [call for chunk in chunks for c in chunk.choices for call in c.delta.tool_calls or ()]
    assert json.loads("".join(call.function.arguments or "" for call in calls)) == {"to": who}


async def test_what_the_function_raises_is_its_callers(guard: Guard, chat: Callable[..., Any]) -> None:
    with pytest.raises(openai.RateLimitError):
        await chat(**ask("Hi", "status:429"))
    with pytest.raises(openai.BadRequestError):
        await anext(await chat(**streamed("Hi", "status:400")))
    for model in ("error", "observe/error"):
        with pytest.raises(openai.APIError, match="overloaded"):
            [chunk async for chunk in await chat(**streamed("Hello there, all of you", model))]
    assert outcomes(guard) == ["upstream_error"] * 4


async def test_what_a_function_may_not_give_is_a_type_error(guard: Guard) -> None:
    async def seven(**_: Any) -> Any:
        return 7

    with pytest.raises(TypeError, match="model_dump"):
        await guard.protect(seven)(**ask("Hi"))
    with pytest.raises(TypeError, match="int"):
        await anext(await guard.protect(seven)(**streamed("Hi")))


async def test_what_is_withheld_is_raised(guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream) -> None:
    with pytest.raises(WithheldError, match="no-weapons") as caught:
        await chat(**ask("Buy a rifle."))
    assert (caught.value.status, caught.value.code) == (403, "blocked_by_guard")
    with pytest.raises(WithheldError, match="no-weapons"):
        await anext(await chat(**streamed("Buy a rifle.")))
    assert outcomes(guard) == ["blocked", "blocked"]
    with pytest.raises(WithheldError, match="CREDIT_CARD"):
        await chat(**ask(CARD, "strict/echo"))
    assert len(upstream.seen) == 2
    with pytest.raises(WithheldError, match="broke off"):
        [chunk async for chunk in await chat(**streamed("Hello there, all of you", "observe/cut"))]


async def test_a_stream_that_is_closed_early_ends_what_the_function_gave(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream
) -> None:
    async with aclosing(await chat(**streamed("Hello there, all of you", "observe/gate"))) as stream:
        await anext(stream)
    assert outcomes(guard) == ["client_gone"]
    await until(lambda: upstream.gone.acquire(blocking=False))


async def test_a_stream_that_is_broken_off_is_closed(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream
) -> None:
    async for _ in await chat(**streamed("Hello there, all of you", "observe/gate")):
        break
    await until(lambda: outcomes(guard) == ["client_gone"])
    await until(lambda: upstream.gone.acquire(blocking=False))


@pytest.mark.parametrize("closing", ["aclose", "close"])
async def test_what_a_function_gives_is_closed_in_its_own_way(guard: Guard, closing: str) -> None:
    closed: list[str] = []

    class Given:
        def __aiter__(self) -> "Given":
            return self

        async def __anext__(self) -> dict[str, Any]:
            return {"choices": [{"index": 0, "delta": {"content": "Hello there"}, "finish_reason": None}]}

    async def aclose(_: Given) -> None:
        closed.append("aclose")

    setattr(Given, closing, aclose if closing == "aclose" else lambda _: closed.append("close"))

    async def function(**_: Any) -> Given:
        return Given()

    async with aclosing(await guard.protect(function)(**streamed("Hi", "observe/any"))) as stream:
        assert (await anext(stream))["choices"][0]["delta"] == {"content": "Hello there"}
    assert closed == [closing]


async def test_a_stream_that_nobody_reads_calls_nothing(guard: Guard, chat: Callable[..., Any]) -> None:
    await (await chat(**streamed("Hi"))).aclose()
    assert outcomes(guard) == []


async def test_calls_at_the_same_time_do_not_mix(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream
) -> None:
    async def one(number: int) -> str:
        text = f"I am number{number}@example.com"
        if number % 2:
            return said([chunk async for chunk in await chat(**streamed(text, "observe/split"))])
        return str((await chat(**ask(text))).choices[0].message.content)

    replies = await asyncio.gather(*map(one, range(16)))
    assert replies == [f"I am number{number}@example.com" for number in range(16)]
    assert not any(b"@example.com" in body for body in upstream.seen)
    assert outcomes(guard) == ["completed"] * 16


async def test_a_call_that_is_cancelled_is_on_record(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream
) -> None:
    task = asyncio.create_task(chat(**ask("Hi", "slow")))
    await until(lambda: upstream.seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes(guard) == ["client_gone"]
    await until(lambda: upstream.gone.acquire(blocking=False))


@pytest.mark.parametrize("model", ["stall", "observe/stall"])
async def test_a_stream_that_is_cancelled_is_on_record(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream, model: str
) -> None:
    read: list[Any] = []

    async def reading() -> None:
        async for chunk in await chat(**streamed("Hello there, all of you", model)):
            read.append(chunk)

    task = asyncio.create_task(reading())
    await until(lambda: read if model == "observe/stall" else upstream.begun.is_set())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes(guard) == ["client_gone"]
    await until(lambda: upstream.gone.acquire(blocking=False))


async def test_a_time_limit_of_the_caller_holds(guard: Guard, chat: Callable[..., Any]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await chat(**ask("Hi", "slow"))
    assert outcomes(guard) == ["client_gone"]


class Held:
    """A log that waits before it writes one kind of entry."""

    def __init__(self, writer: Writer, *, opening: bool) -> None:
        self._writer = writer
        self._opening = opening
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def record_async(self, entry: Entry) -> None:
        if isinstance(entry, Opening) is self._opening:
            self.begun.set()
            await self.go.wait()
        await self._writer.record_async(entry)

    def close(self) -> None:
        self._writer.close()


@pytest.mark.parametrize("call", [ask, streamed])
@pytest.mark.parametrize(
    ("opening", "outcome", "calls"), [(True, "client_gone", 0), (False, "completed", 1)], ids=["opening", "closing"]
)
async def test_an_entry_is_written_to_its_end_before_the_cancellation_goes_on(
    guard: Guard, chat: Callable[..., Any], upstream: FakeUpstream, call: Any, opening: bool, outcome: str, calls: int
) -> None:
    held: Any = Held(guard.service.writer, opening=opening)
    guard.service.writer = held

    read: list[Any] = []

    async def reading() -> None:
        reply = await chat(**call("Hi"))
        async for chunk in reply:
            read.append(chunk)

    task = asyncio.create_task(reading())
    await held.begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    held.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (outcomes(guard), len(upstream.seen), read) == ([outcome], calls, [])


async def test_the_loop_goes_on_while_the_critic_thinks(chat: Callable[..., Any], critic: Scripted) -> None:
    task = asyncio.create_task(chat(**ask("This comes LATE.")))
    await until(lambda: critic.read)
    assert not task.done()
    critic.released.set()
    assert (await task).choices[0].message.content == "This comes LATE."


async def test_the_loop_goes_on_while_a_model_looks_for_names(guard: Guard, chat: Callable[..., Any]) -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow:
        name = "slow"
        supported_entities = ("PERSON",)

        def analyze(self, text: str, entities: Sequence[str], artifacts: object) -> list[Result]:
            begun.set()
            assert go.wait(10)
            return []

    recognizer = CachedRecognizer(Stack([Slow()]), Cache(10))
    guard.service.recognizers = dict.fromkeys(guard.service.recognizers, recognizer)
    task = asyncio.create_task(chat(**ask("Hi")))
    await until(begun.is_set)
    assert not task.done()
    go.set()
    assert (await task).choices[0].message.content == "Hi"


async def test_an_async_function_is_known_behind_what_wraps_it(client: openai.AsyncOpenAI) -> None:
    async def function(**_: Any) -> None: ...

    class Called:
        async def __call__(self, **_: Any) -> None: ...

        async def method(self, **_: Any) -> None: ...

    create = client.chat.completions.create

    @functools.wraps(function)
    def wrapped(**request: Any) -> Any:
        return function(**request)

    for given in (function, wrapped, Called(), Called().method, create):
        assert is_async(given)
        assert is_async(functools.partial(given, model="echo"))


def test_a_blocking_function_is_not_taken_for_an_async_one() -> None:
    with openai.OpenAI(api_key="x") as client:
        for given in (client.chat.completions.create, lambda **_: None, functools.partial(dict, a=1), dict):
            assert not is_async(given)
