"""Leaves and checkpoints, append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guard.audit.models import DialectName, triggers

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make the tables of an empty log."""
    seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    texts = ("user", "team", "application", "surface", "model", "decision", "outcome")
    op.create_table(
        "leaf",
        sa.Column("seq", seq, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("exchange", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text) for name in texts),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("exchange", "kind"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", seq, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("frontier", sa.LargeBinary),
    )
    name: DialectName = "sqlite" if op.get_bind().dialect.name == "sqlite" else "postgresql"
    for statement in triggers(name, ("leaf", "checkpoint")):
        op.execute(statement)
