"""The audit log of a configuration, wherever it lies."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from guard.audit.breakglass import load_public
from guard.audit.reading import Reader, SqliteReader
from guard.audit.store import SqliteStore
from guard.audit.tenant import TENANT_KEY, load_or_create_tenant_key, opener_with
from guard.config import Config


def reader_of(config: Config, *, break_glass: X25519PrivateKey | None = None) -> Reader:
    """The log of `config`, to read; its content opens with the tenant key and with `break_glass`. Opens no log yet."""
    opener = opener_with(config.data / TENANT_KEY, break_glass)
    return SqliteReader(config.data / config.audit.path, opener=opener)


def store_of(config: Config) -> SqliteStore:
    """The log of `config`, to append to. Raises ConfigError, AuditError."""
    public = config.audit.break_glass_public
    return SqliteStore(
        config.data / config.audit.path,
        tenant_key=load_or_create_tenant_key(config.data / TENANT_KEY),
        break_glass=None if public is None else load_public(public),
    )
