"""SQLite as guard uses it: in WAL mode, durable on commit, in a file that only its owner can read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from guard.audit.keyfile import create
from guard.errors import AuditError

PATIENCE_S: Final = 10.0  # how long to wait for other processes that write

PRAGMAS: Final = (
    "PRAGMA synchronous = FULL",  # in WAL mode: a commit has been synced when it returns
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA secure_delete = ON",  # what is destroyed is overwritten
)


@contextmanager
def failing_as(what: str) -> Iterator[None]:
    """Turn what SQLite raises into an AuditError that says `what` failed.

    SQLite's own messages name tables, columns and conditions, never a value.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        remedy = " Free some space on its disk." if "full" in str(error) else ""
        raise AuditError(f"{what}: {error}.{remedy}") from error


def open_to_write(path: Path, schema: str) -> sqlite3.Connection:
    """A connection in autocommit mode that any thread may use, one at a time; makes file and tables where absent.

    Raises ConfigError where the file cannot be made, AuditError where it is no database.
    """
    if not path.exists():
        create(path, b"", mode=0o600)
    with failing_as(f"{path} cannot be opened"):
        connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
        try:
            _use_wal(connection)
            for pragma in PRAGMAS:
                connection.execute(pragma)
            connection.executescript(schema)
        except BaseException:
            connection.close()
            raise
        return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises AuditError where there is no database."""
    with failing_as(f"{path} cannot be opened"):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)


def overwrite(connection: sqlite3.Connection, path: Path) -> bool:
    """Overwrite what was destroyed in the database `path` where it still lies in the write-ahead log.

    Says whether all of it was: not so while somebody reads what was there before. That it is still to be done is then
    marked beside the file, for whatever process comes next: see `is_outstanding`.
    """
    done = False
    _mark(path).unlink(missing_ok=True)  # before, so that the mark of a process that fails meanwhile stays
    try:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        done = not busy
    finally:
        if not done:
            mark(path)
    return done


def mark(path: Path) -> None:
    """Say beside the database `path` that something that was destroyed in it is still to be overwritten."""
    _mark(path).touch(mode=0o600)


def is_outstanding(path: Path) -> bool:
    """Whether something that was destroyed in the database `path` is still to be overwritten."""
    return _mark(path).exists()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of a block's changes or none, durable once it ends; others that write wait meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


@contextmanager
def waiting(connection: sqlite3.Connection, *, patient: bool) -> Iterator[None]:
    """Within the block, `connection` waits for others, or does not where it is not to be `patient`."""
    before = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout = {before if patient else 0}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}-to-overwrite")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. Two processes that do so at once do not wait for each other by themselves."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
