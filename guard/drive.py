"""Answer what an exchange asks for, blocking or awaiting."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from typing import Any, Protocol, assert_never

from guard.answering import extracted, from_held, from_vault, judging, waits_for_vault, whose
from guard.asks import (
    Ask,
    Bind,
    Decisions,
    Emit,
    Extract,
    Extracted,
    Hold,
    Judge,
    Next,
    Note,
    Noted,
    Recall,
    Recognize,
    Record,
    Response,
    Send,
    Story,
    Validate,
    Write,
)
from guard.backends.upstreams import Line
from guard.errors import ClientGone, CriticError, GuardError
from guard.service import Service

# From how many characters on patterns are matched off the event loop: below, the way to a thread costs more.
LONG_TEXT = 20_000


async def emitted(story: Story[None], answer: Callable[[Ask], Awaitable[Any]]) -> AsyncGenerator[Emit]:
    """Run `story` to its end, giving what it emits; a failure to answer anything else is thrown into it.

    Closed before its end, it tells the story that the client has gone, so that this is recorded.
    """
    reply: Any = None
    failure: GuardError | None = None
    gone = False
    while (ask := _step(story, reply, failure)) is not None:
        reply = failure = None
        try:
            if not isinstance(ask, Emit):
                reply = await answer(ask)
            elif not gone:
                yield ask
        except GeneratorExit:
            failure, gone = ClientGone("the caller stopped reading"), True
        except Exception as error:  # noqa: BLE001 - the story decides what a failure means
            failure = _as_guard_error(error)


def emitted_blocking(story: Story[None], answer: Callable[[Ask], Any]) -> Generator[Emit]:
    """As `emitted`, in the calling thread."""
    reply: Any = None
    failure: GuardError | None = None
    gone = False
    while (ask := _step(story, reply, failure)) is not None:
        reply = failure = None
        try:
            if not isinstance(ask, Emit):
                reply = answer(ask)
            elif not gone:
                yield ask
        except GeneratorExit:
            failure, gone = ClientGone("the caller stopped reading"), True
        except Exception as error:  # noqa: BLE001 - the story decides what a failure means
            failure = _as_guard_error(error)


def _step(story: Story[None], reply: Any, failure: GuardError | None) -> Ask | None:
    """The next thing the story asks for; None when it has ended."""
    try:
        return story.send(reply) if failure is None else story.throw(failure)
    except (StopIteration, ClientGone):  # a story that was telling its last word has nothing to add
        return None


def _as_guard_error(error: Exception) -> GuardError:
    """`error` as one of guard's own. The message of a foreign one may hold a value, so only its type is told."""
    if isinstance(error, GuardError):
        return error
    failure = GuardError(f"guard failed while answering this request ({type(error).__name__}).")
    failure.__cause__ = error
    return failure


class Lines(Protocol):
    """Something that leads to upstreams: it gives a line to the upstream of a name for a call of `path`."""

    def line(self, upstream: str, path: str) -> Line:
        """A line for one call. Raises GuardError."""
        ...


class Answers:
    """Answers for one exchange of the proxy; `lines` lead to its upstreams. Close it when the exchange has ended."""

    def __init__(self, service: Service, lines: Lines) -> None:
        self._service = service
        self._lines = lines
        self._line: Line | None = None
        self._asked = ""

    async def __call__(self, ask: Ask) -> Any:
        """The answer to one ask. Raises GuardError."""
        match ask:
            case Next():
                return await self._line.next() if self._line else ()
            case Record():
                return await self._service.writer.record_async(ask.entry)
            case Hold() | Decisions():
                return await asyncio.to_thread(from_held, self._service, ask)
            case Send():
                return await self._send(ask)
            case Recognize():
                return await self._recognize(ask)
            case Extract():
                return await self._extract(ask)
            case Bind() | Note() | Noted() | Recall():
                return await self._from_vault(ask)
            case Judge() | Write() | Validate():
                return await self._judged(ask)
            case Emit():
                raise GuardError("what is emitted is not answered")
        assert_never(ask)

    async def close(self) -> None:
        """Give the line back, or break it off where the response has not ended."""
        line, self._line = self._line, None
        if line is not None:
            self._service.at_work[self._asked] -= 1
            await line.close()

    async def _send(self, ask: Send) -> Response:
        await self.close()
        self._line, self._asked = self._lines.line(ask.upstream, ask.request.path), ask.upstream
        self._service.at_work[self._asked] += 1
        return await self._line.send(ask.request)

    async def _from_vault(self, ask: Bind | Note | Noted | Recall) -> Any:
        """In a thread where the vault waits for a network."""
        if waits_for_vault(self._service, ask):
            return await asyncio.to_thread(from_vault, self._service, ask)
        return from_vault(self._service, ask)

    async def _extract(self, ask: Extract) -> Extracted:
        """In a thread of its own: pictures take seconds."""
        return await asyncio.to_thread(extracted, self._service, ask)

    async def _recognize(self, ask: Recognize) -> Any:
        recognizer = self._service.recognizers[ask.policy]
        if recognizer.quick and sum(map(len, ask.texts)) > LONG_TEXT:
            return await asyncio.to_thread(recognizer.recognize_blocking, ask.texts)
        return await recognizer.recognize(ask.texts)

    async def _judged(self, ask: Judge | Write | Validate) -> Any:
        timeout = self._service.config.critic.timeout_s
        work = asyncio.wrap_future(judging(self._service, ask))
        try:
            return await asyncio.wait_for(work, timeout)
        except TimeoutError as error:
            raise CriticError(f"the {whose(ask)} took longer than {timeout:g} s") from error


class Upstream(Protocol):
    """How the library reaches the model: it is sent a request, and gives events where the reply streams."""

    def send(self, request: Send) -> Response:
        """The response to a request."""
        ...

    def next(self) -> Sequence[bytes]:
        """The events of a stream that have arrived, none at its end."""
        ...


class BlockingAnswers:
    """Answers for one exchange of the library, in the calling thread."""

    def __init__(self, service: Service, upstream: Upstream) -> None:
        self._service = service
        self._upstream = upstream

    def __call__(self, ask: Ask) -> Any:
        """The answer to one ask. Raises GuardError."""
        match ask:
            case Next():
                return self._upstream.next()
            case Send():
                return self._upstream.send(ask)
            case Record():
                return self._service.writer.record(ask.entry)
            case Hold() | Decisions():
                return from_held(self._service, ask)
            case Recognize():
                return self._service.recognizers[ask.policy].recognize_blocking(ask.texts)
            case Extract():
                return extracted(self._service, ask)
            case Bind() | Note() | Noted() | Recall():
                return from_vault(self._service, ask)
            case Judge() | Write() | Validate():
                return self._judged(ask)
            case Emit():
                raise GuardError("what is emitted is not answered")
        assert_never(ask)

    def _judged(self, ask: Judge | Write | Validate) -> Any:
        timeout = self._service.config.critic.timeout_s
        try:
            return judging(self._service, ask).result(timeout)
        except concurrent.futures.TimeoutError as error:
            raise CriticError(f"the {whose(ask)} took longer than {timeout:g} s") from error
