"""What the doctor found: a table of surfaces, the findings below it, and the same for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias
from unicodedata import east_asian_width

Check = Literal["masked", "restored", "reviewed", "logged"]
# masked    no canary left, but those that the policy keeps
# restored  what came back in the reply is byte for byte what was sent
# reviewed  every principle was judged, or is on record as not judged, before anything was released
# logged    the entry was opened before a byte left and closed before the reply, and no file holds a canary

CHECKS: tuple[Check, ...] = ("masked", "restored", "reviewed", "logged")
SHOWN = 40  # findings on the screen; --json has them all


@dataclass(frozen=True, slots=True)
class Cell:
    """How a check went: well, badly, or not to be done here; and in a few words why."""

    well: bool | None
    words: str = ""

    def __str__(self) -> str:
        mark = {True: "✓", False: "✗", None: "–"}[self.well]
        return f"{mark} {self.words}".rstrip()


NOTHING = Cell(None)


def _worse(first: Cell, second: Cell) -> Cell:
    return min(first, second, key=lambda cell: (False, True, None).index(cell.well))


@dataclass(frozen=True, slots=True)
class Finding:
    """What went wrong, and in which field. It never holds a value, a canary's neither."""

    surface: str
    mode: str
    check: Check
    field: str
    kind: str
    message: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What it has in common with other kinds that had the same fate in the same field."""
        return ", ".join(filter(None, (self.surface, self.mode))), self.field, self.message


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a surface, how its replies come, the policy, and a cell for each check."""

    surface: str
    mode: str = ""
    policy: str = ""
    masked: Cell = NOTHING
    restored: Cell = NOTHING
    reviewed: Cell = NOTHING
    logged: Cell = NOTHING

    def joined(self, other: Line) -> Line:
        """The line for two exchanges: what went wrong in either is told, else what could be checked in either."""
        cells = (_worse(getattr(self, check), getattr(other, check)) for check in CHECKS)
        return Line(self.surface, self.mode, self.policy, *cells)

    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        return self.surface, self.mode, self.policy, *(str(getattr(self, check)) for check in CHECKS)


@dataclass(slots=True)
class Report:
    """Lines, findings, and notes: what is worth knowing and no fault."""

    lines: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing leaked and nothing broke."""
        return not self.findings

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def as_text(self) -> str:
        """For people."""
        places: dict[tuple[str, str, str], list[str]] = {}
        for finding in self.findings:
            places.setdefault(finding.place, []).append(finding.kind)
        told = [_told(place, kinds) for place, kinds in places.items()]
        shown = told[:SHOWN] + ([f"and {len(told) - SHOWN} fields more: see --json"] if len(told) > SHOWN else [])
        parts = [*_table([line.cells() for line in self.lines]), ""]
        parts += [*(f"✗ {text}" for text in shown), *(f"· {note}" for note in self.notes)]
        count = len(self.findings)
        verdict = "Nothing leaked, nothing broke." if self.ok else f"{count} finding{'s' if count > 1 else ''}."
        return "\n".join([*parts, "", verdict])

    def as_json(self) -> str:
        """For machines."""
        values = {
            "ok": self.ok,
            "lines": [asdict(line) for line in self.lines],
            "findings": [asdict(finding) for finding in self.findings],
            "notes": self.notes,
        }
        return json.dumps(values, ensure_ascii=False, indent=2)


Row: TypeAlias = Sequence[str]


def _told(place: tuple[str, str, str], kinds: Sequence[str]) -> str:
    where, field, message = place
    which = ", ".join(dict.fromkeys(filter(None, kinds)))
    return ": ".join(filter(None, (where, field, which, message)))


def _table(rows: Sequence[Row]) -> Iterator[str]:
    head = ("surface", "mode", "policy", *CHECKS)
    widths = [max(_width(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)).rstrip()


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
