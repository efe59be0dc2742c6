"""Reading the audit log, without any right to change it: the list, one exchange, the check of the whole."""

from __future__ import annotations

import math
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from guard.audit import listing
from guard.audit.checkpoint import PublicKey
from guard.audit.content import Lack
from guard.audit.database import failing_as, open_to_read
from guard.audit.entries import Content, Opener, unopened
from guard.audit.listing import EVERY, SLACK_S, Dimension, Filters
from guard.audit.models import REVISION, DialectName
from guard.audit.persons import PersonKey
from guard.audit.proving import Tree
from guard.audit.tables import NEWEST, Prepared, Statements, statements
from guard.audit.tenant import TENANT_KEY, opener_with
from guard.audit.timestamps import Stamp
from guard.audit.verify import MOST_FINDINGS, TOLERANCE_S, Finding, Report, Source, check
from guard.errors import AuditError, ConfigError
from guard.types import Act, Closing, Entry, Opening

__all__ = [
    "EVERY",
    "Count",
    "Dimension",
    "Filters",
    "Kept",
    "LogReader",
    "LogState",
    "Numbered",
    "Reader",
    "Recorded",
    "Row",
    "SqliteReader",
    "State",
]


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


@dataclass(frozen=True, slots=True)
class Count:
    """How many exchanges share `keys`, one for each dimension asked for.

    Hours and days are the Unix seconds at which they begin, in UTC; what is not told is "".
    """

    keys: tuple[str | int, ...]
    exchanges: int


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

    def counts(
        self, since: float | None = None, until: float | None = None, by: Sequence[Dimension] = ...
    ) -> tuple[Count, ...]:
        """How many exchanges there are of each combination of `by`, from `since` up to `until` (Unix seconds)."""
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
        processes: int = ...,
    ) -> Report:
        """Check the whole log; see `guard.audit.verify.check`. Raises AuditError where it cannot be read at all."""
        ...

    def state(self) -> AbstractContextManager[State]:
        """The log as it is now, whatever is appended meanwhile. Raises AuditError where it cannot be read."""
        ...


class State(Source, Tree, Protocol):
    """One state of the log, to check and to make proofs of."""


