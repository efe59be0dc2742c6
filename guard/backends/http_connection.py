"""One connection to a server: the requests that go over it, one at a time, and what comes back.

llhttp, the parser that uvicorn and Node use, reads what comes. A connection is used again only where a response ended
as the server said that it would, and nothing came after it: whatever is left would be read as the next caller's.
"""

from __future__ import annotations

import asyncio
import select
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from guard.backends.http_response import HttpResponse

IDLE_S = 15.0  # how long a connection is kept that nobody uses
MOST_BARE = 2**16  # bytes of heads, or of anything else that is no body, in a row

_SMALL = 2**16  # bytes of a body that is copied to leave together with its head
_NO_BODY = frozenset({204, 304})  # RFC 9112, section 6.3


class Pool(Protocol):
    """Where connections belong."""

    def opened(self, connection: HttpConnection) -> None:
        """It is open."""
        ...

    def idle(self, connection: HttpConnection) -> None:
        """It has nothing to do."""
        ...

    def gone(self, connection: HttpConnection) -> None:
        """It takes no call any more; `lost` is done once it is closed."""
        ...


class HttpConnection(asyncio.Protocol):
    """A connection of `pool`, which carries one call at a time. `timeout_s` is for the time between two bytes.

    `lost` is done once it is closed. `used` says whether a response has come over it.
    """

    lost: asyncio.Future[None]

    def __init__(self, pool: Pool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        # What some servers write, and what leaves no doubt where a response ends: odd characters in the value of a
        # header, values that go on in the next line, LF for CR LF, blanks after the size of a chunk.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._response: HttpResponse | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._since = 0.0  # the last byte, or the beginning or the end of a call
        self._unsent = 0
        self._paused = False
        self.used = False
        self.lost = self._loop.create_future()

    # --- for the pool and its responses ---

    def send(self, head: bytes, body: bytes, *, bodiless: bool = False) -> HttpResponse:
        """Send a request; its response has yet to begin. `bodiless` says that none has a body: it is one to HEAD."""
        self._response = response = HttpResponse(self)
        self._headers = response.headers
        self._bare = 0
        self._unsent = 0
        self._bodiless = bodiless
        self._interim = self._to_the_end = self._complete = self._again = False
        self._since = now = self._loop.time()
        self._look_at(now + self._timeout_s)
        if len(body) < _SMALL:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return response

    def clean(self) -> bool:
        """Whether it is open and nothing has come that nobody asked for, not even its end."""
        return not self._transport.is_closing() and not (self._poll is not None and self._poll.poll(0))

    def resume(self) -> None:
        """Read on after the pause that a full response made."""
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._since = self._loop.time()
            self._transport.resume_reading()

    def close(self) -> None:
        """Close at once, with whatever is under way."""
        self._pool.gone(self)
        self._transport.abort()

    # --- for the transport ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)
        self._poll = None
        if hasattr(select, "poll"):  # not on Windows
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._since = self._loop.time()
        self._look_at(self._since + IDLE_S)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have come, however they are cut."""
        response = self._response
        if response is None:  # nobody asked for them
            self.close()
            return
        self._since = self._loop.time()
        try:
            self._feed(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self._complete:
                self._fail(ConnectionError("the server does not speak HTTP"), error)
                return
            self._again = False
        if self._complete:
            self._end()
        elif response.status and response.wake() and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """The server sends no more."""
        if self._response is not None and self._to_the_end:
            self._end()
        else:
            self._fail(ConnectionError("the server broke off"))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        if self._timer is not None:
            self._timer.cancel()
        if self._response is not None and self._to_the_end and exc is None:
            self._end()
        else:
            self._fail(ConnectionError("the server broke off"), exc)
        self._parser = cast("HttpResponseParser", None)  # it knows this connection, and the two would stay
        self.lost.set_result(None)
        self._pool.gone(self)

    # --- for the parser ---

    def on_message_begin(self) -> None:
        """A response begins: the one that is waited for, or one that nobody asked for."""
        if self._complete:
            raise ConnectionError("a second response")
        self._headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; or a trailer, which says nothing that is read."""
        if self._response is not None and not self._response.status:
            key, text = name.lower().rstrip().decode("latin-1"), value.rstrip(b" \t").decode("latin-1")
            self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The head is here: that of a provisional response, or the one that is waited for."""
        response = cast("HttpResponse", self._response)
        status = self._parser.get_status_code()
        self._interim = status < 200
        if self._interim:
            if status < 100 or status == 101:
                raise ConnectionError("nobody asked for this, or for another protocol")
            return
        coding = self._headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise ConnectionError("the body is coded in a way that cannot be read")
        self._bare = 0
        response.status = status
        if self._bodiless or status in _NO_BODY:
            self._complete = True  # not used again: the parser may wait for the body that its head speaks of
        self._to_the_end = coding is None and "content-length" not in self._headers

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._complete:
            raise ConnectionError("no body belongs here")
        self._bare = 0
        cast("HttpResponse", self._response).add(data)

    def on_message_complete(self) -> None:
        """The response is here."""
        if not (self._interim or self._complete):
            self._complete, self._again = True, self._parser.should_keep_alive()

    # --- the rest ---

    def _feed(self, data: bytes) -> None:
        """Have `data` parsed, in pieces where it could hold too much that is no body. Raises HttpParserError."""
        if self._bare + len(data) <= MOST_BARE:
            self._bare += len(data)
            self._parser.feed_data(data)
            return
        view = memoryview(data)
        while view:
            room = MOST_BARE - self._bare
            if not room:
                raise HttpParserError("too much that is no body")
            self._bare += min(room, len(view))
            self._parser.feed_data(view[:room])
            view = view[room:]

    def _end(self) -> None:
        """The response has ended; the connection waits for the next call, or is closed."""
        response, self._response = cast("HttpResponse", self._response), None
        response.end()
        # An early response leaves a part of the request unsent.
        if not self._again or self._transport.is_closing() or self._transport.get_write_buffer_size():
            self.close()
            return
        self.used = True
        self._look_at(self._since + IDLE_S)
        self.resume()
        self._pool.idle(self)

    def _fail(self, error: OSError, cause: BaseException | None = None) -> None:
        error.__cause__ = cause
        response, self._response = self._response, None
        if response is not None and not response.ended:
            response.end(error)
        self.close()

    def _look_at(self, due: float) -> None:
        """Look at the time at `due`, or before. One timer serves for many calls: it is not moved to a later time."""
        if self._timer is None or due < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        """Close what has been quiet for too long."""
        self._timer = None
        now = self._loop.time()
        unsent = self._transport.get_write_buffer_size()
        if self._paused or unsent != self._unsent:  # it is the caller who is slow; or the server reads, slowly
            self._since, self._unsent = now, unsent
        due = self._since + (IDLE_S if self._response is None else self._timeout_s)
        if now < due:
            self._look_at(due)
        elif self._response is None:
            self.close()
        else:
            self._fail(TimeoutError("the server took too long"))
