"""The audit log in SQLite: an append-only table of leaves and one sealed checkpoint for each commit.

Several processes may append. Each takes the write lock, catches up with what the others appended, and seals the tree
that its own leaves complete, which it signs a moment later.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import ClassVar, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from guard.audit import keyfile
from guard.audit.checkpoint import Checkpoint, SigningKey
from guard.audit.committing import Committing, LogBusyError, RefusedEntryError
from guard.audit.database import (
    PATIENCE_S,
    failing_as,
    is_outstanding,
    open_to_read,
    open_to_write,
    overwrite,
    transaction,
)
from guard.audit.entries import Leaf, Opener
from guard.audit.indexing import Waiting
from guard.audit.models import DialectName
from guard.audit.persons import Lock, PersonKey, Sealer
from guard.audit.reading import Reader, SqliteReader
from guard.audit.rotating import finder, finish
from guard.audit.shelf import Run, Shelf
from guard.audit.shelf import statements as shelf_statements
from guard.audit.signing import Signer
from guard.audit.tables import Prepared
from guard.audit.tenant import TENANT_KEY, load_or_create_tenant_key, opener_of
from guard.audit.tip import Commit, Tip
from guard.audit.upgrading import upgrade_sqlite
from guard.errors import AuditError, ConfigError
from guard.types import Act, Entry

# What SQLite raises for the data it is given, as against the state of the database.
REFUSALS: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)
AT_ONCE: Final = 64  # texts that join the search index in one transaction


class Store(Reader, Protocol):
    """The log, to append to, in whatever database it lies."""

    dialect: ClassVar[DialectName]
    inline_s: ClassVar[float]  # how long a commit may take for an event loop to make it itself, in seconds; 0 for never
    unscrubbed: ClassVar[str]  # what to tell a person where `scrub` could not do all

    def append(self, entries: Sequence[Entry | Leaf], *, patient: bool = True) -> Checkpoint:
        """Add one entry or more in order, all or none; they are durable on return. Gives the checkpoint over them.

        Not `patient`: raises LogBusyError at once where another process is writing. Raises AuditError.
        """
        ...

    def leaf(self, entry: Entry) -> Leaf:
        """`entry` ready to be stored, its words sealed. Raises AuditError, ConfigError."""
        ...

    def change(self, what: Callable[[Run], Sequence[Entry]]) -> Sequence[Entry]:
        """Let `what` change what lies beside the tree, and add the entries that it gives, all in one commit.

        Where it gives none, nothing is changed. Raises AuditError, and what `what` raises.
        """
        ...

    def rotate(self, new: SigningKey, act: Act) -> None:
        """Let `new` seal and sign from now on; `act`, which says so, is recorded with it. Raises AuditError.

        See `guard.audit.rotating`, which takes care of the files.
        """
        ...

    def sign(self) -> None:
        """Sign now what this process appended, where it is not signed yet; durable on return. Raises AuditError."""
        ...

    def scrub(self, *, search: bool = False, patient: bool = True) -> bool:
        """Overwrite what was destroyed in the files too, with `search` in the index; says whether all of it was.

        Not `patient`: does not wait for others, and may raise LogBusyError. Raises AuditError.
        """
        ...

    def outstanding(self) -> bool:
        """Whether `scrub` could not do all of it, so that something is left to be overwritten."""
        ...

    def index(self) -> int:
        """Let some of the texts that wait for it join the search index; gives how many. Raises AuditError."""
        ...

    def close(self) -> None:
        """Sign what is not signed and close the log; a later append raises AuditError."""
        ...


class SqliteStore(Committing, SqliteReader):
    """The log in the file `path`; its signing key stands beside it as `.key`, the public key as `.pub`.

    What is said in exchanges is sealed under `tenant_key`, by default that of `tenant.key` beside it, or where they say
    so for `break_glass`. `clock` gives Unix seconds. Raises ConfigError or AuditError where the log cannot be
    continued. Blocking; any thread may call. A log of an older guard is upgraded.
    """

    inline_s: ClassVar[float] = 0.001
    unscrubbed: ClassVar[str] = (
        "It is not overwritten in the files yet, because somebody reads the log. guard tries again while it serves; or "
        "run 'guard audit expire' when nobody reads."
    )

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
        self._shelf = Shelf(Sealer(tenant_key, self._person_key, break_glass), "sqlite")
        self._waiting = Waiting(opener_of(tenant_key))
        self._clock = clock
        self._turn = threading.Lock()
        self._patient = True
        self._tip = Tip(_signing_key(self.path), str(self.path), finder(self.path.with_suffix(".key")))
        self._signer = Signer(self._store_signed)
        self._connection = open_to_write(self.path, "")
        try:
            with failing_as(f"{self.path} cannot be opened"):
                upgrade_sqlite(self._connection, self.path)
                with transaction(self._connection):
                    self._begin()
        except BaseException:
            self._connection.close()
            raise

    def scrub(self, *, search: bool = False, patient: bool = True) -> bool:
        """Overwrite what was destroyed in the files too; see Store."""
        with self._writing(patient=patient):
            if search and sqlite3.sqlite_version_info < (3, 42):  # there, each deletion has overwritten its terms
                self._connection.execute("INSERT INTO search (search) VALUES ('optimize')")
            return overwrite(self._connection, self.path)

    def outstanding(self) -> bool:
        """Whether something is left to be overwritten, by whatever process it was destroyed; see Store."""
        return is_outstanding(self.path)

    def _person_key(self, person: str, lock: Lock) -> PersonKey | None:
        """The newest key of a person's that is stored."""
        query = shelf_statements("sqlite").find_key
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            row = connection.execute(query.text, query.bind(person=person, lock=lock)).fetchone()
        return None if row is None else PersonKey(*row)

    def index(self) -> int:
        """Let some of the texts that wait for it join the search index; see Store."""
        with self._writing(patient=False):
            if self._run(self._asks.waiting, after=self._waiting.after, limit=1).fetchone() is None:
                return 0
            return self._index()

    def _index(self) -> int:
        with transaction(self._connection):
            waiting = self._run(self._asks.waiting, after=self._waiting.after, limit=AT_ONCE).fetchall()
            for one in self._waiting.read(waiting):
                if one.terms:
                    found = " ".join(sorted(one.terms))  # in no order that would tell what was said
                    self._run(self._asks.add_search, half=one.half, terms=found, exchange=one.exchange)
                self._run(self._asks.no_longer_waiting, seq=one.seq)
        return len(waiting)

    def close(self) -> None:
        """Sign what is not signed and close the log; see Store."""
        self._signer.close()
        with self._turn:
            self._connection.close()

    @contextmanager
    def _writing(self, *, patient: bool) -> Iterator[None]:
        """The turn to write, with the errors of SQLite as what they mean."""
        with self._turn, failing_as("the audit log cannot be written"):
            self._wait_for_others(patient=patient)
            try:
                yield
            except sqlite3.OperationalError as error:
                if not patient and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                    raise LogBusyError("another process is writing the audit log") from error
                raise
            except REFUSALS as error:
                raise RefusedEntryError(f"an entry cannot be recorded: {type(error).__name__}") from error

    def _transaction(self, *, patient: bool) -> AbstractContextManager[None]:
        del patient  # how long to wait for others is said before
        return transaction(self._connection)

    def _write(self, commit: Commit) -> None:
        asks, run = self._asks, self._connection
        run.executemany(asks.add_leaf.text, commit.leaves)
        run.execute(asks.add_checkpoint.text, commit.checkpoint)
        if commit.signed:
            run.executemany(asks.add_signed.text, commit.signed)
        if commit.content:
            run.executemany(asks.add_content.text, commit.content)
        if commit.unindexed:
            run.executemany(asks.add_unindexed.text, commit.unindexed)
        if commit.opens:
            run.execute(asks.list_openings.text, (commit.start,))
        if commit.closes:
            run.execute(asks.list_closings.text, (commit.start,))

    def _catch_up(self) -> None:
        """Take in what others appended; within a transaction. Raises AuditError where it cannot be built on."""
        last = self._asks.last_checkpoint
        size, note = self._connection.execute(last.text, last.bind()).fetchone() or (0, "")
        self._tip.catch_up(size, note, self)

    def _run(self, statement: Prepared, **values: object) -> sqlite3.Cursor:
        return self._connection.execute(statement.text, statement.bind(**values))

    def _wait_for_others(self, *, patient: bool) -> None:
        if patient != self._patient:
            self._connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE_S * 1000) if patient else 0}")
            self._patient = patient


