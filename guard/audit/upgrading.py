"""Bringing the tables of a log to the newest revision, by Alembic; no leaf is ever rewritten.

An empty log is made of the models at once, without loading Alembic; a test holds both ways to the same tables.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from guard.audit.database import transaction
from guard.audit.models import REVISION, creation
from guard.audit.tables import dialect
from guard.errors import ConfigError

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade_sqlite(connection: sqlite3.Connection, path: Path) -> bool:
    """Make or upgrade the tables in `path`, all or nothing; says whether there was something to do.

    `connection` is in autocommit mode. Raises ConfigError for a log of a newer guard.
    """
    if _revision(connection) == REVISION:
        return False
    with transaction(connection):
        revision = _revision(connection)  # others may have done it meanwhile
        if revision > REVISION:
            raise ConfigError(f"{path}: was written by a newer guard. Update guard.")
        if revision == REVISION:
            return False
        if revision == 0:
            for statement in creation(dialect("sqlite")):
                connection.execute(statement)
        else:
            _migrate_sqlite(connection, revision)
        connection.execute(f"PRAGMA user_version = {REVISION}")
    return True


def upgrade_postgres(connection: psycopg.Connection[Any], revision: int) -> bool:
    """Make or upgrade the tables of a log of `revision`, all or nothing, where the role may create tables.

    `connection` is in autocommit mode. Says whether it did something; raises psycopg.Error.
    """
    if revision >= REVISION:
        return False
    allowed = connection.execute("SELECT has_schema_privilege(current_schema(), 'CREATE')").fetchone()
    if allowed != (True,):
        return False
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1735746930)")  # others that start at the same time wait
        revision = _postgres_revision(connection)
        if revision == 0:
            for statement in creation(dialect("postgresql")):
                connection.execute(statement.encode())
        elif revision < REVISION:
            _migrate_postgres(connection, revision)
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


def _revision(connection: sqlite3.Connection) -> int:
    """That of the tables; 0 where there are none."""
    revision = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if revision == 0 and connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'leaf'").fetchone():
        return 1
    return revision


def _postgres_revision(connection: psycopg.Connection[Any]) -> int:
    from guard.audit.postgres import revision_of

    return revision_of(connection)


def _migrate_postgres(connection: psycopg.Connection[Any], revision: int) -> None:
    from sqlalchemy import StaticPool, create_engine

    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    borrowed = engine.connect()
    migrate(borrowed, revision)
    borrowed.detach()


def _migrate_sqlite(connection: sqlite3.Connection, revision: int) -> None:
    from sqlalchemy import StaticPool, create_engine

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    borrowed = engine.connect()  # never closed: that would end the transaction, which is not its own
    migrate(borrowed, revision)
    borrowed.detach()
