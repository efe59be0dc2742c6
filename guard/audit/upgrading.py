"""Bringing the tables of a log to the newest revision, by Alembic; no leaf is ever rewritten.

An empty log is made of the models at once, without loading Alembic; a test holds both ways to the same tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from guard.audit.models import REVISION, creation
from guard.audit.tables import dialect
from guard.errors import ConfigError

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 1735746930  # a number of guard's own: those that upgrade at once take turns


def upgrade_sqlite(connection: sqlite3.Connection, path: Path) -> bool:
    """Make or upgrade the tables in `path`, all or nothing; says whether there was something to do.

    `connection` is in autocommit mode. Raises ConfigError for a log of a newer guard.
    """
    if _revision(connection) == REVISION:
        return False
    with _whole(connection, "BEGIN IMMEDIATE"):
        revision = _revision(connection)  # others may have done it meanwhile
        if revision > REVISION:
            raise ConfigError(f"{path}: was written by a newer guard. Update guard.")
        if revision == 0:
            for statement in creation(dialect("sqlite")):
                connection.execute(statement)
        elif revision < REVISION:
            _migrate(connection, revision, "sqlite://")
        connection.execute(f"PRAGMA user_version = {REVISION}")
    return True


def upgrade_postgres(connection: psycopg.Connection[Any]) -> bool:
    """Make or upgrade the tables of a log, all or nothing, where the role may create tables.

    `connection` is in autocommit mode. Says whether there was something that it could do. Raises psycopg.Error.
    """
    from guard.audit.postgres import revision_of

    if revision_of(connection) >= REVISION:
        return False
    allowed = connection.execute("SELECT has_schema_privilege(current_schema(), 'CREATE')").fetchone()
    if allowed != (True,):
        return False
    with _whole(connection, "BEGIN"):
        connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        revision = revision_of(connection)  # others may have done it meanwhile
        if revision == 0:
            for statement in creation(dialect("postgresql")):
                connection.execute(statement.encode())
        elif revision < REVISION:
            _migrate(connection, revision, "postgresql+psycopg://", use_native_hstore=False)
    return True


def migrate(connection: Connection, revision: int) -> None:
    """Run every migration after `revision` in the transaction of `connection`, which stays open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    if revision == 1:  # logs of the first revision do not say so in Alembic's own table
        command.stamp(config, "1")
    command.upgrade(config, "head")


@contextmanager
def _whole(connection: Any, begin: str) -> Iterator[None]:
    """All of a block's changes or none, on a connection in autocommit mode."""
    connection.execute(begin)
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _revision(connection: sqlite3.Connection) -> int:
    """That of the tables; 0 where there are none."""
    revision = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if revision == 0 and connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'leaf'").fetchone():
        return 1
    return revision


def _migrate(connection: Any, revision: int, url: str, **options: bool) -> None:
    """Lend `connection` to SQLAlchemy, in the transaction that it is in."""
    from sqlalchemy import StaticPool, create_engine
    from sqlalchemy.exc import DBAPIError

    lent = _Lent(connection)
    engine = create_engine(url, creator=lambda: lent, poolclass=StaticPool, **options)
    try:
        with engine.connect() as borrowed:
            migrate(borrowed, revision)
    except DBAPIError as error:
        raise (error.orig or error) from None


class _Lent:
    """A connection whose transaction is not the borrower's to end."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Leave it to the owner."""

    def rollback(self) -> None:
        """Leave it to the owner."""

    def close(self) -> None:
        """Leave it to the owner."""
