"""The fields and the words of an API, as the provider's own SDK types them."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from typing_extensions import is_typeddict


def words_of(kind: Any) -> dict[str, set[str]]:
    """Every field of a type of requests and of the types within it, with the words that may stand there."""
    found: dict[str, set[str]] = {}
    _visit(kind, found, set())
    return found


def kinds_of(kind: Any) -> set[str]:
    """The types of the objects that may stand in one place."""
    if is_typeddict(kind):
        return set(get_args(get_type_hints(kind)["type"]))
    return {name for inner in get_args(kind) if not isinstance(inner, str) for name in kinds_of(inner)}


def fields_of(*kinds: Any) -> set[str]:
    """Every field of types of replies and of the types within them."""
    found: set[str] = set()
    seen: set[Any] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind not in seen:
                seen.add(kind)
                found |= {field.alias or name for name, field in kind.model_fields.items()}
                waiting += [field.annotation for field in kind.model_fields.values()]
        else:
            waiting += [inner for inner in get_args(kind) if not isinstance(inner, str)]
    return found


def _visit(kind: Any, found: dict[str, set[str]], seen: set[Any]) -> None:
    if not is_typeddict(kind):
        for inner in () if get_origin(kind) is Literal else get_args(kind):
            _visit(inner, found, seen)
    elif kind not in seen:
        seen.add(kind)
        for key, value in get_type_hints(kind).items():
            found.setdefault(key, set()).update(_literals(value))
            _visit(value, found, seen)


def _literals(kind: Any) -> set[str]:
    if get_origin(kind) is Literal:
        return {word for word in get_args(kind) if isinstance(word, str)}
    return {word for inner in get_args(kind) for word in _literals(inner)}
