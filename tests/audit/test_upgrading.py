"""Logs of older guards open, those of newer ones do not, and both ways to the newest tables lead to the same ones."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, pool

from guard.audit.checkpoint import Checkpoint, SigningKey, sign
from guard.audit.entries import COLUMNS
from guard.audit.log import reader_of, store_of, upgrade
from guard.audit.merkle import Frontier, extend, root
from guard.audit.models import REVISION, VERSION_TABLE, tables_of
from guard.audit.reading import Recorded, SqliteReader
from guard.audit.retention import Steward, erase
from guard.audit.store import SqliteStore
from guard.audit.upgrading import migrate
from guard.config import AuditConfig, Config
from guard.errors import AuditError, ConfigError
from guard.types import Keeping
from tests.audit.conftest import InPostgres
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, closing, new_store, of_the_third_schema, opening

# The tables as the first guard made them, to the letter.
FIRST = """
CREATE TABLE IF NOT EXISTS leaf (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    exchange TEXT NOT NULL,
    kind TEXT NOT NULL,
    time REAL NOT NULL,
    user TEXT,
    team TEXT,
    application TEXT,
    surface TEXT,
    model TEXT,
    decision TEXT,
    outcome TEXT,
    body BLOB NOT NULL,
    UNIQUE (exchange, kind)
);
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, frontier BLOB);
CREATE TRIGGER IF NOT EXISTS leaf_no_update BEFORE UPDATE ON leaf
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS leaf_no_delete BEFORE DELETE ON leaf
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_update BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_delete BEFORE DELETE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
FIRST_TABLES = {"leaf", "checkpoint"}
# An entry of schema 3, as the first guard wrote it.
OLDER = of_the_third_schema(replace(opening("1"), request=f"{OPENING.request}히"))


@pytest.fixture
def old_log(tmp_path: Path) -> Path:
    """A log as the first guard left it: three exchanges, of which one is unfinished."""
    path = tmp_path / "audit.db"
    with closed(new_store(tmp_path / "key")) as store:  # for its key
        key = SigningKey.parse(store.path.with_suffix(".key").read_text())
        for suffix in (".key", ".pub"):
            store.path.with_suffix(suffix).rename(path.with_suffix(suffix))
    later = (CLOSING, closing("1"), opening("2"))
    leaves, tree = [of_the_third_schema(OPENING), OLDER, *map(of_the_third_schema, later)], Frontier()
    with closed(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FIRST)
        connection.execute("PRAGMA user_version = 1")
        for seq, each in enumerate(leaves):
            grown = extend(tree, [each.hash])
            note = sign(Checkpoint(key.origin, grown.size, root(grown), tree.size, int(NOW * 1000)), key)
            marks = ", ".join("?" * (len(COLUMNS) + 3))
            connection.execute(f"INSERT INTO leaf VALUES ({marks})", (seq, each.hash, *each.columns, each.body))
            connection.execute("INSERT INTO checkpoint VALUES (?, ?, NULL)", (grown.size, note))
            tree = grown
        connection.commit()
    return path


