"""Seals: what shows, to the holder of the log's signing key, that a checkpoint is of this log.

A signature takes 45 us, more than anything else that a commit does, and every exchange waits for two commits. So a
commit is sealed: with a keyed hash over its checkpoint (BLAKE2b in its keyed mode, RFC 7693, under a key that is
derived from the signing key by HKDF, RFC 5869), which takes 1 us and is durable with its entries. Whoever has the
database and not the key can make no seal. To others a seal shows nothing: for them a signature follows
(guard.audit.signing).
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import CHANGE, SEAL, Checkpoint, SigningKey, to_base64
from guard.audit.merkle import HASH_BYTES
from guard.errors import AuditError

INFO: Final = b"guard audit seal/1"


class Seals:
    """Makes and checks the seals of the log whose signing key is `key`."""

    def __init__(self, key: SigningKey) -> None:
        derived = HKDF(SHA256(), HASH_BYTES, salt=key.origin.encode(), info=INFO).derive(key.key.private_bytes_raw())
        self.public = key.public
        self._keyed = blake2b(key=derived, digest_size=HASH_BYTES)

    def make(
        self, size: int, root: bytes, after: int, time_ms: int, before: str, change: str = ""
    ) -> tuple[Checkpoint, str]:
        """A sealed checkpoint and its text; `before` is the checkpoint before, as it is stored, "" for the first.

        `change` names the old and the new key, where the signing key changes.
        """
        origin, hashed = self.public.origin, hash_of(before)
        text = f"{origin}\n{size}\n{to_base64(root)}\nafter {after}\ntime {time_ms}\nbefore {to_base64(hashed)}\n"
        if change:
            text = f"{text}{CHANGE}{change}\n"
        seal = self._of(text)
        return Checkpoint(origin, size, root, after, time_ms, hashed, change, seal), f"{text}{SEAL}{to_base64(seal)}\n"

    def check(self, text: str) -> Checkpoint:
        """The checkpoint whose text is `text`, if its seal is right. Raises AuditError."""
        checkpoint = notes.read_text(text, self.public)
        self.require(checkpoint, text)
        return checkpoint

    def require(self, checkpoint: Checkpoint, text: str) -> None:
        """Raise AuditError where the seal of `checkpoint`, whose text is `text`, is not right."""
        if not compare_digest(checkpoint.seal, self._of(text[: text.rindex(SEAL)])):
            raise AuditError("a checkpoint is not sealed by the key of this log: it was altered, or the key is another")

    def _of(self, text: str) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(text.encode("utf-8", "surrogateescape"))
        return keyed.digest()


def hash_of(note: str) -> bytes:
    """What the next checkpoint says of `note`, as it is stored."""
    return sha256(note.encode("utf-8", "surrogateescape")).digest()
