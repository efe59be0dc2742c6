"""What is sent, over which connection, to which server and to no other."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from guard.backends.http_client import HttpClient
from tests.backends.http_servers import Server, Talk, answering, listening, turns

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SECRET = "sk-provider-3k9x"


@asynccontextmanager
async def client_at(url: str, **options: float) -> AsyncIterator[HttpClient]:
    client = HttpClient(url, **{"timeout_s": 20.0, **options})
    try:
        yield client
    finally:
        await client.close()


async def call(client: HttpClient, url: str, method: str = "POST", body: bytes = b"{}") -> bytes:
    response = await client.request(method, f"{url}/v1/x", {}, body)
    try:
        return await response.next()
    finally:
        response.close()


# --- what is sent ------------------------------------------------------------------------------------------------


async def test_a_request_says_what_it_must_and_no_more() -> None:
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        await client.request("POST", f"{server.url}/v1/x?y=%20z", {"a-b": "1, 2", "c": "caf\xe9"}, b"{}")
        await client.request("GET", f"{server.url}/", {})
        await client.request("POST", f"{server.url}/v1/\u6a21/x", {}, b"")
        host = server.url.removeprefix("http://")
        fixed = f"host: {host}\r\naccept: */*\r\naccept-encoding: identity\r\n"
        assert server.seen == [
            (f"POST /v1/x?y=%20z HTTP/1.1\r\n{fixed}a-b: 1, 2\r\nc: caf\xe9\r\ncontent-length: 2\r\n\r\n", b"{}"),
            (f"GET / HTTP/1.1\r\n{fixed}\r\n", b""),
            (f"POST /v1/%E6%A8%A1/x HTTP/1.1\r\n{fixed}content-length: 0\r\n\r\n", b""),
        ]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://a.example", "a.example"),
        ("https://A.example:8443/v1", "a.example:8443"),
        ("http://[::1]:80/v1", "[::1]:80"),
        ("http://b\u00fccher.example/v1", "xn--bcher-kva.example"),
    ],
)
def test_the_host_is_named_as_the_address_names_it(url: str, host: str) -> None:
    client = HttpClient(url, timeout_s=1)
    assert b"\r\nhost: %s\r\n" % host.encode() in client._head("GET", f"{url}/x", {}, b"")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("x-a", f"1{end}x-evil: 1") for end in ("\r\n", "\n", "\r", "\0", "\r\n\r\nGET / HTTP/1.1\r\n")),
        *((f"x-a{odd}", "1") for odd in (":", " ", "\r\n", "\n", "\0", "\t", "\xe9", ": 1\r\nx-evil")),
        ("", "1"),
        ("x-a", "\u20ac"),
        *((own, "1") for own in ("host", "Content-Length", "transfer-encoding", "connection", "accept-encoding")),
    ],
)
async def test_no_header_can_be_read_as_something_else(name: str, value: str) -> None:
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        with pytest.raises(ValueError, match="is not sent") as caught:
            await client.request("POST", f"{server.url}/", {"authorization": SECRET, name: value}, b"{}")
        assert SECRET not in repr((caught.value, caught.value.__cause__, caught.value.__context__))
        assert server.seen == []


@pytest.mark.parametrize(
    "path",
    ["", "x", "@evil.example/", ".evil.example/", ":1/", "/a b", "/a\r\nx: y", "/a\nb", "/a\0", "/\t", "/\x7f", "/a#b"],
)
async def test_no_path_leads_elsewhere(path: str) -> None:
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        with pytest.raises(ValueError, match="no address of the server"):
            await client.request("POST", server.url + path, {}, b"{}")
        with pytest.raises(ValueError, match="no address of the server"):
            await client.request("POST", f"http://evil.example{path}", {}, b"{}")
        assert server.seen == []


async def test_another_server_is_not_called_whatever_its_address() -> None:
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        for elsewhere in (server.url.replace("0", "1"), server.url.replace("http:", "HTTP:"), "x" * len(server.url)):
            with pytest.raises(ValueError, match="no address of the server"):
                await client.request("POST", f"{elsewhere}/v1/x", {}, b"{}")
        assert server.talks == []


@pytest.mark.parametrize("url", ["ftp://a", "http://", "a.example", "http://a:99999", "http://[::1", "file:///etc/x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        HttpClient(url, timeout_s=1)


# --- connections -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", LOOPS)
def test_many_calls_at_once_have_a_connection_each_and_then_share_them(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def serve(_server: Server, talk: Talk) -> None:
        while True:
            _, body = await talk.asked()
            await asyncio.sleep(0.01)
            await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    async def at_once(client: HttpClient, server: Server) -> None:
        words = [b"call %d" % number for number in range(64)]
        assert await asyncio.gather(*(call(client, server.url, body=word) for word in words)) == words

    async def compare() -> None:
        async with listening(serve) as server, client_at(server.url) as client:
            await at_once(client, server)
            assert len(server.talks) == 64
            for _ in range(3):
                await at_once(client, server)
            assert len(server.talks) == 64

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(compare())


async def test_the_connection_that_was_used_last_is_used_first() -> None:
    async with listening(answering(OK)) as server, client_at(server.url) as client:
        await asyncio.gather(*(call(client, server.url) for _ in range(3)))
        first = client._kept()
        assert first is not None
        client.idle(first)
        for _ in range(3):
            await call(client, server.url)
            assert list(client._idle)[-1] is first


async def test_a_connection_that_the_server_closes_is_dropped_at_once() -> None:
    async def serve(server: Server, talk: Talk) -> None:
        server.seen.append(await talk.asked())
        await talk.say(OK)

    async with listening(serve) as server, client_at(server.url) as client:
        for _ in range(3):
            assert await call(client, server.url) == b"ok"
            await asyncio.wait_for(server.talks[-1].left.wait(), 20)
            assert (client._idle, client._open) == ({}, set())
        assert len(server.seen) == 3


@pytest.mark.parametrize(("method", "times"), [("POST", 1), ("GET", 2)])
async def test_only_what_changes_nothing_is_sent_again_over_another_connection(method: str, times: int) -> None:
    """A server that closes a kept connection in the very moment of the next call may have read it."""

    async def serve(server: Server, talk: Talk) -> None:
        server.seen.append(await talk.asked())
        if talk is server.talks[-1]:
            await talk.say(OK)
        server.seen.append(await talk.asked())

    async with listening(serve) as server, client_at(server.url) as client:
        assert await call(client, server.url, method) == b"ok"
        if method == "POST":
            with pytest.raises(ConnectionError):
                await call(client, server.url, method)
        else:
            assert await call(client, server.url, method) == b"ok"
        assert len(server.seen) == 1 + times


async def test_a_server_that_never_answers_a_new_connection_is_not_asked_for_ever() -> None:
    async def serve(server: Server, talk: Talk) -> None:
        server.seen.append(await talk.asked())

    async with listening(serve) as server, client_at(server.url) as client:
        with pytest.raises(ConnectionError):
            await call(client, server.url, "GET")
        assert len(server.seen) == 1


async def test_closing_ends_what_is_under_way_and_what_would_begin() -> None:
    async def serve(server: Server, talk: Talk) -> None:
        server.seen.append(await talk.asked())
        await talk.wait()

    async with listening(serve) as server:
        async with client_at(server.url) as client:
            calls = [asyncio.ensure_future(call(client, server.url)) for _ in range(3)]
            while len(server.seen) < 3:
                await turns()
            late = asyncio.ensure_future(call(client, server.url))
            await asyncio.sleep(0)
        for task in (*calls, late):
            with pytest.raises(ConnectionError):
                await task
        assert client.closed
        with pytest.raises(ConnectionError):
            await call(client, server.url)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_is_not_there_cannot_be_reached(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def refused() -> None:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            url = f"http://127.0.0.1:{gone.getsockname()[1]}"
        for address in (url, "http://nowhere.invalid"):
            async with client_at(address) as client:
                with pytest.raises(OSError, match=r"."):
                    await call(client, address)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(refused())


def named(kind: type[asyncio.AbstractEventLoop]) -> Callable[[], asyncio.AbstractEventLoop]:
    """Loops of this kind that know of a name: it has an address of IPv6, where nobody listens, and one of IPv4."""

    class Named(kind):  # type: ignore[misc, valid-type]
        async def getaddrinfo(self, host: str, port: int, **keys: int) -> list[tuple[object, ...]]:
            if host != "model.example":
                return await super().getaddrinfo(host, port, **keys)  # type: ignore[no-any-return]
            return [
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            ]

    return Named


@pytest.mark.parametrize("kind", [asyncio.SelectorEventLoop, uvloop.Loop])
def test_a_name_is_reached_at_the_address_that_answers(kind: type[asyncio.AbstractEventLoop]) -> None:
    async def reached() -> None:
        async with listening(answering(OK)) as server:
            url = server.url.replace("127.0.0.1", "model.example")
            async with client_at(url) as client:
                assert await call(client, url) == b"ok"
            assert "host: model.example:" in server.seen[0][0]

    with asyncio.Runner(loop_factory=named(kind)) as runner:
        runner.run(reached())


async def test_an_address_of_ipv6_is_reached_where_there_is_one() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:  # a machine without
        async with client_at("http://[::1]:9") as client:
            with pytest.raises(OSError, match=r"."):
                await call(client, "http://[::1]:9")
        return
    async with listening(answering(OK), host="::1") as server, client_at(server.url) as client:
        assert await call(client, server.url) == b"ok"


# --- TLS ---------------------------------------------------------------------------------------------------------


class Papers(NamedTuple):
    """A certificate authority of the test's own, and a server that it vouches for as localhost."""

    authority: Path
    server: ssl.SSLContext


