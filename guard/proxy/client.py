"""The client of one exchange: what it is told, and whether it is still there."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Send

from guard.asks import Ask, Bind, Emit, Hold, Note, Record
from guard.drive import Answers
from guard.errors import ClientGone
from guard.surfaces.stream import comment

KEEP_ALIVE_S = 15.0  # how long a stream may be silent while the upstream or the critic thinks
UNWATCHED_S = 0.02  # most exchanges without a model's time in them are over by then, and need no task that watches


class Client:
    """The client's side of one exchange. A stream that has begun and is silent for long says that it is alive.

    It does so in a comment, or in an empty line where the client would not pass over `comments`.
    """

    def __init__(self, send: Send, *, comments: bool = True) -> None:
        self._send = send
        self._alive = comment("keep-alive") if comments else b"\n"
        self._told = 0.0
        self._ticking: asyncio.Task[None] | None = None

    async def emit(self, ask: Emit) -> None:
        """Send what an exchange emits: whole events, where it is a stream."""
        if ask.head is not None:
            headers = [(name.encode(), value.encode("latin-1")) for name, value in ask.head.headers.items()]
            await self._send({"type": "http.response.start", "status": ask.head.status, "headers": headers})
        if ask.last:
            self.close()
        elif self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        self._told = asyncio.get_running_loop().time()
        await self._send({"type": "http.response.body", "body": ask.data, "more_body": not ask.last})

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            silent = loop.time() - self._told
            if silent >= KEEP_ALIVE_S:
                self._told, silent = loop.time(), 0.0
                await self._send({"type": "http.response.body", "body": self._alive, "more_body": True})
            await asyncio.sleep(KEEP_ALIVE_S - silent)

    def close(self) -> None:
        """Say no more."""
        if self._ticking is not None:
            self._ticking.cancel()


class Presence:
    """Watches whether the client is still there, and makes an answer fail with ClientGone once it is not.

    The exchange then closes its entry: the answers to that are given although nobody listens any more.
    """

    def __init__(self, receive: Receive, answer: Answers) -> None:
        self._receive = receive
        self._answer = answer
        self._working: asyncio.Task[Any] | None = None
        self._gone = False
        self._told = False
        self._watcher: asyncio.Task[None] | None = None
        self._beginning = asyncio.get_running_loop().call_later(UNWATCHED_S, self._begin)

    async def __call__(self, ask: Ask) -> Any:
        """The answer to `ask`. Raises GuardError, ClientGone once."""
        if self._told or isinstance(
            ask, Record | Hold | Bind | Note
        ):  # cut short, nobody would know whether it was written
            return await self._answer(ask)
        try:
            if not self._gone:
                self._working = asyncio.current_task()
                return await self._answer(ask)
        except asyncio.CancelledError:
            if not self._gone or self._working is None:
                raise
            self._working.uncancel()
        finally:
            self._working = None
        self._told = True
        raise ClientGone("the client left before the end")

    def close(self) -> None:
        """Stop watching."""
        self._beginning.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._working is not None and not self._told:
            self._working.cancel()
