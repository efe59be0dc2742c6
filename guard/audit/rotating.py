"""Changing the signing key of a log: the new key lies beside the old one until the log says that it is the key.

The files of a log `audit`: `audit.key` signs and `audit.pub` is its public half; `audit.next.key` is the key that is to
follow. First the change is durable in the log; then `audit.pub` is written anew, then `audit.next.key` takes the place
of `audit.key`. Whoever stops in between goes on from there: a process that meets the change in the log, whoever made
it, looks for the new key here and finishes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guard.audit import keyfile
from guard.audit.checkpoint import PublicKey, SigningKey
from guard.errors import AuditError, ConfigError

if TYPE_CHECKING:
    from guard.audit.retention import Steward
    from guard.audit.store import Store

NEXT: Final = ".next.key"
SUBJECT: Final = "signing key of the log"


def next_of(private: Path) -> Path:
    """Where the key lies that is to follow the one in `private`."""
    return private.with_suffix(NEXT)


def prepare(private: Path) -> SigningKey:
    """The key that is to follow the one in `private`; it is made where there is none. Raises ConfigError."""
    now = _load(private)

    def make() -> bytes:
        return f"{SigningKey(now.origin, Ed25519PrivateKey.generate()).secret_text()}\n".encode()

    made = keyfile.load_or_create(next_of(private), make)
    key = _parse(next_of(private), made)
    if key.origin != now.origin or key.public == now.public:
        raise ConfigError(f"{next_of(private)}: is no key that could follow the one of this log. Delete it.")
    return key


def rotate(store: Store, private: Path, reason: str, steward: Steward) -> PublicKey:
    """Let the prepared key sign from now on, as `steward` says; gives its public half.

    Raises ConfigError, AuditError.
    """
    old, new = _load(private), prepare(private)
    note = f"{reason} ({old.id.hex()} was followed by {new.id.hex()})"
    store.rotate(new, steward.act("key", SUBJECT, note))
    _take(private, new)
    return new.public


def finder(private: Path) -> Callable[[PublicKey], SigningKey | None]:
    """What gives the signing key of a public key, of the files here; the next one takes the place of `private` then."""

    def find(public: PublicKey) -> SigningKey | None:
        finish(private)
        for path in (private, next_of(private)):
            with suppress(ConfigError):
                key = _load(path)
                if key.public == public:
                    if path != private:
                        _take(private, key)
                    return key
        return None

    return find


def finish(private: Path) -> None:
    """Put the next key in the place of `private` where the public key is its already: somebody stopped in between."""
    with suppress(ConfigError, OSError, UnicodeDecodeError, AuditError):
        following = _load(next_of(private))
        if PublicKey.parse(private.with_suffix(".pub").read_text(encoding="utf-8")) == following.public:
            next_of(private).replace(private)


def _take(private: Path, key: SigningKey) -> None:
    """Write the public half of `key`, then put the next key in the place of `private`. Raises ConfigError."""
    public = private.with_suffix(".pub")
    draft = public.with_name(f".{public.name}.{secrets.token_hex(8)}")
    try:
        keyfile.create(draft, f"{key.public}\n".encode(), mode=0o644)
        draft.replace(public)
        with suppress(FileNotFoundError):  # another process on this machine was first
            next_of(private).replace(private)
        descriptor = os.open(private.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError(
            f"{private}: cannot be replaced ({error.strerror}). Check the rights of its folder."
        ) from error


def _load(path: Path) -> SigningKey:
    return _parse(path, keyfile.load(path))


def _parse(path: Path, data: bytes) -> SigningKey:
    try:
        return SigningKey.parse(data.decode())
    except (AuditError, UnicodeDecodeError):
        # `from None`: the error at hand may carry the key.
        raise ConfigError(f"{path}: is not the signing key of an audit log. Restore it from a backup.") from None
