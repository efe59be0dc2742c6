"""How Alembic runs the migrations of the log: on the connection, and in the transaction, that it is handed."""

from __future__ import annotations

from alembic import context

from guard.audit.models import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
