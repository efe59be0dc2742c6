"""What lies beside the tree as the stores write and destroy it: content, and the keys of the persons whose it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ClauseElement, Select, bindparam, delete, exists, insert, literal_column, or_, select, update
from sqlalchemy.sql import ColumnElement

from guard.audit.entries import Leaf, leaf
from guard.audit.models import CONTENT, LEAF, LISTED, PERSON_KEY, SEARCH, SQLITE_SEARCH, UNINDEXED, DialectName
from guard.audit.persons import Sealer
from guard.audit.tables import CLOSING, OPENING, Prepared, prepare
from guard.errors import AuditError
from guard.types import Entry


class Answer(Protocol):
    """What a statement that was run answers, whatever the driver."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...


class Run(Protocol):
    """Runs a statement within a transaction that lets no other writer in."""

    def __call__(self, statement: Prepared, **values: object) -> Answer:
        """What it answers."""
        ...


@dataclass(frozen=True, slots=True)
class Statements:
    """Every statement on what lies beside the tree that has a fixed text, for one database."""

    add_key: Prepared  # the columns of PERSON_KEY
    is_key: Prepared  # id
    was_key: Prepared  # id
    find_key: Prepared  # person, lock
    holds: Prepared
    is_exchange: Prepared  # exchange
    is_theirs: Prepared  # exchange, user
    is_user: Prepared  # user
    erase: Prepared  # user, now, act
    erase_keys: Prepared  # user
    drop_idle_keys: Prepared  # act
    unindex_waiting: Prepared  # act
    unindex: Prepared  # act


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    key, content, user = PERSON_KEY.c, CONTENT.c, bindparam("user", type_=CONTENT.c.person.type)
    named = key.id == bindparam("id", type_=key.id.type)
    exchange = bindparam("exchange", type_=content.exchange.type)
    held = LEAF.c.outcome.in_([literal_column("'hold'"), literal_column("'release'")])
    made: dict[str, ClauseElement] = {
        "add_key": insert(PERSON_KEY),
        "is_key": select(literal_column("1")).where(named),
        "was_key": select(literal_column("1")).where(
            content.key_id == bindparam("id", type_=key.id.type), content.destroyed.is_not(None)
        ).limit(literal_column("1")),
        "find_key": select(PERSON_KEY).where(
            key.person == bindparam("person", type_=key.person.type), key.lock == bindparam("lock", type_=key.lock.type)
        ).order_by(key.made.desc()).limit(literal_column("1")),
        "holds": select(LEAF.c.body).where(LEAF.c.kind == literal_column("'act'"), held).order_by(LEAF.c.seq),
        "is_exchange": select(literal_column("1")).where(LEAF.c.exchange == exchange, LEAF.c.kind == OPENING),
        "is_theirs": select(literal_column("1")).where(
            content.seq.in_(select(LEAF.c.seq).where(LEAF.c.exchange == exchange)), _of_user(user)
        ).limit(literal_column("1")),
        "is_user": select(literal_column("1")).where(
            or_(exists(_listed(user)), exists(select(content.seq).where(content.person == user)))
        ),
        "erase": _destroyed().where(content.sealed.is_not(None), _of_user(user)),
        "erase_keys": delete(PERSON_KEY).where(key.person == user),
        "drop_idle_keys": delete(PERSON_KEY).where(
            key.id.in_(select(content.key_id).where(_by_act())),
            ~exists(_sealed_with_it()),
        ),
        "unindex_waiting": delete(UNINDEXED).where(UNINDEXED.c.seq.in_(select(content.seq).where(_by_act()))),
        "unindex": _unindex(name),
    }  # fmt: skip
    return Statements(**{key: prepare(statement, name) for key, statement in made.items()})


def expired(limit: float, now: float, held: Collection[str], act: str, most: int, name: DialectName) -> Prepared:
    """Destroy the content of at most `most` entries whose time is over; gives the time of each.

    That is at `now` where they say until when they are kept, and else where they are older than `limit`; times are Unix
    seconds. `held` are the subjects that are on hold.
    """
    content = CONTENT.c
    over = or_(
        (content.until > literal_column("0")) & (content.until <= now),
        (content.until == 0.0) & (content.time < limit),
    )
    due = select(content.seq).where(content.sealed.is_not(None), over)
    users = [subject.removeprefix("user:") for subject in held if subject.startswith("user:")]
    exchanges = [subject.removeprefix("exchange:") for subject in held if subject.startswith("exchange:")]
    if users:
        theirs = select(LISTED.c.exchange).where(LISTED.c.user.in_(users))
        due = due.where(content.person.not_in(users), content.exchange.not_in(theirs))
    if exchanges:
        due = due.where(content.exchange.not_in(exchanges))
    gone = update(CONTENT).values(sealed=None, destroyed=now, act=act)
    return prepare(gone.where(content.seq.in_(due.limit(most))).returning(content.time), name)


