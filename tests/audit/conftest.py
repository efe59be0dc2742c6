"""Every store that the log can lie in, empty, each test its own."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from guard.audit.drawer_models import DrawerName
from guard.audit.drawers import Drawer, SqliteDrawer
from guard.audit.entries import Opener
from guard.audit.postgres import PostgresReader
from guard.audit.postgres_drawers import PostgresDrawer
from guard.audit.postgres_store import PostgresStore
from guard.audit.reading import Reader, SqliteReader
from guard.audit.store import SqliteStore, Store
from tests.audit.postgres import Server, running
from tests.audit.samples import NOW


class Place(ABC):
    """Where one log lies, and the file of its key."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.key = folder / "audit.key"

    def store(self, *, now: float = NOW) -> Store:
        """Another writer, closed when the test ends; its commits all happen at `now`."""
        made = self._made(now)
        self._stack.callback(made.close)
        return made

    def drawer(self, name: DrawerName) -> Drawer:
        """Another use of a drawer beside the log, closed when the test ends."""
        made = self._opened(name)
        self._stack.callback(made.close)
        return made

    @abstractmethod
    def _made(self, now: float) -> Store: ...

    @abstractmethod
    def _opened(self, name: DrawerName) -> Drawer: ...

    @abstractmethod
    def reader(self, opener: Opener | None = None) -> Reader: ...

    @abstractmethod
    def raw(self, *statements: str) -> None:
        """Run statements as somebody does who owns the database, each durable."""

    @abstractmethod
    def without_triggers(self, *statements: str) -> None: ...


class InSqlite(Place):
    @property
    def path(self) -> Path:
        return self.folder / "audit.db"

    def _made(self, now: float) -> Store:
        return SqliteStore(self.path, clock=lambda: now)

    def _opened(self, name: DrawerName) -> Drawer:
        return SqliteDrawer(self.folder / f"{name}.db", name)

    def reader(self, opener: Opener | None = None) -> Reader:
        return SqliteReader(self.path, opener=opener)

    def raw(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def without_triggers(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        self.raw(*statements)


class InPostgres(Place):
    def __init__(self, folder: Path, stack: ExitStack, server: Server) -> None:
        super().__init__(folder, stack)
        self.server = server

    @property
    def url(self) -> str:
        return self.server.url()

    def _made(self, now: float) -> Store:
        return PostgresStore(self.url, self.key, clock=lambda: now)

    def _opened(self, name: DrawerName) -> Drawer:
        return PostgresDrawer(self.url, name)

    def reader(self, opener: Opener | None = None) -> Reader:
        return PostgresReader(self.url, self.key.with_suffix(".pub"), opener=opener)

    def raw(self, *statements: str) -> None:
        self._run("origin", *statements)

    def without_triggers(self, *statements: str) -> None:
        self._run("replica", *statements)

    def _run(self, role: str, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"SET session_replication_role = {role}".encode())
            for statement in statements:
                connection.execute(statement.encode())


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def in_postgres(server: Server, tmp_path: Path) -> Iterator[InPostgres]:
    server.run("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    with ExitStack() as stack:
        yield InPostgres(tmp_path, stack, server)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: Any, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgresql":
        yield request.getfixturevalue("in_postgres")
        return
    with ExitStack() as stack:
        yield InSqlite(tmp_path, stack)