def key_and_name(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Name]:
    return ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder, now = tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC)
    (root_key, root), (key, name) = key_and_name("An authority"), key_and_name("A server")

    def vouched(subject: x509.Name, public: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType) -> bytes:
        made = x509.CertificateBuilder(root, subject, public, x509.random_serial_number())
        made = made.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        for extension in extensions:
            made = made.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return made.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, chain = folder / "authority.pem", folder / "server.pem"
    identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    authority.write_bytes(vouched(root, root_key.public_key(), constraints, identifier, usage))
    chain.write_bytes(
        vouched(
            name,
            key.public_key(),
            x509.SubjectAlternativeName([x509.DNSName("localhost")]),
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
        )
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return Papers(authority, context)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_is_believed_whom_the_trusted_vouch_for(
    papers: Papers, monkeypatch: pytest.MonkeyPatch, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(papers.authority))
    names: list[str | None] = []
    papers.server.sni_callback = lambda _socket, name, _context: names.append(name)
    body = bytes(range(256)) * 4096

    async def believed() -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        async with listening(answering(answer), tls=papers.server) as server, client_at(server.url) as client:
            for _ in range(3):
                response = await client.request("POST", f"{server.url}/", {}, body)
                got = b""
                while piece := await response.next():
                    got += piece
                assert got == body
            assert [sent for _, sent in server.seen] == [body] * 3
            assert len(server.talks) == 1
            assert server.talks[0].writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            await client.close()
            await asyncio.wait_for(server.talks[0].left.wait(), 20)
        assert names == ["localhost"]

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(believed())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_server_is_not_believed_whom_nobody_trusted_vouches_for(
    papers: Papers, monkeypatch: pytest.MonkeyPatch, wrong: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    if wrong == "name":
        monkeypatch.setenv("SSL_CERT_FILE", str(papers.authority))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    async def refused() -> None:
        async with listening(answering(OK), tls=papers.server) as server:
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's, which is refused
            url = server.url.replace("localhost", "127.0.0.1") if wrong == "name" else server.url
            async with client_at(url) as client:
                with pytest.raises(ssl.SSLCertVerificationError):
                    await call(client, url)
                assert client._open == set()
            assert server.seen == []

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(refused())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_server_that_does_not_shake_hands_is_given_up(
    loop: Callable[[], asyncio.AbstractEventLoop], cancelled: bool
) -> None:
    async def serve(_server: Server, talk: Talk) -> None:
        await talk.wait()

    async def given_up() -> None:
        async with listening(serve) as server:
            url = server.url.replace("http", "https")
            async with client_at(url, connect_timeout_s=20 if cancelled else 0.5) as client:
                began, calling = time.monotonic(), asyncio.ensure_future(call(client, url))
                if cancelled:
                    while not server.talks:
                        await turns()
                    calling.cancel()
                with pytest.raises(asyncio.CancelledError if cancelled else TimeoutError):
                    await calling
                assert time.monotonic() - began < 10
                await asyncio.wait_for(server.talks[0].left.wait(), 20)
                assert client._open == set()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(given_up())
