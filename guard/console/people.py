"""Who may sign in to the console, and as what."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import BindParameter, ClauseElement, Double, Text, bindparam, delete, exists, func, null, select, update

from guard.audit.drawer_models import INSERTS, LINK, PERSON, SESSION, add_new
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare
from guard.config import Role
from guard.console.register import Register
from guard.errors import ConfigError

LONGEST: Final = 200  # characters of a name
NOBODY: Final = "nobody of this name may sign in to the console. See: guard console people"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in, or might once. Times are Unix seconds; `revoked` is None for never.

    `subject` is the issuer and the subject by which an identity provider knows them, once they have come from there.
    """

    name: str
    role: Role
    subject: str | None
    made: float
    revoked: float | None


def proper(name: str) -> str:
    """`name` in the one form in which it is stored: NFC, without outer space, an address of mail in small letters.

    Raises ConfigError where it is no name: empty, too long, or with characters that do not print.
    """
    plain = unicodedata.normalize("NFC", name).strip()
    plain = plain.lower() if "@" in plain else plain
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        raise ConfigError(f"a name has 1 to {LONGEST} characters that print. Give another.")
    return plain


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on people, for one database."""

    find: Prepared  # named
    known_as: Prepared  # known
    list: Prepared
    admit: Prepared  # name, role, made
    enrol: Prepared  # the columns of PERSON
    change_role: Prepared  # named, new
    revoke: Prepared  # named, now
    bind: Prepared  # named, known
    drop_sessions: Prepared  # named
    drop_links: Prepared  # named


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    one, told = PERSON.c, select(PERSON)
    named, known = bindparam("named", type_=Text()), bindparam("known", type_=Text())
    admitted = INSERTS[name](PERSON)
    now: BindParameter[float] = bindparam("now", type_=Double())
    others = PERSON.alias("others")
    taken = exists(select(others.c.name).where(others.c.subject == known))
    made: dict[str, ClauseElement] = {
        "find": told.where(one.name == named),
        "known_as": told.where(one.subject == known),
        "list": told.order_by(one.name),
        "admit": admitted.on_conflict_do_update(
            index_elements=["name"], set_={"role": admitted.excluded.role, "revoked": null()}
        ),
        "enrol": add_new(PERSON, name),
        "change_role": update(PERSON)
        .values(role=bindparam("new", type_=Text()))
        .where(one.name == named, one.revoked.is_(None)),
        "revoke": update(PERSON).values(revoked=func.coalesce(one.revoked, now)).where(one.name == named),
        "bind": update(PERSON).values(subject=known).where(one.name == named, one.subject.is_(None), ~taken),
        "drop_sessions": delete(SESSION).where(SESSION.c.person == named),
        "drop_links": delete(LINK).where(LINK.c.person == named),
    }
    return Statements(**{key: prepare(statement, name) for key, statement in made.items()})


class People:
    """The people of a register. Blocking. Every method raises AuditError where the register cannot be used."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._asks = statements(register.dialect)

    def find(self, name: str) -> Person | None:
        """The person of this name."""
        return _first(self._register.rows(self._asks.find, named=name))

    def known_as(self, subject: str) -> Person | None:
        """The person whom an identity provider knows as `subject`."""
        return _first(self._register.rows(self._asks.known_as, known=subject))

    def list(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        return tuple(map(_person, self._register.rows(self._asks.list)))

    def admit(self, name: str, role: Role) -> Person:
        """Let `name` sign in as `role`, also where they were here before or were revoked."""
        self._add(self._asks.admit, name, role, None)
        return self._known(name)

    def enrol(self, name: str, role: Role, subject: str) -> None:
        """Let in somebody whom the identity provider vouches for; changes nothing where name or subject is taken."""
        self._add(self._asks.enrol, name, role, subject)

    def change_role(self, name: str, role: Role) -> Person:
        """Give a person another role, from their next request on. Raises ConfigError for nobody and the revoked."""
        with self._register.writing() as run:
            if run(self._asks.change_role, named=name, new=role).rowcount == 0:
                raise ConfigError(NOBODY)
        return self._known(name)

    def revoke(self, name: str) -> Person:
        """Let a person in no more: their sessions and links end at once. Raises ConfigError for nobody."""
        with self._register.writing() as run:
            if run(self._asks.revoke, named=name, now=self._register.clock()).rowcount == 0:
                raise ConfigError(NOBODY)
            run(self._asks.drop_sessions, named=name)
            run(self._asks.drop_links, named=name)
        return self._known(name)

    def bind(self, name: str, subject: str) -> bool:
        """Say once and for all that `subject` is this person; False where either is bound already."""
        with self._register.writing() as run:
            return run(self._asks.bind, named=name, known=subject).rowcount == 1

    def _add(self, statement: Prepared, name: str, role: Role, subject: str | None) -> None:
        with self._register.writing() as run:
            run(statement, name=name, role=role, subject=subject, made=self._register.clock(), revoked=None)

    def _known(self, name: str) -> Person:
        person = self.find(name)
        if person is None:
            raise ConfigError(NOBODY)
        return person


def _first(rows: Iterable[tuple[Any, ...]]) -> Person | None:
    return next(map(_person, rows), None)


def _person(row: tuple[Any, ...]) -> Person:
    name, role, subject, made, revoked = row
    return Person(name, cast("Role", role), subject, made, revoked)
