"""What an evaluation found: tables of Markdown, which read well on a screen too, and the same for machines."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from guard.evaluation.samples import Group
from guard.evaluation.scoring import Tally

_WORDS = {*get_args(Group), "system", "prompts in", "taken for"}  # columns of words; the others hold numbers


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time in a language: milliseconds for a KB of new text, median over `texts` texts of 1 KB.

    `by_row` is the same over all rows, one by one: short texts cost more. `history` is that of a request of 40
    messages of which only the last is new; None where it is not measured.
    """

    language: str
    texts: int
    per_kilobyte: float
    by_row: float
    history: float | None


@dataclass(frozen=True, slots=True)
class Alarms:
    """Ordinary prompts of a language, how many of them were touched, and in how many each entity was found."""

    language: str
    prompts: int
    touched: int
    entities: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class System:
    """What one system did. `masked` leaves out the golds that the policy keeps."""

    name: str
    total: Tally
    masked: Tally
    languages: Mapping[tuple[str, ...], Tally]
    groups: Mapping[tuple[str, ...], Tally]
    alarms: tuple[Alarms, ...]
    costs: tuple[Cost, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One run over some files; `kept` are the entities of the golds that the policy lets leave."""

    data: tuple[str, ...]
    rows: int
    policy: str
    kept: tuple[str, ...]
    by: tuple[Group, ...]
    systems: tuple[System, ...]

    def as_text(self) -> str:
        """Tables for people."""
        parts = [self._heading(), *self._totals()]
        if self.by:
            parts += ["", *self._groups()]
        if any(system.alarms for system in self.systems):
            parts += ["", *self._alarms()]
        return "\n".join([*parts, "", *self._costs()])

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {
                "data": self.data,
                "rows": self.rows,
                "policy": self.policy,
                "kept": self.kept,
                "systems": {system.name: _values(system, self.by) for system in self.systems},
            },
            ensure_ascii=False,
        )

    def _heading(self) -> str:
        return f"{', '.join(self.data)}: {self.rows} rows, policy '{self.policy}'\n"

    def _totals(self) -> Iterator[str]:
        head = ("system", "language", "entities", "fully masked", "character precision")
        yield from table(head, list(self._total_rows()), _WORDS)

    def _total_rows(self) -> Iterator[Sequence[str]]:
        for system in self.systems:
            for (language,), tally in system.languages.items():
                yield system.name, language, f"{tally.golds}", *_shares(tally)
            yield system.name, "all", f"{system.total.golds}", *_shares(system.total)
            if self.kept:
                what = f"all but {', '.join(self.kept)}, which the policy keeps"
                yield system.name, what, f"{system.masked.golds}", *_shares(system.masked)

    def _groups(self) -> Iterator[str]:
        names = [system.name for system in self.systems]
        head = [*self.by, "entities", *(f"{name}: {what}" for name in names for what in ("fully masked", "precision"))]
        keys = sorted({key for system in self.systems for key in system.groups})
        yield from table(head, [self._group_row(key) for key in keys], _WORDS)

    def _group_row(self, key: tuple[str, ...]) -> Sequence[str]:
        tallies = [system.groups.get(key, Tally()) for system in self.systems]
        shown = [share for tally in tallies for share in _shares(tally)]
        return [*(part or "–" for part in key), f"{max(tally.golds for tally in tallies)}", *shown]

    def _alarms(self) -> Iterator[str]:
        rows = [
            (
                system.name,
                alarm.language,
                f"{alarm.prompts}",
                f"{alarm.touched}",
                f"{alarm.touched / alarm.prompts:.1%}",
                ", ".join(f"{entity} {count}" for entity, count in alarm.entities.items()) or "–",
            )
            for system in self.systems
            if system.alarms
            for alarm in (*system.alarms, _together(system.alarms))
        ]
        yield from table(("system", "prompts in", "ordinary prompts", "touched", "share", "taken for"), rows, _WORDS)

    def _costs(self) -> Iterator[str]:
        rows = [
            (
                system.name,
                cost.language,
                f"{cost.texts}",
                f"{cost.per_kilobyte:.2f}",
                f"{cost.by_row:.2f}",
                "–" if cost.history is None else f"{cost.history:.1f}",
            )
            for system in self.systems
            for cost in system.costs
        ]
        head = ("system", "language", "texts of 1 KB", "CPU ms per new KB, p50", "row by row", "40 messages, last new")
        yield from table(head, rows, _WORDS)


def _together(alarms: Sequence[Alarms]) -> Alarms:
    entities: dict[str, int] = {}
    for alarm in alarms:
        for entity, count in alarm.entities.items():
            entities[entity] = entities.get(entity, 0) + count
    prompts, touched = sum(alarm.prompts for alarm in alarms), sum(alarm.touched for alarm in alarms)
    return Alarms("all", prompts, touched, dict(sorted(entities.items())))


def figure(share: float | None) -> str:
    """A share for a table; a dash where there is none."""
    return "–" if share is None else f"{share:.3f}"


def _shares(tally: Tally) -> tuple[str, str]:
    return figure(tally.fully_masked), figure(tally.precision)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: Collection[str]) -> Iterator[str]:
    """A table of Markdown; the columns of `words` stand to the left, those of numbers to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        cells = zip(line, widths, head, strict=True)
        yield f"| {' | '.join(c.ljust(width) if name in words else c.rjust(width) for c, width, name in cells)} |"
        if number == 0:
            rules = (
                "-" * (w + 2) if name in words else "-" * (w + 1) + ":" for w, name in zip(widths, head, strict=True)
            )
            yield f"|{'|'.join(rules)}|"


def _values(system: System, by: Sequence[Group]) -> dict[str, Any]:
    return {
        "total": _numbers(system.total),
        "without_kept": _numbers(system.masked),
        "languages": {language: _numbers(tally) for (language,), tally in system.languages.items()},
        "groups": [dict(zip(by, key, strict=True)) | _numbers(tally) for key, tally in system.groups.items()],
        "alarms": [
            {"language": a.language, "prompts": a.prompts, "touched": a.touched, "entities": dict(a.entities)}
            for a in system.alarms
        ],
        "cost": [
            {
                "language": c.language,
                "texts": c.texts,
                "cpu_ms_per_kb": c.per_kilobyte,
                "cpu_ms_per_kb_by_row": c.by_row,
                "cpu_ms_last_of_40": c.history,
            }
            for c in system.costs
        ],
    }


def _numbers(tally: Tally) -> dict[str, Any]:
    return {
        "entities": tally.golds,
        "whole": tally.whole,
        "covered": tally.covered,
        "right": tally.right,
        "fully_masked": tally.fully_masked,
        "character_precision": tally.precision,
    }
