"""The statements on the held replies, made once of the models for the driver of each database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    Double,
    LargeBinary,
    bindparam,
    delete,
    insert,
    null,
    select,
    update,
)

from guard.audit.drawer_models import HELD
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on held replies, for one database; `of` is a tenant, `named` an exchange.

    Where nothing else is said, they take both.
    """

    add: Prepared  # the columns of HELD
    find: Prepared
    list: Prepared  # of, now
    of_owner: Prepared  # of, whose, now
    decide: Prepared  # and decision, until, gone
    sealed: Prepared  # of
    sealed_of: Prepared
    over: Prepared  # now
    empty: Prepared
    erase: Prepared
    forget: Prepared  # now


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    one = HELD.c
    now: BindParameter[float] = bindparam("now", type_=Double())
    of_tenant = one.tenant == bindparam("of", type_=one.tenant.type)
    this = of_tenant & (one.exchange == bindparam("named", type_=one.exchange.type))
    told, there = select(one.exchange, one.owner, one.sealed, one.decided, one.expires), one.sealed.is_not(None)
    decided = {
        "decided": bindparam("decision", type_=LargeBinary()),
        "expires": bindparam("until", type_=Double()),
        "forgotten": bindparam("gone", type_=Double()),
    }
    made: dict[str, ClauseElement] = {
        "add": insert(HELD),
        "find": told.where(this),
        "list": told.where(of_tenant, there, one.expires > now).order_by(one.exchange),
        "of_owner": told.where(
            of_tenant, one.owner == bindparam("whose", type_=one.owner.type), there, one.expires > now
        ).order_by(one.exchange),
        "decide": update(HELD).values(decided).where(this),
        "sealed": select(one.exchange, one.sealed).where(of_tenant, there),
        "sealed_of": select(one.sealed).where(this),
        "over": select(one.tenant, one.exchange).where(one.expires <= now, there),
        "empty": update(HELD).values(sealed=null(), decided=null()).where(this),
        "erase": delete(HELD).where(this),
        "forget": delete(HELD).where(one.forgotten <= now, one.sealed.is_(None)),
    }
    return Statements(**{key: prepare(statement, name) for key, statement in made.items()})
