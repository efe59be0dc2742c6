"""The index of a folder of confidential documents: built, and brought up to date, for `guard fingerprint FOLDER`."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib.resources import files as packaged
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from guard.backends import arrays, charsets
from guard.backends.extract import KINDS, Limits, extract_text
from guard.backends.fingerprints import DOCUMENTS, new_version
from guard.errors import ConfigError, GuardError, RequestError
from guard.mask.boilerplate import shared
from guard.mask.grams import KEY_SIZE, Hasher
from guard.mask.winnow import Fingerprints, Prints, distinct, table_of, taken_apart, winnowed
from guard.types import Progress

Role: TypeAlias = Literal["document", "ignored", "common"]
# document  is recognised
# ignored   is boilerplate of the user's own, from --ignore
# common    is boilerplate that comes with guard

# Nobody waits for an answer, so files may be larger and slower than those in a prompt.
LIMITS = Limits(
    size=512 << 20,
    unpacked=1 << 30,
    parts=50_000,
    pages=20_000,
    characters=100_000_000,
    seconds=600,
    scan_seconds=3_600,
)
_TEXT = frozenset(
    {
        *(".txt", ".md", ".markdown", ".rst", ".tex", ".adoc", ".org", ".log", ".eml", ".csv", ".tsv", ".json"),
        *(".jsonl", ".yaml", ".yml", ".toml", ".ini", ".sql", ".srt", ".vtt"),
    }
)
_KINDS: Mapping[str, str] = {
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".xml": "text/xml",
    **{f".{reader}": kind for kind, reader in KINDS.items() if reader in ("pdf", "docx", "xlsx", "pptx")},
}
_LITTLE = 0.1  # the share of own fingerprints under which a document is hardly protected


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an index, as its header holds it. `own` of its `count` fingerprints are no boilerplate."""

    name: str
    role: Role
    size: int
    mtime: int
    digest: str
    count: int = 0
    own: int = 0

    @property
    def little(self) -> bool:
        """Whether it is a document that has hardly anything of its own, and so is hardly recognised."""
        return self.role == "document" and self.own < _LITTLE * max(self.count, 1)


@dataclass(frozen=True, slots=True)
class Report:
    """What building did: the entries, the names of what is new, changed and gone, what could not be read and why."""

    entries: tuple[Entry, ...]
    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unreadable: Mapping[str, str]


def build(
    folder: Path, index: Path, progress: Progress, *, ignore: Path | None = None, shared_from: int | None = None
) -> Report:
    """Make the index of `folder`, or bring it up to date: only files that changed are read. Raises ConfigError.

    What is in the folder `ignore` is boilerplate, and so is what `shared_from` documents share (2; 0: never). Both are
    remembered. A file that cannot be read keeps the fingerprints that it had, if it had any.
    """
    old = _Old.of(index)
    hasher = Hasher(old.key)
    if old.ignore:
        ignore = ignore or Path(old.ignore)
    shared_from = old.shared_from if shared_from is None else shared_from
    reading = _Reading(old, hasher, progress)
    reading.take(folder, "document", index)
    if ignore:
        reading.take(ignore, "ignored", index)
    if not any(entry.role == "document" for entry, _ in reading.taken):
        raise _nothing(folder, reading.unreadable)
    entries, table = _table([*reading.taken, *_common(hasher)], shared_from)
    header = {
        "kind": DOCUMENTS,
        "version": new_version(),
        "key": old.key.hex(),
        "ignore": str(ignore.resolve()) if ignore else "",
        "shared_from": shared_from,
        "documents": [asdict(entry) for entry in entries],
    }
    kept: dict[str, NDArray[Any]] = {field.name: getattr(table, field.name) for field in fields(table)}
    arrays.write(index, header, kept)
    return _report(old, entries, reading.unreadable)


def entries(index: Path) -> tuple[Entry, ...]:
    """What an index holds. Raises ConfigError."""
    header, _ = arrays.read(index)
    if header.get("kind") != DOCUMENTS:
        raise ConfigError(f"{index}: holds no documents.")
    return tuple(Entry(**entry) for entry in header["documents"])


@dataclass(frozen=True, slots=True)
class _Old:
    """The index as it was before."""

    key: bytes
    ignore: str
    shared_from: int
    known: Mapping[tuple[Role, str], tuple[Entry, Prints]]

    @classmethod
    def of(cls, index: Path) -> _Old:
        if not index.exists():
            return cls(secrets.token_bytes(KEY_SIZE), "", 2, {})
        header, kept = arrays.read(index)
        if header.get("kind") != DOCUMENTS:
            raise ConfigError(f"{index}: holds no documents. Name another file with --index.")
        table = Fingerprints(**kept)
        listed = [Entry(**entry) for entry in header["documents"]]
        pairs = zip(listed, taken_apart(table), strict=True)
        known: dict[tuple[Role, str], tuple[Entry, Prints]] = {
            (entry.role, entry.name): (entry, prints) for entry, prints in pairs if entry.role != "common"
        }
        return cls(bytes.fromhex(header["key"]), header["ignore"], header["shared_from"], known)


