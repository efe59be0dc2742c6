"""The check of the whole log: reads every entry and every checkpoint once, in order, and says what is not right.

    altered     an entry's bytes do not fit its hash, or its columns do not fit its bytes
    removed     an entry or a checkpoint is missing
    root        the entries under a checkpoint are not the ones that were signed: altered, exchanged or slipped in
    unsigned    entries stand after the last checkpoint
    signature   a checkpoint was altered, or is not of this log
    frontier    a kept frontier is not that of the tree
    back-dated  a time goes backwards, or lies ahead of its commit or outside the time-stamps around it, by more than
                the tolerance
    late        the time-stamp over an entry is so much later than the entry that it does not show when it was made
    truncated   the log is shorter than, or differs from, a checkpoint that the caller kept elsewhere
    content     what lies beside the tree belongs to no entry, or is not what the entry says

What was cut off the end together with its checkpoints shows only against a checkpoint kept elsewhere, and what the
owner of the key made anew only against a checkpoint or a time-stamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, PublicKey
from guard.audit.content import sealed_in
from guard.audit.entries import COLUMNS, Columns, Content, columns_of, decode, fits
from guard.audit.merkle import Frontier, extend, leaf_hash, pack, root
from guard.audit.persons import is_whole
from guard.audit.signatures import Signatures
from guard.audit.tables import keeps_frontier
from guard.audit.timestamps import FOREVER_MS, Bounds, Stamp
from guard.errors import AuditError
from guard.types import Act

Kind = Literal[
    "altered", "removed", "root", "unsigned", "signature", "frontier", "back-dated", "late", "truncated", "content"
]

TOLERANCE_S: Final = 300.0
LATE_S: Final = 86_400.0
MOST_FINDINGS: Final = 100
AT_ONCE: Final = 4096  # hashes that are gathered before they join the tree
UNFINISHED: Final = {"opening": 1, "closing": -1}
KIND, TIME, OUTCOME = (COLUMNS.index(name) for name in ("kind", "time", "outcome"))
DESTROYING: Final = frozenset({"erase", "expire"})
FIRST: Final = -(2**63)  # the smallest number that SQLite can give a row


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not right, at entry or checkpoint number `at`; the message holds no value."""

    kind: Kind
    at: int
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check saw. Only the first findings are listed; `problems` counts all.

    `last` is the newest sound note, None where none is known.
    `stamped` is how many entries lie under a time-stamp, and `latest_ms` the most that any of them was stamped after
    the time that it bears. `contents` is how many pieces lie beside the tree.
    """

    entries: int
    checkpoints: int
    unfinished: int
    problems: int
    findings: tuple[Finding, ...]
    last: str | None
    stamped: int = 0
    latest_ms: int = 0
    contents: int = 0

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

    def contents(self) -> Iterable[tuple[Any, ...]]:
        """Of each piece beside the tree: number, body, exchange, kind and time of its entry, None where there is none.

        Then its own exchange, kind and time, the id of its key if that is stored, and its person, sealed bytes, the id
        of the key as it names it, until when it is kept, when it was destroyed and by which act.
        """
        ...

    def person_keys(self) -> Iterable[tuple[Any, ...]]:
        """Of each key of a person: id, person, lock, how it is wrapped, and when it was made."""
        ...


def check(
    source: Source,
    key: PublicKey,
    *,
    trusted: str | None = None,
    stamps: Sequence[Stamp] = (),
    tolerance_s: float = TOLERANCE_S,
    late_s: float = LATE_S,
    processes: int = 1,
) -> Report:
    """Check the log that `source` shows against `key`, against the signed note `trusted`, and against time-stamps.

    So many `processes` check the signatures, where there are many. Memory grows with the acts that destroyed content
    and with nothing else of the log. Raises AuditError where `trusted` is not a sound checkpoint of this log, and what
    `source` raises where the log cannot be read.
    """
    kept: dict[int, set[Checkpoint]] = {}
    elsewhere = [] if trusted is None else [notes.verify(trusted, key, witnessed=True)]
    for checkpoint in (*elsewhere, *(stamp.checkpoint for stamp in stamps)):
        kept.setdefault(checkpoint.size, set()).add(checkpoint)
    with Signatures(key, processes) as signatures:
        walk = _Walk(signatures, kept, Bounds.of(stamps), int(tolerance_s * 1000), int(late_s * 1000))
        for size, note, frontier in source.checkpoints():
            walk.commit(source.leaves(walk.start, size), size, note, frontier)
        walk.end(source.left_over(walk.start))
    walk.beside(source.contents())
    walk.keys(source.person_keys())
    return walk.report()


@dataclass(slots=True)
class _Walk:
    """One walk over the log: where it is, and what it found so far."""

    signatures: Signatures
    kept: dict[int, set[Checkpoint]]  # those kept elsewhere that the walk has not met yet, by size
    bounds: Bounds
    tolerance_ms: int
    late_ms: int
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
    earliest_ms: float = 0.0  # the earliest time that an entry of this commit bears
    stamped: int = 0
    latest_ms: int = 0
    contents: int = 0
    promised: int = 0  # pieces of content that entries tell of and that the walk has not met
    destroying: dict[str, Act] = field(default_factory=dict)  # the acts that destroyed content, by their names

    def commit(self, rows: Iterable[Any], size: int, note: Any, frontier: Any) -> None:
        """Check one checkpoint and the entries it added."""
        signed = self._signed(size, note)
        before, self.earliest_ms = max(self.start, 0), FOREVER_MS
        if signed is not None and signed.after != before:
            self._find("removed", before, "a checkpoint before this one is missing")
        self._entries(rows, before, size, signed)
        self._tree(before, size, signed, frontier)
        self.start, self.checkpoints = size, self.checkpoints + 1
        if signed is not None:
            if signed.time_ms < self.then_ms - self.tolerance_ms:
                self._find("back-dated", size, "this checkpoint is older than the one before")
            self._times(size, signed.time_ms)
            self.then_ms, self.last = signed.time_ms, note

    def end(self, left_over: int) -> None:
        """Check what there is after the last checkpoint."""
        if left_over:
            self._find("unsigned", max(self.start, 0), f"{left_over} entries stand after the last checkpoint")
        for size in self.signatures.wrong():
            self._find("signature", size, "the signature of a checkpoint is not right: the checkpoint was altered")
            self.last = None
        for size in sorted(self.kept):
            self._find("truncated", size, "the log does not hold the checkpoint that was kept elsewhere")

    def beside(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Check what lies beside the tree: each piece belongs to an entry, and is what that entry tells of."""
        for seq, body, *said in rows:
            its, own, key = said[:3], said[3:6], said[6]
            if not isinstance(body, bytes):
                self._find("content", -1, "a piece of content belongs to no entry")
                continue
            self.promised -= 1
            person, sealed, key_id, *rest = said[7:]
            content = Content(person, sealed, key_id, None, *rest)
            self.contents += content.sealed is not None
            if own != its or not fits(body, content):
                self._find("content", seq, "the content is not what the entry tells of")
            elif content.sealed is not None and key != content.key_id:
                self._find("content", seq, "the key of the content is missing")
            elif content.sealed is None and not self._destroyed(content):
                self._find("content", seq, "the content is gone, and no entry says that it was destroyed")
        if self.promised:
            self._find("content", -1, f"{self.promised} pieces of content are missing, and nothing says why")

    def keys(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Check the keys of persons: each is as it was made."""
        for row in rows:
            if not is_whole(*row):
                self._find("content", -1, "a key of a person is not what it was")

    def _destroyed(self, content: Content) -> bool:
        """Whether the act by which this content is said to be destroyed is on record, and could do that."""
        act = self.destroying.get(str(content.act))
        if act is None or act.time != content.destroyed:
            return False
        return act.action == "expire" or act.subject == f"user:{content.person}"

    def report(self) -> Report:
        """What was found."""
        return Report(
            entries=self.entries,
            checkpoints=self.checkpoints,
            unfinished=self.unfinished,
            problems=self.problems,
            findings=tuple(self.findings),
            last=self.last,
            stamped=self.stamped,
            latest_ms=self.latest_ms,
            contents=self.contents,
        )

    def _signed(self, size: int, note: Any) -> Checkpoint | None:
        try:
            signed = self.signatures.check(size, note) if isinstance(note, str) else None
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
        self.promised += bool(sealed_in(body))
        if own[OUTCOME] in DESTROYING and own[KIND] == "act":
            self._act(seq, body)
        at_ms = float(own[TIME] or 0) * 1000
        self.earliest_ms = min(self.earliest_ms, at_ms)
        if at_ms < self.then_ms - self.tolerance_ms or (latest_ms is not None and at_ms > latest_ms):
            self._find("back-dated", seq, "the time of the entry does not fit that of its commit")

    def _act(self, seq: int, body: bytes) -> None:
        try:
            act = decode(body)
        except AuditError as error:
            self._find("altered", seq, error.message)
            return
        if isinstance(act, Act):
            self.destroying[act.exchange] = act

    def _tree(self, before: int, size: int, signed: Checkpoint | None, frontier: Any) -> None:
        """Compare the tree with what was signed, with the kept frontier, and with the note kept elsewhere."""
        if self.fits and signed is not None and root(self.tree) != signed.root:
            self._find("root", before, f"entries {before} to {size - 1} are not the ones that were signed")
            self.fits = False
        expected = pack(self.tree) if keeps_frontier(before, size) else None
        if self.fits and frontier != expected:
            self._find("frontier", size, "the frontier kept with the checkpoint is not that of the tree")
        known = self.kept.get(size)
        if known and self.fits and {kept.root for kept in known} == {root(self.tree)}:
            del self.kept[size]  # found

    def _times(self, size: int, signed_ms: int) -> None:
        """Compare the times of a commit with those of the authorities around it."""
        after_ms, by_ms = self.bounds.around(size)
        if not after_ms - self.tolerance_ms <= signed_ms <= by_ms + self.tolerance_ms:
            self._find("back-dated", size, "the time of the checkpoint lies outside the time-stamps around it")
        if by_ms == FOREVER_MS:
            return
        late_ms = max(by_ms - int(min(self.earliest_ms, signed_ms)), 0)
        self.stamped, self.latest_ms = size, max(self.latest_ms, late_ms)
        if late_ms > self.late_ms:
            self._find("late", size, "only a time-stamp of much later covers this: it may have been made until then")

    def _find(self, kind: Kind, at: int, message: str) -> None:
        self.problems += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(kind, at, message))
