"""Find every string of a JSON body, and put changed ones back in their places.

A surface says which keys belong to its API and which of their values are words of the API too; everything else is
text, known or not.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from guard.errors import RequestError
from guard.types import Json

Path: TypeAlias = tuple[str | int, ...]

# From eight digits on a number may be a telephone's, a card's or a person's.
LONG_NUMBER = 10_000_000
# Deeper than any real body; what is nested deeper could not be walked.
MAX_DEPTH = 100

LeafKind = Literal["text", "name", "fixed"]
# text   prose, or JSON inside a string: parts of it may be replaced
# name   an identifier: replaced as a whole, by a placeholder that is an identifier too
# fixed  a word that cannot be replaced (a model's name): a value in it is refused


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string of a body, or a number long enough to be a value; `key` says that it is the key at `path`."""

    path: Path
    text: str
    kind: LeafKind
    key: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a surface knows of its own words.

    `keys` are the names of its fields; `words` gives, by key, the shape of values that are words of the API;
    `names` are keys whose values are identifiers; `fixed` are keys whose values cannot be replaced, with their shape.
    `free` are the keys under which the user's own data lies: nothing below them is a word of the API.
    """

    keys: frozenset[str]
    words: Mapping[str, re.Pattern[str]]
    names: frozenset[str]
    fixed: Mapping[str, re.Pattern[str]]
    free: frozenset[str]

    def kind(self, key: str, value: str, *, free: bool) -> LeafKind | None:
        """How the string `value` of field `key` is to be read; None when it is a word of the API."""
        if not free:
            if key in self.words and self.words[key].fullmatch(value):
                return None
            if key in self.fixed and self.fixed[key].fullmatch(value):
                return "fixed"
            if key in self.names:
                return "name"
        return "text"


def parse(body: bytes) -> dict[str, Json]:
    """`body` as a JSON object. Raises RequestError.

    A key that stands twice is refused: one reader would take the first value and another the last.
    """
    try:
        value = _DECODER.decode(body.decode())  # json.loads would also take UTF-16, and halves of surrogate pairs
    except RequestError:
        raise
    except (ValueError, RecursionError) as error:
        raise RequestError("The body is not valid JSON. Send one JSON object, encoded as UTF-8.") from error
    if not isinstance(value, dict):
        raise RequestError("The body is not a JSON object. Send one JSON object, encoded as UTF-8.")
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deep(value):
        raise RequestError(f"The body is nested deeper than {MAX_DEPTH} levels. Send a flatter one.")
    return value


def dump(value: Json) -> bytes:
    """`value` as compact JSON in UTF-8."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair has no UTF-8
        return json.dumps(value, separators=(",", ":")).encode()


def leaves(value: Json, vocabulary: Vocabulary, path: Path = (), *, free: bool = False) -> Iterator[Leaf]:
    """Every string leaf, every key that is not the API's, and every long number of `value`, in order."""
    match value:
        case dict():
            for key, item in value.items():
                if key not in vocabulary.keys:
                    yield Leaf((*path, key), key, "name", key=True)
                yield from leaves(item, vocabulary, (*path, key), free=free or key in vocabulary.free)
        case list():
            for index, item in enumerate(value):
                yield from leaves(item, vocabulary, (*path, index), free=free)
        case str() if value:
            kind = vocabulary.kind(_last_key(path), value, free=free)
            if kind is not None:
                yield Leaf(path, value, kind)
        case int() | float() if abs(value) >= LONG_NUMBER and value == int(value):
            text = str(int(value))
            kind = vocabulary.kind(_last_key(path), text, free=free)
            if kind is not None:
                yield Leaf(path, text, "fixed" if kind == "fixed" else "name")


def rebuild(value: Json, changes: Mapping[tuple[Path, bool], str], path: Path = ()) -> Json:
    """A copy of `value` in which the leaves named by (path, is key) have new texts."""
    match value:
        case dict():
            rebuilt: dict[str, Json] = {}
            for key, item in value.items():
                name = changes.get(((*path, key), True), key)
                while name in rebuilt:  # two keys that are redacted to one word stay two
                    name += "_"
                rebuilt[name] = rebuild(item, changes, (*path, key))
            return rebuilt
        case list():
            return [rebuild(item, changes, (*path, index)) for index, item in enumerate(value)]
        case _:
            return changes.get((path, False), value)


def objects(value: Json) -> Iterator[tuple[int, dict[str, Json]]]:
    """The objects of a list, each with its place in it; none where `value` is no list."""
    for place, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield place, item


def label(path: Path, keys: frozenset[str]) -> str:
    """`path` for the log, as `messages[0].content`: keys that are not the API's may be values and read `*`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if part in keys else "*")
    return text


def _last_key(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise RequestError("An object of the body names the same key twice. Send each key once.")
    return value


def _is_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        held = (v.values() if isinstance(v, dict) else v for v in level if isinstance(v, (dict, list)))
        level = [item for items in held for item in items]
    return bool(level)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise RequestError("The body holds a number that is too large. Send it as a string.")
    return number


def _refuse_constant(_: str) -> None:
    raise RequestError("The body holds NaN or Infinity, which JSON does not have. Send null or a number.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite)
