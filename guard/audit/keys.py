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
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Double, bindparam, func, insert, select, update

from guard.audit.drawer_models import GUARD_KEY
from guard.audit.drawers import Drawer, InDrawer, NotAtOnceError
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare
from guard.errors import AccessError, ConfigError
from guard.types import Principal

PREFIX: Final = "guard"
SECRET_BYTES: Final = 32  # 43 characters of URL-safe base64
ID_BYTES: Final = 6
FRESH_S: Final = 2.0  # how long a key that was found counts as found, whatever another process does to it
REMEMBERED: Final = 10_000

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


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on guard keys, for one database."""

    add: Prepared  # the columns of GUARD_KEY
    find: Prepared  # key
    list: Prepared
    revoke: Prepared  # key, now


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    one = GUARD_KEY.c
    told = select(one.id, one.user, one.team, one.application, one.created, one.expires, one.revoked, one.hash)
    named = one.id == bindparam("key", type_=one.id.type)
    now: BindParameter[float] = bindparam("now", type_=Double())
    return Statements(
        add=prepare(insert(GUARD_KEY), name),
        find=prepare(told.where(named), name),
        list=prepare(told.order_by(one.created, one.id), name),
        revoke=prepare(update(GUARD_KEY).values(revoked=func.coalesce(one.revoked, now)).where(named), name),
    )


class GuardKeys(InDrawer):
    """The guard keys in `drawer`. Blocking; any thread may call.

    `clock` gives Unix seconds, `ticks` seconds that never go back. A key that another process revokes, on this machine
    or another, is refused here after at most `fresh_s` seconds. Every method raises AuditError where the drawer cannot
    be used.
    """

    def __init__(
        self,
        drawer: Drawer,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        fresh_s: float = FRESH_S,
    ) -> None:
        super().__init__(drawer)
        self._asks = statements(drawer.dialect)
        self._clock = clock
        self._ticks = ticks
        self._fresh_s = fresh_s
        self._lock = threading.Lock()  # over what is remembered; never held while a drawer is used
        self._found: OrderedDict[bytes, tuple[KeyRecord, float]] = OrderedDict()  # by hash, with its tick

    def create(
        self, user: str, team: str = "", application: str = "", expires: float | None = None
    ) -> tuple[str, KeyRecord]:
        """Make a key for a caller. The token is shown here and never again."""
        record = KeyRecord(
            secrets.token_hex(ID_BYTES), Principal(user, team, application), self._clock(), expires, None
        )
        token = f"{PREFIX}_{record.id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        with self._drawer.writing() as run:
            run(
                self._asks.add, id=record.id, hash=_hash(token), user=user, team=team, application=application,
                created=record.created, expires=expires, revoked=None,
            )  # fmt: skip
        return token, record

    def revoke(self, key_id: str) -> KeyRecord:
        """Refuse the key `key_id` from now on; a key that was revoked before stays so. Raises ConfigError for none."""
        with self._drawer.writing() as run:
            run(self._asks.revoke, key=key_id, now=self._clock())
            row = run(self._asks.find, key=key_id).fetchone()
        if row is None:
            raise ConfigError("there is no guard key with this id. See: guard keys list")
        with self._lock:
            self._found.pop(row[-1], None)
        return _record(row)

    def list(self) -> tuple[KeyRecord, ...]:
        """Every key, the oldest first."""
        with self._drawer.reading() as run:
            return tuple(map(_record, run(self._asks.list).fetchall()))

    def find(self, token: str, now: float | None = None, *, at_once: bool = False) -> KeyRecord:
        """The key that `token` is. Raises AccessError where it is unknown, revoked or expired at `now`.

        To be found `at_once`, raises NotAtOnceError where it would have to be asked for over a network.
        """
        digest = _hash(token)
        with self._lock:
            found, since = self._found.get(digest, (None, 0.0))
        asked = self._ticks()
        if found is None or asked - since >= self._fresh_s:
            if at_once and self.remote:
                raise NotAtOnceError
            found = self._read(token, digest)
            self._remember(digest, found, asked)
        return _valid(found, self._clock() if now is None else now)

    def _read(self, token: str, digest: bytes) -> KeyRecord:
        prefix, _, rest = token.partition("_")
        key_id, row = rest.partition("_")[0], None
        if prefix == PREFIX and key_id.isascii() and key_id.isalnum():
            with self._drawer.reading() as run:
                row = run(self._asks.find, key=key_id).fetchone()
        if row is None or not hmac.compare_digest(row[-1], digest):
            with self._lock:
                self._found.pop(digest, None)
            raise AccessError(UNKNOWN)
        return _record(row)

    def _remember(self, digest: bytes, record: KeyRecord, since: float) -> None:
        """Keep what was found; `since` is the tick before it was asked for, after which it may have changed."""
        with self._lock:
            self._found[digest] = record, since
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
