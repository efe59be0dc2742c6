"""The check of the whole log: reads every entry and every checkpoint once, in order, and says what is not right.

What was cut off the end together with its checkpoints shows only against a checkpoint kept elsewhere, and what the
owner of the key made anew only against a checkpoint or a time-stamp. The kinds of findings: `guard.audit.findings`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, PublicKey
from guard.audit.findings import Finding, Findings, Kind, Report
from guard.audit.ring import Ring
from guard.audit.seals import Seals
from guard.audit.signatures import Signatures
from guard.audit.timestamps import Bounds, Stamp
from guard.audit.walking import Apart, Walk
from guard.errors import AuditError

__all__ = ["LATE_S", "TOLERANCE_S", "Finding", "Kind", "Report", "Source", "check"]

TOLERANCE_S: Final = 300.0
LATE_S: Final = 86_400.0
# A commit is signed within half a second. Whoever has the database and no key could seal entries with nonsense, which
# only the holder of the key sees: so to all others, what is not signed by then was altered or interrupted.
UNSIGNED_S: Final = 60.0


class Source(Protocol):
    """One state of a log, to walk over. What stands in it may be anything: it is checked, never trusted."""

    def checkpoints(self) -> Iterable[tuple[Any, Any, Any]]:
        """Size, note and kept frontier of each checkpoint, by size."""
        ...

    def signed(self) -> Iterable[tuple[Any, Any]]:
        """Size and note of each signed note that stands apart from the checkpoints, by size."""
        ...

    def changes(self) -> Iterable[tuple[Any, Any]]:
        """Size and note of each change of the signing key, by size."""
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
    seals: Seals | None = None,
    now_s: float | None = None,
    processes: int = 1,
) -> Report:
    """Check the log that `source` shows against `key`, its key now or once, the note `trusted`, and time-stamps.

    With `seals`, those by the newest key are checked too. `now_s` is the time of the check, in Unix seconds, by
    default the clock's: it tells what should be signed by now. So many `processes` check the signatures, where there
    are many. Memory grows with the acts that destroyed content and with nothing else of the log. Raises AuditError
    where `trusted` is not a sound checkpoint of this log, and what `source` raises where the log cannot be read.
    """
    findings = Findings()
    keys = _keys(source, key, findings)
    kept: dict[int, set[Checkpoint]] = {}
    elsewhere = [] if trusted is None else [notes.verify(trusted, keys, witnessed=True)]
    for checkpoint in (*elsewhere, *(stamp.checkpoint for stamp in stamps)):
        kept.setdefault(checkpoint.size, set()).add(checkpoint)
    with Signatures(keys, processes) as signatures:
        walk = Walk(signatures, kept, Bounds.of(stamps), int(tolerance_s * 1000), int(late_s * 1000), findings)
        if seals is not None and seals.public == keys.newest:
            walk.seals, walk.sealed_from = seals, keys.starts[-1]
        signed, changes = Apart(source.signed(), findings), Apart(source.changes(), findings)
        for size, note, frontier in source.checkpoints():
            walk.commit(source.leaves(walk.start, size), size, note, frontier, signed.up_to(size), changes.up_to(size))
        signed.end()
        changes.end()
        now_ms = int((time.time() if now_s is None else now_s) * 1000)
        walk.end(source.left_over(walk.start), now_ms - int(UNSIGNED_S * 1000), now_ms)
    walk.beside.contents(source.contents())
    walk.beside.keys(source.person_keys())
    return replace(walk.report(), changes=len(keys.changes), signer=keys.newest.id.hex())


def _keys(source: Source, key: PublicKey, findings: Findings) -> Ring:
    """All keys of the log; `key` alone where what tells of the others is not right."""
    try:
        return Ring.of(key, (note for _, note in source.changes()))
    except AuditError as error:
        findings.add("signature", 0, error.message)
        return Ring((key,))
