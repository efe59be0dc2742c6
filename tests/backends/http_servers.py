"""Servers on real sockets that say, byte for byte, what a test tells them to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

TURNS = 4  # of the loop, after which what was written is surely read at the other end, on this machine


@dataclass
class Talk:
    """One connection that a client opened. `left` is set once the client has closed it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def asked(self) -> tuple[str, bytes]:
        """The head and the body of the next request. Raises IncompleteReadError where the client leaves."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        size = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        return head, await self.reader.readexactly(size)

    async def say(self, *pieces: bytes) -> None:
        """Write the pieces so that each arrives by itself."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await turns()

    async def wait(self) -> None:
        """Until the client leaves; what it says is not heard."""
        while await self.reader.read(2**16):
            pass


@dataclass
class Server:
    """What a server was sent: a head and a body for each request, in order."""

    url: str = ""
    talks: list[Talk] = field(default_factory=list)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    open: set[asyncio.Task[None]] = field(default_factory=set)


Serve = Callable[[Server, Talk], Awaitable[None]]


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def answering(*pieces: bytes, close: bool = False) -> Serve:
    """Answers every request with the same pieces; with `close` it closes after the first."""

    async def serve(server: Server, talk: Talk) -> None:
        while True:
            server.seen.append(await talk.asked())
            await talk.say(*pieces)
            if close:
                return

    return serve


def in_turn(*answers: Sequence[bytes]) -> Serve:
    """Answers the n-th request, on whichever connection, with the pieces of the n-th answer; the last for ever."""

    async def serve(server: Server, talk: Talk) -> None:
        while True:
            server.seen.append(await talk.asked())
            await talk.say(*answers[min(len(server.seen), len(answers)) - 1])

    return serve


@contextlib.asynccontextmanager
async def listening(
    serve: Serve, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """A server; when the test ends, every client must have left it."""
    server = Server()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.open.add(asyncio.current_task())  # type: ignore[arg-type]
        here = Talk(reader, writer)
        server.talks.append(here)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            await serve(server, here)
            writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await here.wait()
        here.left.set()
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    accepting = await asyncio.start_server(talk, host, 0, ssl=tls)
    port = accepting.sockets[0].getsockname()[1]
    name = "localhost" if tls else f"[{host}]" if ":" in host else host
    server.url = f"http{'s' if tls else ''}://{name}:{port}"
    try:
        yield server
    finally:
        accepting.close()
        await asyncio.wait_for(asyncio.gather(*server.open), 20)


@contextlib.contextmanager
def threaded(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server in a thread of its own, which goes on while the loop does not: `talk` has one connection at a time."""
    with socket.create_server(("127.0.0.1", 0)) as accepting:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with accepting.accept()[0] as plug, contextlib.suppress(OSError):
                        talk(plug)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{accepting.getsockname()[1]}"
        accepting.shutdown(socket.SHUT_RDWR)
        thread.join(20)


def heard(plug: socket.socket) -> bytes:
    """The head of a request that has no body, or a small one. Raises ConnectionError at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = plug.recv(2**16)
        if not more:
            raise ConnectionError("the client left")
        data += more
    return data
