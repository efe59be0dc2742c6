"""The revisions of the tables of the log, run by Alembic."""
