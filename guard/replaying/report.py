"""What a replay came to, as a person reads it and as a machine does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, get_args

from guard.replaying import Replayed, Skipped
from guard.times import instant
from guard.types import Decision

SHOWN: Final = 50  # exchanges that are named


@dataclass(slots=True)
class Report:
    """All that was replayed; those that differ are kept."""

    replayed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    fired_before: Counter[str] = field(default_factory=Counter)
    fired_after: Counter[str] = field(default_factory=Counter)
    operators: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    differing: list[Replayed] = field(default_factory=list)

    def add(self, one: Replayed | Skipped) -> None:
        """Count one exchange."""
        if isinstance(one, Skipped):
            self.skipped[one.why] += 1
            return
        self.replayed += 1
        self.decisions[one.before.decision, one.after.decision] += 1
        self.fired_before.update(one.before.fired)
        self.fired_after.update(one.after.fired)
        self.operators.update((entity, *pair) for entity, pair in one.operators.items())
        self.found.update(one.found)
        if one.differs:
            self.differing.append(one)


def as_values(report: Report) -> dict[str, Any]:
    """Everything as plain values, every exchange that differs included."""
    return {
        "replayed": report.replayed,
        "skipped": dict(report.skipped),
        "decisions": [
            {"was": was, "would_be": now, "exchanges": count} for (was, now), count in sorted(report.decisions.items())
        ],
        "principles": {
            name: {"fired": report.fired_before[name], "would_fire": report.fired_after[name]}
            for name in sorted(report.fired_before | report.fired_after)
        },
        "operators": [
            {"entity": entity, "was": was, "would_be": now, "exchanges": count}
            for (entity, was, now), count in sorted(report.operators.items())
        ],
        "found": dict(sorted(report.found.items())),
        "differing": [asdict(one) for one in report.differing],
    }


def as_text(report: Report) -> str:
    """The figures, and the newest exchanges that would be decided otherwise."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.replayed} exchanges replayed, {len(report.differing)} of them with another result"
    for why, count in sorted(report.skipped.items()):
        yield f"{count} not replayed: {why}"
    yield from _decisions(report)
    names = sorted(report.fired_before | report.fired_after)
    if names:
        yield "\nprinciple                          fired  would fire"
        yield from (f"{name:<32} {report.fired_before[name]:>7} {report.fired_after[name]:>11}" for name in names)
    if report.operators:
        yield "\nentity                   was          would be     exchanges"
        for (entity, was, now), count in sorted(report.operators.items()):
            yield f"{entity:<24} {was:<12} {now:<12} {count:>9}"
    if report.found:
        yield "\nfound now in what left   exchanges"
        yield from (f"{entity:<24} {count:>9}" for entity, count in sorted(report.found.items()))
    yield from _differing(report.differing)


def _decisions(report: Report) -> Iterator[str]:
    kinds: Sequence[str] = get_args(Decision)
    yield "\n             " + "".join(f"{f'would {kind}':>16}" for kind in kinds)
    for was in kinds:
        yield f"was {was:<9}" + "".join(f"{report.decisions[was, now]:>16}" for now in kinds)


def _differing(differing: Sequence[Replayed]) -> Iterator[str]:
    decided = [one for one in differing if one.before.decision != one.after.decision]
    if not decided:
        return
    shown = decided[:SHOWN]
    yield f"\ndecided otherwise{f' (the newest {SHOWN} of {len(decided)})' if len(decided) > SHOWN else ''}:"
    for one in shown:
        when = instant(one.time)
        why = f": {one.after.reason}" if one.after.reason else ""
        yield f"  {one.exchange}  {when}  {one.team or '-'}  {one.before.decision} → {one.after.decision}{why}"
