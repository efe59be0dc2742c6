"""What is particular to PostgreSQL: a network that breaks, and a server that refuses."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from guard.audit.committing import RefusedEntryError
from guard.audit.log import reader_of, store_of
from guard.audit.postgres import connect
from guard.audit.postgres_store import PostgresStore
from guard.audit.reading import Reader
from guard.audit.store import Store
from guard.audit.writer import Writer
from guard.config import AuditConfig, Config
from guard.errors import AuditError, ConfigError
from tests.audit.conftest import InPostgres
from tests.audit.postgres import running
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, closing, opening

ROOT = Path(__file__).parents[2]
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guard'"


@pytest.fixture
def store(in_postgres: InPostgres) -> Store:
    return in_postgres.store()


def sound(place: InPostgres) -> Reader:
    reader = place.reader()
    assert reader.verify(reader.public_key).findings == ()
    return reader


def test_a_lost_connection_fails_the_commit_and_the_next_one_connects(in_postgres: InPostgres, store: Store) -> None:
    store.append([OPENING])
    in_postgres.raw(END_SESSIONS)
    with pytest.raises(AuditError, match="the audit log cannot be written: PostgreSQL"):
        store.append([CLOSING])
    assert in_postgres.reader().show("0-first").closing is None  # type: ignore[union-attr]
    store.append([CLOSING])
    assert sound(in_postgres).show("0-first").closing == CLOSING  # type: ignore[union-attr]


def test_a_connection_that_is_lost_within_a_commit_leaves_nothing_of_it(in_postgres: InPostgres, store: Store) -> None:
    """The session ends after the leaves were sent and before the commit."""
    store.append([OPENING])
    in_postgres.raw(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
        "CREATE TRIGGER die AFTER INSERT ON leaf FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with pytest.raises(AuditError, match="cannot be written"):
        store.append([CLOSING, ACT])
    in_postgres.raw("DROP TRIGGER die ON leaf")
    store.append([ACT])
    assert [each.entry for each in sound(in_postgres).entries()] == [OPENING, ACT]


def test_a_full_disk_blocks_and_loses_nothing(in_postgres: InPostgres, store: Store) -> None:
    """The server reports it as it does a full disk."""
    store.append([OPENING])
    in_postgres.raw(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    with pytest.raises(AuditError, match=r"DiskFull \(53100\)\. Free some space on the disk of the database\."):
        store.append([CLOSING])
    in_postgres.raw("DROP TRIGGER full_disk ON checkpoint")
    store.append([CLOSING])
    assert len(list(sound(in_postgres).entries())) == 2


def test_a_server_that_crashes_has_all_that_was_told_durable(tmp_path: Path) -> None:
    with running("fsync=on") as server:
        store = PostgresStore(server.url(), tmp_path / "audit.key", clock=lambda: NOW)
        store.append([OPENING])
        server.restart()
        with pytest.raises(AuditError, match="cannot be written"):
            store.append([CLOSING])
        store.append([CLOSING])
        assert store.verify(store.public_key).entries == 2
        store.close()


def test_what_the_database_cannot_hold_is_refused_alone(in_postgres: InPostgres, store: Store) -> None:
    """PostgreSQL holds no NUL in a text; the others of the same commit are recorded."""
    writer = Writer(store, inline_s=store.inline_s)

    async def record() -> list[BaseException | None]:
        nul = replace(opening("nul"), model="a\0b")
        entries = (opening("1"), nul, opening("2"))
        return await asyncio.gather(*map(writer.record_async, entries), return_exceptions=True)

    results = asyncio.run(record())
    writer.close()
    assert [type(result) for result in results] == [type(None), AuditError, type(None)]
    assert isinstance(results[1], AuditError)
    assert isinstance(results[1].__cause__, RefusedEntryError)
    assert sorted(row.exchange for row in sound(in_postgres).list()) == ["1", "2"]


def test_an_event_loop_never_waits_for_the_network(store: Store) -> None:
    at = []

    class Watched:
        leaf = staticmethod(store.leaf)

        def append(self, entries: object, *, patient: bool) -> object:
            at.append(threading.current_thread().name)
            return store.append(entries, patient=patient)  # type: ignore[arg-type]

    writer = Writer(Watched(), inline_s=store.inline_s)

    async def record() -> None:
        for number in range(300):  # more than Writer's PROBE
            await writer.record_async(opening(f"{number}"))

    asyncio.run(record())
    writer.close()
    assert set(at) == {"guard-audit"}


def test_one_commit_serves_many_exchanges(in_postgres: InPostgres, store: Store) -> None:
    writer = Writer(store, inline_s=store.inline_s)

    async def record() -> None:
        await asyncio.gather(*(writer.record_async(opening(f"{number}")) for number in range(100)))
        await asyncio.gather(*(writer.record_async(closing(f"{number}")) for number in range(100)))

    asyncio.run(record())
    writer.close()
    report = in_postgres.reader().verify(in_postgres.reader().public_key)
    assert (report.ok, report.entries, report.unfinished) == (True, 200, 0)
    assert report.checkpoints < 20


WRITE = """
import sys, time
from pathlib import Path
from guard.audit.postgres_store import PostgresStore
from tests.audit.samples import closing, opening
store = PostgresStore(sys.argv[1], Path(sys.argv[2]))
for number in range(40):
    store.append([opening(f"{sys.argv[3]}-{number}", time.time())])
    store.append([closing(f"{sys.argv[3]}-{number}", time.time())])
