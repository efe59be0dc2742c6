"""The end of the log as one of its writers knows it, and what its next commit holds, whatever the database.

A writer catches up with what others appended before it appends, and seals and signs only what continues the last
checkpoint: never a log that became shorter, nor leaves that somebody slipped in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from guard.audit.checkpoint import Checkpoint, PublicKey, SigningKey, is_signed, sign_text, text_of, verify
from guard.audit.entries import Leaf
from guard.audit.merkle import Frontier, extend, pack, root, unpack
from guard.audit.ring import Ring
from guard.audit.seals import Seals, hash_of
from guard.audit.tables import keeps_frontier
from guard.errors import AuditError

Row = tuple[Any, ...]


class Past(Protocol):
    """What is on record, as a transaction sees it that lets no other writer in."""

    def note_of(self, size: int) -> str | None:
        """The checkpoint over so many leaves, None where there is none."""
        ...

    def last_frontier(self) -> tuple[int, bytes] | None:
        """The size and the frontier of the newest checkpoint that keeps one."""
        ...

    def hashes(self, start: int, end: int) -> Iterable[bytes]:
        """The hashes of the leaves from number `start` to `end` (exclusive), in order."""
        ...

    def changes(self) -> Iterable[str]:
        """The notes of the changes of the signing key, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """The rows of one commit, for each table, in the order of its columns."""

    sealed: Checkpoint
    key: SigningKey  # what sealed it and is to sign it
    tree: Frontier
    start: int  # the number of its first leaf
    leaves: Sequence[Row]
    checkpoint: Row
    signed: tuple[Row, ...]  # the note of an earlier commit, where it is to be stored with this one
    content: Sequence[Row]
    unindexed: Sequence[Row]
    opens: bool  # whether exchanges begin in it
    closes: bool  # whether exchanges end in it


