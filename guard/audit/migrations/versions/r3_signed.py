"""Signed notes apart from the checkpoints, which are sealed from now on, and changes of the signing key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guard.audit.models import DialectName, triggers

revision = "3"
down_revision = "2"

# The newest that an older guard signed, so that the newest signed note is always in this table.
NEWEST = "INSERT INTO signed SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"


def upgrade() -> None:
    """Add the two tables of signed notes."""
    size = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for table in ("signed", "key_change"):
        op.create_table(
            table,
            sa.Column("size", size, primary_key=True, autoincrement=False),
            sa.Column("note", sa.Text, nullable=False),
        )
    op.execute(NEWEST)
    name: DialectName = "sqlite" if op.get_bind().dialect.name == "sqlite" else "postgresql"
    for statement in triggers(name, ("signed", "key_change")):
        op.execute(statement)
