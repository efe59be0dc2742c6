"""Reading the audit log, without any right to change it: the list, one exchange, the check of the whole."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from guard.audit.checkpoint import PublicKey
from guard.audit.content import Lack
from guard.audit.database import failing_as, open_to_read
from guard.audit.entries import Content, Opener, unopened
from guard.audit.persons import PersonKey
from guard.audit.proving import Tree
from guard.audit.tables import (
    CHECKPOINTS,
    CONTENTS,
    ENTRIES,
    FRONTIER,
    HASHES,
    KEPT,
    KEYS,
    LAST_CHECKPOINT,
    LEAVES,
    LEAVES_OF,
    LEFT_OVER,
    LIST,
    SHOW,
)
from guard.audit.tenant import TENANT_KEY, opener_with
from guard.audit.timestamps import Stamp
from guard.audit.verify import TOLERANCE_S, Report, Source, check
from guard.errors import AuditError, ConfigError
from guard.types import Act, Closing, Entry, Opening

NEWEST: Final = 2**63 - 1
CONDITIONS: Final = {
    "since": "opening.time >= ?",
    "until": "opening.time < ?",
    "user": "opening.user = ?",
    "team": "opening.team = ?",
    "application": "opening.application = ?",
    "surface": "opening.surface = ?",
    "model": "coalesce(nullif(closing.model, ''), opening.model) = ?",
    "decision": "closing.decision = ?",
    "outcome": "coalesce(closing.outcome, 'unfinished') = ?",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange in a list; times are Unix seconds. What is told at its end is None while it is unfinished."""

    seq: int
    exchange: str
    time: float
    user: str
    team: str
    application: str
    surface: str
    model: str
    ended: float | None
    decision: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the log holds of one exchange; `closing` is None while it is unfinished.

    Where words of the one or the other are not told, their fields are empty, and `lack` and `closing_lack` say why.
    """

    opening: Opening
    closing: Closing | None
    lack: Lack | None = None
    closing_lack: Lack | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which exchanges to list; None takes all. Times are Unix seconds, `until` exclusive.

    `outcome` may be "unfinished". `text` is searched for in the masked content: words, all of which must occur.
    """

    since: float | None = None
    until: float | None = None
    user: str | None = None
    team: str | None = None
    application: str | None = None
    surface: str | None = None
    model: str | None = None
    decision: str | None = None
    outcome: str | None = None
    text: str | None = None


