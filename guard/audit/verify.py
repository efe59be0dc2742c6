"""The check of the whole log: reads every entry and every checkpoint once, in order, and says what is not right.

    altered     an entry's bytes do not fit its hash, or its columns do not fit its bytes
    removed     an entry or a checkpoint is missing
    root        the entries under a checkpoint are not the ones that were signed: altered, exchanged or slipped in
    unsigned    entries stand after the last checkpoint
    signature   a checkpoint was altered, or is not of this log
    frontier    a kept frontier is not that of the tree
    back-dated  a time goes backwards, or lies ahead of its commit, by more than the tolerance
    truncated   the log is shorter than, or differs from, a checkpoint that the caller kept elsewhere

What was cut off the end together with its checkpoints shows only against a checkpoint kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, PublicKey
from guard.audit.entries import COLUMNS, Columns, columns_of
from guard.audit.merkle import Frontier, extend, leaf_hash, pack, root
from guard.audit.tables import keeps_frontier
from guard.errors import AuditError

Kind = Literal["altered", "removed", "root", "unsigned", "signature", "frontier", "back-dated", "truncated"]

TOLERANCE_S: Final = 300.0
MOST_FINDINGS: Final = 100
AT_ONCE: Final = 4096  # hashes that are gathered before they join the tree
UNFINISHED: Final = {"opening": 1, "closing": -1}
KIND, TIME = COLUMNS.index("kind"), COLUMNS.index("time")
FIRST: Final = -(2**63)  # the smallest number that SQLite can give a row


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not right, at entry or checkpoint number `at`; the message holds no value."""

    kind: Kind
    at: int
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check saw. Only the first findings are listed; `problems` counts all. `last` is the newest sound note."""

    entries: int
    checkpoints: int
    unfinished: int
    problems: int
    findings: tuple[Finding, ...]
    last: str | None

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.problems == 0


class Source(Protocol):
    """One state of a log, to walk over. What stands in it may be anything: it is checked, never trusted."""

    def checkpoints(self) -> Iterable[tuple[Any, Any, Any]]:
        """Size, note and kept frontier of each checkpoint, by size."""
        ...

    def leaves(self, start: int, end: int) -> Iterable[Any]:
        """Number, hash, body and the columns of COLUMNS of each entry from number `start` to `end` (exclusive)."""
        ...

    def left_over(self, start: int) -> int:
        """How many entries there are from number `start` on."""
        ...


def check(
    source: Source,
    key: PublicKey,
    *,
    trusted: str | None = None,
    tolerance_s: float = TOLERANCE_S,
) -> Report:
    """Check the log that `source` shows against `key`, and against the signed note `trusted` if one is given.

    Memory does not grow with the log. Raises AuditError where `trusted` is not a sound checkpoint of this log, and
    what `source` raises where the log cannot be read.
    """
    known = None if trusted is None else notes.verify(trusted, key, witnessed=True)
    walk = _Walk(key, known, int(tolerance_s * 1000))
    for size, note, frontier in source.checkpoints():
        walk.commit(source.leaves(walk.start, size), size, note, frontier)
    walk.end(source.left_over(walk.start))
    return walk.report()


@dataclass(slots=True)
class _Walk:
    """One walk over the log: where it is, and what it found so far."""

    key: PublicKey
    known: Checkpoint | None
    tolerance_ms: int
    start: int = FIRST
    tree: Frontier = field(default_factory=Frontier)
    fits: bool = True  # whether roots can still fit: once one does not, no later one can
    then_ms: int = 0  # the time of the checkpoint before
    entries: int = 0
    checkpoints: int = 0
    unfinished: int = 0
    problems: int = 0
    findings: list[Finding] = field(default_factory=list)
    last: str | None = None

    def commit(self, rows: Iterable[Any], size: int, note: Any, frontier: Any) -> None:
        """Check one checkpoint and the entries it added."""
        signed = self._signed(size, note)
        before = max(self.start, 0)
        if signed is not None and signed.after != before:
            self._find("removed", before, "a checkpoint before this one is missing")
        self._entries(rows, before, size, signed)
        self._tree(before, size, signed, frontier)
        self.start, self.checkpoints = size, self.checkpoints + 1
        if signed is not None:
            if signed.time_ms < self.then_ms - self.tolerance_ms:
                self._find("back-dated", size, "this checkpoint is older than the one before")
            self.then_ms, self.last = signed.time_ms, note

    def end(self, left_over: int) -> None:
        """Check what there is after the last checkpoint."""
        if left_over:
            self._find("unsigned", max(self.start, 0), f"{left_over} entries stand after the last checkpoint")
        if self.known is not None:
            self._find("truncated", self.known.size, "the log does not hold the checkpoint that was kept elsewhere")

    def report(self) -> Report:
        """What was found."""
        return Report(self.entries, self.checkpoints, self.unfinished, self.problems, tuple(self.findings), self.last)

    def _signed(self, size: int, note: Any) -> Checkpoint | None:
        try:
            signed = notes.verify(note, self.key) if isinstance(note, str) else None
        except AuditError as error:
            self._find("signature", size, error.message)
            return None
        if signed is None or signed.size != size:
            self._find("signature", size, "a checkpoint is filed under a size that it was not signed for")
            return None
        return signed

    def _entries(self, rows: Iterable[Any], before: int, size: int, signed: Checkpoint | None) -> None:
        expected, hashes = before, []
        latest_ms = self.then_ms + self.tolerance_ms if signed is None else signed.time_ms + self.tolerance_ms
        for seq, digest, body, *derived in rows:
            if seq != expected:
                self._find("removed", expected, "the numbers of the entries do not follow each other here")
                self.fits = False
            expected = seq + 1
            self._entry(seq, digest, body, tuple(derived), latest_ms if signed else None)
            hashes.append(digest if isinstance(digest, bytes) else b"")
            if len(hashes) >= AT_ONCE:
                self.tree, hashes = extend(self.tree, hashes), []
        self.tree = extend(self.tree, hashes)
        if expected != size:
            self._find("removed", expected, "entries are missing from here to the next checkpoint")
            self.fits = False

    def _entry(self, seq: int, digest: Any, body: Any, derived: Columns, latest_ms: int | None) -> None:
        self.entries += 1
        if not isinstance(body, bytes) or leaf_hash(body) != digest:
            self._find("altered", seq, "the entry does not fit its hash")
            return
        try:
            own = columns_of(body)
        except AuditError as error:
            self._find("altered", seq, error.message)
            return
        if own != derived:
            self._find("altered", seq, "the columns of the entry do not fit its content")
        self.unfinished += UNFINISHED.get(str(own[KIND]), 0)
        at_ms = float(own[TIME] or 0) * 1000
        if at_ms < self.then_ms - self.tolerance_ms or (latest_ms is not None and at_ms > latest_ms):
            self._find("back-dated", seq, "the time of the entry does not fit that of its commit")

    def _tree(self, before: int, size: int, signed: Checkpoint | None, frontier: Any) -> None:
        """Compare the tree with what was signed, with the kept frontier, and with the note kept elsewhere."""
        if self.fits and signed is not None and root(self.tree) != signed.root:
            self._find("root", before, f"entries {before} to {size - 1} are not the ones that were signed")
            self.fits = False
        expected = pack(self.tree) if keeps_frontier(before, size) else None
        if self.fits and frontier != expected:
            self._find("frontier", size, "the frontier kept with the checkpoint is not that of the tree")
        if self.known is not None and self.known.size == size and self.fits and root(self.tree) == self.known.root:
            self.known = None  # found

    def _find(self, kind: Kind, at: int, message: str) -> None:
        self.problems += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(kind, at, message))
