"""Who is signed in. A session is a random token in a cookie; stored is its hash."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from sqlalchemy import (
    ClauseElement,
    Double,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from guard.audit.drawer_models import PERSON, SESSION
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare
from guard.config import Role
from guard.console.register import Register
from guard.console.seat import Viewer
from guard.console.tokens import digest, fresh, is_token

MOST: Final = 20  # sessions of one person; a newer one ends the oldest
TOUCH_S: Final = 60.0  # how exactly it is known when a session was last used


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on sessions, for one database."""

    add: Prepared  # the columns of SESSION
    find: Prepared  # key
    touch: Prepared  # key, now
    drop: Prepared  # key
    drop_of: Prepared  # named
    drop_over: Prepared  # made_by, seen_by
    drop_surplus: Prepared  # named, key, most


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    one, person = SESSION.c, PERSON.c
    key, named = bindparam("key", type_=LargeBinary()), bindparam("named", type_=Text())
    others = select(one.hash).where(one.person == named, one.hash != key).order_by(one.made.desc(), one.hash)
    over = or_(one.made <= bindparam("made_by", type_=Double()), one.seen <= bindparam("seen_by", type_=Double()))
    made: dict[str, ClauseElement] = {
        "add": insert(SESSION),
        "find": select(person.name, person.role, one.made, one.seen)
        .select_from(SESSION.join(PERSON, person.name == one.person))
        .where(one.hash == key, person.revoked.is_(None)),
        "touch": update(SESSION).values(seen=bindparam("now", type_=Double())).where(one.hash == key),
        "drop": delete(SESSION).where(one.hash == key),
        "drop_of": delete(SESSION).where(one.person == named),
        "drop_over": delete(SESSION).where(over),
        "drop_surplus": delete(SESSION).where(one.hash.in_(others.offset(bindparam("most", type_=Integer())))),
    }
    return Statements(**{key: prepare(statement, name) for key, statement in made.items()})


class Sessions:
    """The sessions of a register, each until it was idle for `idle_s` or is `lifetime_s` old. Blocking.

    Every method raises AuditError where the register cannot be used.
    """

    def __init__(self, register: Register, *, idle_s: float, lifetime_s: float) -> None:
        self._register = register
        self._asks = statements(register.dialect)
        self._idle_s = idle_s
        self.lifetime_s = lifetime_s

    def open(self, person: str, *, instead_of: str = "") -> str:
        """A new session; the token is shown here and never again. The session `instead_of` ends, if there is one."""
        token, now = fresh(), self._register.clock()
        with self._register.writing() as run:
            run(self._asks.drop, key=digest(instead_of))
            run(self._asks.drop_over, made_by=now - self.lifetime_s, seen_by=now - self._idle_s)
            run(self._asks.add, hash=digest(token), person=person, made=now, seen=now)
            run(self._asks.drop_surplus, named=person, key=digest(token), most=MOST - 1)
        return token

    def find(self, token: str) -> Viewer | None:
        """Whose session this is, with the role they have now; None where it is over or never was."""
        if not is_token(token):
            return None
        for name, role, made, seen in self._register.rows(self._asks.find, key=digest(token)):
            now = self._register.clock()
            if now - made >= self.lifetime_s or now - seen >= self._idle_s:
                return None
            if now - seen >= TOUCH_S:
                with self._register.writing() as run:
                    run(self._asks.touch, now=now, key=digest(token))
            return Viewer(name, cast("Role", role))
        return None

    def close(self, token: str) -> None:
        """End one session."""
        with self._register.writing() as run:
            run(self._asks.drop, key=digest(token))

    def close_all(self, person: str) -> int:
        """End every session of a person; gives how many."""
        with self._register.writing() as run:
            return run(self._asks.drop_of, named=person).rowcount
