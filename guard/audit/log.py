"""The audit log of a configuration and what lies beside it, wherever they lie."""

from __future__ import annotations

import os
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from guard.audit.breakglass import load_public
from guard.audit.drawer_models import KINDS, DrawerName
from guard.audit.drawers import Drawer, SqliteDrawer
from guard.audit.reading import Reader, SqliteReader
from guard.audit.store import SqliteStore, Store
from guard.audit.tenant import TENANT_KEY, load_or_create_tenant_key, opener_with
from guard.config import Config
from guard.errors import ConfigError


def reader_of(config: Config, *, break_glass: X25519PrivateKey | None = None) -> Reader:
    """The log of `config`, to read; its content opens with the tenant key and with `break_glass`. Opens no log yet.

    Raises ConfigError.
    """
    path, opener = _path(config), opener_with(config.data / TENANT_KEY, break_glass)
    if config.audit.store == "sqlite":
        return SqliteReader(path, opener=opener)
    _require_psycopg()
    from guard.audit.postgres import PostgresReader

    return PostgresReader(config.audit.url(os.environ), path.with_suffix(".pub"), opener=opener)


def store_of(config: Config) -> Store:
    """The log of `config`, to append to. Raises ConfigError, AuditError."""
    path, tenant_key = _path(config), tenant_key_of(config)
    public = config.audit.break_glass_public
    break_glass = None if public is None else load_public(public)
    if config.audit.store == "sqlite":
        return SqliteStore(path, tenant_key=tenant_key, break_glass=break_glass)
    _require_psycopg()
    from guard.audit.postgres_store import PostgresStore

    url, key = config.audit.url(os.environ), path.with_suffix(".key")
    return PostgresStore(url, key, tenant_key=tenant_key, break_glass=break_glass)


def tenant_key_of(config: Config) -> bytes:
    """The tenant key of `config`, made where there is none yet. Raises ConfigError, AuditError.

    Machines that share a PostgreSQL share it: one that has another is refused.
    """
    path = config.data / TENANT_KEY
    if config.audit.store == "sqlite":
        return load_or_create_tenant_key(path)
    _require_psycopg()
    from guard.audit.begun import tenant_key_for

    return tenant_key_for(config.audit.url(os.environ), path)


def drawer_of(config: Config, name: DrawerName, *, only_read: bool = False) -> Drawer:
    """The drawer `name` beside the log of `config`, made where there is none yet. Raises ConfigError, AuditError.

    To be `only_read`, it must be there, and no right to change it is taken.
    """
    if config.audit.store == "sqlite":
        return SqliteDrawer(_file(config, name), name, only_read=only_read)
    _require_psycopg()
    from guard.audit.postgres_drawers import PostgresDrawer

    return PostgresDrawer(config.audit.url(os.environ), name)


def has_drawer(config: Config, name: DrawerName) -> bool:
    """Whether something may lie in the drawer `name`. Opens nothing."""
    return config.audit.store != "sqlite" or _file(config, name).is_file()


def left_in_files(config: Config) -> tuple[DrawerName, ...]:
    """The drawers of which this machine has a file, though those in use are in PostgreSQL. Opens nothing."""
    if config.audit.store == "sqlite":
        return ()
    return tuple(name for name in KINDS if _file(config, name).is_file())


def adopt(config: Config) -> dict[DrawerName, int]:
    """Take what files of this machine hold into the database; gives the rows of each. Raises ConfigError, AuditError.

    They are sealed under the tenant key of this machine, so the database must be too.
    """
    found = left_in_files(config)
    if not found:
        return {}
    tenant_key_of(config)
    from guard.audit.adopting import adopt as taken

    return {name: taken(_file(config, name), name, config.audit.url(os.environ)) for name in found}


def upgrade(config: Config, *, url_env: str | None = None) -> bool:
    """Bring the tables of the log up to date; says whether there was something to do. Raises ConfigError, AuditError.

    `url_env` names a variable with the address of another role than the one that guard runs as.
    """
    from guard.audit.database import failing_as, open_to_write
    from guard.audit.upgrading import upgrade_sqlite

    path = _path(config)
    if config.audit.store == "sqlite":
        with failing_as(f"{path} cannot be upgraded"), closing(open_to_write(path, "")) as connection:
            return upgrade_sqlite(connection, path)
    _require_psycopg()
    from guard.audit.postgres import upgrade as upgrade_at

    audit = config.audit if url_env is None else config.audit.model_copy(update={"url_env": url_env, "url_file": None})
    return upgrade_at(audit.url(os.environ))


def _require_psycopg() -> None:
    if find_spec("psycopg") is None:
        raise ConfigError(
            "audit: 'store: postgresql' needs packages that are not installed. "
            "Install guard with them: pip install 'constitutional-guard[postgresql]'."
        )


def _file(config: Config, name: DrawerName) -> Path:
    return config.data / f"{name}.db"


def _path(config: Config) -> Path:
    return config.data / config.audit.path
