"""Drawers: where guard keeps what it needs beside the log, each kind in one of its own; the same for both databases.

With a log in SQLite a drawer is a file in the data folder, with a log in PostgreSQL tables beside the log's: then all
machines share it. What lies in a drawer is written with statements that `guard.audit.tables.prepare` makes of models.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

from guard.audit.database import (
    failing_as,
    is_outstanding,
    mark,
    open_to_read,
    open_to_write,
    overwrite,
    transaction,
    waiting,
)
from guard.audit.drawer_models import KINDS, DrawerName, creation_of
from guard.audit.models import DialectName
from guard.audit.shelf import Answer, Run
from guard.audit.tables import Prepared

UNSCRUBBED: Final = (
    "Held replies or notes are not overwritten in their files yet, because somebody reads them. "
    "Run 'guard audit expire' when nobody does."
)
NOT_SYNCED: Final = "PRAGMA synchronous = NORMAL;\n"


class NotAtOnceError(Exception):
    """What was asked takes a turn over the network, and the caller did not want to wait for one."""


class Drawer(ABC):
    """One drawer. Blocking; any thread may call. Every method raises AuditError.

    `remote` says that each use waits for a network, as no event loop may.
    """

    dialect: ClassVar[DialectName]
    remote: ClassVar[bool]
    unscrubbed: str  # what to tell a person where `scrub` could not do all

    @abstractmethod
    def writing(self) -> AbstractContextManager[Run]:
        """All of a block's changes or none, made when it ends; others that write, here or elsewhere, wait meanwhile.

        In PostgreSQL a statement is sent when the answer to it, or to a later one, is looked at, or the block ends: ask
        for all first, then look.
        """

    @abstractmethod
    def reading(self) -> AbstractContextManager[Run]:
        """What is there now; nothing is changed."""

    @abstractmethod
    def owe(self) -> None:
        """Leave it to the next `scrub` to overwrite what was just destroyed."""

    @abstractmethod
    def scrub(self, *, patient: bool = True) -> bool:
        """Overwrite what was destroyed in the files too; says whether all of it was: not so while somebody reads it.

        Not `patient`: does not wait for others.
        """

    @abstractmethod
    def outstanding(self) -> bool:
        """Whether something that was destroyed is still to be overwritten."""

    @abstractmethod
    def close(self) -> None:
        """Close it; a later use raises AuditError."""


class InDrawer:
    """What lies in a drawer, and is closed with it."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer

    @property
    def remote(self) -> bool:
        """Whether to write, or to read what is not in memory, waits for a network."""
        return self._drawer.remote

    @property
    def unscrubbed(self) -> str:
        """What to tell a person where `scrub` could not do all."""
        return self._drawer.unscrubbed

    def scrub(self, *, patient: bool = True) -> bool:
        """Overwrite what was destroyed; see Drawer."""
        return self._drawer.scrub(patient=patient)

    def outstanding(self) -> bool:
        """Whether something that was destroyed is still to be overwritten; see Drawer."""
        return self._drawer.outstanding()

    def close(self) -> None:
        """Close the drawer."""
        self._drawer.close()


class SqliteDrawer(Drawer):
    """The drawer `name` in the file `path`, which is made where there is none. Raises ConfigError, AuditError.

    To be `only_read`, it takes no right to change the file, which must be there.
    """

    dialect: ClassVar[DialectName] = "sqlite"
    remote: ClassVar[bool] = False
    unscrubbed = UNSCRUBBED

    def __init__(self, path: Path, name: DrawerName, *, only_read: bool = False) -> None:
        kind = KINDS[name]
        self._path = path
        self._unwritten, self._unread = (f"the {kind.noun} cannot be {done}" for done in ("written", "read"))
        self._turn = threading.Lock()
        script = ("" if kind.synced else NOT_SYNCED) + creation_of(name)
        self._connection = open_to_read(path) if only_read else open_to_write(path, script)

    @contextmanager
    def writing(self) -> Iterator[Run]:
        """A transaction; see Drawer."""
        with self._turn, failing_as(self._unwritten), transaction(self._connection):
            yield self._run

    @contextmanager
    def reading(self) -> Iterator[Run]:
        """What is there now; see Drawer."""
        with self._turn, failing_as(self._unread):
            yield self._run

    def owe(self) -> None:
        """Mark the file; see Drawer."""
        with failing_as(self._unwritten):
            mark(self._path)

    def scrub(self, *, patient: bool = True) -> bool:
        """Empty the write-ahead log; see Drawer."""
        with self._turn, failing_as(self._unwritten), waiting(self._connection, patient=patient):
            return overwrite(self._connection, self._path)

    def outstanding(self) -> bool:
        """Whether the file is marked, by whatever process; see Drawer."""
        return is_outstanding(self._path)

    def close(self) -> None:
        """Close the file; see Drawer."""
        with self._turn:
            self._connection.close()

    def _run(self, statement: Prepared, **values: Any) -> Answer:
        cursor = self._connection.execute(statement.text, statement.bind(**values))
        # At once, so that the next run of a statement finds it free and need not compile it anew.
        return cursor if cursor.description is None else _Rows(cursor.fetchall())


class _Rows:
    """An answer that is there."""

    __slots__ = ("_rows",)
    rowcount = -1  # nothing was changed

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:
        """See Answer."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        """See Answer."""
        return self._rows
