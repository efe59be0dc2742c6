"""Proofs as files, and their check, which needs nothing but the file and the public key of the log.

A file is one JSON object in UTF-8. Hashes and paths are base64, the deepest node first, as in RFC 6962 section 2.1; a
checkpoint is the signed note as it was published; a body is the text whose UTF-8 bytes are the leaf.

    {"format": "guard-inclusion/1", "checkpoint": NOTE, "leaves": [{"index": 12, "body": TEXT, "path": [HASH, …]}, …]}
    {"format": "guard-consistency/1", "before": NOTE, "after": NOTE, "path": [HASH, …]}

Index, path and note are what c2sp.org/tlog-proof@v1 holds of one entry; here the halves of an exchange share a note.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, PublicKey, strict_base64
from guard.audit.entries import decode
from guard.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from guard.errors import AuditError
from guard.times import moment
from guard.types import Act, Closing, Entry, Opening

INCLUSION: Final = "guard-inclusion/1"
CONSISTENCY: Final = "guard-consistency/1"
LONGEST_PATH: Final = 64
FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    INCLUSION: {"format": str, "checkpoint": str, "leaves": list},
    CONSISTENCY: {"format": str, "before": str, "after": str, "path": list},
}
LEAF_FIELDS: Final[Mapping[str, type]] = {"index": int, "body": str, "path": list}


@dataclass(frozen=True, slots=True)
class Proved:
    """One entry, its number in the log, and the path from its hash to the root."""

    index: int
    body: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That the entries of one exchange are in the log that the signed note `checkpoint` is of."""

    checkpoint: str
    leaves: tuple[Proved, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """That the log of the signed note `after` begins with the log of the signed note `before`."""

    before: str
    after: str
    path: tuple[bytes, ...]


def dump(proof: Inclusion | Growth) -> str:
    """The file of a proof."""
    match proof:
        case Inclusion():
            leaves = [{"index": leaf.index, "body": leaf.body.decode(), "path": _texts(leaf.path)}
                      for leaf in proof.leaves]  # fmt: skip
            data: dict[str, Any] = {"format": INCLUSION, "checkpoint": proof.checkpoint, "leaves": leaves}
        case Growth():
            data = {"format": CONSISTENCY, "before": proof.before, "after": proof.after, "path": _texts(proof.path)}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def load(text: str) -> Inclusion | Growth:
    """Read what `dump` wrote. Raises AuditError for an unknown format and for anything malformed."""
    try:
        data = json.loads(text, object_pairs_hook=_once)
        form = data.get("format") if isinstance(data, dict) else None
        if type(form) is not str or form not in FIELDS:
            raise AuditError("this is not a proof that this version of guard can read")
        _require(data, FIELDS[form])
        if form == CONSISTENCY:
            return Growth(data["before"], data["after"], _hashes(data["path"]))
        return Inclusion(data["checkpoint"], tuple(_leaf(leaf) for leaf in data["leaves"]))
    except (ValueError, RecursionError):  # `from None`: the errors of the JSON parser carry the whole text
        raise AuditError("this is not a proof: the file is damaged, or of another kind") from None


def check(proof: Inclusion | Growth, key: PublicKey) -> list[str]:
    """What `proof` shows, in words. Raises AuditError where it shows nothing."""
    match proof:
        case Inclusion():
            return list(_told(*check_inclusion(proof, key)))
        case Growth():
            before, after = check_growth(proof, key)
            return [
                _signed(after),
                f"It begins with the {before.size} entries that it held when it signed its checkpoint of "
                f"{_time(before.time_ms / 1000)}: none of them was altered, removed or moved since.",
            ]


def check_inclusion(proof: Inclusion, key: PublicKey) -> tuple[Checkpoint, tuple[tuple[int, Entry], ...]]:
    """The checkpoint of a proof, and its entries by number. Raises AuditError where it proves nothing."""
    checkpoint = notes.verify(proof.checkpoint, key, witnessed=True)
    entries = []
    for leaf in proof.leaves:
        if not verify_inclusion(leaf_hash(leaf.body), leaf.index, checkpoint.size, leaf.path, checkpoint.root):
            raise AuditError(f"entry {leaf.index} is not in the log that was signed: the entry or its path was altered")
        entries.append((leaf.index, decode(leaf.body)))
    if not entries or len({entry.exchange for _, entry in entries}) != 1:
        raise AuditError("a proof is of the entries of one exchange")
    if len({type(entry) for _, entry in entries}) != len(entries):
        raise AuditError("a proof holds each half of an exchange once")
    return checkpoint, tuple(entries)


def check_growth(proof: Growth, key: PublicKey) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints of a proof. Raises AuditError where it proves nothing."""
    before = notes.verify(proof.before, key, witnessed=True)
    after = notes.verify(proof.after, key, witnessed=True)
    if not verify_consistency(before.size, before.root, after.size, after.root, proof.path):
        raise AuditError("the later log does not begin with the earlier one, or the path between them was altered")
    return before, after


def _told(checkpoint: Checkpoint, entries: tuple[tuple[int, Entry], ...]) -> Iterator[str]:
    yield _signed(checkpoint)
    for index, entry in entries:
        yield f"Entry {index} of them is, byte for byte, the one in this file: {_named(entry)}."
    kinds = {type(entry) for _, entry in entries}
    if kinds == {Opening}:
        yield "Not shown: how the exchange ended. Its end is not in this file."
    if kinds == {Closing}:
        yield "Not shown: how the exchange began. Its beginning is not in this file."


def _named(entry: Entry) -> str:
    match entry:
        case Opening():
            what = f"the beginning of exchange {entry.exchange}"
        case Closing():
            what = f"the end of exchange {entry.exchange} ({entry.outcome}, {entry.decision})"
        case Act():
            what = f"the act {entry.exchange} ({entry.action})"
    # Whoever wrote the log must not steer the terminal of whoever checks it.
    return "".join(c if c.isprintable() else "?" for c in f"{what}, dated {_time(entry.time)}")


def _signed(checkpoint: Checkpoint) -> str:
    return (
        f"The log {checkpoint.origin} held {checkpoint.size} entries; it signed so on "
        f"{_time(checkpoint.time_ms / 1000)}, by its own clock, with the key that you gave."
    )


def _time(seconds: float) -> str:
    try:
        return f"{moment(seconds)} UTC"
    except (ValueError, OverflowError, OSError):
        return "a time that no calendar has"


def _leaf(data: Any) -> Proved:
    _require(data, LEAF_FIELDS)
    return Proved(data["index"], data["body"].encode(), _hashes(data["path"]))


def _require(data: Any, fields: Mapping[str, type]) -> None:
    if type(data) is not dict or data.keys() != fields.keys():
        raise ValueError
    if any(type(data[name]) is not kind for name, kind in fields.items()):
        raise ValueError


def _hashes(texts: list[Any]) -> tuple[bytes, ...]:
    if len(texts) > LONGEST_PATH or not all(type(text) is str for text in texts):
        raise ValueError
    return tuple(map(strict_base64, texts))


def _texts(hashes: tuple[bytes, ...]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: two readers must not read two different proofs."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)
