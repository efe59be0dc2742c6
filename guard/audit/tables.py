"""The statements that are run on the log, made once of its models, for the driver of each database.

They are compiled by SQLAlchemy and run on the driver's own connection, because a commit takes less time than
SQLAlchemy's execution would add to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    Dialect,
    Insert,
    Select,
    SmallInteger,
    Subquery,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_in_postgres
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler

from guard.audit.models import (
    CHECKPOINT,
    CONTENT,
    KEY_CHANGE,
    LEAF,
    LISTED,
    PERSON_KEY,
    SEARCH,
    SIGNED,
    SQLITE_SEARCH,
    UNINDEXED,
    DialectName,
)

SNAPSHOT: Final = 1024
NEWEST: Final = 2**63 - 1  # no entry has a number as large as this

OPENING: Final[ColumnElement[str]] = literal_column("'opening'")
CLOSING: Final[ColumnElement[str]] = literal_column("'closing'")
ACT: Final[ColumnElement[str]] = literal_column("'act'")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as a driver takes it; `names` are its parameters in their order, `given` those it came with."""

    text: str
    names: tuple[str, ...]
    given: Mapping[str, Any]

    def bind(self, **values: Any) -> tuple[Any, ...]:
        """The values for the driver, in order."""
        return tuple(map({**self.given, **values}.__getitem__, self.names))


@cache
def dialect(name: DialectName) -> Dialect:
    """SQLAlchemy's description of a database, with the marks for values that our drivers take by position."""
    if name == "sqlite":
        from sqlalchemy.dialects import sqlite

        made: Dialect = sqlite.dialect(paramstyle="qmark")
    else:
        from sqlalchemy.dialects.postgresql import psycopg

        made = psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
    return made


