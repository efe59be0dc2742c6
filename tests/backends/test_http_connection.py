"""Responses however they are cut, and everything that a server can do to a connection."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends import http_connection
from guard.backends.http_client import HttpClient
from guard.backends.http_connection import MOST_BARE
from guard.backends.http_response import MOST_HELD, HttpResponse
from tests.backends.http_servers import Serve, Server, Talk, answering, heard, in_turn, listening, threaded, turns

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN = "broken"


class Got(NamedTuple):
    """What a client saw of a response: its status, its body up to where it ended or broke, and how it ended."""

    status: int
    body: bytes
    end: str = ""


@asynccontextmanager
async def client_at(url: str, timeout_s: float = 20.0) -> AsyncIterator[HttpClient]:
    client = HttpClient(url, timeout_s=timeout_s)
    try:
        yield client
    finally:
        await client.close()


async def begin(client: HttpClient, url: str, body: bytes = b"{}", method: str = "POST") -> HttpResponse:
    return await client.request(method, f"{url}/v1/x", {"content-type": "application/json"}, body)


async def read(client: HttpClient, url: str) -> None:
    """Raises whatever ends a call."""
    response = await begin(client, url)
    while await response.next():
        pass


async def ended(response: HttpResponse) -> Got:
    body = b""
    try:
        while piece := await response.next():
            body += piece
    except TimeoutError:
        return Got(response.status, body, "slow")
    except OSError:
        return Got(response.status, body, BROKEN)
    finally:
        response.close()
    return Got(response.status, body)


async def call(client: HttpClient, url: str, method: str = "POST") -> Got:
    try:
        return await ended(await begin(client, url, method=method))
    except OSError:
        return Got(0, b"", BROKEN)


async def alone(url: str) -> Got:
    """A call of a client that makes no other."""
    async with client_at(url) as client:
        return await call(client, url)


# --- messages ----------------------------------------------------------------------------------------------------

# What comes (then the server closes), what is seen of it, and whether the connection is used again where it stays open.
MESSAGES: dict[str, tuple[bytes, Got, bool]] = {
    "length": (OK, Got(200, b"ok"), True),
    "length 0": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Got(200, b""), True),
    "no reason": (b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", Got(200, b"ok"), True),
    "lines end with LF": (OK.replace(b"\r\n", b"\n"), Got(200, b"ok"), True),
    "chunks": (CHUNKED + b"2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", Got(200, b"ok!"), True),
    "extensions and trailers": (
        CHUNKED + b'2;a;b="c"\r\nok\r\n0;d\r\nx-more: 1\r\nx-a: b\r\n\r\n', Got(200, b"ok"), True),
    "a length at the end": (CHUNKED + b"2\r\nok\r\n0\r\ncontent-length: 9\r\n\r\n", Got(200, b"ok", BROKEN), False),
    "blanks after sizes": (CHUNKED + b"2 \r\nok\r\n0 \r\n\r\n", Got(200, b"ok"), True),
    "to the end": (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nok", Got(200, b"ok"), False),
    "provisional": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + OK,
                    Got(200, b"ok"), True),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", Got(204, b""), False),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n", Got(304, b""), False),
    "not modified, with a body": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\nok", Got(304, b""), False),
    "an old server": (OK.replace(b"1.1", b"1.0"), Got(200, b"ok"), False),
    "an old server that keeps on": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok", Got(200, b"ok"), True),
    "the last": (OK.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), Got(200, b"ok"), False),
    "another after it": (OK + OK.replace(b"ok", b"no"), Got(200, b"ok"), False),
    "more than said": (OK + b"!", Got(200, b"ok"), False),
    "more after chunks": (CHUNKED + b"2\r\nok\r\n0\r\n\r\nHTTP/1.1", Got(200, b"ok"), False),
    "less than said": (OK[:-1], Got(200, b"o", BROKEN), False),
    "chunks without end": (CHUNKED + b"2\r\nok\r\n", Got(200, b"ok", BROKEN), False),
    "a bad size": (CHUNKED + b"2\r\nok\r\nzz\r\n", Got(200, b"ok", BROKEN), False),
    "a chunk that is too long": (CHUNKED + b"2\r\nokay\r\n0\r\n\r\n", Got(200, b"ok", BROKEN), False),
    "an endless size": (CHUNKED + b"f" * 40 + b"\r\n", Got(200, b"", BROKEN), False),
    "two lengths": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok", Got(0, b"", BROKEN), False),
    "a length and chunks": (CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-length: 2\r\n\r\n") + b"2\r\nok\r\n0\r\n\r\n",
                            Got(0, b"", BROKEN), False),
    "no length": (OK.replace(b": 2", b": two"), Got(0, b"", BROKEN), False),
    "a negative length": (OK.replace(b": 2", b": -2"), Got(0, b"", BROKEN), False),
    "another coding": (CHUNKED.replace(b"chunked", b"gzip"), Got(0, b"", BROKEN), False),
    "two codings": (CHUNKED.replace(b"chunked", b"gzip, chunked"), Got(0, b"", BROKEN), False),
    "two codings, twice": (CHUNKED.replace(b"Tr", b"transfer-encoding: gzip\r\nTr"), Got(0, b"", BROKEN), False),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nok",
                         Got(0, b"", BROKEN), False),
    "no status": (OK.replace(b"200", b"099"), Got(0, b"", BROKEN), False),
    "no status, and then one": (
        b"HTTP/1.1 099 No\r\ncontent-length: 0\r\n\r\n" + OK, Got(0, b"", BROKEN), False),
    "a provisional body": (OK.replace(b"200", b"103") + OK, Got(0, b"", BROKEN), False),
    "a folded line": (b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok", Got(200, b"ok"), True),
    "odd characters": (OK.replace(b": 2", b": 2\r\nx: a\0b\x01c\x7f"), Got(200, b"ok"), True),
    "a CR in a value": (OK.replace(b": 2", b": 2\r\nx: a\rb"), Got(0, b"", BROKEN), False),
    "an odd name": (OK.replace(b": 2", b": 2\r\nx y: a"), Got(0, b"", BROKEN), False),
    "a blank before the colon": (OK.replace(b": 2", b" : 2"), Got(200, b"ok"), True),
    "a blank before the colon, and less than said": (OK.replace(b": 2", b" : 3"), Got(200, b"ok", BROKEN), False),
    "an odd coding": (CHUNKED.replace(b"chunked", b"\x0bchunked") + b"0\r\n\r\n", Got(0, b"", BROKEN), False),
    "another version": (b"HTTP/3.0 200 OK\r\ncontent-length: 0\r\n\r\n", Got(0, b"", BROKEN), False),
    "half a head": (OK[:30], Got(0, b"", BROKEN), False),
    "a page": (b"<html>bad gateway</html>\r\n\r\n", Got(0, b"", BROKEN), False),
    "nothing": (b"", Got(0, b"", BROKEN), False),
}  # fmt: skip


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("name", MESSAGES)
def test_a_response_is_the_same_however_it_is_cut(name: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    message, expected, _ = MESSAGES[name]
    cuts = [[message], *([message[:at], message[at:]] for at in range(1, len(message))), [bytes([b]) for b in message]]

    async def compare() -> None:
        remaining = iter(cuts)

        async def serve(server: Server, talk: Talk) -> None:
            await talk.asked()
            await talk.say(*next(remaining))

        async with listening(serve) as server:
            for cut in cuts:
                assert await alone(server.url) == expected, cut

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(compare())


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("name", [name for name, (_, got, _) in MESSAGES.items() if got.end != BROKEN])
async def test_a_connection_is_used_again_where_nothing_else_can_come(name: str, cut: bool) -> None:
    message, expected, again = MESSAGES[name]
    pieces = [bytes([b]) for b in message] if cut else [message]
    if name == "to the end":
        expected = expected._replace(end="slow")  # it is not closed here
    async with listening(answering(*pieces)) as server, client_at(server.url, 0.5 if expected.end else 20) as client:
        for _ in range(3):
            assert await call(client, server.url) == expected
            for _ in pieces:
                await turns()
        assert len(server.talks) == (1 if again else 3)
        if not again:
            await asyncio.wait_for(asyncio.gather(*(talk.left.wait() for talk in server.talks)), 20)


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("name", ["length", "chunks", "to the end"])
async def test_an_answer_to_head_has_no_body(name: str, lies: bool) -> None:
    message = MESSAGES[name][0]
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    async with listening(answering(message if lies else head)) as server, client_at(server.url) as client:
        for _ in range(2):
            assert await call(client, server.url, "HEAD") == Got(200, b"")
        assert len(server.talks) == 2  # a body that came all the same would be the next caller's


async def test_headers_are_given_by_small_names_and_joined() -> None:
    message = OK.replace(b"\r\n\r\n", b"\r\nX-A: 1\r\nx-a:  2 \r\nEmpty:\r\nX-B: caf\xe9\r\nCT: x\r\n\r\n")
    async with listening(answering(message)) as server, client_at(server.url) as client:
        response = await begin(client, server.url)
        named = {"content-length": "2", "x-a": "1, 2", "empty": "", "x-b": "caf\xe9", "ct": "x"}
        assert response.headers == named
        assert await ended(response) == Got(200, b"ok")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"", ""),
        (b"content-type: text/event-stream\r\n", "text/event-stream"),
        (b"content-type: Text/Event-Stream ; charset=utf-8\r\n", "text/event-stream"),
        (b"content-type: text/event-stream\r\ncontent-type: text/plain\r\n", "text/event-stream"),
    ],
)
async def test_the_kind_of_a_body_is_told_without_parameters(header: bytes, kind: str) -> None:
    message = OK.replace(b"content-l", header + b"content-l")
    async with listening(answering(message)) as server, client_at(server.url) as client:
        response = await begin(client, server.url)
        assert response.content_type == kind
        response.close()


def long_head(size: int) -> bytes:
    """A response with a head of `size` bytes."""
    start, end = b"HTTP/1.1 200 OK\r\n", b"content-length: 2\r\n\r\n"
    left = size - len(start) - len(end)
    lines = b"".join(b"x: %s\r\n" % (b"y" * 95) for _ in range(left // 100 - 1))
    return start + lines + b"z: " + b"y" * (left - len(lines) - 5) + b"\r\n" + end


@pytest.mark.parametrize("size", [100, 1000, 2**16 - 1, 2**17])
@pytest.mark.parametrize(("head", "end"), [(MOST_BARE, ""), (MOST_BARE + 1, BROKEN)])
async def test_a_head_has_a_bound_however_it_is_cut(head: int, end: str, size: int) -> None:
    message = long_head(head) + b"ok"
    assert len(message) == head + 2
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    async with listening(answering(*pieces, close=True)) as server, client_at(server.url) as client:
        assert await call(client, server.url) == (Got(0, b"", end) if end else Got(200, b"ok"))


@pytest.mark.parametrize(
    ("begun", "endless"),
    [
        (b"HTTP/1.1 200 OK\r\nx: ", b"y" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 100),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
        (b"", b"\r\n" * 500),
        (CHUNKED + b"1;", b"x" * 1000),
        (CHUNKED + b"0\r\nx: ", b"y" * 1000),
        (CHUNKED + b"0\r\n", b"x: y\r\n" * 100),
    ],
)
async def test_what_is_no_body_does_not_go_on_for_ever(begun: bytes, endless: bytes) -> None:
    said = 0

    async def serve(_server: Server, talk: Talk) -> None:
        nonlocal said
        await talk.asked()
        talk.writer.write(begun)
        while not talk.writer.is_closing():
            await talk.say(endless)
            said += len(endless)

    async with listening(serve) as server, client_at(server.url) as client:
        assert (await call(client, server.url)).end == BROKEN
    assert said <= MOST_BARE + 2**20  # and what the socket holds


async def test_a_body_may_be_longer_than_any_head() -> None:
    body = bytes(range(256)) * 2**12
    pieces = [CHUNKED, *(b"%x\r\n%s\r\n" % (2**14, body[at : at + 2**14]) for at in range(0, len(body), 2**14))]
    whole = [b"".join(pieces), b"0\r\n\r\n"]
    async with listening(answering(*whole)) as server, client_at(server.url) as client:
        for _ in range(2):
            assert await call(client, server.url) == Got(200, body)
        assert len(server.talks) == 1


@settings(deadline=None, max_examples=150)
@given(
    message=st.sampled_from([message for message, *_ in MESSAGES.values()]),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2), st.binary(max_size=4)), max_size=4),
    cut=st.integers(0, 200),
)
def test_garbage_is_an_answer_or_an_error_and_the_same_however_it_is_cut(
    message: bytes, changes: list[tuple[int, int, bytes]], cut: int
) -> None:
    for at, length, new in changes:
        message = message[:at] + new + message[at + length :]

    async def compare() -> None:
        answers = iter([[message], [message[:cut], message[cut:]]])

        async def serve(_server: Server, talk: Talk) -> None:
            await talk.asked()
            await talk.say(*next(answers))

        async with listening(serve) as server:
            assert await alone(server.url) == await alone(server.url)

    asyncio.run(compare())


# --- time --------------------------------------------------------------------------------------------------------


def dripping(pause: float, *pieces: bytes) -> Serve:
    async def serve(server: Server, talk: Talk) -> None:
        while True:
            server.seen.append(await talk.asked())
            for piece in pieces:
                talk.writer.write(piece)
                await asyncio.sleep(pause)

    return serve


async def test_a_slow_answer_is_not_too_slow_while_it_goes_on() -> None:
    serve = dripping(0.25, OK[:9], OK[9:30], OK[30:-2], b"o", b"k")
    async with listening(serve) as server, client_at(server.url, 0.8) as client:
        assert await call(client, server.url) == Got(200, b"ok")


@pytest.mark.parametrize("begun", [b"", OK[:9], OK[:-2], OK[:-1], CHUNKED + b"1\r\no\r\n"])
async def test_silence_is_given_up_and_the_connection_closed(begun: bytes) -> None:
    async def serve(_server: Server, talk: Talk) -> None:
        await talk.asked()
        await talk.say(begun)
        await talk.wait()

    async with listening(serve) as server, client_at(server.url, 0.15) as client:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await read(client, server.url)
        assert time.monotonic() - began > 0.1
        await asyncio.wait_for(server.talks[0].left.wait(), 20)


async def test_time_runs_anew_for_every_call() -> None:
    """Many calls share one timer."""
    async with listening(dripping(0.0, OK)) as server, client_at(server.url, 0.8) as client:
        for _ in range(4):
            await asyncio.sleep(0.3)
            assert await call(client, server.url) == Got(200, b"ok")
        assert len(server.talks) == 1


async def test_an_idle_connection_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "IDLE_S", 1.0)
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        for _ in range(3):
            await call(client, server.url)
            await asyncio.sleep(0.4)  # together longer than it is kept, but never idle for so long
        assert not server.talks[0].left.is_set()
        await asyncio.wait_for(server.talks[0].left.wait(), 20)
        assert await call(client, server.url) == Got(200, b"ok")
        assert len(server.talks) == 2


# --- back-pressure -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_waits_for_a_slow_reader(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    size, sent = 2**25, 0

    async def serve(_server: Server, talk: Talk) -> None:
        nonlocal sent
        await talk.asked()
        await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        while sent < size:
            talk.writer.write(bytes(2**18))
            sent += 2**18
            await talk.writer.drain()
        server_done.set()
        await talk.asked()
        await talk.say(OK)

    server_done = asyncio.Event()

    async def read() -> None:
        async with listening(serve) as server, client_at(server.url, 1.0) as client:
            response = await begin(client, server.url)
            await asyncio.sleep(1.5)  # longer than the server may be silent: it is the reader who is slow
            assert sent < size // 2
            assert response._held <= 2 * MOST_HELD + 2**20
            got = await ended(response)
            assert (got.status, len(got.body), got.end) == (200, size, "")
            assert await call(client, server.url) == Got(200, b"ok")
            assert len(server.talks) == 1

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(read())


# --- what must not be shared -------------------------------------------------------------------------------------


async def test_words_on_an_idle_connection_are_nobodys() -> None:
    async def serve(server: Server, talk: Talk) -> None:
        while True:
            server.seen.append(await talk.asked())
            await talk.say(OK)
            await talk.say(OK.replace(b"ok", b"no"))

    async with listening(serve) as server, client_at(server.url) as client:
        for _ in range(3):
            assert await call(client, server.url) == Got(200, b"ok")
            await turns()
        assert len(server.talks) == 3


@pytest.mark.parametrize("then", [OK.replace(b"ok", b"no"), None])
async def test_what_comes_while_the_loop_is_busy_is_nobodys(then: bytes | None) -> None:
    """A second answer, or the end, lies in the socket when the next call looks for a connection."""
    more, said = threading.Event(), threading.Event()

    def talk(plug: socket.socket) -> None:
        heard(plug)
        plug.sendall(OK)
        more.wait(20)
        if then:
            plug.sendall(then)
        else:
            plug.shutdown(socket.SHUT_WR)
        said.set()
        plug.recv(1)

    with threaded(talk) as url:
        async with client_at(url) as client:
            assert await call(client, url) == Got(200, b"ok")
            more.set()
            said.wait(20)  # and the loop with it
            assert await call(client, url) == Got(200, b"ok")


async def test_an_answer_that_comes_before_the_request_has_left_is_the_last() -> None:
    async def serve(server: Server, talk: Talk) -> None:
        server.seen.append((str(await talk.reader.readuntil(b"\r\n\r\n")), b""))
        await talk.say(OK.replace(b"200 OK", b"413 Too Large"))
        await talk.wait()

    async with listening(serve) as server, client_at(server.url) as client:
        for _ in range(2):
            assert await ended(await begin(client, server.url, bytes(2**25))) == Got(413, b"ok")
        assert len(server.talks) == 2


@pytest.mark.parametrize("begun", [b"", OK[:20], OK[:-1], CHUNKED + b"1\r\no\r\n"])
async def test_a_call_that_is_cancelled_takes_its_connection_along(begun: bytes) -> None:
    async with listening(in_turn([OK], [begun], [OK])) as server, client_at(server.url) as client:
        assert await call(client, server.url) == Got(200, b"ok")
        task = asyncio.ensure_future(call(client, server.url))
        while len(server.seen) < 2:
            await turns()
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.talks[0].left.wait(), 20)
        assert await call(client, server.url) == Got(200, b"ok")
        assert len(server.talks) == 2


async def test_a_response_that_is_left_takes_its_connection_along() -> None:
    async with listening(in_turn([OK[:-1]], [OK])) as server, client_at(server.url) as client:
        response = await begin(client, server.url)
        response.close()
        response.close()
        with pytest.raises(ConnectionError):
            await response.next()
        await asyncio.wait_for(server.talks[0].left.wait(), 20)
        assert await call(client, server.url) == Got(200, b"ok")


async def test_a_response_that_was_read_can_be_closed_while_its_connection_serves_another() -> None:
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        first = await begin(client, server.url)
        assert await ended(first) == Got(200, b"ok")
        second = await begin(client, server.url)
        first.close()
        assert await first.next() == b""
        assert await ended(second) == Got(200, b"ok")
        assert len(server.talks) == 1
