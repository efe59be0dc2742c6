"""Reading the audit log, without any right to change it: the list, one exchange, the check of the whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from guard.audit.checkpoint import PublicKey
from guard.audit.database import failing_as, open_to_read
from guard.audit.entries import Opener
from guard.audit.listing import EVERY, Dimension, Filters
from guard.audit.log_reader import LogReader
from guard.audit.models import REVISION, DialectName
from guard.audit.results import Count, Kept, Numbered, Recorded, Row
from guard.audit.ring import Ring
from guard.audit.sessions import LogState, Session, State
from guard.audit.tables import Prepared, statements
from guard.audit.timestamps import Stamp
from guard.audit.verify import Report
from guard.errors import AuditError
from guard.types import Act

__all__ = [
    "EVERY",
    "Count",
    "Dimension",
    "Filters",
    "Kept",
    "Numbered",
    "Reader",
    "Recorded",
    "Row",
    "SqliteReader",
]


class Reader(Protocol):
    """The log, to read, in whatever store it lies."""

    @property
    def public_key(self) -> PublicKey:
        """The key that checks the checkpoints. Whoever can change the log may change it too: keep a copy elsewhere."""
        ...

    def list(self, limit: int = 50, before: int | None = None, filters: Filters = ...) -> tuple[Row, ...]:
        """The newest `limit` exchanges, newest first, of those whose `seq` is smaller than `before`."""
        ...

    def show(self, exchange: str) -> Recorded | None:
        """What is recorded of `exchange`; None where the log does not know it."""
        ...

    def entries(self, after: int = -1, until: int | None = None) -> Iterator[Numbered]:
        """Every entry in order, those with a number greater than `after` and smaller than `until`."""
        ...

    def acts(self, after: int) -> tuple[tuple[Act, ...], int]:
        """The acts among the entries with a number greater than `after`, in order, and the number of the last entry."""
        ...

    def kept(self, person: str | None = None, until: float | None = None, limit: int = 1000) -> tuple[Kept, ...]:
        """What content is kept, the oldest first: of `person`, of entries before `until` (Unix seconds)."""
        ...

    def counts(
        self, since: float | None = None, until: float | None = None, by: Sequence[Dimension] = ...
    ) -> tuple[Count, ...]:
        """How many exchanges there are of each combination of `by`, from `since` up to `until` (Unix seconds)."""
        ...

    def checkpoint(self) -> str | None:
        """The newest signed checkpoint as a note, to be kept elsewhere; None where nothing is signed yet."""
        ...

    def verify(
        self,
        public_key: PublicKey,
        *,
        trusted: str | None = None,
        stamps: Sequence[Stamp] = (),
        tolerance_s: float = ...,
        processes: int = ...,
    ) -> Report:
        """Check the whole log; see `guard.audit.verify.check`. Raises AuditError where it cannot be read at all."""
        ...

    def holding(self) -> tuple[Act, ...]:
        """The acts that put something under legal hold or end that, in order. Raises AuditError."""
        ...

    def keys(self, key: PublicKey) -> Ring:
        """All keys that the log had, of which `key` is one. Raises AuditError where that is not shown."""
        ...

    def state(self) -> AbstractContextManager[State]:
        """The log as it is now, whatever is appended meanwhile. Raises AuditError where it cannot be read."""
        ...


class SqliteReader(LogReader):
    """The log in the file `path`, to read. Each call opens the file anew."""

    dialect: ClassVar[DialectName] = "sqlite"

    def __init__(self, path: Path | str, *, opener: Opener | None = None) -> None:
        self.path = Path(path)
        super().__init__(self.path.with_suffix(".pub"), opener)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version < REVISION:
                raise AuditError(f"{self.path}: was written by an older guard. Run: guard audit upgrade")
            if version > REVISION:
                raise AuditError(f"{self.path}: was written by a newer guard. Update guard.")
            connection.execute("BEGIN")
            yield _SqliteSession(connection)


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: Prepared, **values: Any) -> Iterator[tuple[Any, ...]]:
        return self._connection.execute(query.text, query.bind(**values))

    def state(self) -> State:
        self._connection.text_factory = _lenient
        return LogState(self, statements("sqlite"))


def _lenient(text: bytes) -> str:
    """A text column as it is; what is not UTF-8 was altered, and must not end the walk."""
    return text.decode("utf-8", "surrogateescape")
