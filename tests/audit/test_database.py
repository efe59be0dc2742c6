import sqlite3
import threading
from contextlib import closing as closed

import pytest

from guard.audit import database
from guard.audit.database import failing_as, open_to_write, transaction
from guard.errors import AuditError

SCHEMA = "CREATE TABLE IF NOT EXISTS thing (id INTEGER PRIMARY KEY)"


@pytest.fixture
def held(tmp_path):
    """A database that another process holds for itself."""
    path = tmp_path / "some.db"
    with closed(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE other (id)")
        other.execute("BEGIN EXCLUSIVE")
        yield path, other


def test_who_opens_a_database_waits_for_others_who_do(held):
    path, other = held
    release = threading.Timer(0.1, other.execute, ["COMMIT"])
    release.start()
    with closed(open_to_write(path, SCHEMA)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    release.join()


def test_who_opens_a_database_does_not_wait_for_ever(held, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_S", 0.05)
    with pytest.raises(AuditError, match="locked"):
        open_to_write(held[0], SCHEMA)


def test_wal_is_asked_for_again_where_sqlite_does_not_wait_by_itself(held):
    path, other = held
    release = threading.Timer(0.1, other.execute, ["COMMIT"])
    with closed(sqlite3.connect(path, timeout=0)) as connection:
        release.start()
        database._use_wal(connection)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    release.join()


def test_every_commit_is_synced(tmp_path):
    with closed(open_to_write(tmp_path / "some.db", SCHEMA)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_transaction_is_whole_or_not_at_all(tmp_path):
    with closed(open_to_write(tmp_path / "some.db", SCHEMA)) as connection:
        with transaction(connection):
            connection.execute("INSERT INTO thing VALUES (1)")
        for last in ("INSERT INTO thing VALUES (1)", "ROLLBACK"):
            with pytest.raises(AuditError, match="it went wrong"):
                insert_two_and(last, connection)
        assert connection.execute("SELECT id FROM thing").fetchall() == [(1,)]


def insert_two_and(last, connection):
    with failing_as("it went wrong"), transaction(connection):
        connection.execute("INSERT INTO thing VALUES (2)")
        connection.execute(last)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "some.db").write_bytes(b"not a database, whatever its name" * 40)
    with pytest.raises(AuditError, match="cannot be opened"):
        open_to_write(tmp_path / "some.db", SCHEMA)
