"""In PostgreSQL: what guard keeps beside the log, in the same database. In SQLite that lies in files of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Add the tables."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.create_table("begun", _key("name"), _bytes("value"))
    op.create_table(
        "guard_key",
        _key("id"),
        _bytes("hash"),
        *map(_text, ("user", "team", "application")),
        _time("created"),
        sa.Column("expires", sa.Double),
        sa.Column("revoked", sa.Double),
    )
    _add_vault()
    op.create_table(
        "held",
        _key("tenant"),
        _key("exchange"),
        _bytes("owner"),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("decided", sa.LargeBinary),
        _time("expires"),
        _time("forgotten"),
    )
    op.create_index("held_expires", "held", ["expires"])
    op.create_table(
        "label",
        _key("exchange"),
        _key("principle"),
        sa.Column("right", sa.Integer, nullable=False),
        _text("note"),
        _key("by"),
        _time("time"),
    )
    _add_register()


def _add_vault() -> None:
    for table, key in (("vault", "code"), ("notes", "name")):
        op.create_table(table, _key("tenant"), _key(key), _bytes("nonce"), _bytes("ciphertext"), _time("expires"))
        op.create_index(f"{table}_expires", table, ["expires"])
    op.create_table("owners", _key("tenant"), _key("name"), _bytes("owner"))


def _add_register() -> None:
    op.create_table(
        "person",
        _key("name"),
        _text("role"),
        sa.Column("subject", sa.Text, unique=True),
        _time("made"),
        sa.Column("revoked", sa.Double),
        sa.CheckConstraint("role IN ('viewer', 'auditor', 'admin')"),
    )
    op.create_table("session", _key("hash", sa.LargeBinary()), _person(), _time("made"), _time("seen"))
    op.create_index("session_person", "session", ["person"])
    op.create_table(
        "link",
        _key("hash", sa.LargeBinary()),
        _person(),
        _time("made"),
        _time("expires"),
        sa.Column("used", sa.Double),
    )
    op.create_index("link_person", "link", ["person"])


def _key(name: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.Text(), primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _time(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _person() -> sa.Column[str]:
    return sa.Column("person", sa.Text, sa.ForeignKey("person.name"), nullable=False)
