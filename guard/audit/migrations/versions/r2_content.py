"""Content beside the tree, the list of exchanges, and the search index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from guard.audit.models import DialectName, search_of_sqlite, triggers

revision = "2"
down_revision = "1"

# As it was at this revision; what comes later is for later revisions.
LIST = """
INSERT INTO listed (seq, exchange, time, "user", team, application, surface, model, ended, decision, outcome)
SELECT first.seq, first.exchange, first.time, first."user", first.team, first.application, first.surface,
    coalesce(nullif(last.model, ''), first.model), last.time, last.decision, last.outcome
FROM leaf AS first LEFT JOIN leaf AS last ON last.exchange = first.exchange AND last.kind = 'closing'
WHERE first.kind = 'opening'
"""


def upgrade() -> None:
    """Add the tables and list the exchanges that there are."""
    name: DialectName = "sqlite" if op.get_bind().dialect.name == "sqlite" else "postgresql"
    seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    _add_content(seq)
    _add_listed(seq)
    if name == "sqlite":
        for statement in search_of_sqlite():
            op.execute(statement)
    else:
        _add_search()
    for statement in triggers(name, ("listed",)):
        op.execute(statement)
    op.execute(LIST)


def _add_content(seq: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "content",
        sa.Column("seq", seq, primary_key=True, autoincrement=False),
        sa.Column("exchange", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("key_id", sa.LargeBinary),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("destroyed", sa.Double),
        sa.Column("act", sa.Text),
    )
    op.create_table(
        "person_key",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("lock", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("made", sa.Double, nullable=False),
    )
    op.create_index("content_person", "content", ["person", "time"])
    op.create_index("content_time", "content", ["time"])
    for name, table, column, condition in (
        ("content_key", "content", "key_id", "destroyed IS NOT NULL"),
        ("content_act", "content", "act", "act IS NOT NULL"),
        ("content_until", "content", "until", "until > 0"),
        ("leaf_holds", "leaf", "seq", "kind = 'act' AND outcome IN ('hold', 'release')"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    op.create_index("person_key_person", "person_key", ["person", "lock", "made"])
    op.create_table(
        "unindexed",
        sa.Column("seq", seq, primary_key=True, autoincrement=False),
    )


def _add_listed(seq: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "listed",
        sa.Column("seq", seq, primary_key=True, autoincrement=False),
        sa.Column("exchange", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("user", "team", "application", "surface", "model")),
        sa.Column("ended", sa.Double),
        sa.Column("decision", sa.Text),
        sa.Column("outcome", sa.Text),
    )
    op.create_index("listed_time", "listed", ["time"])


def _add_search() -> None:
    op.create_table(
        "search",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("half", sa.SmallInteger, sa.CheckConstraint("half IN (0, 1)"), primary_key=True, autoincrement=False),
        sa.Column("terms", TSVECTOR, nullable=False),
    )
    op.create_index("search_terms", "search", ["terms"], postgresql_using="gin")
