"""The audit log of a configuration, wherever it lies."""

from __future__ import annotations

from guard.audit.reading import Reader, SqliteReader
from guard.audit.store import SqliteStore
from guard.config import Config


def reader_of(config: Config) -> Reader:
    """The log of `config`, to read. Nothing is opened before it is asked for."""
    return SqliteReader(config.data / config.audit.path)


def store_of(config: Config) -> SqliteStore:
    """The log of `config`, to append to. Raises ConfigError, AuditError."""
    return SqliteStore(config.data / config.audit.path)
