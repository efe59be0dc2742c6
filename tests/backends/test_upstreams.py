"""Model servers over HTTP: events however they are cut, and everything that can go wrong on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.asks import Request, Response
from guard.backends.upstreams import EventSplitter, HttpUpstream, TranslatedUpstream
from guard.config import UpstreamConfig
from guard.errors import GuardError, UpstreamError, UpstreamTimeout

SECRET = "sk-provider-3k9x"
LIMIT = 10_000
BOM = b"\xef\xbb\xbf"

# --- events ------------------------------------------------------------------------------------------------------


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


def split(pieces: Sequence[bytes], limit: int = LIMIT) -> tuple[list[bytes], bytes | None]:
    splitter = EventSplitter(limit)
    return [event for piece in pieces for event in splitter.feed(piece)], splitter.flush()


streams = st.lists(
    st.sampled_from((b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"data: x", b": ping", b"id:", BOM, b" ", b"\x00"))
).map(b"".join)


@settings(deadline=None)
@given(streams, st.lists(st.integers(0, 60)))
def test_a_stream_gives_the_same_events_however_it_is_cut(stream: bytes, places: list[int]) -> None:
    events, rest = split([stream])
    assert split(cut(stream, places)) == (events, rest)
    assert split(cut(stream, range(len(stream)))) == (events, rest)
    told = b"".join(events)
    assert stream.startswith(told)
    assert (rest or b"").rstrip(b"\n") == stream[len(told) :].strip(b"\r\n")


lines = st.lists(st.sampled_from((b"data: x", b"data", b"event: y", b": ping", b"data:  z ")), min_size=1, max_size=3)


@pytest.mark.parametrize("eol", [b"\n", b"\r\n", b"\r"])
@settings(deadline=None)
@given(events=st.lists(lines, max_size=4), begun=lines | st.just([]), marked=st.booleans())
def test_events_end_with_a_blank_line_of_any_kind(
    eol: bytes, events: list[list[bytes]], begun: list[bytes], marked: bool
) -> None:
    """Lines end as in the specification of server-sent events: CR LF, LF or CR."""
    whole = [eol.join(event) + eol * 2 for event in events]
    if marked and whole:
        whole[0] = BOM + whole[0]
    found, rest = split([b"".join(whole) + eol.join(begun)])
    if eol == b"\r" and not begun and whole:  # the last CR may be the first half of a CR LF
        assert rest is not None
        found, rest = [*found, rest.removesuffix(b"\n\n") + b"\r\r"], None
    assert found == whole
    assert rest == (eol.join(begun) + b"\n\n" if begun else None)


def test_what_comes_between_events_does_not_make_one() -> None:
    assert split([b"\n\n\n\ndata: x\n\n\n"])[1] is None
    assert split([b"\r\n"]) == ([], None)


def test_an_event_that_never_ends_is_over_the_limit_however_it_comes() -> None:
    splitter = EventSplitter(10)
    assert splitter.feed(b"data: 1\n\ndata: 2") == [b"data: 1\n\n"]
    assert splitter.feed(b"345") == []
    with pytest.raises(UpstreamError, match=r"limits\.reply_bytes"):
        splitter.feed(b"6")


# --- a server ----------------------------------------------------------------------------------------------------

WAIT = object()  # until the client leaves


class Server:
    """Answers every request with the same pieces. It keeps what it was sent, and counts connections."""

    def __init__(self, *pieces: Any) -> None:
        self._pieces = pieces
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.left = asyncio.Event()
        self.open: set[asyncio.Task[Any] | None] = set()
        self.url = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the newest request."""
        return {k.lower(): v for k, v in (line.split(": ", 1) for line in self.heads[-1].split("\r\n")[1:] if line)}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                self.bodies.append(await reader.readexactly(int(self.headers.get("content-length", 0))))
                for piece in self._pieces:
                    if piece is WAIT:
                        await reader.readexactly(1)
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if b"connection: close" in b"".join(self._pieces).lower():
                    break
        self.left.set()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(*pieces: Any) -> AsyncIterator[Server]:
    server = Server(*pieces)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await asyncio.wait_for(asyncio.gather(*server.open), 20)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def calling(url: str, *, environ: dict[str, str] | None = None, **keys: Any) -> AsyncIterator[HttpUpstream]:
    config = UpstreamConfig(name="fake", url=f"{url}/v1", **{"timeout_s": 20, **keys})
    upstream = HttpUpstream(config, environ or {}, reply_bytes=LIMIT)
    try:
        yield upstream
    finally:
        await upstream.close()


def request(stream: bool = False, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "/v1/chat/completions", named, b'{"model":"m"}', stream)


