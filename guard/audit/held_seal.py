"""How held replies are sealed: AES-256-GCM under a key derived (HKDF-SHA256) from the tenant key and the tenant's name.

Tenant, exchange and what the row is about are the associated data, so that a row cannot be passed off as another's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.asks import Held
from guard.errors import AuditError
from guard.types import Principal, Spelling

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PURPOSE: Final = b"guard held replies 1\0"

What = Literal["reply", "decision"]


class Seal:
    """What seals and opens the held replies of `tenant`, under the tenant key `key`."""

    def __init__(self, key: bytes, tenant: str) -> None:
        self._tenant = tenant
        derived = HKDF(SHA256(), 2 * KEY_BYTES, salt=None, info=PURPOSE + tenant.encode()).derive(key)
        self._cipher, self._owners = AESGCM(derived[:KEY_BYTES]), derived[KEY_BYTES:]

    def owner(self, principal: Principal) -> bytes:
        """A keyed hash of whom a reply is for."""
        named = json.dumps([principal.user, principal.team, principal.application]).encode()
        return hmac.new(self._owners, named, hashlib.sha256).digest()

    def seal(self, exchange: str, what: What, clear: bytes) -> bytes:
        """`clear` as only the holder of the key reads it: the nonce, then the ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, self._about(exchange, what))

    def open(self, exchange: str, what: What, sealed: bytes) -> bytes:
        """What `seal` was given. Raises AuditError where it is not of this key, exchange and kind."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._about(exchange, what))
        except (InvalidTag, TypeError, ValueError) as error:
            raise AuditError("a held reply cannot be opened with the tenant key: restore the key") from error

    def _about(self, exchange: str, what: What) -> bytes:
        return json.dumps([self._tenant, exchange, what]).encode()


def plain(held: Held) -> bytes:
    """A held reply as bytes, to be sealed."""
    names = {name: (spelling.text, spelling.escaped) for name, spelling in held.names.items()}
    body = base64.b64encode(held.body).decode()
    return json.dumps({**asdict(held), "names": names, "body": body}).encode()


def held_of(clear: bytes) -> Held:
    """The held reply of which `plain` made these bytes."""
    values: Mapping[str, Any] = json.loads(clear)
    return Held(
        **{
            **values,
            "principal": Principal(**values["principal"]),
            "principles": tuple(values["principles"]),
            "turns": tuple(values.get("turns", ())),  # no older guard held requests
            "names": {name: Spelling(*spelling) for name, spelling in values["names"].items()},
            "body": base64.b64decode(values["body"]),
        }
    )
