"""Files of an older guard, in SQLite, open as they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from guard.audit.drawer_models import DrawerName
from guard.audit.drawers import Drawer, SqliteDrawer
from guard.audit.held import HeldReplies
from guard.audit.keys import GuardKeys
from guard.audit.labels import Label, Labels
from guard.audit.vault_store import VaultStore
from guard.console.links import Links
from guard.console.people import People
from guard.console.register import Register
from guard.console.sessions import Sessions
from tests.audit.test_drawers import ALICE
from tests.audit.test_held import ANN, HELD, KEY, unheard

# The files as the guard before drawers made them, to the letter.
OLDER: dict[DrawerName, str] = {
    "keys": """
CREATE TABLE IF NOT EXISTS guard_key (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL,
    user TEXT NOT NULL,
    team TEXT NOT NULL,
    application TEXT NOT NULL,
    created REAL NOT NULL,
    expires REAL,
    revoked REAL
) WITHOUT ROWID;
""",
    "vault": """
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS vault (
    tenant TEXT NOT NULL,
    code TEXT NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    expires REAL NOT NULL,
    PRIMARY KEY (tenant, code)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vault_expires ON vault (expires);
CREATE TABLE IF NOT EXISTS notes (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    expires REAL NOT NULL,
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notes_expires ON notes (expires);
CREATE TABLE IF NOT EXISTS owners (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    owner BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
""",
    "held": """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS held (
    tenant TEXT NOT NULL,
    exchange TEXT NOT NULL,
    owner BLOB NOT NULL,
    sealed BLOB,
    decided BLOB,
    expires REAL NOT NULL,
    forgotten REAL NOT NULL,
    PRIMARY KEY (tenant, exchange)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held_expires ON held (expires);
""",
    "labels": """
CREATE TABLE IF NOT EXISTS label (
    exchange TEXT NOT NULL,
    principle TEXT NOT NULL,
    "right" INTEGER NOT NULL,
    note TEXT NOT NULL,
    "by" TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (exchange, principle, "by")
) WITHOUT ROWID;
""",
    "console": """
CREATE TABLE IF NOT EXISTS person (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'auditor', 'admin')),
    subject TEXT UNIQUE,  -- whom an identity provider knows them as
    made REAL NOT NULL,
    revoked REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person,
    made REAL NOT NULL,
    seen REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_person ON session (person);
CREATE TABLE IF NOT EXISTS link (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person,
    made REAL NOT NULL,
    expires REAL NOT NULL,
    used REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_person ON link (person);
""",
}


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


def use(name: DrawerName, drawer: Drawer) -> None:
    match name:
        case "keys":
            keys = GuardKeys(drawer)
            token, record = keys.create("ann")
            assert keys.find(token) == record
            assert keys.revoke(record.id).revoked is not None
        case "vault":
            vault = VaultStore(drawer, KEY)
            assert vault.remember("acme", {"K7": ALICE}) == set()
            vault.note("acme", "n", ("K7",))
            assert (set(vault.recall("acme", ["K7"])), vault.noted("acme", ["n"])) == ({"K7"}, {"n": ("K7",)})
        case "held":
            held = HeldReplies(drawer, KEY, "acme")
            held.hold(HELD)
            assert held.decide("x-1", "approved", "eve", "", unheard) == held.find_for("x-1", ANN)
        case "labels":
            label = Label("a", "p", True, "", "eve", 1.0)
            Labels(drawer).put(label)
            assert Labels(drawer).all() == (label,)
        case "console":
            register = Register(drawer)
            People(register).admit("ada", "viewer")
            assert Links(register).use(Links(register).make("ada", 60)) == "ada"
            sessions = Sessions(register, idle_s=60, lifetime_s=60)
            assert sessions.find(sessions.open("ada")) is not None


@pytest.mark.parametrize("name", get_args(DrawerName))
def test_an_older_file_opens_as_it_is_and_is_used(tmp_path: Path, name: DrawerName) -> None:
    path = tmp_path / f"{name}.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.executescript(OLDER[name])
    before = schema(path)
    with closing(SqliteDrawer(path, name)) as drawer:
        use(name, drawer)
    assert schema(path) == before


@pytest.mark.parametrize("name", get_args(DrawerName))
def test_a_new_file_has_the_columns_and_keys_of_an_older_one(tmp_path: Path, name: DrawerName) -> None:
    SqliteDrawer(tmp_path / "new.db", name).close()
    with closing(sqlite3.connect(tmp_path / "old.db")) as raw:
        raw.executescript(OLDER[name])
    assert columns(tmp_path / "new.db") == columns(tmp_path / "old.db")


def columns(path: Path) -> dict[str, list[tuple[str, int, int]]]:
    """By table: each column, whether it must be there, and its place in the key."""
    with closing(sqlite3.connect(path)) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        told = {name: raw.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}
    return {name: [(row[1], row[3], row[5]) for row in rows] for name, rows in told.items()}
