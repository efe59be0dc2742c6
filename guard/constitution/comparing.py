"""Two versions of a constitution, principle by principle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from guard.constitution.values import Constitution, Principle, Reference, Scope
from guard.types import Dialogue

SIDES = ("violates", "complies")


def differences(before: Constitution, after: Constitution) -> tuple[str, ...]:
    """What changed from `before` to `after`, as lines to read; no line where the digests are the same."""
    if before.digest == after.digest:
        return ()
    lines = [
        f"{before.name} version {before.version} {before.digest}",
        f"{after.name} version {after.version} {after.digest}",
        *(f"  {line}" for line in _changed(before, after, leave=("digest", "principles"))),
    ]
    old, new = ({principle.id: principle for principle in one.principles} for one in (before, after))
    lines += [f"- {name}: {one.statement}" for name, one in old.items() if name not in new]
    lines += [f"+ {name}: {one.statement}" for name, one in new.items() if name not in old]
    for name in (name for name in new if name in old and new[name] != old[name]):
        lines += [f"~ {name}", *(f"    {line}" for line in _of_principle(old[name], new[name]))]
    both = [name for name in new if name in old]
    if both != [name for name in old if name in new]:
        lines.append("~ the order of the principles")
    return tuple(lines)


def _of_principle(before: Principle, after: Principle) -> Iterator[str]:
    yield from _changed(before, after, leave=("id", *SIDES))
    for side in SIDES:
        old, new = getattr(before, side), getattr(after, side)
        yield from (f"{side} - {_example(one)}" for one in old if one not in new)
        yield from (f"{side} + {_example(one)}" for one in new if one not in old)
        if old != new and sorted(map(_example, old)) == sorted(map(_example, new)):
            yield f"{side}: another order"


def _changed(before: object, after: object, *, leave: tuple[str, ...]) -> Iterator[str]:
    """The fields of two values of one kind that differ."""
    for field in fields(before):  # type: ignore[arg-type]
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name not in leave and old != new:
            yield f"{field.name}: {said(old)} → {said(new)}"


def said(value: Any) -> str:
    """A field as a person reads it; a dash where it says nothing."""
    match value:
        case Scope():
            named = ((field.name, getattr(value, field.name)) for field in fields(value))
            text = "; ".join(f"{name} {', '.join(those)}" for name, those in named if those)
        case Reference():
            text = value.law or f"policy {value.policy}"
        case tuple():
            text = ", ".join(map(said, value))
        case _ if hasattr(value, "__dataclass_fields__"):
            text = ", ".join(f"{field.name} {getattr(value, field.name)}" for field in fields(value))
        case _:
            text = "" if value is None else str(value)
    return text or "–"


def _example(example: Dialogue) -> str:
    return f"{example.prompt} ⟶ {example.reply}" if example.reply else example.prompt
