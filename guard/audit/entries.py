"""Audit entries as bytes: canonical JSON that is hashed, stored and read back.

One entry is one JSON object in UTF-8: keys sorted, no blanks, no NaN and no infinity, `schema` with the version of the
form and `kind` with what it is. Equal entries give equal bytes. What `decode` would refuse, `encode` refuses too, so
that the log never holds what nobody can read.
"""

from __future__ import annotations

import builtins
import collections.abc
import dataclasses
import json
import math
import operator
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias

from guard.audit.merkle import leaf_hash
from guard.errors import AuditError
from guard.types import Closing, Entry, Opening

SCHEMA: Final = 1

Kind: TypeAlias = Literal["opening", "closing"]
KINDS: Final[Mapping[Kind, type[Opening] | type[Closing]]] = {"opening": Opening, "closing": Closing}

COLUMNS: Final = (
    "exchange", "kind", "time", "user", "team", "application", "surface", "model", "decision", "outcome",
)  # fmt: skip
# What a list of exchanges needs without reading bodies. Derived from the body, and checked against it by verify.
Columns: TypeAlias = tuple[str | float | None, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry ready to be stored: its bytes, their RFC 6962 leaf hash, and its columns in the order of COLUMNS."""

    body: bytes
    hash: bytes
    columns: Columns


def encode(entry: Entry) -> bytes:
    """The canonical bytes of `entry`. Raises AuditError where a field holds what the schema does not allow."""
    kind: Kind = "opening" if isinstance(entry, Opening) else "closing"
    try:
        text = _JSON.encode({"schema": SCHEMA, "kind": kind, **_CODECS[kind].dump(entry)})
    except ValueError as error:
        raise AuditError(f"the {kind} of an exchange cannot be recorded: {error}") from error
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _joined(text).encode("utf-8", "backslashreplace")


def decode(body: bytes) -> Entry:
    """Read the entry that `body` holds. Raises AuditError for an unknown schema and for anything malformed."""
    kind, data = _parse(body)
    try:
        entry: Entry = _CODECS[kind].load(data)
    except ValueError as error:
        raise AuditError(f"an entry of the log is malformed: {error}") from error
    return entry


def columns_of(body: bytes) -> Columns:
    """Read from `body` alone what `columns` says of the entry in it. Raises AuditError as `decode` does."""
    kind, data = _parse(body)
    try:
        who = data["principal"] if kind == "opening" else {}
        texts = [who.get(name, data.get(name)) for name in COLUMNS[3:]]
        return (_storable(data["exchange"]), kind, float(data["time"]), *map(_storable, texts))
    except (KeyError, TypeError, AttributeError, ValueError):
        # `from None`: the error at hand may name a value.
        raise AuditError("an entry of the log is malformed") from None


def columns(entry: Entry) -> Columns:
    """Derive the columns of `entry`, in the order of COLUMNS; None where its kind has no such field."""
    texts: tuple[str | None, ...]
    if isinstance(entry, Opening):
        kind, who = "opening", entry.principal
        texts = (who.user, who.team, who.application, entry.surface, entry.model, None, None)
    else:
        kind = "closing"
        texts = (None, None, None, None, entry.model, entry.decision, entry.outcome)
    return (_storable(entry.exchange), kind, float(entry.time), *map(_storable, texts))


def leaf(entry: Entry) -> Leaf:
    """`entry` ready to be stored. Raises AuditError as `encode` does."""
    body = encode(entry)
    return Leaf(body, leaf_hash(body), columns(entry))


def _parse(body: bytes) -> tuple[Kind, dict[str, Any]]:
    """Read the JSON of `body`, without the fields that say how to read it. Raises AuditError."""
    # `from None`: the errors of the JSON parser carry the whole text.
    try:
        data = json.loads(body.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, AttributeError, RecursionError):  # no UTF-8, no bytes at all, too deep
        raise AuditError("an entry of the log is not JSON") from None
    if not isinstance(data, dict):
        raise AuditError("an entry of the log is not an object")
    schema, kind = data.pop("schema", None), data.pop("kind", None)
    if type(schema) is not int or schema != SCHEMA:
        raise AuditError(f"an entry of the log has an unknown schema; this guard reads {SCHEMA}: update guard")
    if kind not in ("opening", "closing"):
        raise AuditError("an entry of the log is of an unknown kind")
    return kind, data


def _storable(text: str | None) -> str | None:
    """`text` without lone surrogates, which JSON can hold and a database column cannot."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _joined(text: str) -> str:
    """`text` with each pair of surrogates as the one character that a JSON parser would read."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


# --- from type hints to a writer and a reader ---------------------------------------------------------------------


class _RefusedError(ValueError):
    """A field is not what its type says. The message is a path of field names and never holds a value."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """`dump` makes JSON of a value and `load` a value of JSON; both raise _RefusedError.

    A value that is of the type `plain` is its own JSON. `load` may change what it is given.
    """

    dump: Callable[[Any], Any]
    load: Callable[[Any], Any]
    plain: type | None = None


_JSON: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
_LARGEST: Final = 2**53  # the largest integer up to which a float holds each one exactly


def _codec(hint: Any) -> _Codec:
    """Make the codec of one type hint; raises TypeError at import for a hint that entries do not use."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    match origin:
        case None if hint is float:
            codec = _Codec(_number, _number, float)
        case None if hint in (str, int, bool):
            codec = _exactly(hint)
        case None if dataclasses.is_dataclass(hint):
            codec = _record(typing.cast("type[Any]", hint))
        case typing.Literal:
            codec = _one_of(arguments)
        case builtins.tuple if arguments[1:] == (...,):
            codec = _sequence(_codec(arguments[0]))
        case builtins.tuple:
            codec = _row(tuple(_codec(argument) for argument in arguments))
        case collections.abc.Mapping:
            codec = _mapping(_codec(arguments[1]))
        case _:
            raise TypeError(hint)
    return codec


def _number(value: Any) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -_LARGEST <= value <= _LARGEST:
        return float(value)
    raise _RefusedError("is not a finite number")


def _exactly(kind: type) -> _Codec:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise _RefusedError(f"is not of type {kind.__name__}")
        return value

    return _Codec(same, same, kind)


def _one_of(words: tuple[str, ...]) -> _Codec:
    def same(value: Any) -> Any:
        if value not in words:
            raise _RefusedError(f"is none of {', '.join(words)}")
        return value

    return _Codec(same, same)


def _sequence(item: _Codec) -> _Codec:
    def dump(value: Any) -> Any:
        if type(value) is not tuple:
            raise _RefusedError("is not a tuple")
        return [item.dump(part) for part in value]

    def load(value: Any) -> Any:
        if type(value) is not list:
            raise _RefusedError("is not a list")
        return tuple([item.load(part) for part in value])

    return _Codec(dump, load)


def _row(items: tuple[_Codec, ...]) -> _Codec:
    def dump(value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(items):
            raise _RefusedError(f"is not a tuple of {len(items)}")
        return [item.dump(part) for item, part in zip(items, value, strict=True)]

    def load(value: Any) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise _RefusedError(f"is not a list of {len(items)}")
        return tuple([item.load(part) for item, part in zip(items, value, strict=True)])

    return _Codec(dump, load)


def _mapping(item: _Codec) -> _Codec:
    def dump(value: Any) -> Any:
        if not isinstance(value, (dict, types.MappingProxyType)) or not all(type(key) is str for key in value):
            raise _RefusedError("is not a mapping of names")
        return {key: item.dump(part) for key, part in value.items()}

    def load(value: Any) -> Any:
        if type(value) is not dict:
            raise _RefusedError("is not a mapping of names")
        return {key: item.load(part) for key, part in value.items()}

    return _Codec(dump, load)


def _record(kind: type[Any]) -> _Codec:
    hints = typing.get_type_hints(kind)
    codecs = {field.name: _codec(hints[field.name]) for field in dataclasses.fields(kind)}
    every = [(name, codec.dump, codec.load) for name, codec in codecs.items()]
    others = [(name, codec.dump, codec.load) for name, codec in codecs.items() if codec.plain is None]
    plain = {name: codec.plain for name, codec in codecs.items() if codec.plain is not None}
    names, types_of_plain = tuple(plain), list(plain.values())
    plain_of = operator.attrgetter(*names)

    def dump(value: Any) -> dict[str, Any]:
        if type(value) is not kind:
            raise _RefusedError(f"is not of type {kind.__name__}")
        values = plain_of(value)
        data = dict(zip(names, values, strict=True))
        # Mostly all plain fields are of their very type; else it is an integer for a float, or a mistake to name.
        usual = [*map(type, values)] == types_of_plain
        name = ""
        try:
            for name, write, _ in others if usual else every:
                data[name] = write(getattr(value, name))
        except _RefusedError as error:
            raise _RefusedError(_path(name, error)) from None
        return data

    def load(value: Any) -> Any:
        if type(value) is not dict or value.keys() != codecs.keys():
            raise _RefusedError(f"does not have the fields of {kind.__name__}")
        usual = [type(value[name]) for name in names] == types_of_plain
        name = ""
        try:
            for name, _, read in others if usual else every:
                value[name] = read(value[name])
        except _RefusedError as error:
            raise _RefusedError(_path(name, error)) from None
        return kind(**value)

    return _Codec(dump, load)


def _path(name: str, error: _RefusedError) -> str:
    inner = str(error)
    return f"{name} {inner}" if inner.startswith(("is ", "does ")) else f"{name}.{inner}"


_CODECS: Final[Mapping[Kind, _Codec]] = {kind: _record(form) for kind, form in KINDS.items()}
