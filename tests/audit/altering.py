"""A log to be altered at will, and all the ways to alter one value."""

import sqlite3

from guard.audit.checkpoint import PublicKey
from guard.audit.reading import SqliteReader
from guard.audit.verify import check

# The tables that a walk does not go over, and why not.
BESIDE = {
    "audit_version": "what form the tables have; another one is refused, or brought up to date",
    "listed": "made of the entries; the check of a reader compares it with them",
    "unindexed": "words that wait for the index",
    "search": "an index of words, to find exchanges by: it tells nothing of what was said",
}


class Log:
    """A log that has been closed, to be altered at will."""

    def __init__(self, reader: SqliteReader, key: PublicKey, **options) -> None:
        self.reader = reader
        self.key = key  # the newest
        self.keys = reader.keys(key)
        self.options = options
        self.raw = sqlite3.connect(reader.path, isolation_level=None)
        for (name,) in self.raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self.raw.execute(f"DROP TRIGGER {name}")
        self.raw.execute("PRAGMA synchronous = OFF")
        every = [name for (name,) in self.raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.beside = [name for name in every if name.partition("_")[0] in BESIDE or name in BESIDE]
        self.tables = [name for name in every if name not in self.beside]
        self.sound = self.content()

    @property
    def leaves(self):
        return self.sound["leaf"]

    @property
    def checkpoints(self):
        return self.sound["checkpoint"]

    @property
    def signed(self):
        return self.sound["signed"]

    def columns(self, table):
        return [row[1] for row in self.raw.execute(f"PRAGMA table_info({table})")]

    def findings(self, *changes, key=None, **options):
        """What verify finds after `changes`, which are undone again; None where they change nothing."""
        try:
            for change, *arguments in changes:
                self.raw.execute(change, arguments)
        except sqlite3.IntegrityError:
            self.restore()
            return None  # the tables themselves do not take it
        now = self.content()
        if changes and now == self.sound:
            return None
        try:
            with self.reader.state() as state:
                return check(state, key or self.key, **{**self.options, **options}).findings
        finally:
            if now != self.sound:
                self.restore()

    def content(self):
        return {table: self.raw.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in self.tables}

    def restore(self):
        self.raw.execute("BEGIN")
        for table, rows in self.sound.items():
            self.raw.execute(f"DELETE FROM {table}")
            places = ", ".join("?" * len(self.columns(table)))
            self.raw.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        self.raw.execute("COMMIT")

    def kinds(self, *changes, **options):
        return {finding.kind for finding in self.findings(*changes, **options)}


def altered(value):
    """Other values for one column: one byte of each class changed, cut, longer, emptied, of another type."""
    match value:
        case None:
            yield from ("", "x", 0, b"")
        case int() | float():
            yield from (value + 1, value - 1, -value - 1, None, "x")
        case str() | bytes():
            raw = value.encode() if isinstance(value, str) else value
            firsts = {character_class(byte): at for at, byte in reversed(list(enumerate(raw)))}
            for at in {*firsts.values(), 0, len(raw) // 2, len(raw) - 1}:
                yield retyped(raw[:at] + bytes([raw[at] ^ (1, 32, 128)[at % 3]]) + raw[at + 1 :], value)
            yield from (retyped(part, value) for part in (raw[:-1], raw[1:], raw + b" ", b"", raw + raw))
            yield from (None, raw if isinstance(value, str) else raw.decode("utf-8", "replace"), 0)


def retyped(raw, like):
    return raw if isinstance(like, bytes) else raw.decode("utf-8", "replace")


def character_class(byte):
    character = chr(byte)
    for name in ("isdigit", "islower", "isupper", "isspace"):
        if getattr(character, name)():
            return name
    return character if byte < 0x80 else "high"


def every_change(log):
    """Each column of a row of each shape of each table, in each of these ways."""
    for table in log.tables:
        names = log.columns(table)
        keys = names[:1]
        where = " AND ".join(f"{key} = ?" for key in keys)
        shapes = {tuple(map(type, row)): row for row in log.sound[table]}
        for row in shapes.values():
            for name, value in zip(names, row, strict=True):
                for other in altered(value):
                    yield f"UPDATE {table} SET {name} = ? WHERE {where}", other, *row[: len(keys)]
