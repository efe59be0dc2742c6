"""The tenant key, of which the keys of the vault and of the persons in the audit log are derived."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from guard.audit import keyfile
from guard.audit.entries import Opener, opener
from guard.audit.persons import Keyring
from guard.errors import ConfigError

KEY_BYTES: Final = 32
TENANT_KEY: Final = "tenant.key"  # in the data folder


def load_or_create_tenant_key(path: Path) -> bytes:
    """The 32 bytes of the tenant key in `path`, made at random where there is none. Raises ConfigError."""
    return _whole(path, keyfile.load_or_create(path, lambda: os.urandom(KEY_BYTES)))


def opener_with(path: Path, break_glass: X25519PrivateKey | None = None) -> Opener:
    """What opens content with the tenant key in `path`, if it is there, and with `break_glass`. Raises ConfigError."""
    key = _whole(path, keyfile.load(path)) if path.exists() else None
    return opener(Keyring(key, break_glass))


def opener_of(key: bytes) -> Opener:
    """What opens content with the tenant key `key`."""
    return opener(Keyring(key))


def _whole(path: Path, key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path}: a tenant key has {KEY_BYTES} bytes, this has {len(key)}. Restore it from a backup.")
    return key