class _Reading:
    """Files turned into fingerprints; those that did not change are taken from the old index."""

    def __init__(self, old: _Old, hasher: Hasher, progress: Progress) -> None:
        self._old, self._hasher, self._progress = old, hasher, progress
        self.taken: list[tuple[Entry, Prints]] = []
        self.unreadable: dict[str, str] = {}

    def take(self, folder: Path, role: Role, index: Path) -> None:
        """Take all files of a folder but `index` itself."""
        for path in _files(folder, index):
            name = path.relative_to(folder).as_posix()
            known = self._old.known.get((role, name))
            try:
                self.taken.append(self._file(path, name, role, known))
            except (GuardError, OSError) as error:
                self.unreadable[name] = error.message if isinstance(error, GuardError) else f"{error.strerror}."
                if known:
                    self.taken.append(known)

    def _file(self, path: Path, name: str, role: Role, known: tuple[Entry, Prints] | None) -> tuple[Entry, Prints]:
        state = path.stat()
        if known and (known[0].size, known[0].mtime) == (state.st_size, state.st_mtime_ns):
            return known
        data = path.read_bytes()
        digest = hashlib.blake2b(data, key=self._old.key, digest_size=16).hexdigest()
        if known and known[0].digest == digest:
            return replace(known[0], mtime=state.st_mtime_ns), known[1]
        self._progress(f"reading {name}")
        text = text_of(data, path.suffix.lower())
        prints = _all(text, self._hasher) if role == "ignored" else winnowed(text, self._hasher)
        if not len(prints[0]):
            raise RequestError("A file holds too little text to be recognised.")
        return Entry(name, role, state.st_size, state.st_mtime_ns, digest), prints


def text_of(data: bytes, suffix: str) -> str:
    """The text of a file whose name ends in `suffix`. Raises GuardError, with a message that holds nothing of it."""
    kind = _KINDS.get(suffix)
    if kind:
        return extract_text(data, kind, limits=LIMITS)
    if suffix in _TEXT:
        return charsets.decode(data)
    try:
        return charsets.decode(data)
    except RequestError as error:
        raise RequestError("A file is of a kind that guard cannot read. Save it as PDF, DOCX or text.") from error


def _files(folder: Path, index: Path) -> Iterator[Path]:
    """The files of a folder and of those in it, in the order of their names; hidden ones and locks left out."""
    failed: list[OSError] = []
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder. Name one that holds documents.")
    for place, folders, names in os.walk(folder, onerror=failed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if not name.startswith((".", "~$")) and name not in ("Thumbs.db", "desktop.ini") and path != index:
                yield path
    for error in failed:
        raise ConfigError(f"{error.filename}: cannot be read ({error.strerror}). Check its rights.") from error


def _common(hasher: Hasher) -> list[tuple[Entry, Prints]]:
    """The boilerplate that comes with guard."""
    found = []
    for file in sorted(packaged("guard").joinpath("defaults", "boilerplate").iterdir(), key=lambda file: file.name):
        text = file.read_text(encoding="utf-8")
        found.append((Entry(file.name, "common", len(text), 0, ""), _all(text, hasher)))
    return found


def _all(text: str, hasher: Hasher) -> Prints:
    hashes = distinct(text, hasher)
    return hashes, np.zeros(len(hashes), np.uint32)


def _table(taken: Sequence[tuple[Entry, Prints]], shared_from: int) -> tuple[tuple[Entry, ...], Fingerprints]:
    known = [hashes for entry, (hashes, _) in taken if entry.role != "document"]
    own = shared(
        [prints for entry, prints in taken if entry.role == "document"],
        np.concatenate(known) if known else np.zeros(0, np.uint64),
        from_=shared_from,
    )
    masks = iter(own)
    marks = [
        next(masks) if entry.role == "document" else np.ones(len(hashes), np.bool_) for entry, (hashes, _) in taken
    ]
    counted = tuple(
        replace(entry, count=len(mark), own=int((~mark).sum())) for (entry, _), mark in zip(taken, marks, strict=True)
    )
    return counted, table_of([prints for _, prints in taken], marks)


def _report(old: _Old, entries_: Sequence[Entry], unreadable: Mapping[str, str]) -> Report:
    documents = {entry.name: entry for entry in entries_ if entry.role == "document"}
    before = {name: entry for (role, name), (entry, _) in old.known.items() if role == "document"}
    return Report(
        tuple(entries_),
        tuple(name for name in documents if name not in before),
        tuple(name for name in documents if name in before and documents[name].digest != before[name].digest),
        tuple(name for name in before if name not in documents),
        unreadable,
    )


def _nothing(folder: Path, unreadable: Mapping[str, str]) -> ConfigError:
    if unreadable:
        name, reason = next(iter(unreadable.items()))
        return ConfigError(f"{folder}: none of {len(unreadable)} files can be read. The first, {name}: {reason}")
    return ConfigError(f"{folder}: holds no files. Name a folder with documents.")
