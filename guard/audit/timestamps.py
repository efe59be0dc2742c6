"""RFC 3161 time-stamps over checkpoints: what an authority outside says of when the log was what.

A token lies in a folder beside the log as NAME.tsr, the whole answer of the authority in DER, and beside it as
NAME.note the signed note whose bytes it is over. It says that the note, and so every entry under it, was there at its
time. The chain of certificates is checked as of that time, by rfc3161-client, which uses OpenSSL.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, Keys
from guard.errors import AuditError, ConfigError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest

STAMPS: Final = "timestamps"  # the folder, in the data folder
ANSWER: Final = ".tsr"
NOTE: Final = ".note"
FOREVER_MS: Final = 2**63


@dataclass(frozen=True, slots=True)
class Stamp:
    """That `checkpoint` was there at `time_ms`, in Unix milliseconds, by the clock of a time-stamp authority."""

    checkpoint: Checkpoint
    time_ms: int


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom to believe: the certificates of an authority's roots, and those between a root and the one that signs."""

    roots: tuple[Certificate, ...]
    others: tuple[Certificate, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Authority:
        """Read a PEM file with certificates; those that sign themselves are the roots. Raises ConfigError."""
        from cryptography.x509 import load_pem_x509_certificates

        try:
            found = load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: holds no certificates in PEM that can be read. Check the path.") from error
        roots = tuple(one for one in found if one.issuer == one.subject)
        if not roots:
            raise ConfigError(f"{path}: holds no root certificate. Add the one that the authority publishes.")
        return cls(roots, tuple(one for one in found if one not in roots))


def request(note: str) -> TimeStampRequest:
    """The question for a token over the bytes of `note`, with a nonce."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).build()


def accept(answer: bytes, asked: TimeStampRequest) -> int:
    """The time in an authority's answer, if it fits what was asked; Unix milliseconds. Raises AuditError.

    Who signed it is not checked here: see `time_of`.
    """
    from rfc3161_client import PKIStatus, decode_timestamp_response

    try:
        response = decode_timestamp_response(answer)
        granted = response.status == PKIStatus.GRANTED
    except ValueError as error:
        raise AuditError("the time-stamp authority did not answer with a time-stamp") from error
    if not granted:
        raise AuditError(f"the time-stamp authority refused (status {response.status})")
    told = response.tst_info
    imprint = told.message_imprint
    if told.nonce != asked.nonce or imprint.message != asked.message_imprint.message:
        raise AuditError("the time-stamp is not over what was asked: somebody stands in between")
    return int(told.gen_time.timestamp() * 1000)


def time_of(answer: bytes, note: str, authority: Authority) -> int:
    """When `note` was there, by the token in `answer`; Unix milliseconds. Raises AuditError where that is not shown."""
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    verifier = VerifierBuilder(roots=[*authority.roots], intermediates=[*authority.others]).build()
    try:
        response = decode_timestamp_response(answer)
        verifier.verify_message(response, note.encode())
        return int(response.tst_info.gen_time.timestamp() * 1000)
    except (ValueError, VerificationError) as error:
        raise AuditError("a time-stamp does not stand: it was altered, or is not by this authority") from error


def load(folder: Path, authority: Authority, keys: Keys) -> Iterator[Stamp | str]:
    """The time-stamps in `folder`, each as a Stamp, or as the name of a file that is none. Raises ConfigError."""
    try:
        tokens = sorted(folder.glob(f"*{ANSWER}"))
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read. Check the path and its rights.") from error
    for path in tokens:
        try:
            note = path.with_suffix(NOTE).read_text(encoding="utf-8")
            checkpoint = notes.verify(note, keys, witnessed=True)
            yield Stamp(checkpoint, time_of(path.read_bytes(), note, authority))
        except (OSError, UnicodeDecodeError, AuditError):
            yield path.name


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which times the entries of a log must have been made, by what authorities say."""

    stamps: tuple[Stamp, ...]
    _sizes: tuple[int, ...] = field(init=False, repr=False)
    _before: tuple[int, ...] = field(init=False, repr=False)  # the latest time among the first so many stamps
    _after: tuple[int, ...] = field(init=False, repr=False)  # the earliest time among those from here on

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.stamps, key=lambda stamp: stamp.checkpoint.size))
        times = [stamp.time_ms for stamp in ordered]
        set_ = object.__setattr__
        set_(self, "stamps", ordered)
        set_(self, "_sizes", tuple(stamp.checkpoint.size for stamp in ordered))
        set_(self, "_before", (0, *accumulate(times, max)))
        set_(self, "_after", (*reversed([*accumulate(reversed(times), min)]), FOREVER_MS))

    @classmethod
    def of(cls, stamps: Iterable[Stamp]) -> Bounds:
        """The bounds that `stamps` set."""
        return cls(tuple(stamps))

    def around(self, size: int) -> tuple[int, int]:
        """What was added by the checkpoint of `size` entries was made after the first and before the second time.

        Before 0 and after FOREVER_MS lies no time-stamp.
        """
        at = bisect_left(self._sizes, size)
        return self._before[at], self._after[at]