store.close()
"""


def test_processes_that_append_at_once_keep_one_valid_log(in_postgres: InPostgres) -> None:
    in_postgres.store().close()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([sys.executable, "-c", WRITE, in_postgres.url, in_postgres.key, name], env=environ, cwd=ROOT)
        for name in "abc"
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    report = in_postgres.reader().verify(in_postgres.reader().public_key)
    assert (report.findings, report.entries, report.unfinished) == ((), 240, 0)


def test_who_stops_within_a_commit_holds_up_the_others_for_a_while_only(
    in_postgres: InPostgres, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.audit.postgres.SETTINGS", ("SET lock_timeout = '50ms'",))
    other = in_postgres.store()
    with connect(in_postgres.url, autocommit=False) as stopped:
        stopped.execute("SELECT pg_advisory_xact_lock(1735746930, 'leaf'::regclass::oid::integer)")
        with pytest.raises(AuditError, match=r"LockNotAvailable \(55P03\)\. Find out which session"):
            other.append([OPENING])
    other.append([OPENING])
    assert sound(in_postgres).show("0-first") is not None


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://guard:{SECRET}@127.0.0.1:1/log",
        f"postgresql://guard:{SECRET}@[broken/log",
        f"host=/nowhere password={SECRET}",
        f"{SECRET}",
        f"postgresql://guard@/log?{SECRET}=1",
    ],
)
def test_no_message_shows_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LOG_URL", url)
    config = Config(data=tmp_path, audit=AuditConfig(store="postgresql", url_env="LOG_URL"))
    for use in (store_of, lambda config: reader_of(config).list()):
        with pytest.raises(AuditError, match="PostgreSQL cannot be reached") as caught:
            use(config)
        error: BaseException | None = caught.value
        assert SECRET not in str(error)
        assert error.__suppress_context__


def test_the_address_is_in_a_file_or_a_variable_and_never_in_the_configuration(
    in_postgres: InPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guard.config import load

    folder = in_postgres.folder
    (folder / "guard.yaml").write_text("audit: {store: postgresql, url_file: log.url}\ndata: .\n")
    config = load(folder / "guard.yaml", {})
    with pytest.raises(ConfigError, match="url_file cannot be read"):
        store_of(config)
    (folder / "log.url").write_text("\n")
    with pytest.raises(ConfigError, match="url_file is empty"):
        store_of(config)
    (folder / "log.url").write_text(f"{in_postgres.url}\n")
    store = store_of(config)
    store.append([opening("1")])
    store.close()
    assert reader_of(config).list()[0].exchange == "1"
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(ConfigError, match="variable NOT_THERE is not set"):
        reader_of(Config(audit=AuditConfig(store="postgresql", url_env="NOT_THERE")))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"store": "postgresql"}, "give either 'url_env' or 'url_file'"),
        ({"store": "postgresql", "url_env": "A", "url_file": "b"}, "give either 'url_env' or 'url_file'"),
        ({"url_env": "A"}, "'url_env' is for 'store: postgresql'"),
    ],
)
def test_a_store_needs_what_it_needs(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AuditConfig(**given)  # type: ignore[arg-type]


def test_a_leaf_is_what_it_was(in_postgres: InPostgres, store: Store) -> None:
    """Bytes come back as they went, and a float too."""
    odd = replace(opening("odd", 1764000000.1234567), request="\ud800 \x00 'quoted' %s ?")
    store.append([odd])
    assert sound(in_postgres).show("odd").opening == odd  # type: ignore[union-attr]