def prepare(statement: ClauseElement, name: DialectName) -> Prepared:
    """Compile `statement` for the driver of a database."""
    compiled = statement.compile(dialect=dialect(name), compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what SQLAlchemy gives for every statement
    return Prepared(compiled.string, tuple(compiled.positiontup or ()), compiled.params)


@dataclass(frozen=True, slots=True)
class Statements:
    """Every statement with a fixed text, for one database."""

    add_leaf: Prepared  # the columns of LEAF
    add_checkpoint: Prepared  # size, note, frontier
    add_signed: Prepared  # size, note; nothing where it is there
    add_content: Prepared  # the columns of CONTENT
    add_unindexed: Prepared  # the columns of UNINDEXED
    list_openings: Prepared  # start
    list_closings: Prepared  # start
    last_checkpoint: Prepared
    last_signed: Prepared
    tail: Prepared  # start
    signed: Prepared
    add_change: Prepared  # size, note
    changes: Prepared
    note_of: Prepared  # size
    last_frontier: Prepared
    hashes: Prepared  # start, end
    checkpoints: Prepared
    leaves: Prepared  # start, end
    left_over: Prepared  # start
    entries: Prepared  # after, until
    acts: Prepared  # after, until
    show: Prepared  # exchange, kind
    kept: Prepared  # until, limit
    kept_of_person: Prepared  # person, until, limit
    frontier: Prepared  # most
    leaves_of: Prepared  # exchange
    contents: Prepared
    person_keys: Prepared
    waiting: Prepared  # after, limit
    no_longer_waiting: Prepared  # seq
    add_search: Prepared  # half, terms, exchange
    unlisted: Prepared
    first_after: Prepared  # time
    last_before: Prepared  # time


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    made = {
        "add_leaf": insert(LEAF),
        "add_checkpoint": insert(CHECKPOINT),
        "add_signed": _add_signed(name),
        "add_change": insert(KEY_CHANGE),
        "add_content": insert(CONTENT),
        "add_unindexed": insert(UNINDEXED),
        "list_openings": list_openings(),
        "list_closings": list_closings(),
        **_of_the_tree(),
        **_of_content(name),
        "unlisted": _unlisted(),
        **_bounds(),
    }
    prepared = {key: prepare(statement, name) for key, statement in made.items()}
    return Statements(**prepared)


def _of_the_tree() -> dict[str, Select[Any]]:
    leaf, start, end = LEAF.c, bindparam("start", type_=LEAF.c.seq.type), bindparam("end", type_=LEAF.c.seq.type)
    derived = [column for column in leaf if column.name not in {"seq", "hash", "body"}]
    newest = select(CHECKPOINT.c.size, CHECKPOINT.c.note).order_by(CHECKPOINT.c.size.desc()).limit(literal_column("1"))
    frontiers = select(CHECKPOINT.c.size, CHECKPOINT.c.frontier).where(CHECKPOINT.c.frontier.is_not(None))
    between = and_(leaf.seq >= start, leaf.seq < end)
    return {
        "last_checkpoint": newest,
        "last_signed": select(SIGNED).order_by(SIGNED.c.size.desc()).limit(literal_column("1")),
        "tail": select(CHECKPOINT.c.size, CHECKPOINT.c.note)
        .where(CHECKPOINT.c.size >= start)
        .order_by(CHECKPOINT.c.size),
        "changes": select(KEY_CHANGE).order_by(KEY_CHANGE.c.size),
        "signed": select(SIGNED).order_by(SIGNED.c.size),
        "note_of": select(CHECKPOINT.c.note).where(
            CHECKPOINT.c.size == bindparam("size", type_=CHECKPOINT.c.size.type)
        ),
        "last_frontier": frontiers.order_by(CHECKPOINT.c.size.desc()).limit(literal_column("1")),
        "frontier": frontiers.where(CHECKPOINT.c.size <= bindparam("most", type_=CHECKPOINT.c.size.type))
        .order_by(CHECKPOINT.c.size.desc())
        .limit(literal_column("1")),
        "leaves_of": select(leaf.seq, leaf.body).where(leaf.exchange == bindparam("exchange")).order_by(leaf.seq),
        "hashes": select(leaf.hash).where(between).order_by(leaf.seq),
        "checkpoints": select(CHECKPOINT).order_by(CHECKPOINT.c.size),
        "leaves": select(leaf.seq, leaf.hash, leaf.body, *derived).where(between).order_by(leaf.seq),
        "left_over": select(func.count()).select_from(LEAF).where(leaf.seq >= start),
        # By the numbers, and of those entries without their bodies, so that it costs what was appended lately.
        "acts": select(leaf.body).where(
            leaf.seq > bindparam("after", type_=leaf.seq.type), leaf.seq < bindparam("until", type_=leaf.seq.type),
            leaf.kind == ACT,
        ).order_by(leaf.seq),
    }  # fmt: skip


def _add_signed(name: DialectName) -> Insert:
    """A note that another process, or this one, stored already stays as it is."""
    if name == "sqlite":
        return insert_in_sqlite(SIGNED).on_conflict_do_nothing()
    return insert_in_postgres(SIGNED).on_conflict_do_nothing()


def _of_content(name: DialectName) -> dict[str, ClauseElement]:
    leaf, content, key = LEAF.c, CONTENT.c, PERSON_KEY.c
    both = LEAF.outerjoin(CONTENT, content.seq == leaf.seq).outerjoin(PERSON_KEY, key.id == content.key_id)
    after, until = bindparam("after", type_=leaf.seq.type), bindparam("until", type_=leaf.seq.type)
    beside = (content.person, content.sealed, content.key_id, content.until, content.destroyed, content.act)
    told = (leaf.body, *beside, key.person, key.lock, key.wrapped, key.made)
    owned = CONTENT.outerjoin(LEAF, content.seq == leaf.seq).outerjoin(PERSON_KEY, key.id == content.key_id)
    return {
        "entries": select(leaf.seq, *told).select_from(both).where(
            leaf.seq > after, leaf.seq < until
        ).order_by(leaf.seq),
        "show": select(*told).select_from(both).where(
            leaf.exchange == bindparam("exchange"), leaf.kind == bindparam("kind")
        ),
        "contents": select(
            leaf.seq, leaf.body, leaf.exchange, leaf.kind, leaf.time, content.exchange, content.kind, content.time,
            key.id, *beside
        ).select_from(owned).order_by(content.seq),
        "person_keys": select(PERSON_KEY),
        "kept": kept_of(None),
        "kept_of_person": kept_of(bindparam("person", type_=content.person.type)),
        "waiting": _waiting(told),
        "no_longer_waiting": delete(UNINDEXED).where(UNINDEXED.c.seq == bindparam("seq")),
        "add_search": _add_search(name),
    }  # fmt: skip


def kept_of(person: ColumnElement[str] | None) -> Select[Any]:
    """What content is kept of entries before `until`, the oldest first."""
    content = CONTENT.c
    kept = select(content.exchange, content.kind, content.time, content.person)
    if person is not None:
        kept = kept.where(content.person == person)
    kept = kept.where(content.sealed.is_not(None), content.time < bindparam("until", type_=content.time.type))
    return kept.order_by(content.time, content.seq).limit(bindparam("limit"))


def _waiting(told: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """What opens the entries after number `after` that have waited longest for the index.

    Two who index at once take different ones (SQLite lets one alone in).
    """
    leaf, seq = LEAF.c, UNINDEXED.c.seq
    both = UNINDEXED.join(LEAF, leaf.seq == seq).outerjoin(CONTENT, CONTENT.c.seq == seq)
    both = both.outerjoin(PERSON_KEY, PERSON_KEY.c.id == CONTENT.c.key_id)
    oldest = select(seq, leaf.exchange, leaf.kind, *told).select_from(both)
    oldest = oldest.where(seq > bindparam("after", type_=seq.type)).order_by(seq).limit(bindparam("limit"))
    return oldest.with_for_update(skip_locked=True, of=UNINDEXED)


def _opening_of(exchange: ColumnElement[str]) -> Select[Any]:
    return select(LEAF.c.seq).where(LEAF.c.exchange == exchange, LEAF.c.kind == OPENING)


def _add_search(name: DialectName) -> Insert:
    """File terms under the number of the opening; nowhere where the log has none."""
    half = bindparam("half", type_=SmallInteger())
    opening = _opening_of(bindparam("exchange")).subquery()
    if name == "sqlite":
        rows = select(opening.c.seq * 2 + half, bindparam("terms"))
        return insert(SQLITE_SEARCH).from_select(["rowid", "terms"], rows)
    terms = func.array_to_tsvector(bindparam("terms", type_=ARRAY(Text)))
    return insert(SEARCH).from_select(["seq", "half", "terms"], select(opening.c.seq, half, terms))


def _exchanges() -> tuple[Any, Any, list[ColumnElement[Any]]]:
    """Openings, closings, and the columns of LISTED that are made of the two."""
    first, last = LEAF.alias("first"), LEAF.alias("last")
    model = func.coalesce(func.nullif(last.c.model, literal_column("''")), first.c.model)
    told = [first.c[name] for name in ("seq", "exchange", "time", "user", "team", "application", "surface")]
    return first, last, [*told, model, last.c.time, last.c.decision, last.c.outcome]


def list_openings() -> Insert:
    """File in LISTED the exchanges whose opening has number `start` or a greater one."""
    first, last, columns = _exchanges()
    both = first.outerjoin(last, and_(last.c.exchange == first.c.exchange, last.c.kind == CLOSING))
    rows = select(*columns).select_from(both).where(first.c.kind == OPENING, first.c.seq >= bindparam("start"))
    return insert(LISTED).from_select([column.name for column in LISTED.c], rows)


def list_closings() -> Update:
    """File in LISTED the ends with number `start` or a greater one, of exchanges that have none yet."""
    first, last, columns = _exchanges()
    values = dict(zip(("model", "ended", "decision", "outcome"), columns[-4:], strict=True))
    return (
        update(LISTED)
        .values(values)
        .where(
            last.c.seq >= bindparam("start"),
            last.c.kind == CLOSING,
            first.c.exchange == last.c.exchange,
            first.c.kind == OPENING,
            LISTED.c.seq == first.c.seq,
            LISTED.c.ended.is_(None),
        )
    )


def _unlisted() -> Select[Any]:
    """How many exchanges are not listed as their entries tell, and how many are listed that are none."""
    first, last, columns = _exchanges()
    both: Subquery = (
        select(*(column.label(f"c{at}") for at, column in enumerate(columns)))
        .select_from(first.outerjoin(last, and_(last.c.exchange == first.c.exchange, last.c.kind == CLOSING)))
        .where(first.c.kind == OPENING)
        .subquery("told")
    )
    differs = or_(*(mine.is_distinct_from(theirs) for mine, theirs in zip(LISTED.c, both.c, strict=True)))
    wrong = select(func.count()).select_from(both.outerjoin(LISTED, LISTED.c.seq == both.c.c0)).where(differs)
    extra = select(func.count()).select_from(LISTED).where(
        ~exists(select(LEAF.c.seq).where(LEAF.c.seq == LISTED.c.seq, LEAF.c.kind == OPENING))
    )  # fmt: skip
    return select(wrong.scalar_subquery() + extra.scalar_subquery())


def _bounds() -> dict[str, Select[Any]]:
    time = bindparam("time", type_=LISTED.c.time.type)
    after = select(LISTED.c.seq).where(LISTED.c.time >= time).order_by(LISTED.c.time, LISTED.c.seq)
    before = select(LISTED.c.seq).where(LISTED.c.time < time).order_by(LISTED.c.time.desc(), LISTED.c.seq.desc())
    return {"first_after": after.limit(literal_column("1")), "last_before": before.limit(literal_column("1"))}


def keeps_frontier(before: int, after: int) -> bool:
    """Whether the checkpoint of a commit that grew the log from `before` to `after` leaves keeps the frontier.

    It does where it passes a multiple of SNAPSHOT: then a start reads about that many hashes, and not all.
    """
    return before // SNAPSHOT != after // SNAPSHOT
