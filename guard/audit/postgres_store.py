"""The audit log in PostgreSQL, for several machines: the rules of the store in SQLite, over a network.

Writers take turns by an advisory lock that is held to the end of the transaction. A commit takes two turns over the
network, however many entries it holds: one to get the lock and the last checkpoint, one to write and to commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Final

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from guard.audit.begun import begin
from guard.audit.checkpoint import SigningKey
from guard.audit.committing import Committing, LogBusyError, RefusedEntryError
from guard.audit.entries import Opener
from guard.audit.indexing import Waiting
from guard.audit.persons import Sealer
from guard.audit.postgres import BEGIN, LOCKS, NOT_VACUUMED, PostgresReader, failing_as, open_to_write, vacuum
from guard.audit.rotating import finder
from guard.audit.shelf import Shelf
from guard.audit.signing import Signer
from guard.audit.store import AT_ONCE, signing_key
from guard.audit.tables import Prepared
from guard.audit.tenant import TENANT_KEY, load_or_create_tenant_key, opener_of
from guard.audit.tip import Commit, Tip
from guard.errors import AuditError, ConfigError

WHERE: Final = "PostgreSQL"
# The lock of this log: guard's own number, and that of its table in this database.
LOCK: Final = f"pg_advisory_xact_lock({LOCKS}, 'leaf'::regclass::oid::integer)"
TRY_LOCK: Final = f"pg_try_advisory_xact_lock({LOCKS}, 'leaf'::regclass::oid::integer)"
REFUSALS: Final = (psycopg.IntegrityError, psycopg.DataError)


class PostgresStore(Committing, PostgresReader):
    """The log in the database at `url`; `key` is the file of its signing key, the same for all who write.

    `clock` gives Unix seconds. Raises ConfigError or AuditError where the log cannot be continued. Blocking; any thread
    may call. Tables are made or upgraded where the role may do that. When the connection is lost, the call at hand
    fails, and the next one connects anew.
    """

    inline_s: ClassVar[float] = 0.0  # the network is never waited for by an event loop
    unscrubbed: ClassVar[str] = NOT_VACUUMED.format(tables="content, person_key, unindexed, search")

    def __init__(
        self,
        url: str,
        key: Path,
        *,
        clock: Callable[[], float] = time.time,
        opener: Opener | None = None,
        tenant_key: bytes | None = None,
        break_glass: X25519PublicKey | None = None,
    ) -> None:
        super().__init__(url, key.with_suffix(".pub"), opener=opener)
        tenant_key = tenant_key or load_or_create_tenant_key(key.with_name(TENANT_KEY))
        # No key is looked up: an event loop seals, and the network is never waited for by one.
        self._shelf = Shelf(Sealer(tenant_key, lambda _, __: None, break_glass), "postgresql")
        self._waiting = Waiting(opener_of(tenant_key))
        self._clock = clock
        self._turn = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._closed = False
        self._refused = False
        with failing_as("the audit log cannot be opened"):
            connection = self._connected()
            try:
                self._tip = Tip(self._signing_key(connection, key), WHERE, finder(key))
                self._signer = Signer(self._store_signed)
                with self._transaction():
                    self._begin()
            except BaseException:
                connection.close()
                raise

    def _signing_key(self, connection: psycopg.Connection[Any], file: Path) -> SigningKey:
        """The key of the log, in `file`. Raises ConfigError where the log in the database is another's."""
        _, note = connection.execute(self._asks.last_checkpoint.text.encode()).fetchone() or (0, "")
        key = signing_key(file, begun=bool(note), where="its tables in PostgreSQL")
        origin = note.partition("\n")[0] or key.origin
        if begin(connection, "log", origin.encode()) != key.origin.encode():
            raise ConfigError(
                f"{file}: is not the signing key of the log in PostgreSQL. Copy {file.name} and {file.stem}.pub from "
                "the data folder of a machine that writes this log, or take another database."
            )
        return key

    def scrub(self, *, search: bool = False, patient: bool = True) -> bool:  # noqa: ARG002
        """Let PostgreSQL reuse the space of what was destroyed; see Store. Says whether the role may ask for that.

        On a connection of its own: nobody waits for it.
        """
        tables = ["content", "person_key", "unindexed", *(["search"] if search else [])]
        with failing_as("the audit log cannot be written"):
            self._refused = not vacuum(self._url, tables)
        return not self._refused

    def outstanding(self) -> bool:
        """Whether the role was refused when it asked last; see Store. No other process is told."""
        return self._refused

    def index(self) -> int:
        """Let some of the texts that wait for it join the search index; see Store."""
        with self._writing(), self._connected().transaction():
            waiting = self._run(self._asks.waiting, after=self._waiting.after, limit=AT_ONCE).fetchall()
            found = self._waiting.read(waiting)
            with self._connected().pipeline():
                for one in found:
                    if one.terms:
                        self._run(self._asks.add_search, half=one.half, terms=list(one.terms), exchange=one.exchange)
                    self._run(self._asks.no_longer_waiting, seq=one.seq)
        return len(waiting)

    def close(self) -> None:
        """Sign what is not signed and close the log; see Store."""
        self._signer.close()
        with self._turn:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        """The connection, made anew where it was lost."""
        if self._closed:
            raise AuditError("the audit log is closed")
        if self._connection is None or self._connection.closed:
            self._connection = open_to_write(self._url)
        return self._connection

    @contextmanager
    def _writing(self, *, patient: bool = True) -> Iterator[None]:  # noqa: ARG002 - the lock is asked for later
        """The turn to write, with the errors of PostgreSQL as what they mean."""
        with self._turn, failing_as("the audit log cannot be written"):
            try:
                yield
            except REFUSALS as error:
                raise RefusedEntryError(f"an entry cannot be recorded: {type(error).__name__}") from None

    @contextmanager
    def _transaction(self, *, patient: bool = True) -> Iterator[None]:
        """All of a block's changes or none, durable once it ends; others that write wait meanwhile."""
        connection = self._connected()
        try:
            with connection.pipeline():
                connection.execute(BEGIN.encode())
                got = connection.execute(f"SELECT {LOCK if patient else TRY_LOCK}".encode())
                self._last = self._run(self._asks.last_checkpoint)
            if not patient and got.fetchone() == (False,):
                raise LogBusyError("another process is writing the audit log")
            yield
            if connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS:
                connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            if connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
                connection.close()  # what state it is in is not known
            raise

    def _write(self, commit: Commit) -> None:
        """Write `commit` and end the transaction, in one turn over the network."""
        asks, connection = self._asks, self._connected()
        with connection.pipeline(), connection.cursor() as cursor:
            cursor.executemany(asks.add_leaf.text.encode(), commit.leaves)
            cursor.execute(asks.add_checkpoint.text.encode(), commit.checkpoint)
            if commit.signed:
                cursor.executemany(asks.add_signed.text.encode(), commit.signed)
            if commit.content:
                cursor.executemany(asks.add_content.text.encode(), commit.content)
            if commit.unindexed:
                cursor.executemany(asks.add_unindexed.text.encode(), commit.unindexed)
            if commit.opens:
                cursor.execute(asks.list_openings.text.encode(), (commit.start,))
            if commit.closes:
                cursor.execute(asks.list_closings.text.encode(), (commit.start,))
            ended = connection.execute("COMMIT")
        if ended.statusmessage != "COMMIT":
            raise AuditError("the audit log cannot be written: PostgreSQL did not commit")

    def _catch_up(self) -> None:
        """Take in what others appended; within a transaction. Raises AuditError where it cannot be built on."""
        size, note = self._last.fetchone() or (0, "")
        self._tip.catch_up(size, note, self)

    def _run(self, statement: Prepared, **values: object) -> psycopg.Cursor[Any]:
        return self._connected().execute(statement.text.encode(), statement.bind(**values))
