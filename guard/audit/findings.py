"""What a check of the log found.

    altered     an entry's bytes do not fit its hash, or its columns do not fit its bytes
    removed     an entry or a checkpoint is missing
    root        the entries under a checkpoint are not the ones that were signed: altered, exchanged or slipped in
    unsigned    entries stand after the last checkpoint, or were sealed and never signed
    signature   a checkpoint, its seal or its signature was altered, or is not of this log
    frontier    a kept frontier is not that of the tree
    back-dated  a time goes backwards, or lies ahead of its commit or outside the time-stamps around it, by more than
                the tolerance
    late        the time-stamp over an entry is so much later than the entry that it does not show when it was made
    truncated   the log is shorter than, or differs from, a checkpoint that the caller kept elsewhere
    content     what lies beside the tree belongs to no entry, or is not what the entry says

The check itself is in `guard.audit.verify`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal[
    "altered", "removed", "root", "unsigned", "signature", "frontier", "back-dated", "late", "truncated", "content"
]

MOST_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not right, at entry or checkpoint number `at`; the message holds no value."""

    kind: Kind
    at: int
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check saw. Only the first findings are listed; `problems` counts all.

    `last` is the newest sound signed note, None where none is known. So many entries after it are `sealed` and not
    signed; `seals` says whether the seals were checked, which needs the signing key. The signing key was
    changed `changes` times; `signer` is the id of the newest.
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
    sealed: int = 0
    seals: bool = False
    changes: int = 0
    signer: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.problems == 0


@dataclass(slots=True)
class Findings:
    """What is found on a walk, in order: all are counted, the first are listed."""

    problems: int = 0
    listed: list[Finding] = field(default_factory=list)

    def add(self, kind: Kind, at: int, message: str) -> None:
        """One more."""
        self.problems += 1
        if len(self.listed) < MOST_FINDINGS:
            self.listed.append(Finding(kind, at, message))
