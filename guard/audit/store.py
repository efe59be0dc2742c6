"""The audit log in SQLite: an append-only table of leaves and one signed checkpoint for each commit.

Several processes may append. Each takes the write lock, catches up with what the others appended, and signs the tree
that its own leaves complete. A process signs only what continues the last checkpoint: never a log that became shorter,
nor leaves that somebody slipped in.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from guard.audit import keyfile
from guard.audit.checkpoint import Checkpoint, SigningKey, sign, verify
from guard.audit.database import PATIENCE_S, failing_as, open_to_read, open_to_write, transaction
from guard.audit.entries import Leaf, Opener, leaf
from guard.audit.merkle import Frontier, extend, pack, root, unpack
from guard.audit.persons import Lock, PersonKey, Sealer
from guard.audit.reading import SqliteReader
from guard.audit.tables import (
    ADD_CHECKPOINT,
    ADD_CONTENT,
    ADD_KEY,
    ADD_LEAF,
    FIND_KEY,
    HASHES,
    IS_KEY,
    LAST_CHECKPOINT,
    LAST_FRONTIER,
    SCHEMA,
    VERSION,
    keeps_frontier,
)
from guard.audit.tenant import TENANT_KEY, load_or_create_tenant_key
from guard.errors import AuditError, ConfigError
from guard.types import Entry

# What SQLite raises for the data it is given, as against the state of the database.
REFUSALS: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)


class LogBusyError(AuditError):
    """Another process is writing, and the caller did not want to wait."""


class RefusedEntryError(AuditError):
    """One of the entries cannot be stored: it is too large, or the log holds this half of its exchange already."""


class _NothingToDoError(Exception):
    """There is nothing to record, so nothing is changed."""


class SqliteStore(SqliteReader):
    """The log in the file `path`; its signing key stands beside it as `.key`, the public key as `.pub`.

    What is said in exchanges is sealed under `tenant_key`, by default that of `tenant.key` beside it, or where they say
    so for `break_glass`. `clock` gives Unix seconds. Raises ConfigError or AuditError where the log cannot be
    continued. Blocking; any thread may call.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Callable[[], float] = time.time,
        opener: Opener | None = None,
        tenant_key: bytes | None = None,
        break_glass: X25519PublicKey | None = None,
    ) -> None:
        super().__init__(path, opener=opener)
        tenant_key = tenant_key or load_or_create_tenant_key(self.path.with_name(TENANT_KEY))
        self._sealer = Sealer(tenant_key, self._person_key, break_glass)
        self._clock = clock
        self._turn = threading.Lock()
        self._tip, self._note = Frontier(), ""  # as of the last checkpoint seen; the empty log has none
        self._patient = True
        self._key = _signing_key(self.path)
        self._connection = open_to_write(self.path, SCHEMA)
        try:
            self._check_version()
            with failing_as(f"{self.path} cannot be opened"), transaction(self._connection):
                self._current_tip()
        except BaseException:
            self._connection.close()
            raise

    def leaf(self, entry: Entry) -> Leaf:
        """`entry` ready to be stored, its words sealed. Raises AuditError, ConfigError."""
        return leaf(entry, self._sealer)

    def append(self, entries: Sequence[Entry | Leaf], *, patient: bool = True) -> Checkpoint:
        """Add one entry or more in order, all or none; they are durable on return. Gives the checkpoint over them.

        Not `patient`: raises LogBusyError at once where another process is writing. Raises AuditError.
        """
        if not entries:
            raise ValueError("a commit needs an entry")
        leaves = [entry if isinstance(entry, Leaf) else self.leaf(entry) for entry in entries]
        with self._turn, failing_as("the audit log cannot be written"):
            return self._commit(lambda: leaves, patient=patient)

    def change(self, what: Callable[[sqlite3.Connection], Sequence[Entry]]) -> Sequence[Entry]:
        """Let `what` change what lies beside the tree, and add the entries that it gives, all in one commit.

        Where it gives none, nothing is changed. Raises AuditError, and what `what` raises.
        """
        with self._turn, failing_as("the audit log cannot be written"):
            entries: list[Entry] = []

            def leaves() -> list[Leaf]:
                entries.extend(what(self._connection))
                if not entries:
                    raise _NothingToDoError
                return [self.leaf(entry) for entry in entries]

            with suppress(_NothingToDoError):
                self._commit(leaves, patient=True)
            return entries

    def scrub(self) -> bool:
        """Overwrite what was destroyed in the files too; says whether nobody who was reading kept it from that."""
        with self._turn, failing_as("the audit log cannot be written"):
            busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def close(self) -> None:
        """Close the log; a later append raises AuditError."""
        with self._turn:
            self._connection.close()

    def _commit(self, make: Callable[[], Sequence[Leaf]], *, patient: bool) -> Checkpoint:
        """Add the leaves that `make` gives, in one transaction with whatever else it does."""
        self._wait_for_others(patient=patient)
        try:
            with transaction(self._connection):
                tip = self._current_tip()
                leaves = self._admitted(make())
                grown = extend(tip, [new.hash for new in leaves])
                checkpoint = Checkpoint(self._key.origin, grown.size, root(grown), tip.size, int(self._clock() * 1000))
                note = sign(checkpoint, self._key)
                frontier = pack(grown) if keeps_frontier(tip.size, grown.size) else None
                rows = [(tip.size + at, new.hash, *new.columns, new.body) for at, new in enumerate(leaves)]
                self._connection.executemany(ADD_LEAF, rows)
                self._add_content(leaves)
                self._connection.execute(ADD_CHECKPOINT, (grown.size, note, frontier))
        except sqlite3.OperationalError as error:
            if not patient and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise LogBusyError("another process is writing the audit log") from error
            raise
        except REFUSALS as error:
            raise RefusedEntryError(f"an entry cannot be recorded: {type(error).__name__}") from error
        self._tip, self._note = grown, note
        self._sealer.stored(new.content.key.id for new in leaves if new.content and new.content.key)
        return checkpoint

    def _admitted(self, leaves: Sequence[Leaf]) -> Sequence[Leaf]:
        """`leaves` with their keys stored; those whose key another process has destroyed meanwhile are sealed anew."""
        kept = [new.content for new in leaves if new.content is not None and new.content.key_id is not None]
        new = {c.key.id: c.key for c in kept if c.key is not None}
        if new:
            self._connection.executemany(ADD_KEY, [asdict(key) for key in new.values()])
        ids = {content.key_id for content in kept}
        gone = {named for named in ids if named and self._connection.execute(IS_KEY, (named,)).fetchone() is None}
        if not gone:
            return leaves
        self._sealer.forget(gone)
        return self._admitted([self._resealed(one, gone) for one in leaves])

    def _resealed(self, one: Leaf, gone: Collection[bytes]) -> Leaf:
        if one.content is None or one.content.key_id not in gone:
            return one
        if one.entry is None:
            raise RefusedEntryError("an entry cannot be recorded: the key of its content was destroyed")
        return self.leaf(one.entry)

    def _add_content(self, leaves: Sequence[Leaf]) -> None:
        kept = [
            (*new.columns[:3], c.person, c.sealed, c.key_id, c.until)
            for new in leaves
            if (c := new.content) is not None
        ]
        if kept:
            self._connection.executemany(ADD_CONTENT, kept)

    def _person_key(self, person: str, lock: Lock) -> PersonKey | None:
        """The newest key of a person's that is stored and not destroyed."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            row = connection.execute(FIND_KEY, (person, lock)).fetchone()
        return None if row is None else PersonKey(*row)

    def _current_tip(self) -> Frontier:
        """The frontier of the log as it is now; within a transaction. Raises AuditError where it cannot be built on."""
        size, note = self._connection.execute(LAST_CHECKPOINT).fetchone() or (0, "")
        if (size, note) == (self._tip.size, self._note):
            return self._tip
        if size <= self._tip.size:
            raise AuditError(f"{self.path}: the audit log is not what this process wrote. Run: guard audit verify")
        checkpoint = verify(note, self._key.public)
        nearest = self._nearest_frontier()
        hashes = self._connection.execute(HASHES, (nearest.size, size))
        tip = extend(nearest, (row[0] for row in hashes))
        if (checkpoint.size, checkpoint.root) != (tip.size, root(tip)) or size != tip.size:
            raise AuditError(f"{self.path}: the audit log does not fit its last checkpoint. Run: guard audit verify")
        self._tip, self._note = tip, note
        return tip

    def _nearest_frontier(self) -> Frontier:
        """Return the largest known frontier: this process's own, or one that is stored."""
        found, data = self._connection.execute(LAST_FRONTIER).fetchone() or (0, b"")
        if found <= self._tip.size:
            return self._tip
        try:
            return unpack(found, data)
        except (ValueError, TypeError) as error:
            raise AuditError(f"{self.path}: the audit log is damaged. Run: guard audit verify") from error

    def _wait_for_others(self, *, patient: bool) -> None:
        if patient != self._patient:
            self._connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE_S * 1000) if patient else 0}")
            self._patient = patient

    def _check_version(self) -> None:
        with failing_as(f"{self.path} cannot be opened"), transaction(self._connection):
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise ConfigError(f"{self.path}: was written by another version of guard. Update guard.")
            if version == 0:
                self._connection.execute(f"PRAGMA user_version = {VERSION}")


