"""What a database in PostgreSQL was begun with, a tenant key and a log, so that no machine joins it with others.

Of the tenant key a keyed check value is stored, from which it cannot be told; of the log the name that its signing key
bears.
"""

from __future__ import annotations

import hmac
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import psycopg
from sqlalchemy import bindparam, select

from guard.audit.drawer_models import add_new
from guard.audit.models import BEGUN
from guard.audit.postgres import failing_as, open_to_write
from guard.audit.tables import Prepared, prepare
from guard.audit.tenant import load_or_create_tenant_key
from guard.errors import ConfigError

CHECK: Final = b"guard tenant key check 1"
ADD: Final = prepare(add_new(BEGUN, "postgresql"), "postgresql")
FIND: Final = prepare(select(BEGUN.c.value).where(BEGUN.c.name == bindparam("named")), "postgresql")

What = Literal["tenant_key", "log"]


def tenant_key_for(url: str, path: Path) -> bytes:
    """The tenant key in `path`, which is that of the database at `url`; made where neither has one yet.

    Raises ConfigError where the database was begun under another, AuditError.
    """
    with failing_as("the database of the log cannot be opened"), closing(open_to_write(url)) as connection:
        if not path.exists() and _find(connection, "tenant_key") is not None:
            raise ConfigError(
                f"{path}: is not there, and the database in PostgreSQL was begun under a tenant key. Copy tenant.key "
                "from the data folder of a machine that uses this database."
            )
        key = load_or_create_tenant_key(path)
        if begin(connection, "tenant_key", hmac.digest(key, CHECK, sha256)) != hmac.digest(key, CHECK, sha256):
            raise ConfigError(
                f"{path}: is not the tenant key under which the database in PostgreSQL was begun. Copy tenant.key from "
                "the data folder of a machine that uses this database, or take another database."
            )
    return key


def begin(connection: psycopg.Connection[Any], what: What, value: bytes) -> bytes:
    """What the database was begun with; `value` where it was with nothing. Raises psycopg.Error."""
    _run(connection, ADD, name=what, value=value)
    return _find(connection, what) or value


def _find(connection: psycopg.Connection[Any], what: What) -> bytes | None:
    row = _run(connection, FIND, named=what).fetchone()
    return None if row is None else bytes(row[0])


def _run(connection: psycopg.Connection[Any], statement: Prepared, **values: object) -> psycopg.Cursor[Any]:
    return connection.execute(statement.text.encode(), statement.bind(**values))
