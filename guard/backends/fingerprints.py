"""Recognizers from the files that `guard fingerprint` makes."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from guard.backends import arrays
from guard.errors import ConfigError
from guard.mask.cells import Lengths
from guard.mask.excerpts import Match, matches
from guard.mask.grams import KEY_SIZE, Hasher
from guard.mask.patterns import Result
from guard.mask.records import Records
from guard.mask.winnow import Fingerprints

DOCUMENTS: Final = "documents"
ROWS: Final = "rows"

_COMBINED, _SINGLE = 0.9, 0.95
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load(path: Path) -> ConfidentialText | CustomerRecords:
    """The recognizer of the index `path`. Raises ConfigError.

    The index is mapped, not read, and stays as it was when it is built again: `version` says which one it is.
    """
    header, kept = arrays.read(path)
    match header.get("kind"):
        case "documents":
            return ConfidentialText(header, kept)
        case "rows":
            return CustomerRecords(header, kept, path)
        case _:
            raise ConfigError(f"{path}: holds fingerprints of an unknown kind. Update guard, or build it again.")


class ConfidentialText:
    """CONFIDENTIAL_TEXT: excerpts of the documents of an index, in the shape of Presidio's EntityRecognizer.

    A score is the share of the excerpt's letters that matching fingerprints cover, boilerplate left out.
    """

    name = "fingerprints"
    supported_language = "*"

    def __init__(self, header: Mapping[str, Any], kept: Mapping[str, NDArray[Any]]) -> None:
        self.supported_entities = ["CONFIDENTIAL_TEXT"]
        self.version: str = header["version"]
        self._names = [entry["name"] for entry in header["documents"]]
        self._hasher = Hasher(bytes.fromhex(header["key"]))
        self._table = Fingerprints(**kept)

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The excerpts in `text`; where several documents hold one, each gives a result, and they overlap."""
        if entities is not None and "CONFIDENTIAL_TEXT" not in entities:
            return []
        return [Result("CONFIDENTIAL_TEXT", m.start, m.end, m.score) for m in self._matches(text)]

    def explain(self, text: str) -> list[tuple[Result, str]]:
        """What `analyze` gives, each with the name of its document."""
        found = self._matches(text)
        return [(Result("CONFIDENTIAL_TEXT", m.start, m.end, m.score), self._names[m.document]) for m in found]

    def _matches(self, text: str) -> list[Match]:
        return matches(text, self._table, self._hasher)


class CustomerRecords:
    """CUSTOMER: cells of one row of a customer list that stand near each other, or one that is enough alone."""

    name = "records"
    supported_language = "*"

    def __init__(self, header: Mapping[str, Any], kept: Mapping[str, NDArray[Any]], path: Path) -> None:
        key = read_key(path)
        if check_of(key) != header["check"]:
            raise ConfigError(f"{key_file(path)}: is not the key of {path.name}. Restore its key, or build it again.")
        self.supported_entities = ["CUSTOMER"]
        self.version: str = header["version"]
        lengths = Lengths(tuple(header["lengths"]["cjk"]), tuple(header["lengths"]["others"]))
        self._rows = Records(key, header["cells"], lengths, kept["bits"], kept["combined"], kept["single"])

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The cells in `text`. The cells of one row may stand in another order or line, NEAR characters apart."""
        if entities is not None and "CUSTOMER" not in entities:
            return []
        return [Result("CUSTOMER", start, end, _COMBINED) for start, end in self._rows.find(text)]

    def explain(self, text: str) -> list[tuple[Result, str]]:
        """What `analyze` gives; no row is named, since the index does not know which it was."""
        return [(result, "") for result in self.analyze(text)]


def new_version() -> str:
    """A name for an index that is about to be written."""
    return secrets.token_hex(8)


def key_file(index: Path) -> Path:
    """Where the key of an index of customer records lies. It may be a link to a mounted secret."""
    return index.with_name(f"{index.name}.key")


def check_of(key: bytes) -> str:
    """What says whether a key is the right one, and nothing else about it."""
    return hashlib.blake2b(b"check", key=key, digest_size=8).hexdigest()


def read_key(index: Path) -> bytes:
    """The key of an index of customer records. Raises ConfigError, also where others than its owner can read it."""
    path = key_file(index)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise ConfigError(f"{path}: others can read this key. Run: chmod 600 {path}")
            key = file.read(KEY_SIZE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be read ({error.strerror}). Check its owner and rights.") from error
    if len(key) != KEY_SIZE:
        raise ConfigError(f"{path}: is no key. Restore it, or remove it and build the index again.")
    return key


def make_key(index: Path) -> bytes:
    """The key of an index of customer records; where there is none, it is made. Raises ConfigError."""
    path = key_file(index)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(index)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made ({error.strerror}). Check the rights of its folder.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_SIZE))
        file.flush()
        os.fsync(descriptor)
    return read_key(index)
