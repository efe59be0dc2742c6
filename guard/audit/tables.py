"""How the log lies in SQLite: its tables, what is written to them, and which checkpoints keep a frontier."""

from __future__ import annotations

from typing import Final

from guard.audit.entries import COLUMNS

VERSION: Final = 1  # of the tables; PRAGMA user_version
SNAPSHOT: Final = 1024

# body comes last: the columns before it are read without the pages that a long body spills onto.
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS leaf (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    exchange TEXT NOT NULL,
    kind TEXT NOT NULL,
    time REAL NOT NULL,
    user TEXT,
    team TEXT,
    application TEXT,
    surface TEXT,
    model TEXT,
    decision TEXT,
    outcome TEXT,
    body BLOB NOT NULL,
    UNIQUE (exchange, kind)
);
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, frontier BLOB);
CREATE TABLE IF NOT EXISTS content (
    exchange TEXT NOT NULL,
    kind TEXT NOT NULL,
    time REAL NOT NULL,
    person TEXT NOT NULL,
    sealed BLOB,
    key_id BLOB,
    until REAL NOT NULL DEFAULT 0,
    destroyed REAL,
    act TEXT,
    PRIMARY KEY (exchange, kind)
);
CREATE TABLE IF NOT EXISTS person_key (
    id BLOB PRIMARY KEY,
    person TEXT NOT NULL,
    lock TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    made REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS person_key_person ON person_key (person, lock, made);
CREATE INDEX IF NOT EXISTS leaf_holds ON leaf (seq) WHERE kind = 'act' AND outcome IN ('hold', 'release');
CREATE INDEX IF NOT EXISTS content_person ON content (person, time);
CREATE INDEX IF NOT EXISTS content_time ON content (time);
CREATE INDEX IF NOT EXISTS content_until ON content (until) WHERE sealed IS NOT NULL;
CREATE INDEX IF NOT EXISTS content_key ON content (key_id);
CREATE INDEX IF NOT EXISTS content_act ON content (act) WHERE act IS NOT NULL;
CREATE INDEX IF NOT EXISTS leaf_user ON leaf (user) WHERE kind = 'opening';
CREATE TRIGGER IF NOT EXISTS leaf_no_update BEFORE UPDATE ON leaf
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS leaf_no_delete BEFORE DELETE ON leaf
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_update BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_delete BEFORE DELETE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""

_NAMES: Final = ", ".join(COLUMNS)
_PLACES: Final = ", ".join("?" * (len(COLUMNS) + 3))
ADD_LEAF: Final = f"INSERT INTO leaf (seq, hash, {_NAMES}, body) VALUES ({_PLACES})"  # noqa: S608 - made of constants
ADD_CONTENT: Final = """
INSERT INTO content (exchange, kind, time, person, sealed, key_id, until) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
ADD_CHECKPOINT: Final = "INSERT INTO checkpoint (size, note, frontier) VALUES (?, ?, ?)"
LAST_CHECKPOINT: Final = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
LAST_FRONTIER: Final = "SELECT size, frontier FROM checkpoint WHERE frontier IS NOT NULL ORDER BY size DESC LIMIT 1"
FRONTIER: Final = """
SELECT size, frontier FROM checkpoint WHERE frontier IS NOT NULL AND size <= ? ORDER BY size DESC LIMIT 1
"""
HASHES: Final = "SELECT hash FROM leaf WHERE seq >= ? AND seq < ? ORDER BY seq"

CHECKPOINTS: Final = "SELECT size, note, frontier FROM checkpoint ORDER BY size"
LEAVES: Final = f"SELECT seq, hash, body, {_NAMES} FROM leaf WHERE seq >= ? AND seq < ? ORDER BY seq"  # noqa: S608 - same
LEFT_OVER: Final = "SELECT count(*) FROM leaf WHERE seq >= ?"

_BESIDE: Final = """
content.person, content.sealed, content.key_id, content.until, content.destroyed, content.act,
person_key.person, person_key.lock, person_key.wrapped, person_key.made
"""
_WITH_CONTENT: Final = """
leaf LEFT JOIN content ON content.exchange = leaf.exchange AND content.kind = leaf.kind
LEFT JOIN person_key ON person_key.id = content.key_id
"""
ENTRIES: Final = f"""
SELECT leaf.seq, leaf.body, {_BESIDE} FROM {_WITH_CONTENT}
WHERE leaf.seq > ? AND leaf.seq < ? ORDER BY leaf.seq
"""  # noqa: S608 - same
SHOW: Final = f"""
SELECT leaf.body, {_BESIDE} FROM {_WITH_CONTENT} WHERE leaf.exchange = ? AND leaf.kind = ?
"""  # noqa: S608 - same
KEPT: Final = """
SELECT exchange, kind, time, person FROM content
WHERE sealed IS NOT NULL AND time >= ? AND time < ?{where} ORDER BY time, exchange, kind LIMIT ?
"""
# A key that was destroyed, as the content that it sealed tells, does not come back.
ADD_KEY: Final = """
INSERT INTO person_key (id, person, lock, wrapped, made) SELECT :id, :person, :lock, :wrapped, :made
WHERE NOT EXISTS (SELECT 1 FROM content WHERE key_id = :id AND destroyed IS NOT NULL) ON CONFLICT DO NOTHING
"""
IS_KEY: Final = "SELECT 1 FROM person_key WHERE id = ?"
FIND_KEY: Final = """
SELECT id, person, lock, wrapped, made FROM person_key WHERE person = ? AND lock = ? ORDER BY made DESC LIMIT 1
"""
HOLDS: Final = "SELECT body FROM leaf WHERE kind = 'act' AND outcome IN ('hold', 'release') ORDER BY seq"
IS_EXCHANGE: Final = "SELECT 1 FROM leaf WHERE exchange = :exchange AND kind = 'opening'"
_THEIRS: Final = "(person = :user OR exchange IN (SELECT exchange FROM leaf WHERE kind = 'opening' AND user = :user))"
HELD_EXCHANGE: Final = f"SELECT 1 FROM content WHERE exchange = :exchange AND {_THEIRS}"  # noqa: S608 - same
DESTROY: Final = f"""
UPDATE content SET sealed = NULL, destroyed = :now, act = :act WHERE sealed IS NOT NULL AND {_THEIRS}
"""  # noqa: S608 - same
DESTROY_KEYS: Final = "DELETE FROM person_key WHERE person = :user"
DESTROY_EXPIRED: Final = """
UPDATE content SET sealed = NULL, destroyed = :now, act = :act WHERE rowid IN (
    SELECT rowid FROM content
    WHERE sealed IS NOT NULL AND ((until > 0 AND until <= :now) OR (until = 0 AND time < :limit))
        AND NOT EXISTS (SELECT 1 FROM on_hold WHERE scope = 'exchange' AND name = content.exchange)
        AND NOT EXISTS (SELECT 1 FROM on_hold WHERE scope = 'user' AND name = content.person)
        AND NOT EXISTS (
            SELECT 1 FROM on_hold JOIN leaf ON leaf.user = on_hold.name AND on_hold.scope = 'user'
            WHERE leaf.exchange = content.exchange AND leaf.kind = 'opening'
        )
    LIMIT :most
) RETURNING time
"""
DESTROY_IDLE_KEYS: Final = """
DELETE FROM person_key WHERE id IN (SELECT key_id FROM content WHERE act = :act)
    AND NOT EXISTS (SELECT 1 FROM content WHERE content.key_id = person_key.id AND content.sealed IS NOT NULL)
"""
CONTENTS: Final = """
SELECT leaf.seq, leaf.time, leaf.body, content.time, person_key.id, content.person,
    content.sealed, content.key_id, content.until, content.destroyed, content.act
FROM content LEFT JOIN leaf ON leaf.exchange = content.exchange AND leaf.kind = content.kind
LEFT JOIN person_key ON person_key.id = content.key_id
"""
KEYS: Final = "SELECT id, person, lock, wrapped, made FROM person_key"
LEAVES_OF: Final = "SELECT seq, body FROM leaf WHERE exchange = ? ORDER BY seq"
LIST: Final = """
SELECT opening.seq, opening.exchange, opening.time, opening.user, opening.team, opening.application, opening.surface,
    coalesce(nullif(closing.model, ''), opening.model), closing.time, closing.decision, closing.outcome
FROM leaf AS opening LEFT JOIN leaf AS closing ON closing.exchange = opening.exchange AND closing.kind = 'closing'
WHERE opening.kind = 'opening' AND opening.seq < ?{where} ORDER BY opening.seq DESC LIMIT ?
"""


def keeps_frontier(before: int, after: int) -> bool:
    """Whether the checkpoint of a commit that grew the log from `before` to `after` leaves keeps the frontier.

    It does where it passes a multiple of SNAPSHOT: then a start reads about that many hashes, and not all.
    """
    return before // SNAPSHOT != after // SNAPSHOT
