"""The break-glass key pair: what is sealed for the public half only opens with the private one, kept away from guard.

Both are X25519 keys as PEM: PKCS #8 and SubjectPublicKeyInfo, as openssl reads them.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from guard.audit import keyfile
from guard.errors import ConfigError


def create_pair(path: Path) -> Path:
    """Make a private key in the new file `path`, and its public half beside it, whose path is given.

    Raises ConfigError where either is there already.
    """
    public = path.with_name(f"{path.name}.pub")
    for file in (path, public):
        if file.exists():
            raise ConfigError(f"{file}: is there already, and what was sealed for it needs it. Name a new file.")
    key = X25519PrivateKey.generate()
    keyfile.create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keyfile.create(public, pem, mode=0o644)
    return public


def load_private(path: Path) -> X25519PrivateKey:
    """The private key in `path`. Raises ConfigError."""
    data = keyfile.load(path)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        # Outside of the `except`: what it caught may carry the key.
        raise ConfigError(f"{path}: is not a private break-glass key. Name the file that break-glass-key made.")
    return key


def load_public(path: Path) -> X25519PublicKey:
    """The public key in `path`. Raises ConfigError."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: the break-glass key cannot be read ({error.strerror}). Check the path.") from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise ConfigError(f"{path}: is not the public half of a break-glass key. Name the .pub file.")
    return key
