"""Where a reply counts the characters of its own words, as citations do, and how these counts move with the words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from guard.surfaces.walk import Path, objects
from guard.types import Json

Edge: TypeAlias = Literal["start", "end"]
Move: TypeAlias = Callable[[int, Edge], int]  # where a place in a text stands once the text has been restored

_COUNTS: Mapping[str, Edge] = {"start_index": "start", "end_index": "end"}


@dataclass(frozen=True, slots=True)
class Citation:
    """An object at `path` whose start_index and end_index, exclusive, count characters of one text of the reply.

    That is the string at `text` of the same body, or, where this is None, what came of the text `key` so far.
    """

    path: Path
    counts: Mapping[str, int]
    text: Path | None
    key: tuple[str | int, ...] = ()


def citations(annotations: Json, path: Path, text: Path | None, key: tuple[str | int, ...] = ()) -> Iterator[Citation]:
    """What the list of `annotations` at `path` counts: each counts itself, or an object in it that names its kind."""
    for place, annotation in objects(annotations):
        yield from citation(annotation, (*path, place), text, key)


def citation(annotation: Json, path: Path, text: Path | None, key: tuple[str | int, ...] = ()) -> Iterator[Citation]:
    """What one annotation counts."""
    if not isinstance(annotation, dict):
        return
    for place, item in ((path, annotation), *(((*path, name), item) for name, item in annotation.items())):
        stated = {name: item[name] for name in _COUNTS if name in item} if isinstance(item, dict) else {}
        counts = {name: count for name, count in stated.items() if type(count) is int}
        if counts:
            yield Citation(place, counts, text, key)


def moved(cited: Iterable[Citation], move_of: Callable[[Citation], Move | None]) -> dict[Path, Json]:
    """The counts that differ once the texts are restored, by their places."""
    changes: dict[Path, Json] = {}
    for each in cited:
        move = move_of(each)
        for name, count in each.counts.items() if move else ():
            new = move(count, _COUNTS[name]) if move else count
            if new != count:
                changes[*each.path, name] = new
    return changes
