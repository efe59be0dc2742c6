"""The storage of held replies: sealed until a person has decided, and destroyed when their time is over.

A row is AES-256-GCM under a key derived (HKDF-SHA256) from the tenant key and the tenant's name; tenant, exchange and
what the row is about are its associated data. The decision is sealed as well, so that nobody releases a reply by
changing a file. A reply lies here as the upstream wrote it, with placeholders for what the request held, and what these
stand for lies sealed beside it. After its lifetime a keyed hash of its caller stays for as long again: enough to say
that it is gone, to the caller alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.asks import Held
from guard.audit.database import failing_as, is_outstanding, open_to_write, overwrite, transaction, waiting
from guard.errors import AuditError, HeldTooLong, NotHeld, RequestError
from guard.types import Principal, Spelling

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PURPOSE: Final = b"guard held replies 1\0"
LIFETIME_S: Final = 3 * 86400.0

Decided: TypeAlias = Literal["pending", "approved", "rejected"]
# pending   nobody has decided yet
# approved  the reply may go out to whom it was for
# rejected  it may not

RecordAct: TypeAlias = Callable[[Literal["approve", "reject"], str, str], None]  # action, exchange, note

SCHEMA: Final = """
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
"""
ADD: Final = "INSERT INTO held (tenant, exchange, owner, sealed, expires, forgotten) VALUES (?, ?, ?, ?, ?, ?)"
FIND: Final = "SELECT exchange, owner, sealed, decided, expires FROM held WHERE tenant = ? AND exchange = ?"
LIST: Final = (
    "SELECT exchange, owner, sealed, decided, expires FROM held"
    " WHERE tenant = ? AND sealed IS NOT NULL AND expires > ? ORDER BY exchange"
)
OF_OWNER: Final = (
    "SELECT exchange, owner, sealed, decided, expires FROM held"
    " WHERE tenant = ? AND owner = ? AND sealed IS NOT NULL AND expires > ? ORDER BY exchange"
)
DECIDE: Final = "UPDATE held SET decided = ?, expires = ?, forgotten = ? WHERE tenant = ? AND exchange = ?"
EMPTY: Final = "UPDATE held SET sealed = NULL, decided = NULL WHERE expires <= ? AND sealed IS NOT NULL"
SEALED: Final = "SELECT exchange, sealed FROM held WHERE tenant = ? AND sealed IS NOT NULL"
ERASE: Final = "DELETE FROM held WHERE tenant = ? AND exchange = ?"
FORGET: Final = "DELETE FROM held WHERE forgotten <= ?"


@dataclass(frozen=True, slots=True)
class Kept:
    """A held reply, what was decided about it, by whom and why, and until when (Unix seconds) it is kept."""

    held: Held
    expires: float
    decided: Decided = "pending"
    actor: str = ""
    note: str = ""


class HeldReplies:
    """The held replies of `tenant` in the SQLite file `path`, under the tenant key `key`. Any thread may call.

    A reply is kept for `lifetime_s` seconds, and from the decision on for as long again. `clock` gives Unix seconds.
    Every method blocks, and raises AuditError where the file cannot be used or holds what `key` cannot open.
    """

    what: ClassVar[str] = "held replies"

    def __init__(
        self,
        path: Path,
        key: bytes,
        tenant: str,
        *,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._tenant = tenant
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._lock = threading.Lock()
        derived = HKDF(SHA256(), 2 * KEY_BYTES, salt=None, info=PURPOSE + tenant.encode()).derive(key)
        self._cipher, self._owners = AESGCM(derived[:KEY_BYTES]), derived[KEY_BYTES:]
        self._connection = open_to_write(path, SCHEMA)

    def hold(self, held: Held) -> None:
        """Keep a reply; durable on return."""
        now = self._clock()
        sealed = self._seal(held.exchange, "reply", _plain(held))
        ends = now + self._lifetime_s
        row = (self._tenant, held.exchange, self._owner(held.principal), sealed, ends, ends + self._lifetime_s)
        with self._lock, failing_as("a held reply cannot be written"), transaction(self._connection):
            self._destroy_expired(now)
            self._connection.execute(ADD, row)

    def find(self, exchange: str) -> Kept:
        """The held reply of `exchange`, for whoever decides. Raises NotHeld, HeldTooLong."""
        with self._lock, failing_as("the held replies cannot be read"):
            return self._open(self._row(exchange))

    def find_for(self, exchange: str, principal: Principal) -> Kept:
        """The held reply of `exchange`, for the caller that it was for. Raises NotHeld for others, HeldTooLong."""
        with self._lock, failing_as("the held replies cannot be read"):
            row = self._row(exchange)
            if not hmac.compare_digest(row[1], self._owner(principal)):
                raise _not_held()
            return self._open(row)

    def list(self) -> tuple[Kept, ...]:
        """Every held reply whose time is not over, the oldest first."""
        self.destroy_expired()
        with self._lock, failing_as("the held replies cannot be read"):
            rows = self._connection.execute(LIST, (self._tenant, self._clock())).fetchall()
            return tuple(self._open(row) for row in rows)

    def decisions(self, principal: Principal, turns: Sequence[str]) -> dict[str, tuple[str, Decided]]:
        """Of those of `turns` that are held for `principal`: in which exchange, and what was decided.

        Where one is held more than once, a rejection goes before an approval, and that before a wait.
        """
        with self._lock, failing_as("the held replies cannot be read"):
            rows = self._connection.execute(OF_OWNER, (self._tenant, self._owner(principal), self._clock())).fetchall()
            kept = [self._open(row) for row in rows]
        kept.sort(key=lambda one: ("pending", "approved", "rejected").index(one.decided))
        return {turn: (one.held.exchange, one.decided) for one in kept for turn in one.held.turns if turn in turns}

    def decide(
        self, exchange: str, decided: Literal["approved", "rejected"], actor: str, note: str, record: RecordAct
    ) -> Kept:
        """Decide about a held reply, once. `record` makes the decision durable in the log before it has an effect.

        Raises NotHeld, HeldTooLong, RequestError where somebody has decided already, and what `record` raises.
        """
        with self._lock, failing_as("a decision cannot be written"), transaction(self._connection):
            kept = self._open(self._row(exchange))
            if kept.decided != "pending":
                raise RequestError(f"This reply was {kept.decided} already, by {kept.actor}. A decision stands.")
            record("approve" if decided == "approved" else "reject", exchange, note)
            told = json.dumps([decided, actor, note]).encode()
            ends = self._clock() + self._lifetime_s
            row = (self._seal(exchange, "decision", told), ends, ends + self._lifetime_s, self._tenant, exchange)
            self._connection.execute(DECIDE, row)
        return Kept(kept.held, ends, decided, actor, note)

    def destroy_expired(self) -> None:
        """Destroy the replies whose time is over."""
        with self._lock, failing_as("the held replies cannot be written"), transaction(self._connection):
            self._destroy_expired(self._clock())

    def of(self, user: str) -> tuple[str, ...]:
        """The exchanges of `user` of which a reply is held; their time may be over."""
        with self._lock, failing_as("the held replies cannot be read"):
            return self._of(user)

    def erase(self, user: str) -> None:
        """Destroy what is held for `user`, decided or not, and overwrite it: see `scrub`."""
        with self._lock, failing_as("the held replies cannot be written"):
            with transaction(self._connection):
                rows = [(self._tenant, exchange) for exchange in self._of(user)]
                self._connection.executemany(ERASE, rows)
            overwrite(self._connection, self._path)

    def scrub(self, *, patient: bool = True) -> bool:
        """Overwrite what was destroyed in the files too; says whether all of it was: not so while somebody reads it.

        Not `patient`: does not wait for others.
        """
        with self._lock, failing_as("the held replies cannot be written"), waiting(self._connection, patient=patient):
            return overwrite(self._connection, self._path)

    def outstanding(self) -> bool:
        """Whether something that was destroyed is still to be overwritten."""
        return is_outstanding(self._path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _of(self, user: str) -> tuple[str, ...]:
        rows = self._connection.execute(SEALED, (self._tenant,)).fetchall()
        told = ((exchange, _held(self._unseal(exchange, "reply", sealed))) for exchange, sealed in rows)
        return tuple(exchange for exchange, held in told if held.principal.user == user)

    def _destroy_expired(self, now: float) -> None:
        self._connection.execute(EMPTY, (now,))
        self._connection.execute(FORGET, (now,))

    def _row(self, exchange: str) -> tuple[str, bytes, bytes | None, bytes | None, float]:
        row: Any = self._connection.execute(FIND, (self._tenant, exchange)).fetchone()
        if row is None:
            raise _not_held()
        found: tuple[str, bytes, bytes | None, bytes | None, float] = row
        return found

    def _open(self, row: tuple[str, bytes, bytes | None, bytes | None, float]) -> Kept:
        exchange, _, sealed, decided, expires = row
        if sealed is None or expires <= self._clock():
            raise HeldTooLong("The time of this held reply is over, and guard has destroyed it. Ask again.")
        held = _held(self._unseal(exchange, "reply", sealed))
        if decided is None:
            return Kept(held, expires)
        word, actor, note = json.loads(self._unseal(exchange, "decision", decided))
        if word not in get_args(Decided):
            raise AuditError("a decision about a held reply is unreadable: update guard")
        return Kept(held, expires, word, actor, note)

    def _owner(self, principal: Principal) -> bytes:
        named = json.dumps([principal.user, principal.team, principal.application]).encode()
        return hmac.new(self._owners, named, hashlib.sha256).digest()

    def _seal(self, exchange: str, what: str, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, self._about(exchange, what))

    def _unseal(self, exchange: str, what: str, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._about(exchange, what))
        except (InvalidTag, TypeError, ValueError) as error:
            raise AuditError("a held reply cannot be opened with the tenant key: restore the key") from error

    def _about(self, exchange: str, what: str) -> bytes:
        return json.dumps([self._tenant, exchange, what]).encode()


def _not_held() -> NotHeld:
    return NotHeld("guard holds no reply of that name for this caller.")


def _plain(held: Held) -> bytes:
    names = {name: (spelling.text, spelling.escaped) for name, spelling in held.names.items()}
    body = base64.b64encode(held.body).decode()
    return json.dumps({**asdict(held), "names": names, "body": body}).encode()


def _held(plain: bytes) -> Held:
    values: Mapping[str, Any] = json.loads(plain)
    return Held(
        **{
            **values,
            "principal": Principal(**values["principal"]),
            "principles": tuple(values["principles"]),
            "turns": tuple(values.get("turns", ())),  # no older guard held requests
            "names": {name: Spelling(*spelling) for name, spelling in values["names"].items()},
            "body": base64.b64decode(values["body"]),
        }
    )
