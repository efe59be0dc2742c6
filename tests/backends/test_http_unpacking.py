"""Bodies that come compressed although nobody asked for it."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends.http_client import HttpClient
from guard.backends.http_response import Unreadable
from guard.backends.http_unpacking import MOST_AT_ONCE, Unpacker
from tests.backends.http_servers import answering, in_turn, listening


def raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "raw": raw}


def unpacked(packed: bytes, coding: str, size: int) -> bytes:
    """What a compressed body says that arrives in pieces of `size` bytes."""
    unpacker, body = Unpacker("deflate" if coding == "raw" else coding), b""
    for at in range(0, len(packed), size):
        unpacker.feed(packed[at : at + size])
        while piece := unpacker.next():
            assert len(piece) <= MOST_AT_ONCE
            body += piece
    unpacker.end()
    return body


@pytest.mark.parametrize("coding", PACKED)
@settings(deadline=None)
@given(body=st.binary(max_size=300), size=st.integers(1, 40))
def test_a_body_is_the_same_however_it_is_cut(coding: str, body: bytes, size: int) -> None:
    assert unpacked(PACKED[coding](body), coding, size) == body


@pytest.mark.parametrize("coding", PACKED)
def test_a_long_body_comes_in_pieces_of_a_bounded_size(coding: str) -> None:
    body = bytes(3 * MOST_AT_ONCE + 5)
    assert unpacked(PACKED[coding](body), coding, 2**18) == body


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_missing_wrong_or_too_much_is_told(coding: str, size: int) -> None:
    packed = PACKED[coding](b"the words of a reply " * 9)
    for wrong in (packed[:-1], packed[:9], packed + b"!", b"the words of a reply"):
        with pytest.raises(ConnectionError) as caught:
            unpacked(wrong, coding, size)
        assert "words" not in str(caught.value)


def answer(coding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n%s" % (
        coding.encode(), len(body), body)  # fmt: skip


@pytest.mark.parametrize(("named", "coding"), [("gzip", "gzip"), (" GZIP ", "gzip"), ("deflate", "raw")])
async def test_a_response_is_read_as_it_was_before_it_was_compressed(named: str, coding: str) -> None:
    body = b"data: 1\n\n" * 2**17
    async with listening(answering(answer(named, PACKED[coding](body)))) as server:
        client = HttpClient(server.url, timeout_s=20)
        for _ in range(2):
            response = await client.request("GET", f"{server.url}/", {})
            pieces = []
            while piece := await response.next():
                pieces.append(piece)
            assert b"".join(pieces) == body
            assert max(map(len, pieces)) <= MOST_AT_ONCE
        await client.close()
        assert len(server.talks) == 1
        assert "accept-encoding: identity\r\n" in server.seen[0][0]


@pytest.mark.parametrize("named", ["br", "zstd", "gzip, gzip", "compress"])
async def test_what_cannot_be_read_is_refused_and_the_connection_closed(named: str) -> None:
    async with listening(in_turn([answer(named, b"??")], [answer("identity", b"ok")])) as server:
        client = HttpClient(server.url, timeout_s=20)
        with pytest.raises(Unreadable):
            await client.request("POST", f"{server.url}/", {})
        response = await client.request("POST", f"{server.url}/", {})
        assert await response.next() == b"ok"
        await client.close()
