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
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.audit.drawers import Drawer, InDrawer
from guard.audit.owners import Owners
from guard.audit.shelf import Run
from guard.audit.tenant import KEY_BYTES
from guard.audit.vault_statements import statements
from guard.errors import AuditError
from guard.types import Spelling

NONCE_BYTES: Final = 12
PURPOSE: Final = b"guard tenant vault 1\0"
LIFETIME_S: Final = 30 * 86400.0
REMEMBERED: Final = 50_000

Forms: TypeAlias = Mapping[str, Spelling]  # the spellings of one value by form; "" is the usual one


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a code stands for, until when (Unix seconds)."""

    entity: str
    normal: str
    forms: dict[str, Spelling]
    expires: float


class VaultStore(InDrawer):
    """The vault in `drawer`, under the tenant key `key`. Blocking; any thread may call.

    A value is kept for `lifetime_s` seconds after it was last met; then its code still belongs to no other. `clock`
    gives Unix seconds. Every method raises AuditError where the drawer cannot be used, or holds what `key` cannot open.
    """

    def __init__(
        self,
        drawer: Drawer,
        key: bytes,
        *,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(drawer)
        self._asks = statements(drawer.dialect)
        self._key = key
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._lock = threading.Lock()  # over what is remembered; never held while the drawer is used
        self._ciphers: dict[str, AESGCM] = {}
        self._known: OrderedDict[tuple[str, str], _Meaning] = OrderedDict()
        self._owners = Owners(drawer.dialect, key)

    def knows(self, tenant: str, values: Mapping[str, tuple[str, str, Forms]]) -> bool:
        """Whether `remember` would have nothing to do, and so would not wait."""
        return not self._new(tenant, values, self._clock())

    def remember(self, tenant: str, values: Mapping[str, tuple[str, str, Forms]]) -> set[str]:
        """Keep what each code stands for: code -> (entity, normalised value, spellings by form).

        Returns what is taken: codes that stand, or once stood, for another value, and forms of another spelling, as
        `CODE_FORM`. Of the codes at fault nothing was kept.
        """
        now = self._clock()
        new = self._new(tenant, values, now)
        if not new:
            return set()
        with self._drawer.writing() as run:
            kept = self._kept(run, tenant, new, now)
        with self._lock:
            for code, meaning in kept.items():
                if isinstance(meaning, _Meaning):
                    self._know(tenant, code, meaning)
        return {name for taken in kept.values() if not isinstance(taken, _Meaning) for name in taken}

    def recall(self, tenant: str, codes: Iterable[str]) -> dict[str, tuple[str, dict[str, Spelling]]]:
        """What is kept of `codes`: code -> (entity, spellings by form); a code that is not kept is left out.

        Always reads the drawer, because another process may have met further spellings.
        """
        with self._drawer.reading() as run:
            meanings = self._read(run, tenant, codes, self._clock())
        return {code: (meaning.entity, meaning.forms) for code, meaning in meanings.items()}

    def note(self, tenant: str, name: str, texts: Sequence[str]) -> None:
        """Keep `texts` under `name`, in the place of what was kept there."""
        nonce, expires = os.urandom(NONCE_BYTES), self._clock() + self._lifetime_s
        sealed = self._cipher(tenant).encrypt(nonce, json.dumps(list(texts)).encode(), _about(tenant, name))
        with self._drawer.writing() as run:
            run(self._asks.put_note, tenant=tenant, name=name, nonce=nonce, ciphertext=sealed, expires=expires)

    def noted(self, tenant: str, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The texts kept under each of `names`; a name under which nothing is kept is left out."""
        now = self._clock()
        with self._drawer.reading() as run:
            asked = {name: run(self._asks.find_note, tenant=tenant, named=name, now=now) for name in names}
            rows = {name: answer.fetchone() for name, answer in asked.items()}
        return {name: tuple(json.loads(self._opened(tenant, name, *row))) for name, row in rows.items() if row}

    def forget_expired(self, now: float | None = None) -> int:
        """Delete what has outlived its lifetime; says how many codes that were."""
        now = self._clock() if now is None else now
        with self._lock:
            for key in [key for key, meaning in self._known.items() if meaning.expires <= now]:
                del self._known[key]
        with self._drawer.writing() as run:
            run(self._asks.forget_notes, now=now)
            return run(self._asks.forget, now=now).rowcount

    def close(self) -> None:
        """Close the drawer and forget what is in memory."""
        with self._lock:
            self._known.clear()
        super().close()

    def _new(
        self, tenant: str, values: Mapping[str, tuple[str, str, Forms]], now: float
    ) -> dict[str, tuple[str, str, Forms]]:
        """Those of `values` that are not known to be kept."""
        with self._lock:
            return {code: value for code, value in values.items() if not self._is_known(tenant, code, value, now)}

    def _is_known(self, tenant: str, code: str, value: tuple[str, str, Forms], now: float) -> bool:
        """Whether all of this is kept and will be for a good while, so that there is nothing to do."""
        known = self._known.get((tenant, code))
        if known is None or known.expires - now < self._lifetime_s / 2:
            return False
        self._known.move_to_end((tenant, code))
        entity, normal, forms = value
        return (known.entity, known.normal) == (entity, normal) and forms.items() <= known.forms.items()

    def _kept(
        self, run: Run, tenant: str, values: Mapping[str, tuple[str, str, Forms]], now: float
    ) -> dict[str, _Meaning | set[str]]:
        """Merge values into their rows; where one stands for something else, what of it is taken."""
        there = self._read(run, tenant, values, now)
        names = [name for code, (_, _, forms) in values.items() for name in _unheld(code, forms, there.get(code))]
        owned = self._owners.of(run, tenant, names)
        return {
            code: self._keep(run, tenant, code, value, there.get(code), owned, now) for code, value in values.items()
        }

    def _keep(
        self,
        run: Run,
        tenant: str,
        code: str,
        value: tuple[str, str, Forms],
        old: _Meaning | None,
        owned: Mapping[str, bytes | None],
        now: float,
    ) -> _Meaning | set[str]:
        """Merge one value into its row, which is `old`; `owned` says whose the names are that it does not hold."""
        entity, normal, forms = value
        if old is not None and (old.entity, old.normal) != (entity, normal):
            self._owners.claim(run, tenant, code, old.entity, old.normal)  # a row of before there were owners
            return {code}
        if old is None and not self._owners.may_have(owned[code], tenant, code, entity, normal):
            return {code}
        known = {} if old is None else old.forms
        clashing = {
            f"{code}_{form}"
            for form, spelling in forms.items()
            if not (known[form] == spelling if form in known else self._is_free(owned, tenant, code, form, spelling))
        }
        if clashing:
            return clashing
        if old is not None and forms.keys() <= known.keys() and old.expires - now >= self._lifetime_s / 2:
            return old
        meaning = _Meaning(entity, normal, {**known, **forms}, now + self._lifetime_s)
        self._put(run, tenant, code, meaning, forms)
        return meaning

    def _put(self, run: Run, tenant: str, code: str, meaning: _Meaning, forms: Forms) -> None:
        """Write a row, and whose it and `forms` are from now on."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(tenant).encrypt(nonce, _plain(meaning), _about(tenant, code))
        run(self._asks.put, tenant=tenant, code=code, nonce=nonce, ciphertext=sealed, expires=meaning.expires)
        self._owners.claim(run, tenant, code, meaning.entity, meaning.normal)
        for form, spelling in forms.items():
            if form:  # the usual spelling follows from the value
                self._owners.claim(run, tenant, f"{code}_{form}", spelling.text, spelling.escaped)

    def _is_free(
        self, owned: Mapping[str, bytes | None], tenant: str, code: str, form: str, spelling: Spelling
    ) -> bool:
        """Whether a form that is not kept may stand for a spelling."""
        name = f"{code}_{form}"
        return self._owners.may_have(owned[name], tenant, name, spelling.text, spelling.escaped)

    def _read(self, run: Run, tenant: str, codes: Iterable[str], now: float) -> dict[str, _Meaning]:
        """What is kept of `codes`."""
        asked = {code: run(self._asks.find, tenant=tenant, named=code, now=now) for code in codes}
        rows = {code: answer.fetchone() for code, answer in asked.items()}
        return {code: self._meaning(tenant, code, *row) for code, row in rows.items() if row is not None}

    def _meaning(self, tenant: str, code: str, nonce: bytes, sealed: bytes, expires: float) -> _Meaning:
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


def _unheld(code: str, forms: Forms, old: _Meaning | None) -> list[str]:
    """The names of a value that its row `old` does not say whose they are."""
    if old is None:
        return [code, *(f"{code}_{form}" for form in forms)]
    return [f"{code}_{form}" for form in forms if form not in old.forms]


def _plain(meaning: _Meaning) -> bytes:
    forms = {form: (spelling.text, spelling.escaped) for form, spelling in meaning.forms.items()}
    return json.dumps((meaning.entity, meaning.normal, forms)).encode()


def _about(tenant: str, code: str) -> bytes:
    name = tenant.encode()
    return len(name).to_bytes(4, "big") + name + code.encode()
