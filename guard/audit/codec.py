"""From type hints to JSON and back: checked, value by value, in both directions.

The entries of the log are frozen dataclasses of texts, numbers, tuples and mappings. Their own type hints say what may
stand in each field, so there is no second description that could differ from the first.
"""

from __future__ import annotations

import builtins
import collections.abc
import dataclasses
import math
import operator
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_LARGEST: Final = 2**53  # the largest integer up to which a float holds each one exactly


class RefusedFieldError(ValueError):
    """A field is not what its type says. The message is a path of field names and never holds a value."""


@dataclass(frozen=True, slots=True)
class Codec:
    """`dump` makes JSON of a value and `load` a value of JSON; both raise RefusedFieldError.

    A value that is of the type `plain` is its own JSON. `load` may change what it is given.
    """

    dump: Callable[[Any], Any]
    load: Callable[[Any], Any]
    plain: type | None = None


def codec(hint: Any) -> Codec:
    """Make the codec of one type hint; raises TypeError at import for a hint that entries do not use."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    match origin:
        case None if hint is float:
            made = Codec(_number, _number)  # finite, which its type alone does not say
        case None if hint in (str, int, bool):
            made = _exactly(hint)
        case None if dataclasses.is_dataclass(hint):
            made = _record(typing.cast("type[Any]", hint))
        case typing.Literal:
            made = _one_of(arguments)
        case builtins.tuple if arguments[1:] == (...,):
            made = _sequence(codec(arguments[0]))
        case builtins.tuple:
            made = _row(tuple(codec(argument) for argument in arguments))
        case collections.abc.Mapping:
            made = _mapping(codec(arguments[1]))
        case _:
            raise TypeError(hint)
    return made


def _number(value: Any) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -_LARGEST <= value <= _LARGEST:
        return float(value)
    raise RefusedFieldError("is not a finite number")


def _exactly(kind: type) -> Codec:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise RefusedFieldError(f"is not of type {kind.__name__}")
        return value

    return Codec(same, same, kind)


def _one_of(words: tuple[str, ...]) -> Codec:
    def same(value: Any) -> Any:
        if value not in words:
            raise RefusedFieldError(f"is none of {', '.join(words)}")
        return value

    return Codec(same, same)


def _sequence(item: Codec) -> Codec:
    def dump(value: Any) -> Any:
        if type(value) is not tuple:
            raise RefusedFieldError("is not a tuple")
        return [item.dump(part) for part in value]

    def load(value: Any) -> Any:
        if type(value) is not list:
            raise RefusedFieldError("is not a list")
        return tuple([item.load(part) for part in value])

    return Codec(dump, load)


def _row(items: tuple[Codec, ...]) -> Codec:
    def dump(value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(items):
            raise RefusedFieldError(f"is not a tuple of {len(items)}")
        return [item.dump(part) for item, part in zip(items, value, strict=True)]

    def load(value: Any) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise RefusedFieldError(f"is not a list of {len(items)}")
        return tuple([item.load(part) for item, part in zip(items, value, strict=True)])

    return Codec(dump, load)


def _mapping(item: Codec) -> Codec:
    def dump(value: Any) -> Any:
        if not isinstance(value, (dict, types.MappingProxyType)) or not all(type(key) is str for key in value):
            raise RefusedFieldError("is not a mapping of names")
        return {key: item.dump(part) for key, part in value.items()}

    def load(value: Any) -> Any:
        if type(value) is not dict:
            raise RefusedFieldError("is not a mapping of names")
        return {key: item.load(part) for key, part in value.items()}

    return Codec(dump, load)


def _record(kind: type[Any]) -> Codec:
    hints = typing.get_type_hints(kind)
    codecs = {field.name: codec(hints[field.name]) for field in dataclasses.fields(kind)}
    every = [(name, codec.dump, codec.load) for name, codec in codecs.items()]
    others = [(name, codec.dump, codec.load) for name, codec in codecs.items() if codec.plain is None]
    plain = {name: codec.plain for name, codec in codecs.items() if codec.plain is not None}
    names, types_of_plain = tuple(plain), list(plain.values())
    plain_of = operator.attrgetter("__class__", "__class__", *names)  # with two names, always a tuple

    def dump(value: Any) -> dict[str, Any]:
        if type(value) is not kind:
            raise RefusedFieldError(f"is not of type {kind.__name__}")
        values = plain_of(value)[2:]
        data = dict(zip(names, values, strict=True))
        # Mostly all plain fields are of their very type; else it is an integer for a float, or a mistake to name.
        usual = [*map(type, values)] == types_of_plain
        name = ""
        try:
            for name, write, _ in others if usual else every:
                data[name] = write(getattr(value, name))
        except RefusedFieldError as error:
            raise RefusedFieldError(_path(name, error)) from None
        return data

    def load(value: Any) -> Any:
        if type(value) is not dict or value.keys() != codecs.keys():
            raise RefusedFieldError(f"does not have the fields of {kind.__name__}")
        usual = [type(value[name]) for name in names] == types_of_plain
        name = ""
        try:
            for name, _, read in others if usual else every:
                value[name] = read(value[name])
        except RefusedFieldError as error:
            raise RefusedFieldError(_path(name, error)) from None
        return kind(**value)

    return Codec(dump, load)


def _path(name: str, error: RefusedFieldError) -> str:
    inner = str(error)
    return f"{name} {inner}" if inner.startswith(("is ", "does ")) else f"{name}.{inner}"
