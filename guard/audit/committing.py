"""How entries join the log, whatever database it lies in: one commit for all that wait, sealed over all there is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from guard.audit.checkpoint import Checkpoint, SigningKey
from guard.audit.entries import Leaf
from guard.audit.shelf import Run, Shelf
from guard.audit.signing import Signer
from guard.audit.tables import Prepared, Statements
from guard.audit.tip import Commit, Row, Tip
from guard.errors import AuditError
from guard.types import Act, Entry


class LogBusyError(AuditError):
    """Another process is writing, and the caller did not want to wait."""


class RefusedEntryError(AuditError):
    """One of the entries cannot be stored: it is too large, or the log holds this half of its exchange already."""


class _NothingToDoError(Exception):
    """There is nothing to record, so nothing is changed."""


class Committing(ABC):
    """What is the same in every database; see `guard.audit.store.Store` for what the public methods promise."""

    _asks: Statements
    _shelf: Shelf
    _tip: Tip
    _signer: Signer
    _clock: Callable[[], float]

    @abstractmethod
    def _writing(self, *, patient: bool) -> AbstractContextManager[None]:
        """The turn to write in this process, with the errors of the database as what they mean."""

    @abstractmethod
    def _transaction(self, *, patient: bool) -> AbstractContextManager[None]:
        """All of a block's changes or none, durable once it ends; others that write wait meanwhile."""

    @abstractmethod
    def _catch_up(self) -> None:
        """Take in what others appended; within a transaction. Raises AuditError where it cannot be built on."""

    @abstractmethod
    def _write(self, commit: Commit) -> None:
        """Write the rows of `commit`; within a transaction."""

    @abstractmethod
    def _run(self, statement: Prepared, **values: object) -> Any:
        """What a statement answers."""

    def leaf(self, entry: Entry) -> Leaf:
        """`entry` ready to be stored, its words sealed; see Store."""
        return self._shelf.leaf(entry)

    def append(self, entries: Sequence[Entry | Leaf], *, patient: bool = True) -> Checkpoint:
        """Add one entry or more in order, all or none; see Store."""
        if not entries:
            raise ValueError("a commit needs an entry")
        leaves = [entry if isinstance(entry, Leaf) else self.leaf(entry) for entry in entries]
        with self._writing(patient=patient):
            return self._commit(lambda: leaves, patient=patient).sealed

    def change(self, what: Callable[[Run], Sequence[Entry]]) -> Sequence[Entry]:
        """Let `what` change what lies beside the tree, in one commit with the entries that it gives; see Store."""
        entries: list[Entry] = []

        def leaves() -> list[Leaf]:
            entries.extend(what(self._run))
            if not entries:
                raise _NothingToDoError
            return [self.leaf(entry) for entry in entries]

        with self._writing(patient=True), suppress(_NothingToDoError):
            self._commit(leaves, patient=True)
        return entries

    def rotate(self, new: SigningKey, act: Act) -> None:
        """Let `new` seal and sign from now on, with the act that says so; see Store."""
        with self._writing(patient=True):
            self._commit(lambda: [self.leaf(act)], patient=True, new=new)

    def sign(self) -> None:
        """Sign what this process appended, where it is not; see Store."""
        self._signer.now()

    def note_of(self, size: int) -> str | None:
        """See `guard.audit.tip.Past`."""
        found = self._run(self._asks.note_of, size=size).fetchone()
        return None if found is None else str(found[0])

    def last_frontier(self) -> tuple[int, bytes] | None:
        """See `guard.audit.tip.Past`."""
        found: tuple[int, bytes] | None = self._run(self._asks.last_frontier).fetchone()
        return found

    def hashes(self, start: int, end: int) -> Iterable[bytes]:
        """See `guard.audit.tip.Past`."""
        return (row[0] for row in self._run(self._asks.hashes, start=start, end=end))

    def changes(self) -> Iterable[str]:
        """See `guard.audit.tip.Past`."""
        return (row[1] for row in self._run(self._asks.changes))

    def _begin(self) -> None:
        """Take in the log, and sign its end where a process that was interrupted did not; within a transaction.

        Raises AuditError where it cannot be built on.
        """
        self._catch_up()
        signed = self._run(self._asks.last_signed).fetchone()
        tail = self._run(self._asks.tail, start=0 if signed is None else signed[0])
        now_signed = self._tip.unsigned(signed, tail)
        if now_signed is not None:
            self._add_signed(now_signed)

    def _store_signed(self, row: Row, *, patient: bool) -> None:
        """See `guard.audit.signing.Store`."""
        with self._writing(patient=patient):
            self._add_signed(row)

    def _add_signed(self, row: Row) -> None:
        self._run(self._asks.add_signed, size=row[0], note=row[1])

    def _commit(self, make: Callable[[], Sequence[Leaf]], *, patient: bool, new: SigningKey | None = None) -> Commit:
        """Add the leaves that `make` gives, in one transaction with whatever else it does; `new` signs from then on."""
        with self._transaction(patient=patient):
            self._catch_up()
            leaves = self._shelf.admitted(make(), self._run)
            time_ms = int(self._clock() * 1000)
            if new is None:
                commit = self._tip.grow(leaves, time_ms, self._signer.ready)
            else:
                commit, (size, note) = self._tip.rotate(leaves, time_ms, new)
                self._run(self._asks.add_change, size=size, note=note)
            self._write(commit)
        self._tip.made(commit)
        self._signer.made(commit)
        self._shelf.stored(leaves)
        return commit
