"""Two machines that share one PostgreSQL: whatever one of them knows, the other one does."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from guard import config as configuration
from guard.audit.acts import act_of
from guard.audit.labels import Label, Labels
from guard.audit.log import drawer_of, left_in_files, store_of
from guard.cli import main
from guard.config import AuditConfig, Config
from guard.console.app import Console
from guard.console.parts import open_register, sessions_of
from guard.console.people import People
from guard.errors import AccessError, ConfigError
from guard.library import Guard
from guard.proxy import Proxy
from guard.service import Service, open_held, open_keys
from tests.audit.postgres import Server, running
from tests.console.desk import held_reply, send
from tests.house import MAIL, HttpUpstream, Scripted, leaks, policy, start, write_files
from tests.upstream import FakeUpstream, serve

KEYS = ("tenant.key", "audit.key", "audit.pub")
AUDIT = {"audit": {"store": "postgresql", "url_env": "MACHINES_URL"}, "access": {"require_key": True}}
CALLER = "ann"


@dataclass(frozen=True)
class Machine:
    """A running proxy with its console, on a data folder of its own."""

    url: str
    service: Service
    console: Console
    folder: Path

    def ask(self, model: str, content: str, key: str) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": content}]}
        headers = {"authorization": f"Bearer {key}"}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers=headers, timeout=20)

    def respond(self, model: str, said: str, key: str, **keys: str) -> httpx.Response:
        body = {"model": model, "input": said, **keys}
        return httpx.post(f"{self.url}/v1/responses", json=body, headers={"authorization": f"Bearer {key}"}, timeout=20)

    def fetch(self, exchange: str, key: str) -> httpx.Response:
        url = f"{self.url}/v1/guard/held/{exchange}"
        return httpx.get(url, headers={"authorization": f"Bearer {key}"}, timeout=20)

    def client(self, session: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, cookies={"guard_session": session}, timeout=20)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def database(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database, which the configuration of every machine names."""
    server.run("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    monkeypatch.setenv("MACHINES_URL", server.url())
    return server.url()


@pytest.fixture
def machines(database: str, tmp_path: Path, upstream: FakeUpstream) -> Iterator[tuple[Machine, Machine]]:
    """Two that started one after the other, the second with the keys of the first."""
    with ExitStack() as stack:
        made: list[Machine] = []
        for name in ("first", "second"):
            folder = tmp_path / name
            if made:
                join(made[0].folder, folder)
            service = start(folder, upstream.url, (policy(),), config=AUDIT, critic=Scripted())
            console = Console(service)
            fake = HttpUpstream(service.config.upstreams[0], {}, reply_bytes=10_000_000)
            url = stack.enter_context(serve(Proxy(service, {"fake": fake}, console)))
            made.append(Machine(url, service, console, folder))
        yield made[0], made[1]


def join(first: Path, other: Path) -> None:
    """Copy what a machine needs to use the database of another."""
    (other / "guard-data").mkdir(parents=True)
    for name in KEYS:
        shutil.copy(first / "guard-data" / name, other / "guard-data" / name)


def configured(folder: Path) -> Config:
    return configuration.load(write_files(folder, "http://127.0.0.1:9", (policy(),), AUDIT), {})


def test_a_key_made_on_one_works_on_the_other_and_dies_there(machines: tuple[Machine, Machine]) -> None:
    first, second = machines
    token, record = first.service.keys.create(CALLER)
    assert {one.ask("echo", "Hello.", token).status_code for one in machines} == {200}
    done = CliRunner().invoke(main, ["--config", str(first.folder / "guard.yaml"), "keys", "revoke", record.id])
    assert done.exit_code == 0, done.output
    end = time.monotonic() + 5
    while second.ask("echo", "Hello.", token).status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert second.ask("echo", "Hello.", token).status_code == 401
    assert first.ask("echo", "Hello.", token).status_code == 401


def test_a_placeholder_of_one_turn_is_restored_on_the_other(
    machines: tuple[Machine, Machine], upstream: FakeUpstream, database: str
) -> None:
    first, second = machines
    token, _ = first.service.keys.create(CALLER)
    begun = first.respond("echo", f"Write to {MAIL}.", token)
    assert MAIL in begun.text
    found = re.search(rb"<EMAIL_ADDRESS_\w+>", upstream.seen[-1])
    assert found is not None
    # The provider keeps the conversation, and so says a placeholder that this request does not hold.
    told = second.respond("remember", "To whom?", token, previous_response_id=begun.json()["id"])
    assert found[0] not in upstream.seen[-1]
    assert MAIL in told.text
    assert second.respond("echo", f"And to {MAIL}?", token).status_code == 200
    assert found[0] in upstream.seen[-1]  # one value, one placeholder
    assert Guard(second.service).restore(found[0].decode()) == MAIL
    assert leaks(contents(database)) == []


@pytest.mark.parametrize("table", ["guard_key", "vault"])
def test_nobody_else_waits_for_what_one_exchange_asks_the_database(
    machines: tuple[Machine, Machine], database: str, table: str
) -> None:
    machine = machines[1]
    token, _ = machine.service.keys.create(CALLER)
    with ThreadPoolExecutor(1) as threads, psycopg.connect(database) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        asked = threads.submit(machine.ask, "echo", f"Write to {MAIL}.", token)
        for _ in range(20):
            assert httpx.get(f"{machine.url}/healthz", timeout=2).status_code == 200
            time.sleep(0.02)
        assert not asked.done()
        other.rollback()
        assert asked.result().status_code == 200


def contents(url: str) -> bytes:
    """Every row of every table, as text and as bytes."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [connection.execute(f'SELECT * FROM "{name}"'.encode()).fetchall() for (name,) in names]
    return repr(rows).encode() + b"".join(part for row in chain(*rows) for part in row if isinstance(part, bytes))


def test_a_reply_held_by_one_is_released_by_the_other(machines: tuple[Machine, Machine], database: str) -> None:
    first, second = machines
    token, _ = first.service.keys.create(CALLER)
    first.service.held.hold(held_reply("x-1"))
    assert (second.fetch("x-1", token).status_code, first.fetch("x-2", token).status_code) == (202, 404)
    second.console.doors.people.admit("eve", "auditor")
    session = second.console.doors.sessions.open("eve")
    with second.client(session) as client:
        page = client.get("/console/held/x-1")
        seen = re.search(r'name="seen" value="(\w+)"', page.text)
        assert seen is not None
        # The form that one machine shows may reach the other.
        with first.client(session) as other:
            decided = send(other, "/console/held/x-1", "/console/held/x-1", answer="approve", note="fine", seen=seen[1])
    assert decided.status_code == 303
    assert first.fetch("x-1", token).status_code == second.fetch("x-1", token).status_code == 200
    assert b"Pay <b>" not in contents(database)


def test_labels_and_sessions_are_shared(machines: tuple[Machine, Machine]) -> None:
    first, second = machines
    label = Label("x-1", "no-threats", False, "a note", "eve", 1.0)
    first.console.parts.labels.put(label)
    assert second.console.parts.labels.of("x-1") == (label,)
    doors = first.console.doors
    doors.people.enrol("eve", "auditor", "sub-1")
    doors.people.enrol("eva", "auditor", "sub-1")
    assert [one.name for one in second.console.doors.people.list()] == ["eve"]
    doors.people.admit("ada", "viewer")
    assert doors.people.change_role("ada", "auditor") == second.console.doors.people.find("ada")
    assert not doors.people.bind("ada", "sub-1")
    assert doors.people.bind("ada", "sub-2")
    assert second.console.doors.people.known_as("sub-2") == doors.people.find("ada")
    link = doors.links.make("ada", 60)
    assert second.console.doors.links.look(link) == second.console.doors.links.whose(link) == "ada"
    assert [second.console.doors.links.use(link), doors.links.use(link)] == ["ada", None]
    tokens = [doors.sessions.open("ada") for _ in range(22)]
    found = [second.console.doors.sessions.find(token) for token in tokens]
    assert sum(viewer is not None for viewer in found) == 20
    assert found[-1] is not None
    second.console.doors.sessions.close(tokens[-1])
    assert doors.sessions.find(tokens[-1]) is None
    assert doors.sessions.close_all("ada") == 19
    newest = doors.sessions.open("ada")
    second.console.doors.people.revoke("ada")
    with first.client(newest) as client:
        assert client.get("/console").status_code == 303


def test_what_lay_in_files_is_taken_over(machines: tuple[Machine, Machine], tmp_path: Path) -> None:
    folder = tmp_path / "third"
    join(machines[0].folder, folder)
    config = configured(folder)
    alone = config.model_copy(update={"audit": AuditConfig()})
    with ExitStack() as stack:
        keys = stack.enter_context(closing(open_keys(alone)))
        token, record = keys.create(CALLER)
        gone, revoked = keys.create(CALLER)
        keys.revoke(revoked.id)
        labels = stack.enter_context(closing(Labels(drawer_of(alone, "labels"))))
        labels.put(Label("x-1", "p", True, "nul \0", "eve", 1.0))
        register = stack.enter_context(closing(open_register(alone)))
        People(register).admit("ada", "viewer")
        sessions_of(alone, register).open("ada")
        held = stack.enter_context(closing(open_held(alone, machines[0].service.tenant_key)))
        held.hold(held_reply("x-9"))
    machines[1].console.doors.people.admit("ada", "admin")
    assert left_in_files(config) == ("keys", "held", "labels", "console")
    for told in ("2 rows of keys.db are in PostgreSQL. The file is keys.db.adopted now", "nothing to take over"):
        done = CliRunner().invoke(main, ["--config", str(folder / "guard.yaml"), "audit", "adopt"])
        assert (done.exit_code, told in done.output) == (0, True), done.output
    assert machines[1].service.keys.find(token).id == record.id
    with pytest.raises(AccessError, match="revoked"):
        machines[1].service.keys.find(gone)
    assert [label.note for label in machines[1].console.parts.labels.all()] == ["nul "]
    assert [(one.name, one.role) for one in machines[1].console.doors.people.list()] == [("ada", "admin")]
    assert machines[0].service.held.find("x-9").held == held_reply("x-9")


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ("tenant.key", r"tenant\.key: is not there.*Copy tenant\.key from the data folder of a machine"),
        ("audit.key", r"audit\.key: the signing key of the audit log is gone\. Restore it"),
    ],
)
def test_a_machine_without_a_key_is_refused_and_makes_none(
    machines: tuple[Machine, Machine], tmp_path: Path, left_out: str, told: str
) -> None:
    machines[0].service.writer.record(act_of("op", "operator", "key", "x"))
    folder = tmp_path / "third"
    join(machines[0].folder, folder)
    (folder / "guard-data" / left_out).unlink()
    with pytest.raises(ConfigError, match=told):
        store_of(configured(folder))
    assert not (folder / "guard-data" / left_out).exists()


def test_a_machine_with_another_key_is_refused(database: str, tmp_path: Path) -> None:
    first, other = configured(tmp_path / "first"), configured(tmp_path / "other")
    store_of(first).close()
    (other.data).mkdir(parents=True)
    (other.data / "tenant.key").write_bytes(bytes(32))
    (other.data / "tenant.key").chmod(0o600)
    with pytest.raises(ConfigError, match=r"is not the tenant key under which the database in PostgreSQL was begun"):
        store_of(other)
    (other.data / "tenant.key").unlink()
    shutil.copy(first.data / "tenant.key", other.data / "tenant.key")
    with pytest.raises(
        ConfigError, match=r"audit\.key: is not the signing key of the log.*Copy audit\.key and audit\.pub"
    ):
        store_of(other)  # though nothing has been signed yet
    open_keys(other).close()
