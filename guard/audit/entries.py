"""Audit entries as bytes: canonical JSON that is hashed, stored and read back.

One entry is one JSON object in UTF-8: keys sorted, no blanks, no NaN and no infinity, `schema` with the version of the
form and `kind` with what it is. Equal entries give equal bytes. What `decode` would refuse, `encode` refuses too, so
that the log never holds what nobody can read.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias, assert_never

from guard.audit.codec import Codec, codec
from guard.audit.merkle import leaf_hash
from guard.errors import AuditError
from guard.types import Act, Closing, Entry, Opening

SCHEMA: Final = 4

Kind: TypeAlias = Literal["opening", "closing", "act"]
_CODECS: Final[Mapping[Kind, Codec]] = {"opening": codec(Opening), "closing": codec(Closing), "act": codec(Act)}
_KINDS: Final[Mapping[type, Kind]] = {Opening: "opening", Closing: "closing", Act: "act"}
# What entries of an older schema do not say, as it was then.
_UNSAID: Final[Mapping[int, Mapping[Kind, Mapping[str, Any]]]] = {
    1: {"opening": {"fallbacks": [], "routed": [], "verdicts": []}, "closing": {"upstream": "", "failed": []}},
    2: {"opening": {"verdicts": []}},
    3: {},
}
_UNSAID_OF_VERDICTS: Final[Mapping[int, Mapping[str, Any]]] = {1: {"scores": []}, 2: {"scores": []}}
_JSON: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
)

COLUMNS: Final = (
    "exchange", "kind", "time", "user", "team", "application", "surface", "model", "decision", "outcome",
)  # fmt: skip
# What a list of exchanges needs without reading bodies. Derived from the body, and checked against it by verify.
Columns: TypeAlias = tuple[str | float | None, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The words of an entry, kept beside the tree so that they can be destroyed without breaking a proof.

    `person` is whose words they are, as the one by whom they are asked for; `sealed` is what to keep, and opens with
    what sealed it. `words` is masked text to be found by a search, None where nothing may be indexed; it is written to
    the index alone and is None in what is read back.
    """

    person: str
    sealed: bytes
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry ready to be stored: its bytes, their RFC 6962 leaf hash, and its columns in the order of COLUMNS.

    `content` is what to keep beside the tree, written in the same commit.
    """

    body: bytes
    hash: bytes
    columns: Columns
    content: Content | None = None


# Makes an entry of the bytes in the tree and of what lies beside it, None where nothing was kept or it was destroyed.
Opener: TypeAlias = Callable[[bytes, Content | None], Entry]


def encode(entry: Entry) -> bytes:
    """The canonical bytes of `entry`. Raises AuditError where a field holds what the schema does not allow."""
    kind = _KINDS.get(type(entry))
    if kind is None:
        raise AuditError("what is no entry cannot be recorded")
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


def unopened(body: bytes, _: Content | None) -> Entry:
    """The entry as `body` alone tells it: an Opener for entries that keep nothing beside the tree."""
    return decode(body)


def columns_of(body: bytes) -> Columns:
    """Read from `body` alone what `columns` says of the entry in it. Raises AuditError as `decode` does."""
    kind, data = _parse(body)
    try:
        said = _said(kind, data)
        texts = [said.get(name) for name in COLUMNS[3:]]
        return (_storable(data["exchange"]), kind, float(data["time"]), *map(_storable, texts))
    except (KeyError, TypeError, AttributeError, ValueError):
        # `from None`: the error at hand may name a value.
        raise AuditError("an entry of the log is malformed") from None


def columns(entry: Entry) -> Columns:
    """Derive the columns of `entry`, in the order of COLUMNS; None where its kind has no such field."""
    texts: tuple[str | None, ...]
    match entry:
        case Opening(principal=who):
            texts = (who.user, who.team, who.application, entry.surface, entry.model, None, None)
        case Closing():
            texts = (None, None, None, None, entry.model, entry.decision, entry.outcome)
        case Act():
            texts = (entry.actor, None, None, None, None, None, entry.action)
    return (_storable(entry.exchange), _KINDS[type(entry)], float(entry.time), *map(_storable, texts))


def leaf(entry: Entry) -> Leaf:
    """`entry` ready to be stored. Raises AuditError as `encode` does."""
    body = encode(entry)
    return Leaf(body, leaf_hash(body), columns(entry))


def _said(kind: Kind, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the columns say of an entry that was read as `data`, by their names."""
    match kind:
        case "opening":
            return {**data, **data["principal"]}
        case "closing":
            return data
        case "act":
            return {"user": data["actor"], "outcome": data["action"]}
        case _:
            assert_never(kind)


def _parse(body: bytes) -> tuple[Kind, dict[str, Any]]:
    """Read the JSON of `body`, without the fields that say how to read it. Raises AuditError."""
    # `from None`: the errors of the JSON parser carry the whole text.
    try:
        data = json.loads(body.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, AttributeError, RecursionError):  # no UTF-8, no bytes at all, too deep
        raise AuditError("an entry of the log is not JSON") from None
    if not isinstance(data, dict):
        raise AuditError("an entry of the log is not an object")
    schema, named = data.pop("schema", None), data.pop("kind", None)
    if type(schema) is not int or schema not in {*_UNSAID, SCHEMA}:
        raise AuditError(f"an entry of the log has an unknown schema; this guard reads up to {SCHEMA}: update guard")
    kind = next((known for known in _CODECS if known == named), None)
    if kind is None:
        raise AuditError("an entry of the log is of an unknown kind")
    return kind, _completed(data, schema, kind)


def _completed(data: dict[str, Any], schema: int, kind: Kind) -> dict[str, Any]:
    """`data` with what entries of an older schema do not say."""
    data = {**copy.deepcopy(_UNSAID.get(schema, {}).get(kind, {})), **data}
    unsaid, verdicts = _UNSAID_OF_VERDICTS.get(schema), data.get("verdicts")
    if unsaid and isinstance(verdicts, list):
        # What is no pair of a choice and a verdict stays as it is, for the codec to refuse.
        data["verdicts"] = [
            [row[0], {**copy.deepcopy(unsaid), **row[1]}]
            if isinstance(row, list) and len(row) == 2 and isinstance(row[1], dict)
            else row
            for row in verdicts
        ]
    return data


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