EVERY: Final = Filters()


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry and its number in the log; `lack` says why its words are not told, where they are not."""

    seq: int
    entry: Entry
    lack: Lack | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """That content of an entry is kept beside the tree; `time` is that of the entry, in Unix seconds."""

    exchange: str
    kind: str
    time: float
    person: str


class State(Source, Tree, Protocol):
    """One state of the log, to check and to make proofs of."""


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

    def kept(self, person: str | None = None, until: float | None = None, limit: int = 1000) -> tuple[Kept, ...]:
        """What content is kept, the oldest first: of `person`, of entries before `until` (Unix seconds)."""
        ...

    def checkpoint(self) -> str | None:
        """The newest checkpoint as a signed note, to be kept elsewhere; None for an empty log."""
        ...

    def verify(
        self,
        public_key: PublicKey,
        *,
        trusted: str | None = None,
        stamps: Sequence[Stamp] = (),
        tolerance_s: float = ...,
    ) -> Report:
        """Check the whole log; see `guard.audit.verify.check`. Raises AuditError where it cannot be read at all."""
        ...

    def state(self) -> AbstractContextManager[State]:
        """The log as it is now, whatever is appended meanwhile. Raises AuditError where it cannot be read."""
        ...


class SqliteReader:
    """The log in the file `path`, to read. Each call opens the file anew, sees one state of it and blocks nobody.

    `opener` makes an entry of its bytes and of the content kept beside the tree; without one, the `tenant.key` beside
    the file opens it, where there is one.
    """

    def __init__(self, path: Path | str, *, opener: Opener | None = None) -> None:
        self.path = Path(path)
        self._given = opener

    @property
    def _opener(self) -> Opener:
        key = self.path.with_name(TENANT_KEY)
        if self._given is None and key.exists():
            self._given = opener_with(key)
        return self._given or unopened

    @property
    def public_key(self) -> PublicKey:
        """The key beside the log. Whoever can change the log may change it too: keep a copy elsewhere."""
        path = self.path.with_suffix(".pub")
        try:
            return PublicKey.parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, AuditError) as error:
            raise ConfigError(f"{path}: the public key of the log cannot be read. Restore it.") from error

    def list(self, limit: int = 50, before: int | None = None, filters: Filters = EVERY) -> tuple[Row, ...]:
        """The newest `limit` exchanges, newest first, of those whose `seq` is smaller than `before`."""
        last = NEWEST if before is None else before
        where, values = _conditions(filters)
        query = LIST.format(where=where)
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            return tuple(Row(*row) for row in connection.execute(query, (last, *values, limit)))

    def entries(self, after: int = -1, until: int | None = None) -> Iterator[Numbered]:
        """Every entry in order, those with a number greater than `after` and smaller than `until`."""
        last = NEWEST if until is None else until
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            for seq, body, *beside in connection.execute(ENTRIES, (after, last)):
                yield Numbered(seq, *self._opener(body, content_of(*beside)))

    def show(self, exchange: str) -> Recorded | None:
        """What is recorded of `exchange`; None where the log does not know it."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            opening = connection.execute(SHOW, (exchange, "opening")).fetchone()
            ended = connection.execute(SHOW, (exchange, "closing")).fetchone()
        if opening is None:
            return None
        first, unsaid = self._opener(opening[0], content_of(*opening[1:]))
        last, also = (None, None) if ended is None else self._opener(ended[0], content_of(*ended[1:]))
        if not isinstance(first, Opening) or isinstance(last, Opening | Act):
            raise AuditError("an entry of the log is not of the kind it is filed under. Run: guard audit verify")
        return Recorded(first, last, unsaid, also)

    def kept(self, person: str | None = None, until: float | None = None, limit: int = 1000) -> tuple[Kept, ...]:
        """What content is kept, the oldest first: of `person`, of entries before `until` (Unix seconds)."""
        query = KEPT.format(where="" if person is None else " AND person = ?")
        values = (0.0, math.inf if until is None else until, *(() if person is None else (person,)), limit)
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            return tuple(Kept(*row) for row in connection.execute(query, values))

    def checkpoint(self) -> str | None:
        """The newest checkpoint as a signed note, to be kept elsewhere; None for an empty log."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            row = connection.execute(LAST_CHECKPOINT).fetchone()
        return None if row is None else str(row[1])

    def verify(
        self,
        public_key: PublicKey,
        *,
        trusted: str | None = None,
        stamps: Sequence[Stamp] = (),
        tolerance_s: float = TOLERANCE_S,
    ) -> Report:
        """Check the whole log; see `guard.audit.verify.check`. Raises AuditError where it cannot be read at all."""
        with self.state() as state:
            return check(state, public_key, trusted=trusted, stamps=stamps, tolerance_s=tolerance_s)

    @contextmanager
    def state(self) -> Iterator[State]:
        """The log as it is now, whatever is appended meanwhile. Raises AuditError where it cannot be read."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            yield _SqliteState(connection)


def content_of(
    person: str | None, sealed: Any, key_id: Any, until: Any, destroyed: Any, act: Any, *key: Any
) -> Content | None:
    """What lies beside an entry, of what the query of it gives; None where nothing does."""
    if person is None:
        return None
    whose, lock, wrapped, made = key
    opens = None if wrapped is None else PersonKey(key_id, whose, lock, wrapped, made)
    return Content(person, sealed, None, key_id, opens, until, destroyed, act)


def _conditions(filters: Filters) -> tuple[str, tuple[Any, ...]]:
    """What `filters` add to the query of the list, and the values for it."""
    tests, values = [], []
    for name, test in CONDITIONS.items():
        value = getattr(filters, name)
        if value is not None:
            tests.append(f" AND {test}")
            values.append(value)
    return "".join(tests), tuple(values)


class _SqliteState:
    """The log as one transaction sees it, whatever is appended meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.text_factory = _lenient
        connection.execute("BEGIN")

    def checkpoints(self) -> Iterable[tuple[Any, Any, Any]]:
        return self._connection.execute(CHECKPOINTS)

    def leaves(self, start: int, end: int) -> Iterable[Any]:
        return self._connection.execute(LEAVES, (start, end))

    def left_over(self, start: int) -> int:
        return int(self._connection.execute(LEFT_OVER, (start,)).fetchone()[0])

    def contents(self) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(CONTENTS)

    def person_keys(self) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(KEYS)

    def tip(self) -> tuple[Any, Any] | None:
        row: tuple[Any, Any] | None = self._connection.execute(LAST_CHECKPOINT).fetchone()
        return row

    def leaves_of(self, exchange: str) -> Iterable[tuple[Any, Any]]:
        return self._connection.execute(LEAVES_OF, (exchange,))

    def hashes(self, start: int, end: int) -> Iterable[Any]:
        return (row[0] for row in self._connection.execute(HASHES, (start, end)))

    def frontier(self, most: int) -> tuple[Any, Any] | None:
        row: tuple[Any, Any] | None = self._connection.execute(FRONTIER, (most,)).fetchone()
        return row


def _lenient(text: bytes) -> str:
    """A text column as it is; what is not UTF-8 was altered, and must not end the walk."""
    return text.decode("utf-8", "surrogateescape")
