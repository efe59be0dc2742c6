"""Proofs as files, and their check, which needs nothing but the file and the public key of the log.

A file is one JSON object in UTF-8. Hashes and paths are base64, the deepest node first, as in RFC 6962 section 2.1; a
checkpoint is the signed note as it was published; a body is the text whose UTF-8 bytes are the leaf.

    {"format": "guard-inclusion/1", "checkpoint": NOTE, "leaves": [{"index": 12, "body": TEXT, "path": [HASH, …]}, …]}
    {"format": "guard-consistency/1", "before": NOTE, "after": NOTE, "path": [HASH, …]}

Where the signing key was changed, the formats are those of number 2, and "changes" holds the note of each change, which
both keys signed: whoever has one of the keys comes by them to the one that signed the checkpoint.

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
from guard.audit.ring import Ring
from guard.errors import AuditError
from guard.times import moment
from guard.types import Act, Closing, Entry, Opening

INCLUSION: Final = "guard-inclusion/"
CONSISTENCY: Final = "guard-consistency/"
LONGEST_PATH: Final = 64
FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    f"{INCLUSION}1": {"format": str, "checkpoint": str, "leaves": list},
    f"{CONSISTENCY}1": {"format": str, "before": str, "after": str, "path": list},
    f"{INCLUSION}2": {"format": str, "checkpoint": str, "leaves": list, "changes": list},
    f"{CONSISTENCY}2": {"format": str, "before": str, "after": str, "path": list, "changes": list},
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
    """That the entries of one exchange are in the log that the signed note `checkpoint` is of.

    `changes` are the notes of the changes of the signing key.
    """

    checkpoint: str
    leaves: tuple[Proved, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """That the log of the signed note `after` begins with the log of the signed note `before`.

    `changes` are the notes of the changes of the signing key.
    """

    before: str
    after: str
    path: tuple[bytes, ...]
    changes: tuple[str, ...] = ()


def dump(proof: Inclusion | Growth) -> str:
    """The file of a proof."""
    form = 2 if proof.changes else 1
    match proof:
        case Inclusion():
            leaves = [{"index": leaf.index, "body": leaf.body.decode(), "path": _texts(leaf.path)}
                      for leaf in proof.leaves]  # fmt: skip
            data: dict[str, Any] = {"format": f"{INCLUSION}{form}", "checkpoint": proof.checkpoint, "leaves": leaves}
        case Growth():
            data = {
                "format": f"{CONSISTENCY}{form}",
                "before": proof.before,
                "after": proof.after,
                "path": _texts(proof.path),
            }
    if proof.changes:
        data["changes"] = [*proof.changes]
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def load(text: str) -> Inclusion | Growth:
    """Read what `dump` wrote. Raises AuditError for an unknown format and for anything malformed."""
    try:
        data = json.loads(text, object_pairs_hook=_once)
        form = data.get("format") if isinstance(data, dict) else None
        if type(form) is not str or form not in FIELDS:
            raise AuditError("this is not a proof that this version of guard can read")
        _require(data, FIELDS[form])
        changes = tuple(data.get("changes", ()))
        if not all(type(note) is str for note in changes):
            raise ValueError
        if form.startswith(CONSISTENCY):
            return Growth(data["before"], data["after"], _hashes(data["path"]), changes)
        return Inclusion(data["checkpoint"], tuple(_leaf(leaf) for leaf in data["leaves"]), changes)
    except (ValueError, RecursionError):  # `from None`: the errors of the JSON parser carry the whole text
        raise AuditError("this is not a proof: the file is damaged, or of another kind") from None


def check(proof: Inclusion | Growth, key: PublicKey) -> list[str]:
    """What `proof` shows, in words. Raises AuditError where it shows nothing."""
    match proof:
        case Inclusion():
            return list(_told(*check_inclusion(proof, key), _whose(proof, key)))
        case Growth():
            before, after = check_growth(proof, key)
            return [
                _signed(after, _whose(proof, key)),
                f"It begins with the {before.size} entries that it held when it signed its checkpoint of "
                f"{_time(before.time_ms / 1000)}: none of them was altered, removed or moved since.",
            ]


def check_inclusion(proof: Inclusion, key: PublicKey) -> tuple[Checkpoint, tuple[tuple[int, Entry], ...]]:
    """The checkpoint of a proof, and its entries by number. Raises AuditError where it proves nothing."""
    checkpoint = _vouched(proof.checkpoint, Ring.of(key, proof.changes), key)
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
    keys = Ring.of(key, proof.changes)
    before = notes.verify(proof.before, keys, witnessed=True)
    after = _vouched(proof.after, keys, key)
    if not verify_consistency(before.size, before.root, after.size, after.root, proof.path):
        raise AuditError("the later log does not begin with the earlier one, or the path between them was altered")
    return before, after


def _vouched(note: str, keys: Ring, key: PublicKey) -> Checkpoint:
    """The checkpoint that `note` holds. Raises AuditError where a key signed it that was changed before `key` came.

    Whoever has that old key, such as whoever stole it, could have made it since.
    """
    checkpoint = notes.verify(note, keys, witnessed=True)
    if keys.keys.index(keys.at(checkpoint.size)) < keys.keys.index(key):
        raise AuditError(
            "the checkpoint is signed by a key that was changed for the one that you gave, and whoever has the old key "
            "could have made it since. Ask for a proof under a newer checkpoint, or give the old key if you trust it."
        )
    return checkpoint


def _whose(proof: Inclusion | Growth, key: PublicKey) -> str:
    """By which key the checkpoint of a proof is signed, as against the `key` that was given."""
    note = proof.checkpoint if isinstance(proof, Inclusion) else proof.after
    keys = Ring.of(key, proof.changes)
    signer = keys.at(notes.verify(note, keys, witnessed=True).size)
    if signer == key:
        return "the key that you gave"
    return f"the key {signer.id.hex()} that followed the one that you gave"


def _told(checkpoint: Checkpoint, entries: tuple[tuple[int, Entry], ...], whose: str) -> Iterator[str]:
    yield _signed(checkpoint, whose)
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


def _signed(checkpoint: Checkpoint, whose: str) -> str:
    return (
        f"The log {checkpoint.origin} held {checkpoint.size} entries; it signed so on "
        f"{_time(checkpoint.time_ms / 1000)}, by its own clock, with {whose}."
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
