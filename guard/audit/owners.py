"""Whose a code is, for ever: also when its value is forgotten, no other value may have it.

What is kept of a value is a keyed hash (HMAC-SHA256 under a key derived from the tenant key), from which it cannot be
read, as the audit log keeps one.
"""

from __future__ import annotations

import hmac
import sqlite3
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HASH_BYTES: Final = 16
PURPOSE: Final = b"guard owners of codes 1\0"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS owners (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    owner BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
"""
READ: Final = "SELECT owner FROM owners WHERE tenant = ? AND name = ?"
CLAIM: Final = "INSERT OR IGNORE INTO owners (tenant, name, owner) VALUES (?, ?, ?)"


class Owners:
    """The owners of the names that a tenant has given out: codes, and `CODE_FORM` of single spellings.

    An owner is a value or a spelling, given as its texts. Works inside the transactions of `connection`, whose file
    has the tables of `SCHEMA`.
    """

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        self._connection = connection
        self._key = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key)

    def may_have(self, tenant: str, name: str, *owner: str | None) -> bool:
        """Whether `name` is this owner's, or nobody's."""
        row = self._connection.execute(READ, (tenant, name)).fetchone()
        return row is None or row[0] == self._hash(tenant, name, *owner)

    def claim(self, tenant: str, name: str, *owner: str | None) -> None:
        """Let `name` be this owner's, unless it is another's."""
        self._connection.execute(CLAIM, (tenant, name, self._hash(tenant, name, *owner)))

    def _hash(self, *parts: str | None) -> bytes:
        # Each part is preceded by its length, so that no two lists of parts read the same.
        encoded = (b"\0" if part is None else b"\1" + part.encode("utf-8", "surrogatepass") for part in parts)
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in encoded)
        return hmac.digest(self._key, message, sha256)[:HASH_BYTES]
