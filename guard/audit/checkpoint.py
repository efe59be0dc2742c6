r"""Signed checkpoints: what the log was, of which size, at which time, in a form that other tools can check.

A checkpoint is a C2SP signed note (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) with an Ed25519 signature:

    guard/4f1c…            the origin: which log this is
    1042                   the number of leaves
    CsUYapGG…=             the RFC 6962 root, base64
    after 1040             the size at the checkpoint before
    time 1764000000123     the time of the commit, Unix milliseconds

    — guard/4f1c… Az3grl…= the name, and base64 of key id and signature

The last two are extension lines, which the specification permits. Back-dating is visible only if the time of a commit
is under its signature, and a checkpoint that was taken away only if the next one names it. Keys are written as the Go
reference implementation of signed notes writes them.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guard.audit.merkle import HASH_BYTES
from guard.errors import AuditError

ED25519: Final = b"\x01"  # the signature type of the specification
KEY_BYTES: Final = 32
ID_BYTES: Final = 4
PRIVATE: Final = "PRIVATE+KEY+"
MOST_SIGNATURES: Final = 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` grew from `after` to `size` leaves, with the root `root`, at `time_ms` in Unix milliseconds."""

    origin: str
    size: int
    root: bytes
    after: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What checks the checkpoints of the log `origin`."""

    origin: str
    key: Ed25519PublicKey
    id: bytes = field(init=False, compare=False)  # the four bytes that stand for this key in a signature line

    def __post_init__(self) -> None:
        named = self.origin.encode() + b"\n" + ED25519 + self.key.public_bytes_raw()
        object.__setattr__(self, "id", sha256(named).digest()[:ID_BYTES])

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read `origin+id+base64`. Raises AuditError."""
        origin, raw = _key_parts(text.strip())
        key = cls(origin, Ed25519PublicKey.from_public_bytes(raw))
        if str(key) != text.strip():
            raise AuditError("this is not the public key of an audit log: its parts do not belong together")
        return key

    def __str__(self) -> str:
        return f"{self.origin}+{self.id.hex()}+{_base64(ED25519 + self.key.public_bytes_raw())}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs the checkpoints of the log `origin`. Only `secret_text` shows the key."""

    origin: str
    key: Ed25519PrivateKey = field(repr=False)
    public: PublicKey = field(init=False, repr=False)
    id: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _is_name(self.origin):
            raise AuditError("the origin of a log is a word without blanks and plus signs")
        object.__setattr__(self, "public", PublicKey(self.origin, self.key.public_key()))
        object.__setattr__(self, "id", self.public.id)

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read what `secret_text` wrote. Raises AuditError."""
        if not text.startswith(PRIVATE):
            raise AuditError("this is not the signing key of an audit log")
        origin, raw = _key_parts(text.strip().removeprefix(PRIVATE))
        key = cls(origin, Ed25519PrivateKey.from_private_bytes(raw))
        if key.secret_text() != text.strip():
            raise AuditError("this is not the signing key of an audit log: its parts do not belong together")
        return key

    def secret_text(self) -> str:
        """The key as text, for its file."""
        return f"{PRIVATE}{self.origin}+{self.id.hex()}+{_base64(ED25519 + self.key.private_bytes_raw())}"


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note of `checkpoint`, whose origin is that of `key`."""
    text = _text(checkpoint)
    signature = key.key.sign(text.encode())
    return f"{text}\n— {key.origin} {_base64(key.id + signature)}\n"


def verify(note: str, key: PublicKey, *, witnessed: bool = False) -> Checkpoint:
    """The checkpoint that `note` holds, if `key` signed it and no byte was changed since.

    Other signatures beside it are refused, unless `witnessed`: then they are ignored, as the specification asks.
    Raises AuditError.
    """
    text, signature = _parts(note, key, witnessed=witnessed)
    try:
        key.key.verify(signature, text.encode())
    except (InvalidSignature, UnicodeEncodeError) as error:
        raise AuditError("the signature of a checkpoint is not right: the checkpoint was altered") from error
    return _of(text, key)


def read(note: str, key: PublicKey) -> Checkpoint:
    """The checkpoint that `note` holds and says that `key` signed; whether it did, `verify` says. Raises AuditError."""
    return _of(_parts(note, key, witnessed=False)[0], key)


def _parts(note: str, key: PublicKey, *, witnessed: bool) -> tuple[str, bytes]:
    """The text of a note, and the signature that is to be by `key`. Raises AuditError."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise AuditError("a checkpoint is not a signed note")
    signatures = lines[:-1].split("\n")
    ours = [line for line in signatures if _signer(line) == (key.origin, key.id)]
    if len(ours) != 1 or len(signatures) > (MOST_SIGNATURES if witnessed else 1):
        raise AuditError("a checkpoint is not signed by the key of this log, or not by it alone")
    return f"{text}\n", _signature(ours[0])


def _of(text: str, key: PublicKey) -> Checkpoint:
    checkpoint = _parse(text)
    if checkpoint.origin != key.origin:
        raise AuditError("a checkpoint is of another log")
    return checkpoint


def _text(checkpoint: Checkpoint) -> str:
    root = _base64(checkpoint.root)
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\nafter {checkpoint.after}\ntime {checkpoint.time_ms}\n"


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")
    try:
        origin, size, root, after, time = lines[:5]
        numbers = int(size), int(after.removeprefix("after ")), int(time.removeprefix("time "))
        checkpoint = Checkpoint(origin, numbers[0], strict_base64(root), *numbers[1:])
    except ValueError as error:
        raise AuditError("a checkpoint does not have the lines of this version of guard") from error
    if _text(checkpoint) != text or min(numbers) < 0 or len(checkpoint.root) != HASH_BYTES:
        raise AuditError("a checkpoint does not have the lines of this version of guard")
    return checkpoint


def _signer(line: str) -> tuple[str, bytes]:
    """The name and the key id of one signature line. Raises AuditError where it is none."""
    dash, _, rest = line.partition(" ")
    name, _, signature = rest.partition(" ")
    if dash != "—" or not _is_name(name):
        raise AuditError("a checkpoint has a malformed signature line")
    try:
        raw = strict_base64(signature)
    except ValueError as error:
        raise AuditError("a checkpoint has a malformed signature line") from error
    if len(raw) <= ID_BYTES:
        raise AuditError("a checkpoint has a malformed signature line")
    return name, raw[:ID_BYTES]


def _signature(line: str) -> bytes:
    return strict_base64(line.rpartition(" ")[2])[ID_BYTES:]


def _key_parts(text: str) -> tuple[str, bytes]:
    """Origin and raw key of `origin+id+base64`; the id is for the caller to compare. Raises AuditError."""
    try:
        origin, _, encoded = text.split("+", 2)
        raw = strict_base64(encoded)
    except ValueError:
        # `from None`: the error at hand may carry the key.
        raise AuditError("this is not the key of an audit log: origin+id+base64 is expected") from None
    if not _is_name(origin) or raw[:1] != ED25519 or len(raw) != KEY_BYTES + 1:
        raise AuditError("this is not an Ed25519 key of an audit log")
    return origin, raw[1:]


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and text.isprintable() and not any(map(str.isspace, text))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def strict_base64(text: str) -> bytes:
    """The bytes of strict base64: one text for one value. Raises ValueError."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if _base64(data) != text:
        raise ValueError("not base64")
    return data
