"""The file of the console: who may sign in, who is signed in, and the links that wait to be used."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from guard.audit.database import failing_as, open_to_write, transaction

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS person (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'auditor', 'admin')),
    subject TEXT UNIQUE,  -- whom an identity provider knows them as
    made REAL NOT NULL,
    revoked REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person,
    made REAL NOT NULL,
    seen REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_person ON session (person);
CREATE TABLE IF NOT EXISTS link (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person,
    made REAL NOT NULL,
    expires REAL NOT NULL,
    used REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_person ON link (person);
"""


class Register:
    """The SQLite file `path`. Blocking; any thread may call, and several processes may share the file.

    `clock` gives Unix seconds. Raises ConfigError or AuditError where the file cannot be used, as its methods do.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._connection = open_to_write(path, SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are made all or none, and are durable after the block."""
        with self._lock, failing_as("the console's register cannot be written"), transaction(self._connection):
            yield self._connection

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._lock, failing_as("the console's register cannot be read"):
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
