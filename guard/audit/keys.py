"""Guard keys: what a caller presents, and whom it stands for.

A token is `guard_<id>_<secret>`. Its secret is 256 random bits, so a plain SHA-256 of it is enough to store: there is
nothing to guess, and no table to look it up in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from guard.audit.database import failing_as, open_to_write, transaction
from guard.errors import AccessError, ConfigError
from guard.types import Principal

PREFIX: Final = "guard"
SECRET_BYTES: Final = 32  # 43 characters of URL-safe base64
ID_BYTES: Final = 6
FRESH_S: Final = 2.0  # how long a key that was found counts as found, whatever another process does to it
REMEMBERED: Final = 10_000

SCHEMA: Final = """
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
"""
ADD: Final = "INSERT INTO guard_key VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"
FIELDS: Final = "SELECT id, user, team, application, created, expires, revoked, hash FROM guard_key"

UNKNOWN: Final = "This guard key is not known. Ask whoever runs guard for one (guard keys create)."
REVOKED: Final = "This guard key was revoked. Ask whoever runs guard for a new one (guard keys create)."
EXPIRED: Final = "This guard key has expired. Ask whoever runs guard for a new one (guard keys create)."


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key without its secret. Times are Unix seconds; `expires` and `revoked` are None for never."""

    id: str
    principal: Principal
    created: float
    expires: float | None
    revoked: float | None


class GuardKeys:
    """The guard keys in the SQLite file `path`, which may be the log's own. Blocking; any thread may call.

    `clock` gives Unix seconds, `ticks` seconds that never go back. A key that another process revokes is refused here
    after at most `fresh_s` seconds. Every method raises AuditError where the file cannot be used.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        fresh_s: float = FRESH_S,
    ) -> None:
        self._clock = clock
        self._ticks = ticks
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._found: OrderedDict[bytes, tuple[KeyRecord, float]] = OrderedDict()  # by hash, with its tick
        self._connection = open_to_write(Path(path), SCHEMA)

    def create(
        self, user: str, team: str = "", application: str = "", expires: float | None = None
    ) -> tuple[str, KeyRecord]:
        """Make a key for a caller. The token is shown here and never again."""
        record = KeyRecord(
            secrets.token_hex(ID_BYTES), Principal(user, team, application), self._clock(), expires, None
        )
        token = f"{PREFIX}_{record.id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        row = (record.id, _hash(token), user, team, application, record.created, expires)
        with self._lock, failing_as("the guard keys cannot be written"), transaction(self._connection):
            self._connection.execute(ADD, row)
        return token, record

    def revoke(self, key_id: str) -> KeyRecord:
        """Refuse the key `key_id` from now on; a key that was revoked before stays so. Raises ConfigError for none."""
        with self._lock, failing_as("the guard keys cannot be written"), transaction(self._connection):
            change = "UPDATE guard_key SET revoked = coalesce(revoked, ?) WHERE id = ?"
            self._connection.execute(change, (self._clock(), key_id))
            row = self._connection.execute(f"{FIELDS} WHERE id = ?", (key_id,)).fetchone()
        if row is None:
            raise ConfigError("there is no guard key with this id. See: guard keys list")
        with self._lock:
            self._found.pop(row[-1], None)
        return _record(row)

    def list(self) -> tuple[KeyRecord, ...]:
        """Every key, the oldest first."""
        with self._lock, failing_as("the guard keys cannot be read"):
            return tuple(map(_record, self._connection.execute(f"{FIELDS} ORDER BY created, id")))

    def find(self, token: str, now: float | None = None) -> KeyRecord:
        """The key that `token` is. Raises AccessError where it is unknown, revoked or expired at `now`."""
        digest = _hash(token)
        with self._lock:
            found, since = self._found.get(digest, (None, 0.0))
            if found is None or self._ticks() - since >= self._fresh_s:
                found = self._read(token, digest)
                self._remember(digest, found)
        return _valid(found, self._clock() if now is None else now)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _read(self, token: str, digest: bytes) -> KeyRecord:
        prefix, _, rest = token.partition("_")
        with failing_as("the guard keys cannot be read"):
            known = prefix == PREFIX and rest.isascii()
            query, arguments = f"{FIELDS} WHERE id = ?", (rest.partition("_")[0],)
            row = self._connection.execute(query, arguments).fetchone() if known else None
        if row is None or not hmac.compare_digest(row[-1], digest):
            self._found.pop(digest, None)
            raise AccessError(UNKNOWN)
        return _record(row)

    def _remember(self, digest: bytes, record: KeyRecord) -> None:
        self._found[digest] = record, self._ticks()
        self._found.move_to_end(digest)
        if len(self._found) > REMEMBERED:
            self._found.popitem(last=False)


def _valid(record: KeyRecord, now: float) -> KeyRecord:
    if record.revoked is not None:
        raise AccessError(REVOKED)
    if record.expires is not None and record.expires <= now:
        raise AccessError(EXPIRED)
    return record


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()


def _record(row: tuple[Any, ...]) -> KeyRecord:
    key_id, user, team, application, created, expires, revoked, _ = row
    return KeyRecord(key_id, Principal(user, team, application), created, expires, revoked)
