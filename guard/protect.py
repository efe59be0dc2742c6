"""An exchange around each call of a function that calls a model, blocking or async."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

from guard.asks import Ask, Emit, Hold, Record, Story
from guard.drive import Answers, BlockingAnswers, emitted, emitted_blocking
from guard.errors import ClientGone
from guard.functions import AsyncFunction, BlockingFunction, Function
from guard.service import Service

Begin: TypeAlias = Callable[[dict[str, Any]], Story[None]]


def is_async(function: Function) -> bool:
    """Whether what `function` gives is to be awaited.

    So it is where an `async def` stands behind `functools.partial` or `functools.wraps` (as in the openai SDK), or is
    the `__call__` of an object.
    """
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def protected_blocking(function: Function, service: Service, begin: Begin) -> Function:
    """`function` with the exchange that `begin` makes of a request around each call."""

    @functools.wraps(function)
    def protected(**request: Any) -> Any:
        upstream = BlockingFunction(function)
        emits = emitted_blocking(begin(request), BlockingAnswers(service, upstream))
        return upstream.chunks(emits) if request.get("stream") else upstream.reply(emits)

    return protected


def protected_async(function: Function, service: Service, begin: Begin) -> Function:
    """As `protected_blocking`, for a function whose result is awaited."""

    @functools.wraps(function)
    async def protected(**request: Any) -> Any:
        line = AsyncFunction(function)
        emits = _Lasting(Answers(service, line)).emitted(begin(request))
        return line.chunks(emits) if request.get("stream") else line.reply([emit async for emit in emits])

    return protected


class _Lasting:
    """Answers that outlast the cancellation of their task.

    The exchange hears once that its caller has gone, and closes its entry; then the cancellation goes on.
    """

    def __init__(self, answer: Answers) -> None:
        self._answer = answer
        self._cancelled: asyncio.CancelledError | None = None

    async def emitted(self, story: Story[None]) -> AsyncGenerator[Emit]:
        """As `guard.drive.emitted`. Raises CancelledError, once the story has ended."""
        async with aclosing(emitted(story, self)) as emits:
            async for emit in emits:
                if self._cancelled is None:
                    yield emit
        if self._cancelled is not None:
            raise self._cancelled

    async def __call__(self, ask: Ask) -> Any:
        """The answer to one ask. Raises GuardError, ClientGone once the task was cancelled."""
        if isinstance(ask, Record | Hold):  # cut short, nobody would know whether it was written
            return await self._to_the_end(ask)
        if self._cancelled is None:
            try:
                return await self._answer(ask)
            except asyncio.CancelledError as error:
                self._cancelled = error
        raise ClientGone("the caller was cancelled")

    async def _to_the_end(self, ask: Ask) -> Any:
        work = asyncio.ensure_future(self._answer(ask))
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError as error:
                self._cancelled = error
        return work.result()
