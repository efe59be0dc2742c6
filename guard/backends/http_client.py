"""An HTTP/1.1 client for one server, with a pool of its connections: what guard speaks with to model servers.

It sends a prompt to the server that is named and to no other: redirects are not followed, no proxy of the environment
is used, no cookie is kept. A POST that may have reached the server is not sent twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import socket
import ssl
import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from guard.backends.http_connection import HttpConnection
from guard.backends.http_response import HttpResponse

if TYPE_CHECKING:
    from aiohappyeyeballs import AddrInfoType

NEXT_ADDRESS_S = 0.25  # how long an address may take before the next is tried beside it: RFC 8305, section 5

# Headers that say how the message is framed or where it goes, which is for the client alone to say.
_OWN = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "upgrade"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_TARGET = re.compile(r"/[!\"$-~]*")  # no blank, no fragment
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_REPEATED = frozenset({"GET", "HEAD"})  # may be sent again where a kept connection turns out to be dead
_BODILESS = frozenset({"GET", "HEAD"})


class HttpClient:
    """Calls the server of `url`, of which only scheme, host and port count. Raises ValueError where it is no address.

    `timeout_s` bounds the time between two bytes in either direction, `connect_timeout_s` the look-up of the name, the
    connection and TLS together. It belongs to the event loop that first uses it.
    """

    def __init__(self, url: str, *, timeout_s: float, connect_timeout_s: float = 10.0) -> None:
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname:
            raise ValueError("the address of a server begins with http:// or https:// and names a host")
        self._origin = url[: url.index("//") + 2 + len(address.netloc)]
        self._host = address.hostname
        self._port = address.port or _PORTS[address.scheme]
        self._tls = _trusting() if address.scheme == "https" else None
        self._fixed = (
            f"host: {_host_of(address.hostname, address.port)}\r\naccept: */*\r\naccept-encoding: identity\r\n"
        )
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._open: set[HttpConnection] = set()
        self._idle: dict[HttpConnection, None] = {}  # the one that was used last comes last
        self.closed = False

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse:
        """Send a request and wait for the head of its response, which is to be closed. Header names are small letters.

        Raises TimeoutError; OSError where the server cannot be reached, breaks off or does not speak HTTP; ValueError
        where something that is to be sent could be read as something else.
        """
        head = self._head(method, url, headers, body)
        while True:
            connection = self._kept() or await self._connected()
            kept = connection.used
            response = connection.send(head, body, bodiless=method == "HEAD")
            try:
                await response.begun()
            except BaseException as error:  # also where the caller was cancelled
                response.close()
                if not (kept and method in _REPEATED and isinstance(error, ConnectionError)):
                    raise
            else:
                return response

    async def close(self) -> None:
        """Close every connection. What is under way fails."""
        self.closed = True
        lost = [connection.lost for connection in self._open]
        for connection in tuple(self._open):
            connection.close()
        if lost:
            await asyncio.wait(lost)

    def opened(self, connection: HttpConnection) -> None:
        """For connections: this one is open."""
        self._open.add(connection)

    def idle(self, connection: HttpConnection) -> None:
        """For connections: this one has nothing to do."""
        self._idle[connection] = None

    def gone(self, connection: HttpConnection) -> None:
        """For connections: this one takes no call any more; `lost` is done once it is closed."""
        self._idle.pop(connection, None)
        if connection.lost.done():
            self._open.discard(connection)

    def _kept(self) -> HttpConnection | None:
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.clean():
                return connection
            connection.close()
        return None

    async def _connected(self) -> HttpConnection:
        import aiohappyeyeballs

        loop = asyncio.get_running_loop()
        name = self._host if self._tls else None
        async with asyncio.timeout(self._connect_timeout_s):
            addresses = await self._addresses(loop)
            try:
                plug = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_S)
            except RuntimeError as error:  # uvloop's, for some of what others call an OSError
                raise ConnectionError("the server cannot be reached") from error
            try:
                make = functools.partial(HttpConnection, self, self._timeout_s)
                _, connection = await loop.create_connection(make, sock=plug, ssl=self._tls, server_hostname=name)
            except BaseException:
                plug.close()
                raise
        if self.closed:
            connection.close()
            raise ConnectionError("the client was closed")
        return connection

    async def _addresses(self, loop: asyncio.AbstractEventLoop) -> Sequence[AddrInfoType]:
        with contextlib.suppress(socket.gaierror):  # an address needs no thread to look it up
            flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            return socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=flags)
        return await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)

    def _head(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bytes:
        target = url[len(self._origin) :]
        if not target.isascii():
            target = quote(target, safe=string.punctuation)
        if not url.startswith(self._origin) or not _TARGET.fullmatch(target):
            raise ValueError("this is no address of the server")
        lines = [f"{method} {target} HTTP/1.1\r\n", self._fixed]
        for name, value in headers.items():
            if not _sendable(name):
                raise ValueError("a header has a name that is not sent")
            lines.append(f"{name}: {value}\r\n")
        if body or method not in _BODILESS:
            lines.append(f"content-length: {len(body)}\r\n")
        lines.append("\r\n")
        head = "".join(lines)
        # One line for each: a value can bring neither a line of its own nor what ends one for some servers.
        ends = len(lines) + 2
        if not head.count("\r") == head.count("\n") == ends or "\0" in head:
            raise ValueError("a header has a value that is not sent")
        if not head.isascii() and max(head) > "\xff":
            raise ValueError("a header has a value that is not sent")
        return head.encode("latin-1")


def _trusting() -> ssl.SSLContext:
    """TLS that trusts whom the system trusts, or SSL_CERT_FILE and SSL_CERT_DIR name."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _host_of(name: str, port: int | None) -> str:
    """What the header Host says."""
    host = f"[{name}]" if ":" in name else name if name.isascii() else name.encode("idna").decode()
    return host if port is None else f"{host}:{port}"


@functools.lru_cache(256)
def _sendable(name: str) -> bool:
    """Whether a header may be sent: it has the name of one, and does not say what the client itself says."""
    return bool(_TOKEN.fullmatch(name)) and name.lower() not in _OWN
