"""The tables of the log, described once for SQLite and PostgreSQL.

    leaf        the entries, append-only: what is signed
    checkpoint  one sealed checkpoint for each commit, append-only; up to revision 2 a signed note
    signed      signed notes of some of the checkpoints, each over all there are up to it, append-only
    key_change  the notes of the checkpoints at which the signing key changed, signed by both keys, append-only
    content     what lies beside the tree and may be destroyed
    person_key  the keys that open it, which are destroyed with it
    listed      one row for each exchange, made of the columns of its entries, for lists and counts; changes once, at
                the exchange's end; a check of the log compares it with the entries
    unindexed   the numbers of entries whose words wait for the search index; the words themselves stay sealed
    begun       in PostgreSQL: which tenant key and which log the database was begun with, as check values
    search      the search index: of each half of an exchange, the terms that occur in it (guard.audit.terms)

`search` is an FTS5 table in SQLite, whose rowid is twice the number of the opening and one more for the closing.
In PostgreSQL the tables of guard.audit.drawer_models stand beside these.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    column,
    literal_column,
    table,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.schema import CreateIndex, CreateTable

from guard.audit.drawer_models import DRAWERS

DialectName = Literal["sqlite", "postgresql"]

REVISION: Final = 4  # the newest of guard/audit/migrations/versions; in SQLite also PRAGMA user_version
VERSION_TABLE: Final = "audit_version"

METADATA: Final = MetaData()
_SEQ: Final = BigInteger().with_variant(Integer(), "sqlite")  # INTEGER PRIMARY KEY is SQLite's own row number

# body comes last: the columns before it are read without the pages that a long body spills onto.
LEAF: Final = Table(
    "leaf",
    METADATA,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("time", Double, nullable=False),
    *(Column(name, Text) for name in ("user", "team", "application", "surface", "model", "decision", "outcome")),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("exchange", "kind"),
)
CHECKPOINT: Final = Table(
    "checkpoint",
    METADATA,
    Column("size", _SEQ, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("frontier", LargeBinary),
)
SIGNED: Final = Table(
    "signed",
    METADATA,
    Column("size", _SEQ, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
KEY_CHANGE: Final = Table(
    "key_change",
    METADATA,
    Column("size", _SEQ, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
CONTENT: Final = Table(
    "content",
    METADATA,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("exchange", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("time", Double, nullable=False),
    Column("person", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("key_id", LargeBinary),
    Column("until", Double, nullable=False),
    Column("destroyed", Double),
    Column("act", Text),
    Index("content_person", "person", "time"),
    Index("content_time", "time"),
)
PERSON_KEY: Final = Table(
    "person_key",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("person", Text, nullable=False),
    Column("lock", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made", Double, nullable=False),
    Index("person_key_person", "person", "lock", "made"),
)
LISTED: Final = Table(
    "listed",
    METADATA,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("exchange", Text, nullable=False),
    Column("time", Double, nullable=False),
    *(Column(name, Text) for name in ("user", "team", "application", "surface", "model")),
    Column("ended", Double),
    Column("decision", Text),
    Column("outcome", Text),
)


def _index(name: str, *columns: Column[Any], where: str | None = None) -> None:
    condition: ColumnElement[Any] | None = None if where is None else literal_column(where)
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


# Each index that an entry goes into is a page more in its commit. To walk a list of a million exchanges takes .07 s, so
# only its times have one, and other indexes hold but what is rare: what was destroyed, and what is kept until a time.
_index("listed_time", LISTED.c.time)
_index("content_key", CONTENT.c.key_id, where="destroyed IS NOT NULL")
_index("content_act", CONTENT.c.act, where="act IS NOT NULL")
_index("content_until", CONTENT.c.until, where="until > 0")
_index("leaf_holds", LEAF.c.seq, where="kind = 'act' AND outcome IN ('hold', 'release')")

UNINDEXED: Final = Table(
    "unindexed",
    METADATA,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
)
_POSTGRES_ONLY: Final = MetaData()
SEARCH: Final = Table(
    "search",
    _POSTGRES_ONLY,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("half", SmallInteger, CheckConstraint("half IN (0, 1)"), primary_key=True, autoincrement=False),
    Column("terms", TSVECTOR, nullable=False),
    Index("search_terms", "terms", postgresql_using="gin"),
)
BEGUN: Final = Table(
    "begun",
    _POSTGRES_ONLY,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
SQLITE_SEARCH: Final = table("search", column("rowid", Integer), column("terms", Text))

FINAL: Final = {
    **dict.fromkeys(("leaf", "checkpoint", "signed", "key_change"), ("UPDATE", "DELETE")),
    "listed": ("DELETE",),
}
APPEND_ONLY: Final = "the audit log is append-only"


def tables_of(dialect: DialectName) -> tuple[Table, ...]:
    """Every table that is described here as a table of `dialect`."""
    beside = (SEARCH, BEGUN, *DRAWERS.sorted_tables) if dialect == "postgresql" else ()
    return (*METADATA.sorted_tables, *beside)


def creation(dialect: Dialect) -> tuple[str, ...]:
    """The statements that make the newest tables of an empty log, its version included."""
    name: DialectName = "sqlite" if dialect.name == "sqlite" else "postgresql"
    made = [str(CreateTable(each).compile(dialect=dialect)) for each in tables_of(name)]
    indexes = sorted((i for each in tables_of(name) for i in each.indexes), key=lambda index: str(index.name))
    made += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    made += search_of_sqlite() if name == "sqlite" else ()
    made += triggers(name)
    made += [
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        f"INSERT INTO {VERSION_TABLE} VALUES ('{REVISION}')",  # noqa: S608 - made of constants
    ]
    return tuple(statement.strip() for statement in made)


def search_of_sqlite() -> tuple[str, ...]:
    """The statements that make the search index in SQLite; what is destroyed is overwritten where SQLite can."""
    # detail=none: only which terms occur, as that is all that is asked.
    made = ["CREATE VIRTUAL TABLE search USING fts5(terms, detail=none, tokenize=\"ascii tokenchars '_'\")"]
    if sqlite3.sqlite_version_info >= (3, 42):
        made.append("INSERT INTO search (search, rank) VALUES ('secure-delete', 1)")
    return tuple(made)


def triggers(dialect: DialectName, tables: tuple[str, ...] = tuple(FINAL)) -> tuple[str, ...]:
    """What keeps `tables` append-only, against mistakes; against malice there are the checkpoints."""
    made = []
    if dialect == "sqlite":
        for name in tables:
            made += [_sqlite_trigger(name, change, "") for change in FINAL[name]]
        if "listed" in tables:
            made.append(_sqlite_trigger("listed", "UPDATE", "WHEN OLD.ended IS NOT NULL "))
        return tuple(made)
    made.append(
        "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    for name in tables:
        made += [_postgres_trigger(name, change, "ROW") for change in FINAL[name]]
        made.append(_postgres_trigger(name, "TRUNCATE", "STATEMENT"))
    if "listed" in tables:
        made.append(_postgres_trigger("listed", "UPDATE", "ROW WHEN (OLD.ended IS NOT NULL)"))
    return tuple(made)


def _sqlite_trigger(name: str, change: str, condition: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name}_no_{change.lower()} BEFORE {change} ON {name} "
        f"{condition}BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"
    )


def _postgres_trigger(name: str, change: str, each: str) -> str:
    return (
        f"CREATE TRIGGER {name}_no_{change.lower()} BEFORE {change} ON {name} "
        f"FOR EACH {each} EXECUTE FUNCTION audit_append_only()"
    )
