"""The audit log of a configuration, wherever it lies."""

from __future__ import annotations

from guard.audit.entries import Opener, unopened
from guard.audit.reading import Reader, SqliteReader
from guard.audit.store import SqliteStore
from guard.config import Config


def reader_of(config: Config, *, opener: Opener = unopened) -> Reader:
    """The log of `config`, to read; `opener` puts entries and the content beside them together. Opens nothing yet."""
    return SqliteReader(config.data / config.audit.path, opener=opener)


def store_of(config: Config, *, opener: Opener = unopened) -> SqliteStore:
    """The log of `config`, to append to. Raises ConfigError, AuditError."""
    return SqliteStore(config.data / config.audit.path, opener=opener)
