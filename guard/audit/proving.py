"""Proofs of a log: that an exchange is in it, and that it grew from what it was.

A proof is made of the hashes and the frontiers that are stored beside the entries, some thousand hashes for each level
of the tree, never of the whole log. What is stored is not trusted: a proof that does not fit the signed checkpoints is
not given out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from guard.audit import checkpoint as notes
from guard.audit.bundles import Growth, Inclusion, Proved, check_growth, check_inclusion
from guard.audit.checkpoint import Checkpoint, PublicKey
from guard.audit.merkle import Frontier, Subtree, consistency_proof, extend, inclusion_proof, part, root, unpack
from guard.audit.ring import Ring
from guard.errors import AuditError

NOT_YET: Final = (
    "the exchange is recorded and sealed, but not signed yet, which takes guard a moment: try again. If guard does not "
    "run, let it sign: guard audit sign"
)
DAMAGED: Final = "the log does not fit its checkpoints, so nothing can be proven. Run: guard audit verify"


class Tree(Protocol):
    """One state of a log, to make proofs of. What stands in it may be anything: it is checked, never trusted."""

    def tip(self) -> tuple[Any, Any] | None:
        """Size and note of the newest signed checkpoint; None where nothing is signed yet."""
        ...

    def changes(self) -> Iterable[tuple[Any, Any]]:
        """Size and note of each change of the signing key, by size."""
        ...

    def leaves_of(self, exchange: str) -> Iterable[tuple[Any, Any]]:
        """Number and body of each entry of `exchange`, in order."""
        ...

    def hashes(self, start: int, end: int) -> Iterable[Any]:
        """The hash of each entry from number `start` to `end` (exclusive), in order."""
        ...

    def frontier(self, most: int) -> tuple[Any, Any] | None:
        """Size and nodes of the largest kept frontier of at most `most` entries; None where none is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Status:
    """Whether an exchange can be proven: the numbers of its entries, and of how many entries the log signed.

    `signed_ms` is when, in Unix milliseconds. `problem` says why it cannot be proven; None where it can.
    """

    entries: tuple[int, ...]
    size: int
    signed_ms: int
    problem: str | None = None


def prove(tree: Tree, exchange: str, key: PublicKey, *, under: str | None = None) -> Inclusion:
    """The proof that the entries of `exchange` are in the log: in all of it, or in what the signed note `under` covers.

    Raises AuditError where there is no such exchange, or where the log does not fit its checkpoints.
    """
    keys = _keys(tree, key)
    note, checkpoint = _newest(tree, keys)
    if under is not None:
        note, checkpoint = under, notes.verify(under, keys, witnessed=True)
    rows = [(index, body) for index, body in tree.leaves_of(exchange) if _is_leaf(index, body)]
    if not rows:
        raise AuditError("There is no such exchange. 'guard audit list' names them.")
    covered = [row for row in rows if row[0] < checkpoint.size]
    if under is None and len(covered) < len(rows):
        raise AuditError(NOT_YET)
    if not covered:
        raise AuditError("the exchange was recorded after this checkpoint, so that it proves nothing of it")
    subtree = _stored(tree)
    size = checkpoint.size
    try:
        leaves = tuple(Proved(index, body, inclusion_proof(index, size, subtree)) for index, body in covered)
        made = Inclusion(note, leaves, keys.changes)
        check_inclusion(made, key)
    except (AuditError, ValueError, TypeError) as error:
        raise AuditError(DAMAGED) from error
    return made


def grew(tree: Tree, old: str, key: PublicKey) -> Growth:
    """The proof that the log is a continuation of what it was at the signed note `old`.

    Raises AuditError where `old` is not a sound checkpoint of this log, and where the log does not continue it: it was
    cut, or made anew.
    """
    keys = _keys(tree, key)
    before = notes.verify(old, keys, witnessed=True)
    note, after = _newest(tree, keys)
    if before.size > after.size:
        raise AuditError(f"the log was cut: it held {before.size} entries and now holds {after.size}")
    try:
        made = Growth(old, note, consistency_proof(before.size, after.size, _stored(tree)), keys.changes)
        check_growth(made, key)
    except (AuditError, ValueError, TypeError) as error:
        raise AuditError("the log does not continue the checkpoint: what it held then is not what it holds") from error
    return made


def status(tree: Tree, exchange: str, key: PublicKey) -> Status:
    """Whether the entries of `exchange` are proven to be in the log as it is."""
    try:
        proof = prove(tree, exchange, key)
        checkpoint = notes.verify(proof.checkpoint, Ring.of(key, proof.changes))
    except AuditError as error:
        return Status((), 0, 0, error.message)
    return Status(tuple(leaf.index for leaf in proof.leaves), checkpoint.size, checkpoint.time_ms)


def _keys(tree: Tree, key: PublicKey) -> Ring:
    return Ring.of(key, [note for _, note in tree.changes()])


def _newest(tree: Tree, keys: Ring) -> tuple[str, Checkpoint]:
    """The newest checkpoint of the log and its note. Raises AuditError."""
    found = tree.tip()
    if found is None:
        raise AuditError("the log is empty, or nothing of it is signed yet, so there is nothing to prove")
    size, note = found
    checkpoint = notes.verify(note, keys) if isinstance(note, str) else None
    if checkpoint is None or checkpoint.size != size:
        raise AuditError(DAMAGED)
    return note, checkpoint


def _is_leaf(index: Any, body: Any) -> bool:
    if not isinstance(index, int) or not isinstance(body, bytes):
        raise AuditError(DAMAGED)
    return True


def _stored(tree: Tree) -> Subtree:
    """The roots of ranges of leaves, each from the nearest frontier within it and the hashes after that."""

    def subtree(start: int, end: int) -> bytes:
        # A frontier of just `end` leaves may have joined the range with the one before it.
        known = _part(tree, start, end) or _part(tree, start, end - 1) or Frontier()
        return root(extend(known, tree.hashes(start + known.size, end)))

    return subtree


def _part(tree: Tree, start: int, most: int) -> Frontier | None:
    found = tree.frontier(most)
    return part(unpack(*found), start) if found is not None and found[0] > start else None
