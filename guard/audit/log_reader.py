"""Reading the audit log in any database: what is the same in SQLite and in PostgreSQL."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from guard.audit import keyfile, listing
from guard.audit.checkpoint import PublicKey, SigningKey
from guard.audit.content import Lack
from guard.audit.entries import Content, Opener, unopened
from guard.audit.findings import MOST_FINDINGS, Finding, Report
from guard.audit.listing import EVERY, SLACK_S, Dimension, Filters
from guard.audit.models import DialectName
from guard.audit.persons import PersonKey
from guard.audit.results import Count, Kept, Numbered, Recorded, Row
from guard.audit.ring import Ring
from guard.audit.seals import Seals
from guard.audit.sessions import Session, State
from guard.audit.shelf import statements as beside
from guard.audit.tables import NEWEST, statements
from guard.audit.tenant import TENANT_KEY, opener_with
from guard.audit.timestamps import Stamp
from guard.audit.verify import TOLERANCE_S, check
from guard.errors import AuditError, ConfigError
from guard.types import Act, Entry, Opening


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

    def acts(self, after: int) -> tuple[tuple[Act, ...], int]:
        """The acts among the entries with a number greater than `after`, in order, and the number of the last entry.

        One that was altered so that it cannot be read is left to the check of the log.
        """
        with self._session() as session:
            size, _ = next(session.rows(self._asks.last_checkpoint), (0, None))
            bodies = [body for (body,) in session.rows(self._asks.acts, after=after, until=size)]
        return tuple(act for act in map(self._act, bodies) if act is not None), size - 1

    def holding(self) -> tuple[Act, ...]:
        """The acts that put something under legal hold or end that, in order."""
        with self._session() as session:
            acts = [self._act(body) for (body,) in session.rows(beside(self.dialect).holds)]
        if None in acts:
            raise AuditError("an act on a legal hold cannot be read. Run: guard audit verify")
        return tuple(act for act in acts if act is not None)

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
        """The newest signed checkpoint as a note, to be kept elsewhere; None where nothing is signed yet."""
        with self._session() as session:
            row = next(session.rows(self._asks.last_signed), None)
        return None if row is None else str(row[1])

    def keys(self, key: PublicKey) -> Ring:
        """All keys that the log had, of which `key` is one. Raises AuditError where that is not shown."""
        with self._session() as session:
            return Ring.of(key, [note for _, note in session.rows(self._asks.changes)])

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

        Where the signing key stands beside the public one and may be read, the seals are checked too. Where the entries
        are sound, the list of exchanges is compared with them.
        """
        with self._session() as session:
            report = check(
                session.state(),
                public_key,
                trusted=trusted,
                stamps=stamps,
                tolerance_s=tolerance_s,
                seals=self._seals(public_key),
                processes=processes,
            )
            wrong = next(session.rows(self._asks.unlisted))[0] if report.ok else 0
        if not wrong:
            return report
        finding = Finding("altered", 0, f"the list of exchanges does not fit the entries, in {wrong} places")
        return replace(report, problems=report.problems + 1, findings=(*report.findings, finding)[:MOST_FINDINGS])

    def _seals(self, public_key: PublicKey) -> Seals | None:
        """What checks seals, where a signing key of the log of `public_key` is at hand."""
        private = self._public.with_suffix(".key")
        if not os.access(private, os.R_OK):
            return None
        try:
            key = SigningKey.parse(keyfile.load(private).decode())
        except (ConfigError, AuditError, UnicodeDecodeError):
            return None
        return Seals(key) if key.origin == public_key.origin else None

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

    def _act(self, body: bytes) -> Act | None:
        try:
            entry, _ = self._opener(body, None)
        except AuditError:
            return None
        return entry if isinstance(entry, Act) else None

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
