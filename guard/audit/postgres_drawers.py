"""The drawers of machines that share a log in PostgreSQL: tables of the same database.

Who writes to a drawer holds its advisory lock to the end of the transaction, so that a drawer has one writer at a time,
as a file of SQLite has. A transaction takes two turns over the network, and one more for each answer that decides on
what is written next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Final

import psycopg

from guard.audit.drawer_models import KINDS, DrawerName
from guard.audit.drawers import Drawer
from guard.audit.models import DialectName
from guard.audit.postgres import BEGIN, LOCKS, NOT_VACUUMED, failing_as, open_to_write, vacuum
from guard.audit.shelf import Answer, Run
from guard.audit.tables import Prepared
from guard.errors import AuditError

IDLE_S: Final = 30.0  # unused for as long as this, a connection is tried out before it is used again


class PostgresDrawer(Drawer):
    """The drawer `name` in the database at `url`. Connects at the first use, and anew where a connection was lost."""

    dialect: ClassVar[DialectName] = "postgresql"
    remote: ClassVar[bool] = True

    def __init__(self, url: str, name: DrawerName) -> None:
        self._kind = KINDS[name]
        self._url = url
        self._unwritten, self._unread = (f"the {self._kind.noun} cannot be {done}" for done in ("written", "read"))
        tables = ", ".join(table.name for table in self._kind.tables)
        self.unscrubbed = NOT_VACUUMED.format(tables=tables)
        self._lock_it = f"SELECT pg_advisory_xact_lock({LOCKS}, '{self._kind.tables[0].name}'::regclass::oid::integer)"
        self._turn = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._used = 0.0  # when the connection was used last
        self._closed = False
        self._owing = False

    @contextmanager
    def writing(self) -> Iterator[Run]:
        """A transaction; see Drawer."""
        with self._turn, failing_as(self._unwritten), self._connected() as connection:
            with connection.pipeline() as pipeline:
                connection.execute(BEGIN.encode())
                connection.execute(self._lock_it.encode())
                yield _Running(connection, pipeline)
                ended = connection.execute("COMMIT")
            if ended.statusmessage != "COMMIT":
                raise AuditError(f"{self._unwritten}: PostgreSQL did not commit")

    @contextmanager
    def reading(self) -> Iterator[Run]:
        """What is there now; see Drawer."""
        with self._turn, failing_as(self._unread), self._connected() as connection, connection.pipeline() as pipeline:
            yield _Running(connection, pipeline)

    def owe(self) -> None:
        """Remember it in this process; see Drawer."""
        self._owing = True

    def scrub(self, *, patient: bool = True) -> bool:  # noqa: ARG002 - nobody is waited for
        """Let PostgreSQL reuse the space of what was destroyed; see Drawer. Says whether the role may ask for that."""
        with failing_as(self._unwritten):
            self._owing = not vacuum(self._url, [table.name for table in self._kind.tables])
        return not self._owing

    def outstanding(self) -> bool:
        """Whether this process still has to ask for that; see Drawer."""
        return self._owing

    def close(self) -> None:
        """Close the connection; see Drawer."""
        with self._turn:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, made anew where it was lost; what a block leaves unfinished is undone."""
        if self._closed:
            raise AuditError(f"the {self._kind.noun} are closed")
        if self._connection is None or self._connection.closed or not self._answers(self._connection):
            self._connection = open_to_write(self._url, synced=self._kind.synced)
        connection = self._connection
        try:
            yield connection
            self._used = time.monotonic()
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            if connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
                connection.close()  # what state it is in is not known
            raise

    def _answers(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether a connection is still good: one that nobody used for a while may have been cut on the way."""
        if time.monotonic() - self._used < IDLE_S:
            return True
        with suppress(psycopg.Error):
            connection.execute("SELECT 1")
            return True
        connection.close()
        return False


class _Running:
    """Runs statements, which are sent together with those that follow them."""

    def __init__(self, connection: psycopg.Connection[Any], pipeline: psycopg.Pipeline) -> None:
        self._connection, self._pipeline = connection, pipeline

    def __call__(self, statement: Prepared, **values: object) -> Answer:
        cursor = self._connection.execute(statement.text.encode(), statement.bind(**values))
        return _Answer(cursor, self._pipeline)


class _Answer:
    """The answer to a statement, which is waited for where it is looked at."""

    def __init__(self, cursor: psycopg.Cursor[Any], pipeline: psycopg.Pipeline) -> None:
        self._cursor, self._pipeline = cursor, pipeline

    @property
    def rowcount(self) -> int:
        """See Answer."""
        self._pipeline.sync()
        return self._cursor.rowcount

    def fetchone(self) -> Any:
        """See Answer."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """See Answer."""
        return self._cursor.fetchall()
