"""One state of the log, whatever is appended meanwhile: what is asked of it, for lists, for its check, for proofs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from guard.audit.proving import Tree
from guard.audit.tables import Prepared, Statements
from guard.audit.verify import Source


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


class LogState:
    """The log as one session sees it, for its check and for proofs: see State."""

    def __init__(self, session: Session, asks: Statements) -> None:
        self._session, self._asks = session, asks

    def checkpoints(self) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.checkpoints)

    def signed(self) -> Iterable[tuple[Any, Any]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.signed)

    def changes(self) -> Iterable[tuple[Any, Any]]:
        """See `guard.audit.verify.Source`."""
        return self._session.rows(self._asks.changes)

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
        return next(self._session.rows(self._asks.last_signed), None)

    def leaves_of(self, exchange: str) -> Iterable[tuple[Any, ...]]:
        """See `guard.audit.proving.Tree`."""
        return self._session.rows(self._asks.leaves_of, exchange=exchange)

    def hashes(self, start: int, end: int) -> Iterable[Any]:
        """See `guard.audit.proving.Tree`."""
        return (row[0] for row in self._session.rows(self._asks.hashes, start=start, end=end))

    def frontier(self, most: int) -> tuple[Any, ...] | None:
        """See `guard.audit.proving.Tree`."""
        return next(self._session.rows(self._asks.frontier, most=most), None)
