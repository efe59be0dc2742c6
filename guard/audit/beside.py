"""The check of what lies beside the tree, against what the entries tell of it: see `guard.audit.verify`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from guard.audit.acts import Destroyed, destroyed_by
from guard.audit.content import sealed_in
from guard.audit.entries import COLUMNS, Columns, Content, decode, fits
from guard.audit.findings import Findings
from guard.audit.persons import is_whole
from guard.errors import AuditError
from guard.times import date
from guard.types import Act

DESTROYING: Final = frozenset({"erase", "expire"})
KIND, OUTCOME = (COLUMNS.index(name) for name in ("kind", "outcome"))


@dataclass(slots=True)
class Destroying:
    """An act, the entry number `seq`, that destroyed content; `found` counts the content that says it was by this."""

    seq: int
    act: Act
    said: Destroyed
    found: int = 0

    def could(self, seq: int, time: float, content: Content) -> bool:
        """Whether it could destroy `content`, of the entry number `seq` of that `time`, and at the time told there."""
        act, said = self.act, self.said
        if seq >= self.seq or act.time != content.destroyed:
            return False
        if act.action == "erase":
            return act.subject == f"user:{content.person}"
        over = content.until <= act.time if content.until else time <= act.time
        return over and said.first <= date(time) <= said.last


@dataclass(slots=True)
class Beside:
    """What entries tell of the content beside the tree, and the check of that content against it."""

    findings: Findings
    found: int = 0  # pieces of content that are there
    promised: int = 0  # pieces of content that entries tell of and that the walk has not met
    destroying: dict[str, Destroying] = field(default_factory=dict)  # the acts that destroyed content, by their names

    def told(self, seq: int, body: bytes, own: Columns) -> None:
        """Take in what the entry number `seq` tells of content; `own` are its columns."""
        self.promised += bool(sealed_in(body))
        if own[OUTCOME] in DESTROYING and own[KIND] == "act":
            self._act(seq, body)

    def contents(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Check the content: each piece belongs to an entry, and is what that entry tells of."""
        for seq, body, *said in rows:
            its, own, key = said[:3], said[3:6], said[6]
            if not isinstance(body, bytes):
                self.findings.add("content", -1, "a piece of content belongs to no entry")
                continue
            self.promised -= 1
            person, sealed, key_id, *rest = said[7:]
            content = Content(person, sealed, key_id, None, *rest)
            self.found += content.sealed is not None
            if own != its or not fits(body, content):
                self.findings.add("content", seq, "the content is not what the entry tells of")
            elif content.sealed is not None and key != content.key_id:
                self.findings.add("content", seq, "the key of the content is missing")
            elif content.sealed is None and not self._destroyed(seq, its[2], content):
                self.findings.add("content", seq, "the content is gone, and no entry says that it was destroyed")
        for by in self.destroying.values():
            if by.found != by.said.entries:
                self.findings.add(
                    "content", by.seq, f"{by.found} pieces of content are said to be destroyed by this act, which "
                    f"says {by.said.entries}"
                )  # fmt: skip
        if self.promised:
            self.findings.add("content", -1, f"{self.promised} pieces of content are missing, and nothing says why")

    def keys(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Check the keys of persons: each is as it was made."""
        for row in rows:
            if not is_whole(*row):
                self.findings.add("content", -1, "a key of a person is not what it was")

    def _destroyed(self, seq: int, time: float, content: Content) -> bool:
        """Whether the act by which this content is said to be destroyed is on record, and could do that."""
        by = self.destroying.get(str(content.act))
        if by is None:
            return False
        by.found += 1
        return by.could(seq, time, content)

    def _act(self, seq: int, body: bytes) -> None:
        try:
            act = decode(body)
        except AuditError as error:
            self.findings.add("altered", seq, error.message)
            return
        said = destroyed_by(act) if isinstance(act, Act) else None
        if isinstance(act, Act) and said is not None:
            self.destroying[act.exchange] = Destroying(seq, act, said)
