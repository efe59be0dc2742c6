"""A response on its way: its head, and its body as it arrives."""

from __future__ import annotations

import asyncio
from typing import Protocol

from guard.backends.http_unpacking import UNPACKED, Unpacker

MOST_HELD = 2**18  # bytes of a body that wait to be read; above it the server has to wait


class Unreadable(ConnectionError):
    """A response is compressed in a way that was not asked for and cannot be read."""


class Source(Protocol):
    """The connection that a response comes over."""

    def resume(self) -> None:
        """Read on after the pause that a full response made."""
        ...

    def close(self) -> None:
        """Close at once, with whatever is under way."""
        ...


class HttpResponse:
    """A response: its status and headers (by name in small letters) once it has begun, then its body.

    Headers that come twice are joined by commas.
    """

    __slots__ = ("_connection", "_error", "_held", "_parts", "_unpacker", "_waiter", "ended", "headers", "status")

    def __init__(self, connection: Source) -> None:
        self.status = 0  # before it has begun
        self.headers: dict[str, str] = {}
        self.ended = False  # or broken: nothing comes any more
        self._connection = connection
        self._parts: list[bytes] = []
        self._held = 0
        self._error: OSError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._unpacker: Unpacker | None = None

    @property
    def content_type(self) -> str:
        """The MIME type in small letters, without parameters."""
        return self.headers.get("content-type", "").split(";", 1)[0].split(",", 1)[0].strip().lower()

    async def begun(self) -> None:
        """Wait for the head. Raises TimeoutError, OSError, of which Unreadable."""
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._more()
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding in UNPACKED:
            self._unpacker = Unpacker(coding)
        elif coding not in {"", "identity"}:
            self.close()
            raise Unreadable("the response is compressed in a way that cannot be read")

    async def next(self) -> bytes:
        """What has arrived of the body; nothing at its end. Raises TimeoutError, OSError where it breaks off."""
        unpacker = self._unpacker
        if unpacker is None:
            return await self._arrived()
        while not (piece := unpacker.next()):
            packed = await self._arrived()
            if not packed:
                unpacker.end()
                return b""
            unpacker.feed(packed)
        return piece

    def close(self) -> None:
        """Break the response off, where it has not ended, and drop what was not read. May be called again."""
        self._parts.clear()
        if not self.ended:
            self.end(ConnectionError("the response was broken off"))
            self._connection.close()

    def add(self, data: bytes) -> None:
        """For the connection: a piece of the body has come."""
        self._parts.append(data)
        self._held += len(data)

    def wake(self) -> bool:
        """For the connection: something has come. Says whether it is enough for now."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        return self._held > MOST_HELD

    def end(self, error: OSError | None = None) -> None:
        """For the connection: nothing comes any more."""
        self.ended = True
        self._error = error
        self.wake()

    async def _arrived(self) -> bytes:
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self.ended:
                return b""
            await self._more()
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._held = 0
        if not self.ended:
            self._connection.resume()
        return data

    async def _more(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter
