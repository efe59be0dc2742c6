"""Checkpoints reach their places, once for all that is new; what fails is told and tried again, and nothing waits."""

import asyncio
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing as closed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from guard.audit import checkpoint as notes
from guard.audit.places import LONGEST_ANSWER, Folder, Place, Timestamps, Webhook, post
from guard.audit.publishing import Publisher, publisher_of
from guard.audit.store import SqliteStore
from guard.audit.timestamps import Authority
from guard.config import Config
from guard.errors import AuditError, ConfigError
from guard.types import Act
from tests.audit.outside import TimeAuthority, serving
from tests.audit.samples import NOW, closing, new_store, opening, signed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closed(new_store(tmp_path)) as made:
        yield made


def publisher(store: SqliteStore, *places: Place, every_s: float = 0.02, **options: Any) -> Publisher:
    memory = store.path.parent / "published"
    rows = [(place, every_s) for place in places]
    return Publisher(store, rows, lambda act: store.append([act]), memory, clock=lambda: NOW, **options)


class Hook:
    """A server that takes posts, and what it took; `status` is what it says."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[tuple[dict[str, Any], dict[str, str]]] = []

    def answer(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self.taken.append((json.loads(body), headers))
        return self.status, b"secret words of the server"


@pytest.fixture
def hook() -> Iterator[tuple[Hook, str]]:
    made = Hook()
    with serving(made.answer) as url:
        yield made, url


def acts(store: SqliteStore) -> list[Act]:
    return [numbered.entry for numbered in store.entries() if isinstance(numbered.entry, Act)]


# --- the places ----------------------------------------------------------------------------------------------------


def test_a_folder_gets_a_file_for_each_checkpoint(store: SqliteStore, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    told = publisher(store, place)
    assert told.publish(place) is None  # an empty log has nothing to publish
    published = []
    for number in range(3):
        store.append([opening(f"{number}")])
        published.append(signed(store))
        assert told.publish(place) == notes.verify(published[-1], store.public_key)
    files = sorted((tmp_path / "kept").iterdir())
    assert [file.read_text() for file in files] == published
    assert [file.name.partition("-")[2].partition("-")[2] for file in files] == [
        f"{size:012}.note" for size in (1, 3, 5)  # each publication is an entry of its own
    ]  # fmt: skip


def test_a_webhook_gets_the_note_and_a_sentence(store: SqliteStore, hook: tuple[Hook, str]) -> None:
    server, url = hook
    place = Webhook(url, "the-key")
    store.append([opening("0")])
    note = signed(store)
    publisher(store, place).publish(place)
    body, headers = server.taken[0]
    text = f"The audit log {store.public_key.origin} held 1 entries at 2025-11-24 16:00:00 UTC."
    assert body == {"text": text, "checkpoint": note}
    assert (headers["authorization"], headers["content-type"]) == ("Bearer the-key", "application/json")
    assert "the-key" not in repr(place)


def test_an_authority_stamps_the_note_and_its_answer_is_kept(store: SqliteStore, tmp_path: Path) -> None:
    tsa = TimeAuthority(lambda: NOW)
    strange = Authority((TimeAuthority(lambda: NOW).root,))
    store.append([opening("0")])
    with serving(tsa.answer) as url:
        with pytest.raises(AuditError, match="not by this authority"):
            publisher(store).publish(Timestamps(url, tmp_path / "stamps", strange))
        assert not (tmp_path / "stamps").exists()
        place = Timestamps(url, tmp_path / "stamps", Authority((tsa.root,)))
        publisher(store, place).publish(place)
    assert sorted(file.suffix for file in (tmp_path / "stamps").iterdir()) == [".note", ".tsr"]


def test_an_answer_that_is_no_time_stamp_is_not_kept(store: SqliteStore, tmp_path: Path) -> None:
    store.append([opening("0")])
    with serving(lambda body, headers: (200, b"<html>")) as url, pytest.raises(AuditError, match="did not answer with"):
        publisher(store).publish(Timestamps(url, tmp_path / "stamps"))
    assert not (tmp_path / "stamps").exists()


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 500])
def test_a_server_that_refuses_is_told_without_its_words(hook: tuple[Hook, str], status: int) -> None:
    server, url = hook
    server.status = status
    with pytest.raises(AuditError) as caught:
        post(url, b"{}", {}, "webhook at 127.0.0.1")
    assert caught.value.message == f"the webhook at 127.0.0.1 answered with status {status}"
    assert len(server.taken) == 1


def test_a_server_that_is_not_there_or_speaks_nonsense_is_told() -> None:
    with closed(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with pytest.raises(AuditError, match=r"the x cannot be reached \(URLError\)"):
        post(f"http://127.0.0.1:{port}/", b"", {}, "x")
    with nonsense() as url, pytest.raises(AuditError, match=r"cannot be reached \(BadStatusLine\)"):
        post(url, b"", {}, "x")


@contextmanager
def nonsense() -> Iterator[str]:
    with closed(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"nonsense\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


def test_an_answer_without_end_is_cut() -> None:
    with serving(lambda body, headers: (200, bytes(LONGEST_ANSWER + 1))) as url:
        assert len(post(url, b"", {}, "x")) == LONGEST_ANSWER


# --- what is published ---------------------------------------------------------------------------------------------


def test_each_publication_is_an_act_and_calls_for_no_other(store: SqliteStore, tmp_path: Path) -> None:
    one, other = Folder(tmp_path / "one"), Folder(tmp_path / "other")
    told = publisher(store, one, other)
    store.append([opening("0")])
    assert [told.publish(place) is None for place in (one, other, one, other, one)] == [False, False, True, True, True]
    assert [(act.actor, act.action, act.subject, act.note) for act in acts(store)] == [
        ("guard", "publish", "folder one", "checkpoint of 1 entries"),
        ("guard", "publish", "folder other", "checkpoint of 2 entries"),
    ]
    store.append([closing("0")])
    assert told.publish(one) is not None
    assert store.verify(store.public_key).ok


def test_what_was_published_is_remembered_over_a_restart(store: SqliteStore, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    store.append([opening("0")])
    assert publisher(store, place).publish(place) is not None
    assert publisher(store, place).publish(place) is None


def cut(store: SqliteStore) -> None:
    with closed(sqlite3.connect(store.path, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("DELETE FROM leaf WHERE seq >= 1")
        for table in ("checkpoint", "signed"):
            raw.execute(f"DELETE FROM {table} WHERE size > 1")


def test_a_log_that_was_cut_is_not_published_and_that_is_said(store: SqliteStore, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    store.append([opening("0")])
    store.append([closing("0")])
    told = publisher(store, place)
    told.publish(place)
    cut(store)
    with pytest.raises(AuditError, match="does not continue"):  # this process signs what it made, and that is gone
        told.publish(place)
    store.close()
    cut(store)
    with (
        closed(SqliteStore(store.path, clock=lambda: NOW)) as again,
        pytest.raises(AuditError, match="the log was cut: it held 2 entries and now holds 1"),
    ):
        publisher(again, place).publish(place)
    assert len([*(tmp_path / "kept").iterdir()]) == 1


def test_a_folder_that_holds_another_checkpoint_of_that_size_says_so(store: SqliteStore, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    store.append([opening("0")])
    publisher(store, place).publish(place)
    (file,) = (tmp_path / "kept").iterdir()
    file.write_text("another")
    for remembered in (tmp_path / "published").iterdir():
        remembered.unlink()
    store.append([closing("0")])
    store.close()
    cut(store)
    with closed(SqliteStore(store.path, clock=lambda: NOW)) as again, pytest.raises(AuditError, match="was made anew"):
        publisher(again, place).publish(place)


def test_a_memory_that_was_damaged_is_told(store: SqliteStore, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    store.append([opening("0")])
    told = publisher(store, place)
    told.publish(place)
    (memory,) = (tmp_path / "published").iterdir()
    for damaged in (b"\xff", b"no note"):
        memory.write_bytes(damaged)
        with pytest.raises(AuditError):
            told.publish(place)


# --- while the proxy runs ------------------------------------------------------------------------------------------


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for happens elsewhere
            await asyncio.sleep(0.01)


async def test_what_fails_is_told_once_and_tried_again(
    store: SqliteStore, hook: tuple[Hook, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server, url = hook
    server.status = 503
    failing, well = Webhook(f"{url}?token=hidden"), Folder(tmp_path / "kept")
    told = publisher(store, failing, well, first_retry_s=0.01)
    store.append([opening("0")])
    with caplog.at_level(logging.WARNING, "guard"):
        running = asyncio.create_task(told.run())
        await until(lambda: len(server.taken) > 2 and acts(store))
        assert told.failing == {failing: "the webhook at 127.0.0.1 answered with status 503"}
        server.status = 200
        await until(lambda: not told.failing)
        store.append([closing("0")])
        await until(lambda: len([*(tmp_path / "kept").iterdir()]) == 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [record.getMessage() for record in caplog.records] == [
        "no checkpoint could be published at the webhook at 127.0.0.1: "
        "the webhook at 127.0.0.1 answered with status 503"
    ]  # fmt: skip


async def test_a_failure_of_guard_itself_does_not_end_the_tries(store: SqliteStore) -> None:
    class Broken:
        name = address = "broken place"
        tries = 0

        def publish(self, note: str, checkpoint: Any) -> None:
            self.tries += 1
            raise ZeroDivisionError

    place = Broken()
    store.append([opening("0")])
    told = publisher(store, place, first_retry_s=0.001)
    running = asyncio.create_task(told.run())
    await until(lambda: place.tries > 2)
    assert told.failing == {place: "guard failed: ZeroDivisionError"}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# --- the configuration ---------------------------------------------------------------------------------------------


def test_a_configuration_names_its_places(store: SqliteStore, tmp_path: Path) -> None:
    tsa = TimeAuthority(lambda: NOW)
    config = Config.model_validate({
        "data": str(tmp_path),
        "audit": {"publish": [
            {"file": str(tmp_path / "kept"), "every_s": 60},
            {"webhook": "https://hooks.example/a?b=c", "key_env": "HOOK"},
            {"timestamp": "http://tsa.example/", "certificates": str(tsa.pem(tmp_path / "root.pem"))},
        ]},
    })  # fmt: skip
    made = publisher_of(config, store, print, {"HOOK": "k"})
    assert made.places == (
        (Folder(tmp_path / "kept"), 60),
        (Webhook("https://hooks.example/a?b=c", "k"), 3600),
        (Timestamps("http://tsa.example/", tmp_path / "timestamps", Authority((tsa.root,))), 3600),
    )
    assert [place.name for place, _ in made.places] == [
        "folder kept", "webhook at hooks.example", "time-stamp authority at tsa.example",
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="HOOK is not set"):
        publisher_of(config, store, print, {})
