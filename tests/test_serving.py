"""guard from its files to its socket: it says where it listens, serves, and ends when it is told to."""

import asyncio
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import pytest

from guard import config as configuration
from guard.audit.reading import SqliteReader
from guard.errors import ConfigError
from guard.serving import _HeadHeld, application, serve
from tests import upstream as servers
from tests.house import MAIL, policy, write_files
from tests.upstream import FakeUpstream

BODY = {"model": "echo", "messages": [{"role": "user", "content": f"Write to {MAIL}"}]}


@pytest.fixture
def file(tmp_path: Path, upstream: FakeUpstream, discretion: list[Path]) -> Path:
    discretion.append(tmp_path)
    return write_files(tmp_path, upstream.url, [policy()], {})


def config(file: Path) -> configuration.Config:
    return configuration.load(file, {})


def said(url: str, **keys: Any) -> str:
    """What a model answers through guard."""
    reply = httpx.post(f"{url}/v1/chat/completions", json={**BODY, **keys}, timeout=20)
    assert reply.status_code == 200
    return str(reply.json()["choices"][0]["message"]["content"])


# --- the application ---------------------------------------------------------------------------------------------


def test_an_application_serves_what_its_files_say(file: Path, upstream: FakeUpstream) -> None:
    steps: list[str] = []
    app = application(config(file), steps.append)
    with servers.serve(app) as url:
        assert said(url) == f"Write to {MAIL}"
    assert len(upstream.seen) == 1
    assert [line.name for line in (one.config for one in app.upstreams.values())] == ["fake"]
    assert steps == []  # patterns alone load no model


def test_the_console_is_served_beside_the_surfaces_unless_it_is_off(file: Path) -> None:
    with servers.serve(application(config(file), lambda _: None)) as url:
        reply = httpx.get(f"{url}/console")
        assert (reply.status_code, reply.headers["location"]) == (303, "/console/sign-in?next=%2Fconsole")
        assert said(url) == f"Write to {MAIL}"
    off = configuration.load(file, {"GUARD_CONSOLE__ENABLED": "false"})
    with servers.serve(application(off, lambda _: None)) as url:
        reply = httpx.get(f"{url}/console")
        assert reply.status_code == 404
        assert "guard does not serve this route" in reply.text


@pytest.mark.parametrize(
    ("upstream_", "message"),
    [
        ({"url": "http://127.0.0.1:9/v1", "key_env": "NO_SUCH_VARIABLE"},
         "upstream 'one': the environment variable NO_SUCH_VARIABLE is not set. Set it to the provider's key."),
        ({"model": "EMPTY"}, "EMPTY' cannot be loaded"),
    ],
)  # fmt: skip
def test_an_upstream_that_cannot_be_used_is_told_at_the_start(
    tmp_path: Path, upstream_: dict[str, str], message: str
) -> None:
    (tmp_path / "EMPTY").mkdir()
    given = {**upstream_, "model": str(tmp_path / "EMPTY")} if "model" in upstream_ else upstream_
    file = write_files(tmp_path, "", [policy()], {"upstreams": [{"name": "one", **given}]})
    with pytest.raises(ConfigError) as caught:
        application(config(file), lambda _: None)
    assert message in caught.value.message


# --- a process ---------------------------------------------------------------------------------------------------


def _process(file: Path, tell: Connection) -> None:
    """What runs in the process: it tells where guard listens, and that it has come to its end."""
    with suppress(KeyboardInterrupt):
        serve(config(file), lambda _: None, lambda given, port: tell.send((given.listen.port, port)))
    tell.send("ended")


@contextmanager
def process(file: Path) -> Iterator[tuple[Any, Connection, str]]:
    """guard in a process: the process, what it tells, and its address once it listens."""
    context = multiprocessing.get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    running = context.Process(target=_process, args=(file, tell))
    running.start()
    tell.close()
    try:
        assert told.poll(60)
        asked, port = told.recv()
        assert (asked, port > 0) == (0, True)
        yield running, told, f"http://127.0.0.1:{port}"
    finally:
        running.kill()
        running.join()
        told.close()


def is_sound(file: Path, entries: int) -> bool:
    reader = SqliteReader(file.parent / "guard-data" / "audit.db")
    report = reader.verify(reader.public_key)
    return (report.ok, report.entries, report.unfinished) == (True, entries, 0)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_port_serves_and_ends_when_told_to(file: Path, how: signal.Signals) -> None:
    with process(file) as (running, told, url):
        assert said(url) == f"Write to {MAIL}"
        assert httpx.get(f"{url}/readyz").json() == {"status": "ready"}
        os.kill(running.pid, how)
        running.join(20)
        assert running.exitcode == (-signal.SIGTERM if how == signal.SIGTERM else 0)
        assert how == signal.SIGTERM or told.recv() == "ended"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/healthz")
    assert not list((file.parent / "guard-data").glob("*-wal"))  # every file was closed
    assert is_sound(file, 2)


def test_what_is_under_way_is_brought_to_its_end(file: Path, upstream: FakeUpstream) -> None:
    received: list[bytes] = []
    with process(file) as (running, _, url):

        def read() -> None:
            with httpx.stream(
                "POST", f"{url}/v1/chat/completions", json={**BODY, "model": "gate", "stream": True}, timeout=20
            ) as reply:
                received.extend(reply.iter_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        assert upstream.begun.wait(20)
        os.kill(running.pid, signal.SIGTERM)
        while not _refuses(url):
            assert running.is_alive()
        upstream.gate.set()
        reader.join(20)
        running.join(20)
        assert running.exitcode == -signal.SIGTERM
    events = [json.loads(line[6:]) for line in b"".join(received).splitlines() if line.startswith(b"data: {")]
    assert (
        "".join(choice["delta"].get("content") or "" for e in events for choice in e["choices"]) == f"Write to {MAIL}"
    )
    assert is_sound(file, 2)


def _refuses(url: str) -> bool:
    try:
        httpx.get(f"{url}/healthz")
    except httpx.TransportError:
        return True
    return False


class Wire:
    """A transport that notes what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def test_the_head_of_a_reply_leaves_with_its_first_bytes() -> None:
    wire = Wire()
    held = _HeadHeld(wire)  # type: ignore[arg-type]
    held.write(b"HTTP/1.1 200 OK\r\n\r\n")
    assert wire.written == []
    held.write(b"hello")
    held.write(b"again")
    assert wire.written == [b"HTTP/1.1 200 OK\r\n\r\nhello", b"again"]
    assert not held.is_closing()


@pytest.mark.parametrize("end", ["turn", "close"])
async def test_a_head_without_bytes_is_not_kept(end: str) -> None:
    wire = Wire()
    held = _HeadHeld(wire)  # type: ignore[arg-type]
    held.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    if end == "turn":
        await asyncio.sleep(0)
    else:
        held.close()
    assert wire.written == [b"HTTP/1.1 204 No Content\r\n\r\n"]
    assert wire.closed is (end == "close")