class Tip:
    """The end of the log in `where`, a name for messages, as of the last checkpoint that this writer saw.

    Where the signing key was changed since, `find` gives the new one if it is there.
    """

    def __init__(self, key: SigningKey, where: str, find: Callable[[PublicKey], SigningKey | None]) -> None:
        self._where, self._find = where, find
        self._key, self._seals = key, Seals(key)
        self._tree, self._note = Frontier(), ""  # the empty log has none

    def catch_up(self, size: int, note: str, past: Past) -> None:
        """Take in what others appended up to the checkpoint `note` over `size` leaves, the newest there is.

        Raises AuditError where the log cannot be built on.
        """
        if (size, note) == (self._tree.size, self._note):
            return
        # What this process knows must still be there: a log that was cut and has grown again is another.
        known = self._tree.size
        if size <= known or (known and past.note_of(known) != self._note):
            raise AuditError(f"{self._where}: the audit log is not what this process wrote. Run: guard audit verify")
        sound = self._sound(note, past)
        nearest = self._nearest(past)
        tree = extend(nearest, past.hashes(nearest.size, size))
        if (sound.size, sound.root) != (tree.size, root(tree)) or size != tree.size:
            raise AuditError(f"{self._where}: the audit log does not fit its last checkpoint. Run: guard audit verify")
        self._tree, self._note = tree, note

    def unsigned(self, signed: tuple[int, str] | None, tail: Iterable[tuple[int, str]]) -> Row | None:
        """The newest checkpoint, now signed, where `signed` is not it; None where it is, and for an empty log.

        `signed` is the newest that is signed, as size and note; `tail` holds the checkpoints from its size on, as a
        process that was interrupted left them. Raises AuditError where these do not belong together.
        """
        at, note = signed or (0, "")
        altered = AuditError(
            f"{self._where}: what the audit log held last was altered before it was signed, or its last signed "
            "checkpoint was. Run: guard audit verify"
        )
        before, size = "", 0
        for size, text in tail:
            if size == at:
                if not is_signed(note) or text not in {text_of(note), note}:
                    raise altered
                verify(note, self._key.public)
            else:
                sealed = self._seals.check(text)
                if (sealed.size, sealed.before) != (size, hash_of(before)):
                    raise altered
            before = text
        if size != self._tree.size or (signed is not None and at > size):
            raise altered
        return None if size == at else (size, sign_text(self._note, self._key))

    def grow(self, leaves: Sequence[Leaf], time_ms: int, signed: tuple[Row, ...] = ()) -> Commit:
        """Make and seal the commit of `leaves`; they are part of the log only once it was told `made`.

        `signed` is what is to be stored with it.
        """
        return self._grown(leaves, time_ms, signed, self._key, self._seals)

    def rotate(self, leaves: Sequence[Leaf], time_ms: int, new: SigningKey) -> tuple[Commit, Row]:
        """The commit of `leaves` from which on `new` seals and signs, and the row that says so, signed by both keys."""
        if new.public == self._key.public:
            raise AuditError("the signing key was changed by another process just now: nothing is left to do")
        change = f"{self._key.public} {new.public}"
        commit = self._grown(leaves, time_ms, (), new, Seals(new), change)
        size, text, _ = commit.checkpoint
        return replace(commit, signed=((size, sign_text(text, new)),)), (size, sign_text(text, self._key, new))

    def _grown(
        self,
        leaves: Sequence[Leaf],
        time_ms: int,
        signed: tuple[Row, ...],
        key: SigningKey,
        seals: Seals,
        change: str = "",
    ) -> Commit:
        start = self._tree.size
        tree = extend(self._tree, [leaf.hash for leaf in leaves])
        sealed, text = seals.make(tree.size, root(tree), start, time_ms, self._note, change)
        frontier = pack(tree) if keeps_frontier(start, tree.size) else None
        numbered = list(enumerate(leaves, start))
        kinds = {leaf.columns[1] for leaf in leaves}
        kept = [(seq, leaf.columns, leaf.content) for seq, leaf in numbered if leaf.content is not None]
        return Commit(
            sealed=sealed,
            key=key,
            tree=tree,
            start=start,
            leaves=[(seq, leaf.hash, *leaf.columns, leaf.body) for seq, leaf in numbered],
            checkpoint=(tree.size, text, frontier),
            signed=signed,
            content=[
                (seq, *columns[:3], beside.person, beside.sealed, beside.key_id, beside.until, None, None)
                for seq, columns, beside in kept
            ],
            unindexed=[(seq,) for seq, _, beside in kept if beside.searchable],
            opens="opening" in kinds,
            closes="closing" in kinds,
        )

    def made(self, commit: Commit) -> None:
        """Go on from `commit`, which is durable."""
        self._tree, self._note = commit.tree, commit.checkpoint[1]
        if commit.key is not self._key:
            self._key, self._seals = commit.key, Seals(commit.key)

    def _sound(self, note: str, past: Past) -> Checkpoint:
        """What the newest checkpoint says, if it is by the key of this log, which may have changed meanwhile."""
        if is_signed(note):
            return verify(note, self._key.public)
        try:
            return self._seals.check(note)
        except AuditError:
            if not self._follow(past):
                raise
        return self._seals.check(note)

    def _follow(self, past: Past) -> bool:
        """Take the newest signing key of the log; says whether it is another one."""
        newest = Ring.of(self._key.public, past.changes()).newest
        if newest == self._key.public:
            return False
        key = self._find(newest)
        if key is None:
            raise AuditError(
                f"{self._where}: the signing key of the audit log was changed elsewhere, and nothing is recorded here "
                "until the new one is here too. Copy audit.key and audit.pub from there: see docs/audit.md"
            )
        self._key, self._seals = key, Seals(key)
        return True

    def _nearest(self, past: Past) -> Frontier:
        """The largest known frontier: this process's own, or one that is stored."""
        found, data = past.last_frontier() or (0, b"")
        if found <= self._tree.size:
            return self._tree
        try:
            return unpack(found, data)
        except (ValueError, TypeError) as error:
            raise AuditError(f"{self._where}: the audit log is damaged. Run: guard audit verify") from error
