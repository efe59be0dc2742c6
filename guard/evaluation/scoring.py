"""How well entities were found: pure functions over golds and finds, in characters that are not space.

*Fully masked*: the share of golds whose every character is covered, whatever the find is called. *Character
precision*: the share of covered characters that belong to a gold. Either alone is easy to game.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from guard.evaluation.samples import Group, Sample

Item = TypeVar("Item")
Find = tuple[int, int, str]  # start, end (exclusive), entity


@dataclass(frozen=True, slots=True)
class Tally:
    """Golds and how many of them are whole; covered characters and how many of them are right."""

    golds: int = 0
    whole: int = 0
    covered: int = 0
    right: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.golds + other.golds,
            self.whole + other.whole,
            self.covered + other.covered,
            self.right + other.right,
        )

    @property
    def fully_masked(self) -> float | None:
        """The share of golds that are whole, None where there are none."""
        return self.whole / self.golds if self.golds else None

    @property
    def precision(self) -> float | None:
        """The share of covered characters that are right, None where nothing is covered."""
        return self.right / self.covered if self.covered else None


def tally(sample: Sample, finds: Iterable[Find]) -> Tally:
    """One text, all entities together."""
    covered = _characters(sample.text, [(start, end) for start, end, _ in finds])
    golds = [_characters(sample.text, [(gold.start, gold.end)]) for gold in sample.golds]
    return Tally(
        golds=len(golds),
        whole=sum(gold <= covered for gold in golds),
        covered=len(covered),
        right=len(covered & set().union(*golds)),
    )


def by_entity(sample: Sample, finds: Sequence[Find]) -> dict[str, Tally]:
    """One text, a tally for each entity.

    A gold counts for its own entity, whatever covers it. A covered character counts for the entity under which it was
    found, and is right where it belongs to any gold.
    """
    gold_of = _grouped((gold.entity, gold) for gold in sample.golds)
    find_of = _grouped((entity, (start, end)) for start, end, entity in finds)
    covered = _characters(sample.text, [(start, end) for start, end, _ in finds])
    all_golds = _characters(sample.text, [(gold.start, gold.end) for gold in sample.golds])
    tallies: dict[str, Tally] = {}
    for entity in sorted({*gold_of, *find_of}):
        own = _characters(sample.text, find_of.get(entity, ()))
        golds = gold_of.get(entity, ())
        whole = sum(_characters(sample.text, [(gold.start, gold.end)]) <= covered for gold in golds)
        tallies[entity] = Tally(len(golds), whole, len(own), len(own & all_golds))
    return tallies


def scored(
    samples: Sequence[Sample], found: Sequence[Sequence[Find]], by: Sequence[Group] = ()
) -> dict[tuple[str, ...], Tally]:
    """The tallies of all texts, in groups named by their values of `by`, sorted; without `by` under the key ()."""
    tallies: dict[tuple[str, ...], Tally] = {}
    for sample, finds in zip(samples, found, strict=True):
        parts = by_entity(sample, finds) if "entity" in by else {"": tally(sample, finds)}
        for entity, part in parts.items():
            key = tuple(entity if group == "entity" else sample.groups.get(group, "") for group in by)
            tallies[key] = tallies.get(key, Tally()) + part
    return dict(sorted(tallies.items()))


def without(samples: Iterable[Sample], entities: Collection[str]) -> tuple[Sample, ...]:
    """The samples without the golds of some entities."""
    return tuple(
        Sample(sample.text, tuple(gold for gold in sample.golds if gold.entity not in entities), sample.groups)
        for sample in samples
    )


def touched(found: Sequence[Sequence[Find]]) -> int:
    """In how many texts something was found."""
    return sum(bool(finds) for finds in found)


def _characters(text: str, extents: Iterable[tuple[int, int]]) -> set[int]:
    """The places in the extents that hold no space."""
    return {place for start, end in extents for place in range(start, end) if not text[place].isspace()}


def _grouped(pairs: Iterable[tuple[str, Item]]) -> Mapping[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups
