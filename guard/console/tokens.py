"""Secrets of the console: random tokens, of which only a hash is stored, and what a browser keeps for us, sealed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.audit.keyfile import load_or_create
from guard.errors import ConfigError

BYTES: Final = 32  # 256 bits: there is nothing to guess
NONCE_BYTES: Final = 12
PURPOSE: Final = b"guard console 1\0"
LONGEST: Final = 4096  # characters of what is opened: a cookie is no longer
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def fresh() -> str:
    """A new token: 256 random bits in 43 characters of URL-safe base64."""
    return secrets.token_urlsafe(BYTES)


def is_token(text: str) -> bool:
    """Whether `text` has the shape of a token."""
    return _SHAPE.fullmatch(text) is not None


def digest(token: str) -> bytes:
    """What is stored of a token. A plain hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()


def same(given: str, known: str) -> bool:
    """Whether two texts are the same, in a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "backslashreplace"), known.encode())


def load_key(path: Path) -> bytes:
    """The console's key, made at the first start. Raises ConfigError."""
    key = load_or_create(path, lambda: secrets.token_bytes(BYTES))
    if len(key) != BYTES:
        raise ConfigError(
            f"{path}: is not a key of the console. Delete it: another is made, and who signs in starts anew."
        )
    return key


def derived_key(tenant_key: bytes) -> bytes:
    """The console's key where several machines serve it, who have the tenant key alike (HKDF-SHA256)."""
    return HKDF(SHA256(), BYTES, salt=None, info=PURPOSE).derive(tenant_key)


def seal(key: bytes, purpose: str, values: Mapping[str, str | float]) -> str:
    """`values` as text that only the holder of `key` can read or make, for this `purpose` alone (AES-256-GCM)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, json.dumps(values).encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()


def unseal(key: bytes, purpose: str, text: str) -> dict[str, str | float] | None:
    """What was sealed; None where `text` was not sealed with this key and for this purpose."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        opened = AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose.encode())
    except (ValueError, InvalidTag):
        return None
    values: dict[str, str | float] = json.loads(opened)
    return values
