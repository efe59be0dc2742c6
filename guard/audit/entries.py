"""Audit entries as bytes: canonical JSON that is hashed, stored and read back.

One entry is one JSON object: `schema` with the version of the form and `kind` with what it is. The words of an exchange
are not in it but lie beside the tree; the body holds what commits to them (see `guard.audit.content`). What `decode`
would refuse, `encode` refuses too, so that the log never holds what nobody can read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, assert_never

from guard.audit import content as contents
from guard.audit.canonical import dumped, loaded, storable
from guard.audit.codec import Codec, RefusedFieldError, codec
from guard.audit.content import Lack
from guard.audit.merkle import leaf_hash
from guard.audit.persons import LOCKS, AlteredError, Keyring, LockedError, PersonKey, Sealer, about
from guard.errors import AuditError
from guard.types import Act, Closing, Entry, Keeping, Opening

SCHEMA: Final = 4

Kind: TypeAlias = Literal["opening", "closing", "act"]
_CODECS: Final[Mapping[Kind, Codec]] = {"opening": codec(Opening), "closing": codec(Closing), "act": codec(Act)}
_KINDS: Final[Mapping[type, Kind]] = {Opening: "opening", Closing: "closing", Act: "act"}
# What entries of an older schema do not say, as it was then: their words stand in their bodies.
_KEPT: Final[Mapping[str, Any]] = {"keeping": {"content": "masked", "person": "", "until": 0.0}}
_UNSAID: Final[Mapping[int, Mapping[Kind, Mapping[str, Any]]]] = {
    1: {
        "opening": {"fallbacks": [], "routed": [], "verdicts": [], **_KEPT},
        "closing": {"upstream": "", "failed": [], **_KEPT},
    },
    2: {"opening": {"verdicts": [], **_KEPT}, "closing": _KEPT},
    3: {"opening": _KEPT, "closing": _KEPT},
}
_UNSAID_OF_VERDICTS: Final[Mapping[int, Mapping[str, Any]]] = {1: {"scores": []}, 2: {"scores": []}}

COLUMNS: Final = (
    "exchange", "kind", "time", "user", "team", "application", "surface", "model", "decision", "outcome",
)  # fmt: skip
# What a list of exchanges needs without reading bodies. Derived from the body, and checked against it by verify.
Columns: TypeAlias = tuple[str | float | None, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The words of an entry, kept beside the tree so that they can be destroyed without breaking a proof.

    `person` is whose words they are, as the one by whom they are asked for. `sealed` is what to keep, None once it was
    destroyed, and opens with the key `key_id`. They are to be destroyed at `until` (Unix seconds; 0 where the
    configuration says when). `key` is in what is read back, and where it may have to be stored. What was destroyed says
    when, and by which act. `searchable` says of what is to be written whether its words may join the search index.
    """

    person: str
    sealed: bytes | None
    key_id: bytes | None = None
    key: PersonKey | None = None
    until: float = 0.0
    destroyed: float | None = None
    act: str | None = None
    searchable: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry ready to be stored: its bytes, their RFC 6962 leaf hash, and its columns in the order of COLUMNS.

    `content` is what to keep beside the tree, written in the same commit. `entry` is what it was made of.
    """

    body: bytes
    hash: bytes
    columns: Columns
    content: Content | None = None
    entry: Entry | None = None


# Makes an entry of the bytes in the tree and of what lies beside it, and says what it could not tell, and why.
Opener: TypeAlias = Callable[[bytes, Content | None], tuple[Entry, Lack | None]]
# Seals the words of an entry (its exchange, its kind, how it is kept, and the words); gives the key's id and the bytes.
Seal: TypeAlias = Callable[[str, Kind, Keeping, bytes], tuple[bytes, bytes]]


def encode(entry: Entry, seal: Seal) -> bytes:
    """The canonical bytes of `entry`, whose words go to `seal`, if there are any that the entry says are kept.

    Raises AuditError where a field holds what the schema does not allow.
    """
    kind = _KINDS.get(type(entry))
    if kind is None:
        raise AuditError("what is no entry cannot be recorded")
    try:
        data = _CODECS[kind].dump(entry)
        if not isinstance(entry, Act):
            data["sealed"] = _apart(entry, kind, data, seal)
        data["schema"], data["kind"] = SCHEMA, kind
        return dumped(data)
    except ValueError as error:
        raise AuditError(f"the {kind} of an exchange cannot be recorded: {error}") from error


def decode(body: bytes, clear: bytes = b"") -> Entry:
    """Read the entry that `body` holds, with the words that `clear` holds; without them, its texts are empty.

    Raises AuditError for an unknown schema, for anything malformed, and for words that are not those of the entry.
    """
    kind, data = _parse(body)
    try:
        sealed = data.pop("sealed", "")
        if sealed != contents.sealed_in(body):
            raise ValueError
        if sealed:
            if clear:
                contents.put_back(kind, data, clear)
            else:
                contents.emptied(kind, data)
        entry: Entry = _CODECS[kind].load(data)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        said = str(error) if isinstance(error, RefusedFieldError) else "its words are not those it commits to"
        raise AuditError(f"an entry of the log is malformed: {said}") from None
    return entry


def leaf(entry: Entry, sealer: Sealer | None = None) -> Leaf:
    """`entry` ready to be stored, its words sealed by `sealer`. Raises AuditError as `encode` does.

    Without a sealer only an entry that keeps no words can be made.
    """
    kept: list[Content] = []

    def seal(exchange: str, kind: Kind, keeping: Keeping, clear: bytes) -> tuple[bytes, bytes]:
        lock = LOCKS.get(keeping.content)
        if sealer is None or lock is None:
            raise AuditError("an entry with content cannot be recorded without keys for persons")
        person = storable(keeping.person)
        sealed, key_id, key = sealer.seal(person, lock, about(exchange, kind), clear)
        searchable = keeping.content == "masked"
        kept.append(Content(person, sealed, key_id, key, keeping.until, searchable=searchable))
        return key_id, sealed

    body = encode(entry, seal)
    return Leaf(body, leaf_hash(body), columns(entry), kept[0] if kept else None, entry)


def fits(body: bytes, content: Content) -> bool:
    """Whether `content` is what was kept beside `body`, or stands for it once it is destroyed.

    What stands there may be anything.
    """
    if (content.person, content.until) != contents.keeping_in(body):
        return False
    told, key_id = contents.sealed_in(body), content.key_id
    if not told or not isinstance(key_id, bytes):
        return False
    if content.sealed is None:
        return told.startswith(f"{key_id.hex()}:")
    is_kept = isinstance(content.sealed, bytes) and content.destroyed is None and content.act is None
    return is_kept and told == contents.named(key_id, content.sealed)


def opener(keys: Keyring) -> Opener:
    """What opens the content of entries with `keys`."""

    def opened(body: bytes, content: Content | None) -> tuple[Entry, Lack | None]:
        clear, lack = _clear(keys, body, content)
        if clear:
            try:
                return decode(body, clear), None
            except AuditError:
                lack = Lack("altered")
        entry = decode(body)
        return entry, lack or _unkept(entry)

    return opened


def unopened(body: bytes, content: Content | None) -> tuple[Entry, Lack | None]:
    """The entry as `body` alone tells it: an Opener without any key."""
    return opener(Keyring(None))(body, content)


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


def _apart(entry: Opening | Closing, kind: Kind, data: dict[str, Any], seal: Seal) -> str:
    """Take the words out of `data`; gives how they were sealed, "" where none are kept."""
    if entry.keeping.content == "none":
        contents.emptied(kind, data)
        return ""
    clear = contents.taken(kind, data)
    return contents.named(*seal(entry.exchange, kind, entry.keeping, clear)) if clear else ""


def _unkept(entry: Entry) -> Lack | None:
    """Why an entry has no words though nothing is lacking; an older schema shows it by an empty request alone."""
    empty = isinstance(entry, Opening) and not entry.request
    none = isinstance(entry, Opening | Closing) and entry.keeping.content == "none"
    return Lack("none") if empty or none else None


def _clear(keys: Keyring, body: bytes, content: Content | None) -> tuple[bytes, Lack | None]:
    """The words beside `body`, or why they are not told; neither where the entry has none."""
    told = contents.sealed_in(body)
    if not told:
        return b"", Lack("altered") if content is not None and content.sealed else None
    if content is None:
        return b"", Lack("missing")
    if content.sealed is None:
        destroyed = content.destroyed is not None
        return b"", Lack("destroyed", content.destroyed or 0.0, content.act or "") if destroyed else Lack("missing")
    if content.key is None:
        return b"", Lack("missing")
    if told != contents.named(content.key.id, content.sealed):
        return b"", Lack("altered")
    _, kind, *_ = said = columns_of(body)
    try:
        return keys.open(content.sealed, about(str(said[0]), str(kind)), content.key), None
    except LockedError:
        return b"", Lack("sealed" if content.key.lock == "break_glass" else "locked")
    except AlteredError:
        return b"", Lack("altered")


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
    try:
        data = loaded(body)
    except ValueError:  # `from None`: the errors of the JSON parser carry the whole text
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
    if schema == SCHEMA:
        return data
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
    return None if text is None else storable(text)