def leaves_of(path: Path) -> list[tuple[object, ...]]:
    with closed(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT rowid, * FROM leaf").fetchall()


def test_a_log_of_the_first_guard_opens_and_goes_on(old_log: Path) -> None:
    before = leaves_of(old_log)
    with closed(SqliteStore(old_log, clock=lambda: NOW)) as store:
        assert leaves_of(old_log) == before
        assert [(row.exchange, row.outcome) for row in store.list()] == [
            ("2", None), ("1", "completed"), ("0-first", "completed"),
        ]  # fmt: skip
        store.append([closing("2"), ACT])
        assert store.list()[0].outcome == "completed"
        report = store.verify(store.public_key)
        assert (report.findings, report.entries) == ((), 7)
        told = [replace(entry, keeping=Keeping()) for entry in (OPENING, CLOSING)]  # as it was not said then
        assert store.show("0-first") == Recorded(*told)
        found = store.show("1")
        assert found is not None
        assert "안녕히" in json.dumps(found.opening.request, ensure_ascii=False)
    with closed(SqliteStore(old_log, clock=lambda: NOW)) as again:
        assert again.verify(again.public_key).ok


def test_a_reader_of_an_old_log_says_what_to_do_and_it_helps(old_log: Path) -> None:
    config = Config(data=old_log.parent)
    with pytest.raises(AuditError, match=r"older guard\. Run: guard audit upgrade"):
        reader_of(config).list()
    assert upgrade(config)
    assert len(reader_of(config).list()) == 3
    assert not upgrade(config)


def test_an_upgrade_that_fails_changes_nothing(old_log: Path) -> None:
    with closed(sqlite3.connect(old_log)) as connection:
        connection.execute("CREATE TABLE unindexed (other)")  # in the way of the second of the new tables
    before = old_log.read_bytes()
    with pytest.raises(AuditError, match="cannot be opened"):
        SqliteStore(old_log)
    with closed(sqlite3.connect(old_log)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert names == {"leaf", "checkpoint", "unindexed"}
    assert before


@pytest.mark.parametrize("version", [REVISION + 1, 99])
def test_a_log_of_a_newer_guard_is_refused(tmp_path: Path, version: int) -> None:
    new_store(tmp_path).close()
    with closed(sqlite3.connect(tmp_path / "audit.db")) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(ConfigError, match=r"newer guard\. Update guard\."):
        SqliteStore(tmp_path / "audit.db")
    with pytest.raises(AuditError, match=r"newer guard\. Update guard\."):
        SqliteReader(tmp_path / "audit.db").list()


# --- both ways lead to the same tables ------------------------------------------------------------------------------


def differences(connection: Connection) -> list[Any]:
    """What Alembic would change to make the tables those of the models."""
    metadata = MetaData()
    for table in tables_of("postgresql" if connection.dialect.name == "postgresql" else "sqlite"):
        table.to_metadata(metadata)
    options = {"version_table": VERSION_TABLE, "compare_type": True, "include_name": not_of_search}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def not_of_search(name: str | None, kind: str, _: object) -> bool:
    """FTS5 keeps tables of its own; the index in PostgreSQL is an ordinary one."""
    return not (kind == "table" and (name or "").startswith("search_"))


# What SQLite takes for the same in the tables of the first guard: a row's number is never NULL, REAL is DOUBLE.
SAME = {("modify_nullable", "checkpoint", "size"), ("modify_nullable", "leaf", "seq"), ("modify_type", "leaf", "time")}


def test_old_and_new_logs_have_the_same_tables(old_log: Path, tmp_path: Path) -> None:
    SqliteStore(old_log).close()
    new_store(tmp_path / "new").close()
    described = []
    for path, same in ((old_log, SAME), (tmp_path / "new" / "audit.db", set())):
        engine = create_engine(f"sqlite:///{path}", poolclass=pool.NullPool)
        with engine.connect() as connection:
            index, *others = differences(connection)
        assert index[0] == "remove_table"  # the search index, which is described apart
        assert index[1].name == "search"
        assert {(change[0][0], *change[0][2:4]) for change in others} == same
        with closed(sqlite3.connect(path)) as raw:
            rows = raw.execute("SELECT type, name FROM sqlite_master ORDER BY 1, 2").fetchall()
            rows += raw.execute(
                "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') ORDER BY name"
            ).fetchall()
        described.append([row for row in rows if not str(row[-1]).startswith("sqlite_")])
    assert [[" ".join(str(part).split()) for part in row] for row in described[0]] == [
        [" ".join(str(part).split()) for part in row] for row in described[1]
    ]


def test_postgresql_is_upgraded_revision_by_revision(in_postgres: InPostgres) -> None:
    """The first revision is made by its migration, filled, and upgraded: nothing is lost and nothing differs."""
    place = in_postgres
    with closed(place.store()) as store:
        store.append([of_the_third_schema(entry) for entry in (OPENING, CLOSING, opening("1"))])
    place.without_triggers(
        "UPDATE checkpoint SET note = signed.note FROM signed WHERE signed.size = checkpoint.size",
        *(f"DROP TABLE {table.name}" for table in reversed(tables_of("postgresql")) if table.name not in FIRST_TABLES),
        "DROP INDEX leaf_holds",
        f"UPDATE {VERSION_TABLE} SET version_num = '1'",
    )
    place.raw(f"DELETE FROM {VERSION_TABLE}", f"INSERT INTO {VERSION_TABLE} VALUES ('1')")
    with closed(place.store()) as store:
        assert [row.outcome for row in place.reader().list()] == [None, "completed"]
        assert place.reader().verify(place.reader().public_key).ok
        store.append([closing("1")])
        assert place.reader().list()[0].outcome == "completed"
    described = triggers_and_tables(place)
    place.raw("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    place.key.unlink()
    place.key.with_suffix(".pub").unlink()
    place.store().close()
    assert triggers_and_tables(place) == described


def triggers_and_tables(place: InPostgres) -> list[object]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(place.url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        assert differences(connection) == []
    with psycopg.connect(place.url) as raw:
        return raw.execute(
            "SELECT 'trigger', tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
            "SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE 'audit_version%' ORDER BY 1, 2"
        ).fetchall()


def test_every_revision_can_be_made_from_nothing(in_postgres: InPostgres) -> None:
    connection = psycopg.connect(in_postgres.url)
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=pool.StaticPool)
    with engine.connect() as borrowed:
        migrate(borrowed, 0)
        borrowed.commit()
        assert differences(borrowed) == []
    connection.close()
    with closed(in_postgres.store()) as store:
        store.append([OPENING])
    assert in_postgres.reader().verify(in_postgres.reader().public_key).ok


def test_a_newer_log_in_postgresql_is_refused(in_postgres: InPostgres) -> None:
    in_postgres.store().close()
    in_postgres.raw(f"UPDATE {VERSION_TABLE} SET version_num = '99'")
    with pytest.raises(ConfigError, match=r"newer guard\. Update guard\."):
        in_postgres.store()
    with pytest.raises(ConfigError, match=r"newer guard\. Update guard\."):
        in_postgres.reader().list()


GRANTS = """
GRANT SELECT, INSERT ON leaf, checkpoint, signed, key_change TO clerk;
GRANT SELECT, INSERT, UPDATE ON listed TO clerk;
GRANT SELECT, INSERT, UPDATE, DELETE ON content, person_key, unindexed, search TO clerk;
GRANT SELECT, INSERT ON begun TO clerk;
GRANT SELECT, INSERT, UPDATE, DELETE ON guard_key, vault, notes, owners, held, label, person, session, link TO clerk;
GRANT SELECT ON audit_version TO clerk;
"""


def test_a_role_that_may_create_nothing_writes_what_another_role_made(
    in_postgres: InPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_postgres.raw("DROP ROLE IF EXISTS clerk", "CREATE ROLE clerk LOGIN", "GRANT USAGE ON SCHEMA public TO clerk")
    monkeypatch.setenv("CLERK", in_postgres.server.url(user="clerk"))
    monkeypatch.setenv("OWNER", in_postgres.url)
    config = Config(data=in_postgres.folder, audit=AuditConfig(store="postgresql", url_env="CLERK"))
    with pytest.raises(ConfigError, match="Run, as a role that may create tables: guard audit upgrade"):
        store_of(config)
    with pytest.raises(ConfigError, match="guard audit upgrade"):
        upgrade(config)
    assert upgrade(config, url_env="OWNER")
    assert not upgrade(config, url_env="OWNER")
    with pytest.raises(AuditError, match=r"InsufficientPrivilege \(42501\)\. Grant its role what docs/audit\.md lists"):
        store_of(config)
    in_postgres.raw(GRANTS)
    with closed(store_of(config)) as store:
        store.append([OPENING, CLOSING])
        assert store.index() > 0
        assert not store.outstanding()
        assert erase(store, "ann", "asked", Steward("op", "operator", lambda: NOW)).entries == 2
        assert store.outstanding()  # that role may not ask for a VACUUM
        assert len(reader_of(config).list()) == 1
    in_postgres.raw("DROP OWNED BY clerk", "DROP ROLE clerk")


def test_those_that_start_at_once_make_the_tables_once(in_postgres: InPostgres) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = [each.result() for each in [threads.submit(in_postgres.store) for _ in range(4)]]
    for number, store in enumerate(stores):
        store.append([opening(f"{number}")])
    assert in_postgres.reader().verify(stores[0].public_key).ok
