"""Fields of a body, read without trust: what is not of the expected form counts as absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guard.errors import RequestError
from guard.surfaces.walk import Path
from guard.types import Json


def index_of(item: Mapping[str, Any], place: int) -> int:
    """Which of a list this is: what it says, else its place."""
    index = item.get("index", place)
    return index if type(index) is int else place


def word(item: Mapping[str, Any], key: str) -> str:
    """The text under `key`; empty where there is none."""
    value = item.get(key)
    return value if isinstance(value, str) else ""


def listed(body: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """The objects of the list `key`; none where there is no such list."""
    found = body.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def check_messages(body: Mapping[str, Json]) -> None:
    """Raise RequestError where `body` has no list of messages."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise RequestError("'messages' must be a list of messages.", param="messages")


def newest_of(items: Json, path: Path, replies: frozenset[str]) -> Iterator[Path]:
    """The items of a conversation after the last whose role or type is one of `replies`, without instructions."""
    newest: list[Path] = []
    for index, item in reversed(list(enumerate(items if isinstance(items, list) else []))):
        said = {word(item, "role"), word(item, "type")} if isinstance(item, dict) else set()
        if said & replies:
            break
        if not said & {"system", "developer"}:
            newest.append((*path, index))
    yield from reversed(newest)
