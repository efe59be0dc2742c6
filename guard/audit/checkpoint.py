r"""Checkpoints: what the log was, of which size, at which time, in a form that other tools can check.

Each commit has one, which is sealed at once (guard.audit.seals); the newest is signed a moment later
(guard.audit.signing). A signed checkpoint is a C2SP signed note (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) with
an Ed25519 signature:

    guard/4f1c…            the origin: which log this is
    1042                   the number of leaves
    CsUYapGG…=             the RFC 6962 root, base64
    after 1040             the size at the checkpoint before
    time 1764000000123     the time of the commit, Unix milliseconds
    before 9yGs5sTq…=      the SHA-256 of the checkpoint before, as it is stored: base64
    key OLD NEW            only where the signing key changes: the old and the new public key; both sign
    seal kUaWyGWq…=        what shows to the holder of the key that it is of this log: guard.audit.seals

    — guard/4f1c… Az3grl…= the name, and base64 of key id and signature

What follows the root are extension lines, which the specification permits. Back-dating is visible only if the time of a
commit is under a signature, and a checkpoint that was taken away only if the next one names it. As each names the one
before by its hash, a signature is over all checkpoints up to its own. Those of an older guard have neither a line
`before` nor a seal; each of them is signed by itself. Keys are written as the Go
reference implementation of signed notes writes them.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guard.audit.merkle import HASH_BYTES
from guard.errors import AuditError

ED25519: Final = b"\x01"  # the signature type of the specification
KEY_BYTES: Final = 32
ID_BYTES: Final = 4
PRIVATE: Final = "PRIVATE+KEY+"
MOST_SIGNATURES: Final = 16
SEAL: Final = "seal "
CHANGE: Final = "key "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` grew from `after` to `size` leaves, with the root `root`, at `time_ms` in Unix milliseconds.

    `before` and `seal` are empty in those of an older guard; `change` names the old and the new key, where they change.
    """

    origin: str
    size: int
    root: bytes
    after: int
    time_ms: int
    before: bytes = b""
    change: str = ""
    seal: bytes = b""


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

    def at(self, size: int) -> PublicKey:  # noqa: ARG002 - see Keys
        """See Keys: of a log whose key was not changed."""
        return self

    def __str__(self) -> str:
        return f"{self.origin}+{self.id.hex()}+{to_base64(ED25519 + self.key.public_bytes_raw())}"


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
        return f"{PRIVATE}{self.origin}+{self.id.hex()}+{to_base64(ED25519 + self.key.private_bytes_raw())}"


