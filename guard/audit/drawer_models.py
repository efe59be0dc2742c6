"""The tables of what guard keeps beside the log, described once for SQLite and PostgreSQL.

    keys      guard_key               what callers present, as hashes
    vault     vault, notes, owners    what placeholders stand for, sealed, and whose each code is for good
    held      held                    replies that wait for a person, sealed
    labels    label                   what people say of verdicts
    console   person, session, link   who may sign in, who is signed in, as hashes

In SQLite each kind is a file of its own; in PostgreSQL all are tables of the log's database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

DRAWERS: Final = MetaData()
INSERTS: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
DrawerName = Literal["keys", "vault", "held", "labels", "console"]


def _table(name: str, *parts: Column[Any] | Index | CheckConstraint) -> Table:
    return Table(name, DRAWERS, *parts, sqlite_with_rowid=False)


def _key(name: str, kind: type[Text | LargeBinary] = Text) -> Column[Any]:
    return Column(name, kind, primary_key=True)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Double, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=nullable)


def _person() -> Column[Any]:
    return Column("person", Text, ForeignKey("person.name"), nullable=False)


GUARD_KEY: Final = _table(
    "guard_key",
    _key("id"),
    _bytes("hash"),
    _text("user"),
    _text("team"),
    _text("application"),
    _time("created"),
    _time("expires", nullable=True),
    _time("revoked", nullable=True),
)
VAULT: Final = _table(
    "vault",
    _key("tenant"),
    _key("code"),
    _bytes("nonce"),
    _bytes("ciphertext"),
    _time("expires"),
    Index("vault_expires", "expires"),
)
NOTES: Final = _table(
    "notes",
    _key("tenant"),
    _key("name"),
    _bytes("nonce"),
    _bytes("ciphertext"),
    _time("expires"),
    Index("notes_expires", "expires"),
)
OWNERS: Final = _table("owners", _key("tenant"), _key("name"), _bytes("owner"))
HELD: Final = _table(
    "held",
    _key("tenant"),
    _key("exchange"),
    _bytes("owner"),
    _bytes("sealed", nullable=True),
    _bytes("decided", nullable=True),
    _time("expires"),
    _time("forgotten"),
    Index("held_expires", "expires"),
)
LABEL: Final = _table(
    "label",
    _key("exchange"),
    _key("principle"),
    Column("right", Integer, nullable=False),
    _text("note"),
    _key("by"),
    _time("time"),
)
PERSON: Final = _table(
    "person",
    _key("name"),
    _text("role"),
    Column("subject", Text, unique=True),  # whom an identity provider knows them as
    _time("made"),
    _time("revoked", nullable=True),
    CheckConstraint("role IN ('viewer', 'auditor', 'admin')"),
)
SESSION: Final = _table(
    "session",
    _key("hash", LargeBinary),
    _person(),
    _time("made"),
    _time("seen"),
    Index("session_person", "person"),
)
LINK: Final = _table(
    "link",
    _key("hash", LargeBinary),
    _person(),
    _time("made"),
    _time("expires"),
    _time("used", nullable=True),
    Index("link_person", "person"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of drawer: what it is called in messages, and its tables, of which the first is locked by who writes.

    Where it is not `synced`, a commit does not wait for the disk.
    """

    noun: str
    tables: tuple[Table, ...]
    synced: bool = True


KINDS: Final[dict[DrawerName, Kind]] = {
    "keys": Kind("guard keys", (GUARD_KEY,)),
    "vault": Kind("vault", (VAULT, NOTES, OWNERS), synced=False),
    "held": Kind("held replies", (HELD,)),
    "labels": Kind("labels", (LABEL,)),
    "console": Kind("console's register", (PERSON, SESSION, LINK)),
}


@cache
def creation_of(name: DrawerName) -> str:
    """The script that makes the tables of a drawer in SQLite, where they are not there yet."""
    from guard.audit.tables import dialect

    tables = KINDS[name].tables
    made: list[CreateTable | CreateIndex] = [CreateTable(table, if_not_exists=True) for table in tables]
    indexes = [index for table in tables for index in table.indexes]
    made += [CreateIndex(index, if_not_exists=True) for index in indexes]
    return "".join(f"{str(one.compile(dialect=dialect('sqlite'))).strip()};\n" for one in made)


def put(table: Table, name: Literal["sqlite", "postgresql"]) -> Insert:
    """Add a row to `table`, in the place of the one with the same key."""
    made = INSERTS[name](table)
    rest = {column.name: made.excluded[column.name] for column in table.c if not column.primary_key}
    replacing: Insert = made.on_conflict_do_update(index_elements=table.primary_key, set_=rest)
    return replacing


def add_new(table: Table, name: Literal["sqlite", "postgresql"]) -> Insert:
    """Add a row to `table`, unless one that must be unique is there already."""
    adding: Insert = INSERTS[name](table).on_conflict_do_nothing()
    return adding
