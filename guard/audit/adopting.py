"""Taking what files of one machine hold into the database that it shares with others from now on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, select

from guard.audit.drawer_models import KINDS, LINK, SESSION, DrawerName, add_new
from guard.audit.drawers import SqliteDrawer
from guard.audit.postgres_drawers import PostgresDrawer
from guard.audit.tables import prepare

LEFT: Final = (SESSION, LINK)  # who is signed in signs in anew
SUFFIX: Final = ".adopted"


def adopt(path: Path, name: DrawerName, url: str) -> int:
    """Add what the drawer `name` in the file `path` holds to that in the database at `url`; gives how many rows.

    What the database has already stays as it is there. The file bears another name then, so that nothing is taken
    twice. Raises ConfigError, AuditError.
    """
    tables = [table for table in KINDS[name].tables if table not in LEFT]
    with closing(SqliteDrawer(path, name)) as source, closing(PostgresDrawer(url, name)) as target:
        with source.reading() as run:
            rows = [(table, run(prepare(select(table), "sqlite")).fetchall()) for table in tables]
        with target.writing() as run:
            for table, found in rows:
                adding = prepare(add_new(table, "postgresql"), "postgresql")
                for row in found:
                    run(adding, **_values(table, row))
        source.scrub()
    path.rename(path.with_name(f"{path.name}{SUFFIX}"))
    return sum(len(found) for _, found in rows)


def _values(table: Table, row: tuple[Any, ...]) -> dict[str, Any]:
    """A row by columns; no text in PostgreSQL holds a NUL."""
    clean = (value.replace("\0", "") if isinstance(value, str) else value for value in row)
    return dict(zip(table.c.keys(), clean, strict=True))
