"""Whose a code is, for ever: also when its value is forgotten, no other value may have it.

What is kept of a value is a keyed hash (HMAC-SHA256 under a key derived from the tenant key), from which it cannot be
read, as the audit log keeps one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import bindparam, select

from guard.audit.drawer_models import OWNERS, add_new
from guard.audit.models import DialectName
from guard.audit.shelf import Run
from guard.audit.tables import Prepared, prepare

HASH_BYTES: Final = 16
PURPOSE: Final = b"guard owners of codes 1\0"


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on owners, for one database."""

    find: Prepared  # tenant, name
    claim: Prepared  # the columns of OWNERS


@cache
def statements(dialect: DialectName) -> Statements:
    """The statements for a database."""
    one = OWNERS.c
    named = (one.tenant == bindparam("tenant", type_=one.tenant.type)) & (
        one.name == bindparam("name", type_=one.name.type)
    )
    find = select(one.owner).where(named)
    return Statements(prepare(find, dialect), prepare(add_new(OWNERS, dialect), dialect))


class Owners:
    """The owners of the names that a tenant has given out: codes, and `CODE_FORM` of single spellings.

    An owner is a value or a spelling, given as its texts. Works inside the transactions of the vault's drawer.
    """

    def __init__(self, dialect: DialectName, key: bytes) -> None:
        self._asks = statements(dialect)
        self._key = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key)

    def of(self, run: Run, tenant: str, names: Iterable[str]) -> dict[str, bytes | None]:
        """Whose each of `names` is, None where it is nobody's."""
        asked = {name: run(self._asks.find, tenant=tenant, name=name) for name in names}
        rows = {name: answer.fetchone() for name, answer in asked.items()}
        return {name: None if row is None else bytes(row[0]) for name, row in rows.items()}

    def may_have(self, found: bytes | None, tenant: str, name: str, *owner: str | None) -> bool:
        """Whether `name`, of which `of` found this, is this owner's, or nobody's."""
        return found is None or found == self._hash(tenant, name, *owner)

    def claim(self, run: Run, tenant: str, name: str, *owner: str | None) -> None:
        """Let `name` be this owner's, unless it is another's."""
        run(self._asks.claim, tenant=tenant, name=name, owner=self._hash(tenant, name, *owner))

    def _hash(self, *parts: str | None) -> bytes:
        # Each part is preceded by its length, so that no two lists of parts read the same.
        encoded = (b"\0" if part is None else b"\1" + part.encode("utf-8", "surrogatepass") for part in parts)
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in encoded)
        return hmac.digest(self._key, message, sha256)[:HASH_BYTES]