def reply(body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


async def send(upstream: HttpUpstream, **headers: str) -> Response:
    line = upstream.line("/v1/chat/completions")
    try:
        return await line.send(request(**headers))
    finally:
        await line.close()


async def streamed(upstream: HttpUpstream) -> list[bytes]:
    """The events of a stream, read to its end."""
    line, events = upstream.line("/v1/chat/completions"), []
    try:
        response = await line.send(request(stream=True))
        assert (response.streaming, response.body) == (True, b"")
        while arrived := await line.next():
            events += arrived
        assert list(await line.next()) == []
    finally:
        await line.close()
    return events


# --- what is sent ------------------------------------------------------------------------------------------------


async def test_a_request_goes_out_as_it_is_and_its_reply_comes_back_as_it_is() -> None:
    async with serving(reply(b'{"ok": 1}', "X-Request-Id: r1", "set-cookie: a=b")) as server:
        # By name: cookies of bare addresses are never kept.
        async with calling(server.url.replace("127.0.0.1", "localhost")) as upstream:
            response = await send(upstream, authorization="Bearer sk-caller", openai_project="p1")
            await send(upstream)
        assert (response.status, response.body, response.streaming) == (200, b'{"ok": 1}', False)
        assert response.headers["x-request-id"] == "r1"
        assert server.bodies == [b'{"model":"m"}'] * 2
        assert server.heads[0].startswith("POST /v1/chat/completions HTTP/1.1\r\n")
        assert "authorization: Bearer sk-caller\r\n" in server.heads[0]
        assert "openai-project: p1\r\n" in server.heads[0]
        assert not {"cookie", "user-agent"} & server.headers.keys()  # not kept from the first reply, and not made up


@pytest.mark.parametrize(
    ("api", "own"), [("openai", ("authorization", f"Bearer {SECRET}")), ("anthropic", ("x-api-key", SECRET))]
)
async def test_the_upstreams_own_key_takes_the_place_of_the_callers(api: str, own: tuple[str, str]) -> None:
    async with serving(reply(b"{}")) as server:
        async with calling(server.url, environ={"KEY": SECRET}, key_env="KEY", api=api) as upstream:
            await send(upstream, authorization="Bearer sk-caller", x_api_key="sk-caller")
        sent = {name: value for name, value in server.headers.items() if name in {"authorization", "x-api-key"}}
        assert sent == dict([own])


@pytest.mark.parametrize("url", ["http://a.example/v1", "http://a.example/v1/"])
def test_a_path_is_put_after_the_address(url: str) -> None:
    upstream = HttpUpstream(UpstreamConfig(name="a", url=url), {}, reply_bytes=LIMIT)
    assert upstream.url("/v1/models") == "http://a.example/v1/models"


async def test_a_header_cannot_smuggle_in_another() -> None:
    async with serving(reply(b"{}")) as server, calling(server.url) as upstream:
        with pytest.raises(UpstreamError, match="could not be reached"):
            await send(upstream, openai_project="p1\r\nx-evil: 1")
        assert server.heads == []


# --- connections -------------------------------------------------------------------------------------------------


async def test_a_connection_is_used_again_once_its_reply_was_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    event = b"9\r\ndata: 1\n\n\r\n"
    async with serving(chunked, event, event, b"0\r\n\r\n") as server, calling(server.url) as upstream:
        assert await streamed(upstream) == [b"data: 1\n\n"] * 2
        await streamed(upstream)
        assert server.connections == 1


async def test_a_stream_that_is_left_is_broken_off() -> None:
    async with serving(SSE + b"data: 1\n\n", WAIT) as server, calling(server.url) as upstream:
        line = upstream.line("/v1/chat/completions")
        await line.send(request(stream=True))
        assert await line.next() == [b"data: 1\n\n"]
        await line.close()
        await asyncio.wait_for(server.left.wait(), 20)
        await line.close()
        assert list(await line.next()) == []


# --- what comes back ---------------------------------------------------------------------------------------------


async def test_events_come_as_they_arrive_and_the_last_needs_no_end() -> None:
    pieces = SSE, BOM + b"data: 1\r\n\r", b"\ndata: 2\n\n: pi", b"ng\n\nda", b"ta: 3"
    async with serving(*pieces) as server, calling(server.url) as upstream:
        events = await streamed(upstream)
    assert events == [BOM + b"data: 1\r\n\r\n", b"data: 2\n\n", b": ping\n\n", b"data: 3\n\n"]


async def test_an_error_is_whole_whatever_it_says_of_itself() -> None:
    answer = reply(b"data: no\n\n", status="429 Too Many Requests", kind="text/event-stream")
    async with serving(answer) as server, calling(server.url) as upstream:
        response = await send(upstream)
        assert (response.status, response.body, response.streaming) == (429, b"data: no\n\n", False)


BROKEN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{"


@pytest.mark.parametrize(
    ("pieces", "kind", "message"),
    [
        ([WAIT], UpstreamTimeout, "The upstream did not answer in time."),
        ([b"HTTP/1.1 200 OK\r\n", WAIT], UpstreamTimeout, "The upstream did not answer in time."),
        ([BROKEN.replace(b"connection: close\r\n", b""), WAIT], UpstreamTimeout,
         "The upstream took too long in the middle of its reply."),
        ([SSE + b"data: 1\n\n", WAIT], UpstreamTimeout, "The upstream took too long in the middle of its stream."),
        ([b"nonsense\r\n\r\n", b"connection: close"], UpstreamError, "The upstream could not be reached."),
        ([BROKEN], UpstreamError, "The upstream broke off in the middle of its reply."),
        ([SSE.replace(b"\r\n\r\n", b"\r\ncontent-length: 99\r\n\r\n") + b"data: 1\n\n"], UpstreamError,
         "The upstream broke off in the middle of its stream."),
        ([reply(b"??", "content-encoding: br")], UpstreamError,
         "The upstream answered in a compression that guard does not ask for."),
        ([reply(b"??", "content-encoding: gzip")], UpstreamError,
         "The upstream broke off in the middle of its reply."),
        ([reply(gzip.compress(bytes(LIMIT + 1)), "content-encoding: gzip")], UpstreamError,
         "The upstream's reply is over the limit limits.reply_bytes."),
        ([reply(b"x" * (LIMIT + 1))], UpstreamError, "The upstream's reply is over the limit limits.reply_bytes."),
        ([SSE + b"data: " + b"x" * LIMIT], UpstreamError,
         "The upstream sent an event that is over the limit limits.reply_bytes."),
        ([reply(b"", "location: /v1/elsewhere", status="307 Temporary Redirect")], UpstreamError,
         "The upstream answered with a redirect, which guard does not follow."),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_told_without_a_word_of_what_was_sent(
    pieces: list[Any], kind: type[UpstreamError], message: str
) -> None:
    patience = 0.2 if WAIT in pieces else 20
    async with serving(*pieces) as server, calling(server.url, timeout_s=patience) as upstream:
        line = upstream.line("/v1/chat/completions")

        async def read() -> None:
            await line.send(request(stream=True, authorization=f"Bearer {SECRET}"))
            while await line.next():
                pass

        with pytest.raises(GuardError) as caught:
            await read()
        await line.close()
        assert (type(caught.value), caught.value.message) == (kind, message)
        assert len(server.heads) == 1


async def test_a_server_that_is_not_there_could_not_be_reached() -> None:
    async with serving() as server:
        pass
    async with calling(server.url) as upstream:
        with pytest.raises(UpstreamError, match="could not be reached"):
            await send(upstream)


# --- translation -------------------------------------------------------------------------------------------------


async def test_calls_that_it_speaks_pass_through_and_the_translator_of_the_others_is_made_when_it_is_needed() -> None:
    made: list[HttpUpstream] = []
    async with (
        serving(reply(b'{"data": [{"id": "own"}]}')) as own,
        serving(reply(b"{}")) as other,
        calling(own.url, api="anthropic") as upstream,
        calling(other.url) as translator,
    ):

        def make() -> HttpUpstream:
            made.append(translator)
            return translator

        translated = TranslatedUpstream(upstream, make)
        for path in ("/v1/messages", "/v1/messages/count_tokens"):
            await translated.line(path).send(replace(request(), path=path))
        assert [model["id"] for model in await translated.models({})] == ["own"]
        assert (len(own.heads), made) == (3, [])
        for path in ("/v1/chat/completions", "/v1/embeddings"):
            await translated.line(path).send(replace(request(), path=path))
        assert (len(own.heads), len(other.heads), len(made)) == (3, 2, 1)
        await translated.close()
        assert upstream.client().closed
        assert translator.client().closed


async def test_what_was_never_used_is_closed_all_the_same() -> None:
    async with calling("http://127.0.0.1:9") as upstream:
        await TranslatedUpstream(upstream, lambda: upstream).close()


# --- models ------------------------------------------------------------------------------------------------------


async def test_models_are_listed() -> None:
    body = b'{"data": [{"id": "a", "more": [1]}, {"id": 7}, "odd", {}, {"id": "b"}]}'
    async with serving(reply(body)) as server, calling(server.url) as upstream:
        assert await upstream.models({"authorization": "Bearer sk"}) == [{"id": "a", "more": [1]}, {"id": "b"}]
        assert server.heads[0].startswith("GET /v1/models HTTP/1.1\r\n")
        assert server.headers["authorization"] == "Bearer sk"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (reply(b'{"data": 7}'), "The upstream 'fake' lists no models."),
        (reply(b"[]"), "The upstream 'fake' lists no models."),
        (reply(b"<html>"), "The upstream's reply is not valid JSON."),
        (reply(b"{}", status="401 Unauthorized"), "The upstream answered 401."),
        (BROKEN, "The upstream broke off in the middle of its reply."),
    ],
)
async def test_models_that_cannot_be_listed_are_told(answer: bytes, message: str) -> None:
    async with serving(answer) as server, calling(server.url) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.models({})
        assert caught.value.message == message


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_event_over_the_limit_fails_however_it_arrives(size: int) -> None:
    splitter = EventSplitter(50)
    event = b"data: " + b"x" * 60 + b"\n\n"

    def feed() -> None:
        for at in range(0, len(event), size):
            splitter.feed(event[at : at + size])

    with pytest.raises(UpstreamError, match=r"limits\.reply_bytes"):
        feed()
