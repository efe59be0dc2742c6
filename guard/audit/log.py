"""The audit log of a configuration, wherever it lies."""

from __future__ import annotations

import os
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from guard.audit.entries import Opener, unopened
from guard.audit.reading import Reader, SqliteReader
from guard.audit.store import SqliteStore, Store
from guard.config import Config
from guard.errors import ConfigError


def reader_of(config: Config, *, opener: Opener = unopened) -> Reader:
    """The log of `config`, to read; `opener` puts entries and the content beside them together. Opens nothing yet.

    Raises ConfigError.
    """
    path = _path(config)
    if config.audit.store == "sqlite":
        return SqliteReader(path, opener=opener)
    _require_psycopg()
    from guard.audit.postgres import PostgresReader

    return PostgresReader(config.audit.url(os.environ), path.with_suffix(".pub"), opener=opener)


def store_of(config: Config, *, opener: Opener = unopened) -> Store:
    """The log of `config`, to append to. Raises ConfigError, AuditError."""
    path = _path(config)
    if config.audit.store == "sqlite":
        return SqliteStore(path, opener=opener)
    _require_psycopg()
    from guard.audit.postgres_store import PostgresStore

    return PostgresStore(config.audit.url(os.environ), path.with_suffix(".key"), opener=opener)


def upgrade(config: Config, *, url_env: str | None = None) -> bool:
    """Bring the tables of the log up to date; says whether there was something to do. Raises ConfigError, AuditError.

    `url_env` names a variable with the address of another role than the one that guard runs as.
    """
    from guard.audit.database import failing_as, open_to_write
    from guard.audit.upgrading import upgrade_sqlite

    path = _path(config)
    if config.audit.store == "sqlite":
        with failing_as(f"{path} cannot be upgraded"), closing(open_to_write(path, "")) as connection:
            return upgrade_sqlite(connection, path)
    _require_psycopg()
    from guard.audit.postgres import upgrade as upgrade_at

    audit = config.audit if url_env is None else config.audit.model_copy(update={"url_env": url_env, "url_file": None})
    return upgrade_at(audit.url(os.environ))


def _require_psycopg() -> None:
    if find_spec("psycopg") is None:
        raise ConfigError(
            "audit: 'store: postgresql' needs packages that are not installed. "
            "Install guard with them: pip install 'constitutional-guard[postgresql]'."
        )


def _path(config: Config) -> Path:
    return config.data / config.audit.path
