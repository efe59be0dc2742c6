"""The statements on the vault, made once of the models for the driver of each database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import BindParameter, ClauseElement, Double, Text, bindparam, delete, select

from guard.audit.drawer_models import NOTES, VAULT, put
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on the vault, for one database."""

    find: Prepared  # tenant, named, now
    put: Prepared  # the columns of VAULT
    forget: Prepared  # now
    find_note: Prepared  # tenant, named, now
    put_note: Prepared  # the columns of NOTES
    forget_notes: Prepared  # now


@cache
def statements(dialect: DialectName) -> Statements:
    """The statements for a database."""
    tenant, named = bindparam("tenant", type_=Text()), bindparam("named", type_=Text())
    now: BindParameter[float] = bindparam("now", type_=Double())
    one, note = VAULT.c, NOTES.c
    made: dict[str, ClauseElement] = {
        "find": select(one.nonce, one.ciphertext, one.expires).where(
            one.tenant == tenant, one.code == named, one.expires > now
        ),
        "put": put(VAULT, dialect),
        "forget": delete(VAULT).where(one.expires <= now),
        "find_note": select(note.nonce, note.ciphertext).where(
            note.tenant == tenant, note.name == named, note.expires > now
        ),
        "put_note": put(NOTES, dialect),
        "forget_notes": delete(NOTES).where(note.expires <= now),
    }  # fmt: skip
    return Statements(**{key: prepare(statement, dialect) for key, statement in made.items()})