def signing_key(private: Path, *, begun: bool, where: str) -> SigningKey:
    """The key of the log in `where`, made where the log has not begun, with its public half beside it.

    Raises ConfigError where the log has begun and the key is gone, and where the two files do not belong together.
    """
    public = private.with_suffix(".pub")
    if not private.exists() and begun:
        raise ConfigError(f"{private}: the signing key of the audit log is gone. Restore it, or move {where} away.")
    finish(private)
    try:
        key = SigningKey.parse(keyfile.load_or_create(private, _new_key).decode())
    except (AuditError, UnicodeDecodeError):
        # `from None`: the error at hand may carry the key.
        raise ConfigError(f"{private}: is not the signing key of an audit log. Restore it from a backup.") from None
    keyfile.create(public, f"{key.public}\n".encode(), mode=0o644)
    if SqliteReader(public).public_key != key.public:
        raise ConfigError(f"{public}: does not belong to {private}. Find out who changed it, then delete it.")
    return key


def _signing_key(path: Path) -> SigningKey:
    return signing_key(path.with_suffix(".key"), begun=_has_checkpoints(path), where=str(path))


def _new_key() -> bytes:
    key = SigningKey(f"guard/{secrets.token_hex(8)}", Ed25519PrivateKey.generate())
    return f"{key.secret_text()}\n".encode()


def _has_checkpoints(path: Path) -> bool:
    if not path.exists():
        return False
    with failing_as(f"{path} cannot be opened"), closing(open_to_read(path)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'checkpoint'").fetchone()
        return bool(tables[0]) and connection.execute("SELECT 1 FROM checkpoint LIMIT 1").fetchone() is not None
