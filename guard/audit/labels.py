"""What people say of verdicts: whether they are right. The thresholds of a critic may be fitted to it.

Labels lie in a file of their own beside the log, which says of each who gave it and when.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from guard.audit.database import failing_as, is_outstanding, open_to_read, open_to_write, overwrite, transaction

FILE: Final = "labels.db"  # in the data folder
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS label (
    exchange TEXT NOT NULL,
    principle TEXT NOT NULL,
    "right" INTEGER NOT NULL,
    note TEXT NOT NULL,
    "by" TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (exchange, principle, "by")
) WITHOUT ROWID;
"""
PUT: Final = 'INSERT OR REPLACE INTO label (exchange, principle, "right", note, "by", time) VALUES (?, ?, ?, ?, ?, ?)'
FIELDS: Final = 'SELECT exchange, principle, "right", note, "by", time FROM label'
NO_NOTE: Final = "UPDATE label SET note = '' WHERE exchange = ?"
ALL: Final = f"{FIELDS} ORDER BY time, exchange, principle"


@dataclass(frozen=True, slots=True)
class Label:
    """One person's word on a verdict: whether what the critic said of `principle` in `exchange` is `right`.

    It is about the first judgement: of the prompt, or of the reply as the upstream wrote it. Where that was unsure,
    wrong says that the text violates the principle, and right that it does not. `note` is masked text or less: whoever
    writes one sees no values. `time` is in Unix seconds.
    """

    exchange: str
    principle: str
    right: bool
    note: str
    by: str
    time: float


def labels_in(path: Path) -> tuple[Label, ...]:
    """Every label in the SQLite file `path`, the oldest first, without any right to change it. Raises AuditError."""
    with failing_as("the labels cannot be read"), closing(open_to_read(path)) as connection:
        return tuple(_label(row) for row in connection.execute(ALL))


class Labels:
    """The labels in the SQLite file `path`. Blocking; any thread may call. Every method raises AuditError."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._connection = open_to_write(self._path, SCHEMA)

    def put(self, label: Label) -> None:
        """Keep `label`; it takes the place of what the same person said of the same verdict before."""
        with self._lock, failing_as("the labels cannot be written"), transaction(self._connection):
            self._connection.execute(PUT, astuple(label))

    def of(self, exchange: str) -> tuple[Label, ...]:
        """What was said of one exchange, by principle and time."""
        return self._read(f"{FIELDS} WHERE exchange = ? ORDER BY principle, time", (exchange,))

    def all(self) -> tuple[Label, ...]:
        """Every label, the oldest first."""
        return self._read(ALL, ())

    def labelled(self) -> frozenset[tuple[str, str]]:
        """The exchange and principle of every verdict on which somebody has spoken."""
        with self._lock, failing_as("the labels cannot be read"):
            return frozenset(self._connection.execute("SELECT DISTINCT exchange, principle FROM label"))

    def without_notes(self, exchanges: Iterable[str]) -> None:
        """Destroy the notes on `exchanges`, and overwrite them; what was said of the verdicts stays."""
        with self._lock, failing_as("the labels cannot be written"):
            with transaction(self._connection):
                self._connection.executemany(NO_NOTE, [(exchange,) for exchange in exchanges])
            overwrite(self._connection, self._path)

    def scrub(self) -> bool:
        """Overwrite what was destroyed in the files too; says whether all of it was."""
        with self._lock, failing_as("the labels cannot be written"):
            return overwrite(self._connection, self._path)

    def outstanding(self) -> bool:
        """Whether something that was destroyed is still to be overwritten."""
        return is_outstanding(self._path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _read(self, query: str, values: tuple[Any, ...]) -> tuple[Label, ...]:
        with self._lock, failing_as("the labels cannot be read"):
            return tuple(_label(row) for row in self._connection.execute(query, values))


class Notes:
    """The notes in `labels`, as what is told of users; `user_of` gives the user of an exchange."""

    what: ClassVar[str] = "notes on verdicts"

    def __init__(self, labels: Labels, user_of: Callable[[str], str | None]) -> None:
        self._labels, self._user_of = labels, user_of

    def of(self, user: str) -> frozenset[str]:
        """The exchanges of `user` on which there are notes. Raises AuditError."""
        noted = {label.exchange for label in self._labels.all() if label.note}
        return frozenset(exchange for exchange in noted if self._user_of(exchange) == user)

    def erase(self, user: str) -> None:
        """Destroy the notes on the exchanges of `user`. Raises AuditError."""
        self._labels.without_notes(self.of(user))


def _label(row: tuple[Any, ...]) -> Label:
    exchange, principle, right, *said = row
    return Label(exchange, principle, bool(right), *said)
