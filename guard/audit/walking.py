"""The walk over the entries and the checkpoints of a log, in order: see `guard.audit.verify`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import InitVar, dataclass, field
from typing import Any, Final

from guard.audit.beside import Beside
from guard.audit.checkpoint import Checkpoint, is_signed, read_text, text_of
from guard.audit.entries import COLUMNS, Columns, columns_of
from guard.audit.findings import Findings, Report
from guard.audit.merkle import Frontier, extend, leaf_hash, pack, root
from guard.audit.seals import Seals, hash_of
from guard.audit.signatures import Signatures
from guard.audit.tables import keeps_frontier
from guard.audit.timestamps import FOREVER_MS, Bounds
from guard.errors import AuditError

AT_ONCE: Final = 4096  # hashes that are gathered before they join the tree
UNFINISHED: Final = {"opening": 1, "closing": -1}
KIND, TIME = (COLUMNS.index(name) for name in ("kind", "time"))
FIRST: Final = -(2**63)  # the smallest number that SQLite can give a row


@dataclass(slots=True)
class Apart:
    """The signed notes, which stand apart from the checkpoints, by size."""

    rows: InitVar[Iterable[tuple[Any, Any]]]
    findings: Findings
    _rows: Iterator[tuple[Any, Any]] = field(init=False)
    _next: tuple[Any, Any] | None = field(init=False)

    def __post_init__(self, rows: Iterable[tuple[Any, Any]]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def up_to(self, size: float) -> Any:
        """The note over `size` entries, None where there is none; those before it belong to no checkpoint."""
        while self._next is not None and self._next[0] < size:
            self.findings.add("removed", self._next[0], "the checkpoint that was signed here is missing")
            self._next = next(self._rows, None)
        if self._next is None or self._next[0] != size:
            return None
        note, self._next = self._next[1], next(self._rows, None)
        return note

    def end(self) -> None:
        """No checkpoint follows."""
        self.up_to(math.inf)


@dataclass(slots=True)
class Walk:
    """One walk over the log: where it is, and what it found so far."""

    signatures: Signatures
    kept: dict[int, set[Checkpoint]]  # those kept elsewhere that the walk has not met yet, by size
    bounds: Bounds
    tolerance_ms: int
    late_ms: int
    findings: Findings = field(default_factory=Findings)
    seals: Seals | None = None  # of the newest key, which sealed the checkpoints from this size on
    sealed_from: int = 0
    start: int = FIRST
    tree: Frontier = field(default_factory=Frontier)
    fits: bool = True  # whether roots can still fit: once one does not, no later one can
    then_ms: int = 0  # the time of the checkpoint before
    entries: int = 0
    checkpoints: int = 0
    unfinished: int = 0
    note: str = ""  # the checkpoint before, as it is stored
    last: str | None = None  # the newest signed note
    sealed: int = 0  # entries after it
    waiting_ms: float | None = None  # the earliest time that any of them bears
    earliest_ms: float = 0.0  # the earliest time that an entry of this commit bears
    stamped: int = 0
    latest_ms: int = 0
    beside: Beside = field(init=False)

    def __post_init__(self) -> None:
        self.beside = Beside(self.findings)

    def commit(self, rows: Iterable[Any], size: int, note: Any, frontier: Any, apart: Any, change: Any) -> None:
        """Check one checkpoint and the entries it added.

        `apart` is the signed note that belongs to it, `change` the note by which the signing key changed there.
        """
        signed = self._sound(size, note, apart)
        if (change is not None or (signed is not None and signed.change)) and not _is_over(change, note):
            what = "the change of the signing key that is on record here is not the one that was signed"
            self.findings.add("signature", size, what)
        before, self.earliest_ms = max(self.start, 0), FOREVER_MS
        if signed is not None and signed.after != before:
            self.findings.add("removed", before, "a checkpoint before this one is missing")
        self._entries(rows, before, size, signed)
        self._tree(before, size, signed, frontier)
        self.start, self.checkpoints = size, self.checkpoints + 1
        if signed is not None:
            if signed.time_ms < self.then_ms - self.tolerance_ms:
                self.findings.add("back-dated", size, "this checkpoint is older than the one before")
            self._times(size, signed.time_ms)
            self.then_ms = signed.time_ms
        self._waits(size - before, signed, note if apart is None else apart)
        self.note = note if isinstance(note, str) else ""

    def end(self, left_over: int, signed_by_ms: int, now_ms: int) -> None:
        """Check what there is after the last checkpoint; what was sealed before `signed_by_ms` should be signed.

        Who has the database and no key can date what is not signed at will: in the future too.
        """
        if left_over:
            self.findings.add("unsigned", max(self.start, 0), f"{left_over} entries stand after the last checkpoint")
        for size in self.signatures.wrong():
            self.findings.add(
                "signature", size, "the signature of a checkpoint is not right: the checkpoint was altered"
            )
            self.last = None
        if self.seals is None and self.waiting_ms is not None and self.waiting_ms < signed_by_ms:
            what = f"the last {self.sealed} entries were sealed and never signed: altered, or guard was interrupted"
            self.findings.add("unsigned", max(self.start, 0) - self.sealed, what)
        if self.seals is None and self.sealed and self.then_ms > now_ms + self.tolerance_ms:
            what = f"the last {self.sealed} entries are not signed and dated ahead: altered, or a clock is wrong"
            self.findings.add("back-dated", max(self.start, 0) - self.sealed, what)
        for size in sorted(self.kept):
            self.findings.add("truncated", size, "the log does not hold the checkpoint that was kept elsewhere")

    def report(self) -> Report:
        """What was found."""
        return Report(
            entries=self.entries,
            checkpoints=self.checkpoints,
            unfinished=self.unfinished,
            problems=self.findings.problems,
            findings=tuple(self.findings.listed),
            last=self.last,
            sealed=self.sealed,
            seals=self.seals is not None,
            stamped=self.stamped,
            latest_ms=self.latest_ms,
            contents=self.beside.found,
        )

    def _sound(self, size: int, note: Any, apart: Any) -> Checkpoint | None:
        """The checkpoint that `note` holds, where its form is right; `apart` is its signed note, None for none."""
        try:
            sound = self._checked(size, note, apart) if isinstance(note, str) else None
        except AuditError as error:
            self.findings.add("signature", size, error.message)
            return None
        if sound is None or sound.size != size:
            self.findings.add("signature", size, "a checkpoint is filed under a size that it was not made for")
            return None
        if sound.seal and sound.before != hash_of(self.note):
            what = "the checkpoint before the one at this size is not the one that was there: it was altered"
            self.findings.add("signature", size, what)
        return sound

    def _checked(self, size: int, note: str, apart: Any) -> Checkpoint:
        """The checkpoint that `note` holds; what shows it to be right is checked here, or later. Raises AuditError."""
        if apart is not None:
            if not _is_over(apart, note):
                raise AuditError("the signed note of a checkpoint is not over what stands in the log")
            sound = self.signatures.check(size, apart)
        elif is_signed(note):
            sound = self.signatures.check(size, note)
        else:
            sound = read_text(note, self.signatures.keys)
        if sound.seal and self.seals is not None and size >= self.sealed_from:
            self.seals.require(sound, note)
        return sound

    def _waits(self, entries: int, checked: Checkpoint | None, note: Any) -> None:
        """Count what was sealed since the last signature."""
        if checked is not None and is_signed(note):
            self.last, self.sealed, self.waiting_ms = note, 0, None
            return
        self.sealed += entries
        # The oldest of their times, for each is what whoever wrote it says.
        since = 0.0 if checked is None else min(checked.time_ms, self.earliest_ms)
        self.waiting_ms = since if self.waiting_ms is None else min(self.waiting_ms, since)

    def _entries(self, rows: Iterable[Any], before: int, size: int, signed: Checkpoint | None) -> None:
        expected, hashes = before, []
        latest_ms = self.then_ms + self.tolerance_ms if signed is None else signed.time_ms + self.tolerance_ms
        for seq, digest, body, *derived in rows:
            if seq != expected:
                self.findings.add("removed", expected, "the numbers of the entries do not follow each other here")
                self.fits = False
            expected = seq + 1
            self._entry(seq, digest, body, tuple(derived), latest_ms if signed else None)
            hashes.append(digest if isinstance(digest, bytes) else b"")
            if len(hashes) >= AT_ONCE:
                self.tree, hashes = extend(self.tree, hashes), []
        self.tree = extend(self.tree, hashes)
        if expected != size:
            self.findings.add("removed", expected, "entries are missing from here to the next checkpoint")
            self.fits = False

    def _entry(self, seq: int, digest: Any, body: Any, derived: Columns, latest_ms: int | None) -> None:
        self.entries += 1
        if not isinstance(body, bytes) or leaf_hash(body) != digest:
            self.findings.add("altered", seq, "the entry does not fit its hash")
            return
        try:
            own = columns_of(body)
        except AuditError as error:
            self.findings.add("altered", seq, error.message)
            return
        if own != derived:
            self.findings.add("altered", seq, "the columns of the entry do not fit its content")
        self.unfinished += UNFINISHED.get(str(own[KIND]), 0)
        self.beside.told(seq, body, own)
        at_ms = float(own[TIME] or 0) * 1000
        self.earliest_ms = min(self.earliest_ms, at_ms)
        if at_ms < self.then_ms - self.tolerance_ms or (latest_ms is not None and at_ms > latest_ms):
            self.findings.add("back-dated", seq, "the time of the entry does not fit that of its commit")

    def _tree(self, before: int, size: int, signed: Checkpoint | None, frontier: Any) -> None:
        """Compare the tree with what was signed, with the kept frontier, and with the note kept elsewhere."""
        if self.fits and signed is not None and root(self.tree) != signed.root:
            self.findings.add("root", before, f"entries {before} to {size - 1} are not the ones that were signed")
            self.fits = False
        expected = pack(self.tree) if keeps_frontier(before, size) else None
        if self.fits and frontier != expected:
            self.findings.add("frontier", size, "the frontier kept with the checkpoint is not that of the tree")
        known = self.kept.get(size)
        if known and self.fits and {kept.root for kept in known} == {root(self.tree)}:
            del self.kept[size]  # found

    def _times(self, size: int, signed_ms: int) -> None:
        """Compare the times of a commit with those of the authorities around it."""
        after_ms, by_ms = self.bounds.around(size)
        if not after_ms - self.tolerance_ms <= signed_ms <= by_ms + self.tolerance_ms:
            self.findings.add("back-dated", size, "the time of the checkpoint lies outside the time-stamps around it")
        if by_ms == FOREVER_MS:
            return
        late_ms = max(by_ms - int(min(self.earliest_ms, signed_ms)), 0)
        self.stamped, self.latest_ms = size, max(self.latest_ms, late_ms)
        if late_ms > self.late_ms:
            self.findings.add(
                "late", size, "only a time-stamp of much later covers this: it may have been made until then"
            )


def _is_over(signed: Any, note: str) -> bool:
    """Whether `signed` is a signed note of the checkpoint that is stored as `note`."""
    return isinstance(signed, str) and note in {signed, text_of(signed)}