def _signing_key(path: Path) -> SigningKey:
    """The key of the log in `path`, made where the log is new, with its public half beside it. Raises ConfigError."""
    private, public = path.with_suffix(".key"), path.with_suffix(".pub")
    if not private.exists() and _has_checkpoints(path):
        raise ConfigError(f"{private}: the signing key of the audit log is gone. Restore it, or move {path} away.")
    try:
        key = SigningKey.parse(keyfile.load_or_create(private, _new_key).decode())
    except (AuditError, UnicodeDecodeError):
        # `from None`: the error at hand may carry the key.
        raise ConfigError(f"{private}: is not the signing key of an audit log. Restore it from a backup.") from None
    keyfile.create(public, f"{key.public}\n".encode(), mode=0o644)
    if SqliteReader(path).public_key != key.public:
        raise ConfigError(f"{public}: does not belong to {private}. Find out who changed it, then delete it.")
    return key


def _new_key() -> bytes:
    key = SigningKey(f"guard/{secrets.token_hex(8)}", Ed25519PrivateKey.generate())
    return f"{key.secret_text()}\n".encode()


def _has_checkpoints(path: Path) -> bool:
    if not path.exists():
        return False
    with failing_as(f"{path} cannot be opened"), closing(open_to_read(path)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'checkpoint'").fetchone()
        return bool(tables[0]) and connection.execute(LAST_CHECKPOINT).fetchone() is not None
