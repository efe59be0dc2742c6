"""PostgreSQL as guard uses it: who writes lets no other writer in, and a commit is durable when it returns.

psycopg's messages may hold the address, and those of the server the value that it did not like: what is raised here
says only what kind of failure it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import psycopg
from psycopg import errors, sql

from guard.audit.database import PATIENCE_S
from guard.audit.entries import Opener
from guard.audit.log_reader import LogReader
from guard.audit.models import REVISION, VERSION_TABLE, DialectName
from guard.audit.sessions import LogState, Session
from guard.audit.tables import Prepared, Statements, statements
from guard.errors import AuditError, ConfigError

CONNECT_S: Final = 10
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
LOCKS: Final = 1735746930  # of two numbers that name an advisory lock, guard's own; the other is that of a table
NOT_VACUUMED: Final = (
    "Its space is not given free yet, because guard's role may not ask for that. Let the owner of the tables run: "
    "VACUUM {tables}"
)
STREAMED: Final = 1000  # rows that are fetched at once of an answer that may be long
# What a writer asks of its connection. One that stops in the middle of a commit must not hold up the others for long.
SETTINGS: Final = (
    f"SET lock_timeout = '{int(PATIENCE_S)}s'",
    "SET idle_in_transaction_session_timeout = '30s'",
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)
NOT_SYNCED: Final = "SET synchronous_commit = off"
REMEDIES: Final[tuple[tuple[type[psycopg.Error], str], ...]] = (
    (errors.DiskFull, "Free some space on the disk of the database."),
    (errors.InsufficientPrivilege, "Grant its role what docs/audit.md lists."),
    (errors.UndefinedTable, "Run: guard audit upgrade"),
    (errors.ReadOnlySqlTransaction, "Connect to the primary server."),
    (errors.LockNotAvailable, "Find out which session holds the log, then try again."),
)


@contextmanager
def failing_as(what: str) -> Iterator[None]:
    """Turn what psycopg raises into an AuditError that says `what` failed, and never a value or an address."""
    try:
        yield
    except psycopg.Error as error:
        # `from None`: the error at hand may hold a value, or the address with its password.
        raise AuditError(f"{what}: {_cause(error)}") from None


def _cause(error: psycopg.Error) -> str:
    remedy = next((f" {remedy}" for kind, remedy in REMEDIES if isinstance(error, kind)), "")
    if error.sqlstate is None:
        return "PostgreSQL cannot be reached, or closed the connection."
    return f"PostgreSQL says {type(error).__name__} ({error.sqlstate}).{remedy}"


def connect(url: str, *, autocommit: bool) -> psycopg.Connection[Any]:
    """A connection to `url`, which may be a URL or a list of settings. Raises psycopg.Error."""
    given = psycopg.conninfo.conninfo_to_dict(url)
    usual: dict[str, str | int] = {
        "connect_timeout": CONNECT_S,
        "tcp_user_timeout": int(PATIENCE_S * 1000),
        "application_name": "guard",
    }
    full = psycopg.conninfo.make_conninfo(url, **{key: value for key, value in usual.items() if key not in given})
    return psycopg.connect(full, autocommit=autocommit)


def open_to_write(url: str, *, synced: bool = True) -> psycopg.Connection[Any]:
    """A connection in autocommit mode to tables that are up to date, made where the role may do that.

    Where it is not `synced`, a commit does not wait for the disk. Raises psycopg.Error, ConfigError.
    """
    from guard.audit.upgrading import upgrade_postgres

    made = connect(url, autocommit=True)
    try:
        for setting in (*SETTINGS, *(() if synced else (NOT_SYNCED,))):
            made.execute(setting.encode())
        upgrade_postgres(made)
        check_revision(made)
    except BaseException:
        made.close()
        raise
    return made


def vacuum(url: str, tables: Sequence[str]) -> bool:
    """Let PostgreSQL reuse the space of what was destroyed in `tables`; says whether the role may ask for that.

    On a connection of its own: nobody waits for it. Raises psycopg.Error.
    """
    refused: list[object] = []
    with closing(connect(url, autocommit=True)) as connection:
        connection.add_notice_handler(refused.append)  # where a role may not, it is told and nothing raised
        connection.execute(f"VACUUM {', '.join(tables)}".encode())
    return not refused


def revision_of(connection: psycopg.Connection[Any]) -> int:
    """The revision of the tables in the database; 0 where there are none."""
    # Not by name with to_regclass, which remembers within a transaction that there was none.
    there = "SELECT 1 FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)"
    if connection.execute(there, (VERSION_TABLE,)).fetchone() is None:
        return 0
    query = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(VERSION_TABLE))
    row = connection.execute(query).fetchone()
    return 0 if row is None else int(row[0])


def check_revision(connection: psycopg.Connection[Any]) -> None:
    """Raise ConfigError where the tables are of another revision than this guard's."""
    revision = revision_of(connection)
    if revision > REVISION:
        raise ConfigError("the audit log in PostgreSQL was written by a newer guard. Update guard.")
    if revision < REVISION:
        raise ConfigError(
            "the audit log in PostgreSQL has no tables yet, or those of an older guard. Run, as a role that may create "
            "tables: guard audit upgrade"
        )


def upgrade(url: str) -> bool:
    """Bring the tables at `url` up to date; says whether there was something to do. Raises ConfigError, AuditError."""
    from guard.audit.upgrading import upgrade_postgres

    what = "the audit log cannot be upgraded"
    with failing_as(what), closing(connect(url, autocommit=True)) as connection:
        done = upgrade_postgres(connection)
        check_revision(connection)
    return done


class PostgresReader(LogReader):
    """The log in the database at `url`, to read; `public_key` is the file of its key. Each call connects anew."""

    dialect: ClassVar[DialectName] = "postgresql"

    def __init__(self, url: str, public_key: Path, *, opener: Opener | None = None) -> None:
        super().__init__(public_key, opener)
        self._url = url

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with failing_as("the audit log cannot be read"), closing(connect(self._url, autocommit=False)) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            check_revision(connection)
            yield _PostgresSession(connection)


class _PostgresSession:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._cursors = 0

    def rows(self, query: Prepared, **values: Any) -> Iterator[tuple[Any, ...]]:
        # A cursor of the server: the answer may be longer than memory.
        self._cursors += 1
        with self._connection.cursor(name=f"rows{self._cursors}") as cursor:
            cursor.itersize = STREAMED
            cursor.execute(query.text.encode(), query.bind(**values))
            yield from cursor

    def state(self) -> _State:
        return _State(self, statements("postgresql"))


class _State(LogState):
    """The log as one session sees it.

    The leaves are asked for in order, commit by commit, and come out of one answer: a question for each commit would
    take a turn over the network each.
    """

    def __init__(self, session: _PostgresSession, asks: Statements) -> None:
        super().__init__(session, asks)
        self._leaves: Iterator[tuple[Any, ...]] | None = None
        self._next: tuple[Any, ...] | None = None

    def leaves(self, start: int, end: int) -> Iterator[tuple[Any, ...]]:
        """See `guard.audit.verify.Source`."""
        if self._leaves is None:
            self._leaves = self._session.rows(self._asks.leaves, start=start, end=2**63 - 1)
            self._next = next(self._leaves, None)
        while self._next is not None and self._next[0] < end:
            row, self._next = self._next, next(self._leaves, None)
            yield row
