"""Links by which people sign in without a password. Each is good for once; stored is its hash."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    Double,
    LargeBinary,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from guard.audit.drawer_models import LINK, PERSON
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare
from guard.console.register import Register
from guard.console.tokens import digest, fresh, is_token

KEPT_S: Final = 30 * 86_400.0  # how long a link that is over stays on record


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on links, for one database."""

    add: Prepared  # the columns of LINK
    find: Prepared  # key, now
    whose: Prepared  # key
    use: Prepared  # key, now
    drop_unused: Prepared  # named
    drop_old: Prepared  # until


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    one, person = LINK.c, PERSON.c
    this = one.hash == bindparam("key", type_=LargeBinary())
    now: BindParameter[float] = bindparam("now", type_=Double())
    unused = one.used.is_(None)
    made: dict[str, ClauseElement] = {
        "add": insert(LINK),
        "find": select(person.name)
        .select_from(LINK.join(PERSON, person.name == one.person))
        .where(this, unused, one.expires > now, person.revoked.is_(None)),
        "whose": select(one.person).where(this),
        "use": update(LINK).values(used=now).where(this, unused),
        "drop_unused": delete(LINK).where(one.person == bindparam("named", type_=Text()), unused),
        "drop_old": delete(LINK).where(one.expires <= bindparam("until", type_=Double())),
    }
    return Statements(**{key: prepare(statement, name) for key, statement in made.items()})


class Links:
    """The links of a register. Blocking. Every method raises AuditError where the register cannot be used."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._asks = statements(register.dialect)

    def make(self, person: str, lifetime_s: float) -> str:
        """A link for a person; the token is shown here and never again. One that waited for them is good no more."""
        token, now = fresh(), self._register.clock()
        with self._register.writing() as run:
            run(self._asks.drop_unused, named=person)
            run(self._asks.drop_old, until=now - KEPT_S)
            run(self._asks.add, hash=digest(token), person=person, made=now, expires=now + lifetime_s, used=None)
        return token

    def look(self, token: str) -> str | None:
        """Whom a link is for, without using it; None where it is good for nobody."""
        if not is_token(token):
            return None
        rows = self._register.rows(self._asks.find, key=digest(token), now=self._register.clock())
        return str(rows[0][0]) if rows else None

    def whose(self, token: str) -> str | None:
        """Whom a link was for, also where it is over."""
        rows = self._register.rows(self._asks.whose, key=digest(token))
        return str(rows[0][0]) if rows else None

    def use(self, token: str) -> str | None:
        """Use a link up; gives whom it is for, and None where it is good for nobody. Of two at once one gets it."""
        if not is_token(token):
            return None
        with self._register.writing() as run:
            now = self._register.clock()
            found = run(self._asks.find, key=digest(token), now=now).fetchone()
            run(self._asks.use, key=digest(token), now=now)
        return str(found[0]) if found else None
