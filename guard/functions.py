"""A function that calls a model, blocking or async, as an upstream: it is sent what is masked, and its answer is read.

What the exchange then emits goes back to the caller in the form in which the function gave it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from typing import Any, TypeAlias

from guard.asks import Emit, Head, Request, Response, Send
from guard.errors import UpstreamError
from guard.surfaces.stream import write_event
from guard.surfaces.walk import dump
from guard.withheld import withheld

Function: TypeAlias = Callable[..., Any]

_STREAM = Response(200, {}, b"", streaming=True)


class _Form:
    """The form in which a function gives its results, and what it raised."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._failure: Exception | None = None
        self._given: Any = None  # a stream, which is to be closed
        self._chunks: Any = None
        self._model: Any = None
        self._exchange = ""

    def reply(self, emits: Iterable[Emit]) -> Any:
        """The reply of an exchange that does not stream. Raises WithheldError, and what the function raised."""
        head, body = whole(emits)
        self._raise_failure()
        if head.status >= 400:
            raise withheld(head.status, body, exchange_of(head))
        return self._like_given(body)

    def _told(self, emit: Emit) -> Iterator[Any]:
        """The chunks that a stream emits. Raises WithheldError, and what the function raised."""
        if emit.head is not None:
            self._exchange = exchange_of(emit.head)
        if emit.head is not None and emit.head.status >= 400:
            self._raise_failure()
            raise withheld(emit.head.status, json.loads(emit.data), self._exchange)
        for line in emit.data.split(b"\n\n"):
            if line.startswith(b"data: "):
                body = json.loads(line[6:])
                if "error" in body:
                    self._raise_failure()
                    raise withheld(502, body, self._exchange)
                yield self._like_given(body)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Keep what the function raises, and tell the exchange that its upstream failed."""
        try:
            yield
        except Exception as error:
            self._failure = error
            raise UpstreamError(f"the protected function failed ({type(error).__name__})") from error

    def _raise_failure(self) -> None:
        """Raise what the function raised: it is the caller's own."""
        if self._failure is not None:
            raise self._failure

    def _like_given(self, body: dict[str, Any]) -> Any:
        return body if self._model is None else self._model.model_validate(body)

    def _plain(self, given: Any) -> dict[str, Any]:
        if isinstance(given, dict):
            return given
        if not hasattr(given, "model_dump"):
            raise TypeError(
                "a protected function returns a dictionary or an object with model_dump; to be awaited, write async def"
            )
        self._model = type(given)
        plain: dict[str, Any] = given.model_dump(mode="json", exclude_unset=True)
        return plain


class BlockingFunction(_Form):
    """A blocking function as an upstream."""

    def send(self, ask: Send) -> Response:
        """Call the function with the masked request."""
        with self._failing():
            given = self._function(**json.loads(ask.request.body))
            if not ask.request.stream:
                return Response(200, {}, dump(self._plain(given)))
            self._given, self._chunks = given, iter(given)
            return _STREAM

    def next(self) -> Sequence[bytes]:
        """The next chunk of a stream, as an event; none at the end."""
        with self._failing():
            chunk = next(self._chunks, None)
            return [] if chunk is None else [write_event(self._plain(chunk))]

    def chunks(self, emits: Generator[Emit]) -> Iterator[Any]:
        """The chunks of a stream, restored. Closed before its end, it ends the exchange and closes what was given."""
        try:
            with closing(emits):
                for emit in emits:
                    yield from self._told(emit)
        finally:
            close = getattr(self._given, "close", None)
            if close is not None:
                close()


class AsyncFunction(_Form):
    """An async function as an upstream, and as the line to it."""

    def line(self, upstream: str, path: str) -> AsyncFunction:
        """Itself: there is one call."""
        del upstream, path
        return self

    async def send(self, request: Request) -> Response:
        """Call the function with the masked request."""
        with self._failing():
            given = await self._function(**json.loads(request.body))
            if not request.stream:
                return Response(200, {}, dump(self._plain(given)))
            self._given, self._chunks = given, aiter(given)
            return _STREAM

    async def next(self) -> Sequence[bytes]:
        """The next chunk of a stream, as an event; none at the end."""
        with self._failing():
            chunk = await anext(self._chunks, None)
            return [] if chunk is None else [write_event(self._plain(chunk))]

    async def close(self) -> None:
        """Close the stream that the function gave, if it gave one."""
        close = getattr(self._given, "aclose", None) or getattr(self._given, "close", None)
        if close is not None:
            closed = close()
            if inspect.isawaitable(closed):
                await closed

    async def chunks(self, emits: AsyncGenerator[Emit]) -> AsyncGenerator[Any]:
        """As the blocking form: closed before its end, it ends the exchange and closes what was given."""
        try:
            async with aclosing(emits):
                async for emit in emits:
                    for chunk in self._told(emit):
                        yield chunk
        finally:
            await self.close()


def exchange_of(head: Head) -> str:
    """The exchange that an answer belongs to; empty where there was none."""
    return head.headers.get("x-guard-exchange", "")


def whole(emits: Iterable[Emit]) -> tuple[Head, dict[str, Any]]:
    """The head and the body of an answer that does not stream."""
    head, data = Head(500), b""
    for emit in emits:
        head, data = emit.head or head, data + emit.data
    return head, json.loads(data)