class Session(Protocol):
    """One state of the log, whatever is appended meanwhile."""

    def rows(self, query: Prepared, **values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows that answer `query`, which may be too many to hold."""
        ...

    def state(self) -> State:
        """The log to walk over, for its check and for proofs."""
        ...


class LogReader(ABC):
    """What is the same in every database. `opener` makes an entry of its bytes and the content beside the tree.

    Without one, the `tenant.key` beside the public key opens it, where there is one.
    Each call sees one state of the log and blocks nobody.
    """

    dialect: ClassVar[DialectName]

    def __init__(self, key: Path, opener: Opener | None) -> None:
        self._public, self._given = key, opener
        self._asks = statements(self.dialect)

    @abstractmethod
    def _session(self) -> AbstractContextManager[Session]:
        """A session that cannot write. Raises AuditError, within it too."""

    @property
    def _opener(self) -> Opener:
        key = self._public.with_name(TENANT_KEY)
        if self._given is None and key.exists():
            self._given = opener_with(key)
        return self._given or unopened

    @property
    def public_key(self) -> PublicKey:
        """The key beside the log. Whoever can change the log may change it too: keep a copy elsewhere."""
        try:
            return PublicKey.parse(self._public.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, AuditError) as error:
            raise ConfigError(f"{self._public}: the public key of the log cannot be read. Restore it.") from error

    def list(self, limit: int = 50, before: int | None = None, filters: Filters = EVERY) -> tuple[Row, ...]:
        """The newest `limit` exchanges, newest first, of those whose `seq` is smaller than `before`."""
        with self._session() as session:
            lowest, highest = self._bounds(session, filters)
            highest = highest if before is None else min(before, highest)
            query = listing.page(filters, lowest, highest, limit, self.dialect)
            found: dict[int, Row] = {}
            rows = session.rows(query)
            while len(found) < limit and (row := next(rows, None)):
                found[row[0]] = Row(*row)
            return tuple(found.values())

    def counts(
        self, since: float | None = None, until: float | None = None, by: Sequence[Dimension] = ("day",)
    ) -> tuple[Count, ...]:
        """How many exchanges there are of each combination of `by`, from `since` up to `until` (Unix seconds)."""
        query = listing.counts(since, until, by, self.dialect)
        with self._session() as session:
            return tuple(Count(tuple(keys), number) for *keys, number in session.rows(query))

    def entries(self, after: int = -1, until: int | None = None) -> Iterator[Numbered]:
        """Every entry in order, those with a number greater than `after` and smaller than `until`."""
        last = NEWEST if until is None else until
        with self._session() as session:
            for seq, *told in session.rows(self._asks.entries, after=after, until=last):
                yield Numbered(seq, *self._opened(*told))

    def show(self, exchange: str) -> Recorded | None:
        """What is recorded of `exchange`; None where the log does not know it."""
        with self._session() as session:
            opening = next(session.rows(self._asks.show, exchange=exchange, kind="opening"), None)
            ended = next(session.rows(self._asks.show, exchange=exchange, kind="closing"), None)
        if opening is None:
            return None
        first, unsaid = self._opened(*opening)
        last, also = (None, None) if ended is None else self._opened(*ended)
        if not isinstance(first, Opening) or isinstance(last, Opening | Act):
            raise AuditError("an entry of the log is not of the kind it is filed under. Run: guard audit verify")
        return Recorded(first, last, unsaid, also)

    def kept(self, person: str | None = None, until: float | None = None, limit: int = 1000) -> tuple[Kept, ...]:
        """What content is kept, the oldest first: of `person`, of entries before `until` (Unix seconds)."""
        query = self._asks.kept if person is None else self._asks.kept_of_person
        last = math.inf if until is None else until
        with self._session() as session:
            return tuple(Kept(*row) for row in session.rows(query, person=person, until=last, limit=limit))

    def checkpoint(self) -> str | None:
        """The newest checkpoint as a signed note, to be kept elsewhere; None for an empty log."""
        with self._session() as session:
            row = next(session.rows(self._asks.last_checkpoint), None)
        return None if row is None else str(row[1])

    @contextmanager
    def state(self) -> Iterator[State]:
        """The log as it is now, whatever is appended meanwhile. Raises AuditError where it cannot be read."""
        with self._session() as session:
            yield session.state()

    def verify(
        self,
        public_key: PublicKey,
        *,
        trusted: str | None = None,
        stamps: Sequence[Stamp] = (),
        tolerance_s: float = TOLERANCE_S,
        processes: int = 1,
    ) -> Report:
        """Check the whole log; see `guard.audit.verify.check`. Raises AuditError where it cannot be read at all.

        Where the entries are sound, the list of exchanges is compared with them.
        """
        with self._session() as session:
            report = check(
                session.state(),
                public_key,
                trusted=trusted,
                stamps=stamps,
                tolerance_s=tolerance_s,
                processes=processes,
            )
            wrong = next(session.rows(self._asks.unlisted))[0] if report.ok else 0
        if not wrong:
            return report
        finding = Finding("altered", 0, f"the list of exchanges does not fit the entries, in {wrong} places")
        return replace(report, problems=report.problems + 1, findings=(*report.findings, finding)[:MOST_FINDINGS])

    def _bounds(self, session: Session, filters: Filters) -> tuple[int, int]:
        """Between which numbers the exchanges of the times in `filters` lie."""
        lowest, highest = -1, NEWEST
        if filters.since is not None:
            found = next(session.rows(self._asks.last_before, time=filters.since - SLACK_S), None)
            lowest = lowest if found is None else found[0]
        if filters.until is not None:
            found = next(session.rows(self._asks.first_after, time=filters.until + SLACK_S), None)
            highest = highest if found is None else found[0]
        return lowest, highest

    def _opened(self, body: bytes, *beside: Any) -> tuple[Entry, Lack | None]:
        return self._opener(body, content_of(*beside))


def content_of(
    person: str | None, sealed: Any, key_id: Any, until: Any, destroyed: Any, act: Any, *key: Any
) -> Content | None:
    """What lies beside an entry, of what the query of it gives; None where nothing does."""
    if person is None:
        return None
    whose, lock, wrapped, made = key
    opens = None if wrapped is None else PersonKey(key_id, whose, lock, wrapped, made)
    return Content(person, sealed, key_id, opens, until, destroyed, act)


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


class LogState:
    """The log as one session sees it, for its check and for proofs: see State."""

    def __init__(self, session: Session, asks: Statements) -> None:
        self._session, self._asks = session, asks

    def checkpoints(self) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.checkpoints)

    def leaves(self, start: int, end: int) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.leaves, start=start, end=end)

    def left_over(self, start: int) -> int:
        """See `guard.audit.verify.Source`."""
        return int(next(self._session.rows(self._asks.left_over, start=start))[0])

    def contents(self) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.contents)

    def person_keys(self) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.person_keys)

    def tip(self) -> tuple[Any, ...] | None:
        """See `guard.audit.proving.Tree`."""
        return next(self._session.rows(self._asks.last_checkpoint), None)

    def leaves_of(self, exchange: str) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.proving.Tree`."""
        return self._session.rows(self._asks.leaves_of, exchange=exchange)

    def hashes(self, start: int, end: int) -> Iterable[Any]:
        """See `guard.audit.proving.Tree`."""
        return (row[0] for row in self._session.rows(self._asks.hashes, start=start, end=end))

    def frontier(self, most: int) -> tuple[Any, ...] | None:
        """See `guard.audit.proving.Tree`."""
        return next(self._session.rows(self._asks.frontier, most=most), None)


def _lenient(text: bytes) -> str:
    """A text column as it is; what is not UTF-8 was altered, and must not end the walk."""
    return text.decode("utf-8", "surrogateescape")
