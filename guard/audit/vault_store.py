"""The storage of the tenant vault: which value a code stands for, encrypted, for as long as its lifetime.

A row is AES-256-GCM under a key derived (HKDF-SHA256) from the tenant key and the tenant's name; tenant and code are
its associated data, so that a row cannot be passed off as another's. Losing the last rows with a power cut costs the
restoring of an old quotation and nothing else, so commits here do not wait for the disk.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.audit import owners
from guard.audit.database import failing_as, open_to_write, transaction
from guard.audit.tenant import KEY_BYTES
from guard.errors import AuditError
from guard.types import Spelling

NONCE_BYTES: Final = 12
PURPOSE: Final = b"guard tenant vault 1\0"
LIFETIME_S: Final = 30 * 86400.0
REMEMBERED: Final = 50_000

Forms: TypeAlias = Mapping[str, Spelling]  # the spellings of one value by form; "" is the usual one

SCHEMA: Final = """
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
"""
READ: Final = "SELECT nonce, ciphertext, expires FROM vault WHERE tenant = ? AND code = ? AND expires > ?"
WRITE: Final = "REPLACE INTO vault (tenant, code, nonce, ciphertext, expires) VALUES (?, ?, ?, ?, ?)"
FORGET: Final = "DELETE FROM vault WHERE expires <= ?"
READ_NOTE: Final = "SELECT nonce, ciphertext FROM notes WHERE tenant = ? AND name = ? AND expires > ?"
WRITE_NOTE: Final = "REPLACE INTO notes (tenant, name, nonce, ciphertext, expires) VALUES (?, ?, ?, ?, ?)"
FORGET_NOTES: Final = "DELETE FROM notes WHERE expires <= ?"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a code stands for, until when (Unix seconds)."""

    entity: str
    normal: str
    forms: dict[str, Spelling]
    expires: float