class Keys(Protocol):
    """The public keys of one log; a PublicKey alone is one, `guard.audit.ring.Ring` is all of them."""

    @property
    def origin(self) -> str:
        """Which log this is."""
        ...

    def at(self, size: int) -> PublicKey:
        """The key that signs the checkpoint of `size` entries."""
        ...


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note of `checkpoint`, whose origin is that of `key`."""
    return sign_text(_text(checkpoint), key)


def sign_text(text: str, *keys: SigningKey) -> str:
    """The note of a checkpoint whose text is `text`, signed by each of `keys`."""
    lines = [f"— {key.origin} {to_base64(key.id + key.key.sign(text.encode()))}\n" for key in keys]
    return f"{text}\n{''.join(lines)}"


def changed_keys(note: Any) -> tuple[PublicKey, PublicKey]:
    """The old and the new key that `note` says of the signing key; whether it is signed is not looked at.

    Raises AuditError where it tells of no change.
    """
    line = next((one for one in str(note).split("\n")[:7] if one.startswith(CHANGE)), "")
    old, _, new = line.removeprefix(CHANGE).partition(" ")
    return PublicKey.parse(old), PublicKey.parse(new)


def is_signed(note: str) -> bool:
    """Whether `note` is a signed note, and not the text of a checkpoint alone."""
    return "\n\n" in note


def text_of(note: str) -> str:
    """The text of a signed note: what is signed."""
    return note.rpartition("\n\n")[0] + "\n"


def verify(note: str, keys: Keys, *, witnessed: bool = False) -> Checkpoint:
    """The checkpoint that `note` holds, if the key of its size signed it and no byte was changed since.

    Other signatures beside it are refused, unless `witnessed`: then they are ignored, as the specification asks.
    Raises AuditError.
    """
    key = keys.at(_size(note))
    text, signature = _parts(note, key, witnessed=witnessed)
    try:
        key.key.verify(signature, text.encode())
    except (InvalidSignature, UnicodeEncodeError) as error:
        raise AuditError("the signature of a checkpoint is not right: the checkpoint was altered") from error
    return _of(text, key)


def read(note: str, keys: Keys) -> Checkpoint:
    """The checkpoint that `note` holds and says its key signed; `verify` says whether it did. Raises AuditError."""
    key = keys.at(_size(note))
    return _of(_parts(note, key, witnessed=False)[0], key)


def read_text(text: str, keys: Keys) -> Checkpoint:
    """The checkpoint whose text is `text`, not signed, of the log of `keys`. Raises AuditError."""
    checkpoint = _of(text, keys)
    if not checkpoint.seal:
        raise AuditError("a checkpoint is neither sealed nor signed")
    return checkpoint


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


def _size(note: str) -> int:
    """The size that a note is of, for its key to be found; whether it is a note at all is not looked at."""
    try:
        return int(note.split("\n", 2)[1])
    except (ValueError, IndexError):
        return 0


def _of(text: str, keys: Keys) -> Checkpoint:
    checkpoint = _parse(text)
    if checkpoint.origin != keys.origin:
        raise AuditError("a checkpoint is of another log")
    return checkpoint


def _text(checkpoint: Checkpoint) -> str:
    root = to_base64(checkpoint.root)
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{root}\nafter {checkpoint.after}\ntime {checkpoint.time_ms}\n"
    if not checkpoint.seal:
        return text
    change = f"{CHANGE}{checkpoint.change}\n" if checkpoint.change else ""
    return f"{text}before {to_base64(checkpoint.before)}\n{change}{SEAL}{to_base64(checkpoint.seal)}\n"


def _parse(text: str) -> Checkpoint:
    """Strictly: what is parsed, written anew, is `text` to the letter."""
    lines = text.split("\n")
    try:
        origin, size, root, after, time = lines[:5]
        numbers = int(size), int(after.removeprefix("after ")), int(time.removeprefix("time "))
        hash_before, change, seal = _sealed(lines[5:-1])
        checkpoint = Checkpoint(origin, numbers[0], a2b_base64(root), *numbers[1:], hash_before, change, seal)
    except ValueError as error:
        raise AuditError("a checkpoint does not have the lines of this version of guard") from error
    if _text(checkpoint) != text or min(numbers) < 0 or len(checkpoint.root) != HASH_BYTES:
        raise AuditError("a checkpoint does not have the lines of this version of guard")
    return checkpoint


def _sealed(lines: list[str]) -> tuple[bytes, str, bytes]:
    """The hash of the checkpoint before, the change of keys and the seal, of their lines. Raises ValueError."""
    if not lines:
        return b"", "", b""
    before, *change, seal = lines
    if len(change) > 1:
        raise ValueError
    hashes = a2b_base64(before.removeprefix("before ")), a2b_base64(seal.removeprefix(SEAL))
    if len(hashes[0]) != HASH_BYTES or len(hashes[1]) != HASH_BYTES:
        raise ValueError
    return hashes[0], change[0].removeprefix(CHANGE) if change else "", hashes[1]


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


def to_base64(data: bytes) -> str:
    """Strict base64, in one line."""
    return b2a_base64(data, newline=False).decode("ascii")


def strict_base64(text: str) -> bytes:
    """The bytes of strict base64: one text for one value. Raises ValueError."""
    try:
        data = a2b_base64(text, strict_mode=True)
    except Error as error:
        raise ValueError("not base64") from error
    if to_base64(data) != text:
        raise ValueError("not base64")
    return data