class Shelf:
    """The content of one store: sealed for it by `sealer`, and admitted to it within its transactions."""

    def __init__(self, sealer: Sealer, name: DialectName) -> None:
        self._sealer = sealer
        self._asks = statements(name)

    def leaf(self, entry: Entry) -> Leaf:
        """`entry` ready to be stored, its words sealed. Raises AuditError, ConfigError."""
        return leaf(entry, self._sealer)

    def admitted(self, leaves: Sequence[Leaf], run: Run) -> Sequence[Leaf]:
        """`leaves` with their keys stored; those whose key another process has destroyed meanwhile are sealed anew.

        A key that was destroyed does not come back: what it sealed tells that it was.
        """
        kept = [new.content for new in leaves if new.content is not None and new.content.key_id is not None]
        asks = self._asks
        for key in {content.key.id: content.key for content in kept if content.key is not None}.values():
            known = run(asks.is_key, id=key.id).fetchone() or run(asks.was_key, id=key.id).fetchone()
            if known is None:
                run(asks.add_key, **asdict(key))
        ids = {content.key_id for content in kept if content.key_id is not None}
        gone = {named for named in ids if run(asks.is_key, id=named).fetchone() is None}
        if not gone:
            return leaves
        self._sealer.forget(gone)
        return self.admitted([self._resealed(one, gone) for one in leaves], run)

    def stored(self, leaves: Sequence[Leaf]) -> None:
        """Learn that `leaves`, and so their keys, are durable."""
        self._sealer.stored([new.content.key.id for new in leaves if new.content and new.content.key])

    def _resealed(self, one: Leaf, gone: Collection[bytes]) -> Leaf:
        if one.content is None or one.content.key_id not in gone:
            return one
        if one.entry is None:
            raise AuditError("an entry cannot be recorded: the key of its content was destroyed")
        return self.leaf(one.entry)


def _listed(user: ColumnElement[str]) -> Select[Any]:
    return select(LISTED.c.exchange).where(LISTED.c.user == user)


def _of_user(user: ColumnElement[str]) -> ColumnElement[bool]:
    theirs = _listed(user)
    return or_(CONTENT.c.person == user, CONTENT.c.seq.in_(select(LEAF.c.seq).where(LEAF.c.exchange.in_(theirs))))


def _by_act() -> ColumnElement[bool]:
    return CONTENT.c.act == bindparam("act", type_=CONTENT.c.act.type)


def _destroyed() -> Any:
    content = CONTENT.c
    now, act = bindparam("now", type_=content.destroyed.type), bindparam("act", type_=content.act.type)
    return update(CONTENT).values(sealed=None, destroyed=now, act=act)


def _sealed_with_it() -> Select[Any]:
    other = CONTENT.alias("other")
    same = (other.c.person == PERSON_KEY.c.person, other.c.key_id == PERSON_KEY.c.id)  # found by the index of persons
    return select(other.c.seq).where(*same, other.c.sealed.is_not(None))


def _unindex(name: DialectName) -> ClauseElement:
    """Take the words of what an act destroyed out of the index, which is filed under the number of the opening."""
    opening = LEAF.alias("opening")
    both = CONTENT.join(opening, (opening.c.exchange == CONTENT.c.exchange) & (opening.c.kind == OPENING))
    if name == "sqlite":
        half = CONTENT.c.kind == CLOSING  # 1 or 0
        rows = select(opening.c.seq * literal_column("2") + half).select_from(both).where(_by_act())
        return delete(SQLITE_SEARCH).where(SQLITE_SEARCH.c.rowid.in_(rows))
    found = select(opening.c.seq).select_from(both).where(_by_act(), CONTENT.c.kind == OPENING)
    told = select(opening.c.seq).select_from(both).where(_by_act(), CONTENT.c.kind == CLOSING)
    asked, said = SEARCH.c.half == literal_column("0"), SEARCH.c.half == literal_column("1")
    return delete(SEARCH).where(or_(SEARCH.c.seq.in_(found) & asked, SEARCH.c.seq.in_(told) & said))