class VaultStore:
    """The vault in the SQLite file `path`, under the tenant key `key`. Blocking; any thread may call.

    A value is kept for `lifetime_s` seconds after it was last met; then its code still belongs to no other. `clock`
    gives Unix seconds. Every method raises AuditError where the file cannot be used, or holds what `key` cannot open.
    """

    def __init__(
        self,
        path: Path | str,
        key: bytes,
        *,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = key
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._lock = threading.Lock()
        self._ciphers: dict[str, AESGCM] = {}
        self._known: OrderedDict[tuple[str, str], _Meaning] = OrderedDict()
        self._connection = open_to_write(Path(path), SCHEMA + owners.SCHEMA)
        self._owners = owners.Owners(self._connection, key)

    def remember(self, tenant: str, values: Mapping[str, tuple[str, str, Forms]]) -> set[str]:
        """Keep what each code stands for: code -> (entity, normalised value, spellings by form).

        Returns what is taken: codes that stand, or once stood, for another value, and forms of another spelling, as
        `CODE_FORM`. Of the codes at fault nothing was kept.
        """
        now = self._clock()
        with self._lock, failing_as("the vault cannot be written"):
            new = {code: value for code, value in values.items() if not self._is_known(tenant, code, value, now)}
            if not new:
                return set()
            with transaction(self._connection):
                kept = {code: self._keep(tenant, code, value, now) for code, value in new.items()}
            for code, meaning in kept.items():
                if isinstance(meaning, _Meaning):
                    self._know(tenant, code, meaning)
        return {name for taken in kept.values() if not isinstance(taken, _Meaning) for name in taken}

    def recall(self, tenant: str, codes: Iterable[str]) -> dict[str, tuple[str, dict[str, Spelling]]]:
        """What is kept of `codes`: code -> (entity, spellings by form); a code that is not kept is left out.

        Always reads the file, because another process may have met further spellings.
        """
        now = self._clock()
        with self._lock, failing_as("the vault cannot be read"):
            meanings = {code: self._read(tenant, code, now) for code in codes}
        return {code: (meaning.entity, meaning.forms) for code, meaning in meanings.items() if meaning is not None}

    def note(self, tenant: str, name: str, texts: Sequence[str]) -> None:
        """Keep `texts` under `name`, in the place of what was kept there."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(tenant).encrypt(nonce, json.dumps(list(texts)).encode(), _about(tenant, name))
        with self._lock, failing_as("the vault cannot be written"), transaction(self._connection):
            self._connection.execute(WRITE_NOTE, (tenant, name, nonce, sealed, self._clock() + self._lifetime_s))

    def noted(self, tenant: str, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The texts kept under each of `names`; a name under which nothing is kept is left out."""
        now = self._clock()
        with self._lock, failing_as("the vault cannot be read"):
            rows = {name: self._connection.execute(READ_NOTE, (tenant, name, now)).fetchone() for name in names}
        return {name: tuple(json.loads(self._opened(tenant, name, *row))) for name, row in rows.items() if row}

    def forget_expired(self, now: float | None = None) -> int:
        """Delete what has outlived its lifetime; says how many codes that were."""
        now = self._clock() if now is None else now
        with self._lock, failing_as("the vault cannot be written"):
            for key in [key for key, meaning in self._known.items() if meaning.expires <= now]:
                del self._known[key]
            with transaction(self._connection):
                self._connection.execute(FORGET_NOTES, (now,))
                return self._connection.execute(FORGET, (now,)).rowcount

    def close(self) -> None:
        """Close the file and forget what is in memory."""
        with self._lock:
            self._known.clear()
            self._connection.close()

    def _is_known(self, tenant: str, code: str, value: tuple[str, str, Forms], now: float) -> bool:
        """Whether all of this is kept and will be for a good while, so that there is nothing to do."""
        known = self._known.get((tenant, code))
        if known is None or known.expires - now < self._lifetime_s / 2:
            return False
        self._known.move_to_end((tenant, code))
        entity, normal, forms = value
        return (known.entity, known.normal) == (entity, normal) and forms.items() <= known.forms.items()

    def _keep(self, tenant: str, code: str, value: tuple[str, str, Forms], now: float) -> _Meaning | set[str]:
        """Merge one value into its row; where the row stands for something else, what of it is taken."""
        entity, normal, forms = value
        old = self._read(tenant, code, now)
        if old is not None and (old.entity, old.normal) != (entity, normal):
            self._owners.claim(tenant, code, old.entity, old.normal)  # a row of before there were owners
            return {code}
        if old is None and not self._owners.may_have(tenant, code, entity, normal):
            return {code}
        known = {} if old is None else old.forms
        clashing = {
            f"{code}_{form}"
            for form, spelling in forms.items()
            if not (known[form] == spelling if form in known else self._is_free(tenant, code, form, spelling))
        }
        if clashing:
            return clashing
        if old is not None and forms.keys() <= known.keys() and old.expires - now >= self._lifetime_s / 2:
            return old
        meaning = _Meaning(entity, normal, {**known, **forms}, now + self._lifetime_s)
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(tenant).encrypt(nonce, _plain(meaning), _about(tenant, code))
        self._connection.execute(WRITE, (tenant, code, nonce, sealed, meaning.expires))
        self._owners.claim(tenant, code, entity, normal)
        for form, spelling in forms.items():
            if form:  # the usual spelling follows from the value
                self._owners.claim(tenant, f"{code}_{form}", spelling.text, spelling.escaped)
        return meaning

    def _is_free(self, tenant: str, code: str, form: str, spelling: Spelling) -> bool:
        """Whether a form that is not kept may stand for a spelling."""
        return self._owners.may_have(tenant, f"{code}_{form}", spelling.text, spelling.escaped)

    def _read(self, tenant: str, code: str, now: float) -> _Meaning | None:
        row = self._connection.execute(READ, (tenant, code, now)).fetchone()
        if row is None:
            return None
        nonce, sealed, expires = row
        entity, normal, forms = json.loads(self._opened(tenant, code, nonce, sealed))
        return _Meaning(entity, normal, {form: Spelling(*spelling) for form, spelling in forms.items()}, expires)

    def _opened(self, tenant: str, name: str, nonce: bytes, sealed: bytes) -> bytes:
        try:
            return self._cipher(tenant).decrypt(nonce, sealed, _about(tenant, name))
        except (InvalidTag, TypeError, ValueError) as error:
            raise AuditError("the vault holds a row that the tenant key cannot open: restore the key") from error

    def _know(self, tenant: str, code: str, meaning: _Meaning) -> None:
        self._known[tenant, code] = meaning
        self._known.move_to_end((tenant, code))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _cipher(self, tenant: str) -> AESGCM:
        cipher = self._ciphers.get(tenant)
        if cipher is None:
            info = PURPOSE + tenant.encode()
            cipher = AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self._key))
            self._ciphers[tenant] = cipher
        return cipher


def _plain(meaning: _Meaning) -> bytes:
    forms = {form: (spelling.text, spelling.escaped) for form, spelling in meaning.forms.items()}
    return json.dumps((meaning.entity, meaning.normal, forms)).encode()


def _about(tenant: str, code: str) -> bytes:
    name = tenant.encode()
    return len(name).to_bytes(4, "big") + name + code.encode()
