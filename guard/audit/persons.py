"""The keys of persons: what somebody said is sealed with a data key of theirs, and gone once that is destroyed.

A data key is 32 random bytes and never stored as it is. In the mode `masked` it is wrapped with AES-256-GCM under a key
derived (HKDF-SHA256) from the tenant key. In the mode `encrypted` it is wrapped with HPKE (RFC 9180: X25519,
HKDF-SHA256, AES-256-GCM) for the break-glass key: the process that made it seals with it for a while, and after that
neither it nor anybody without the break-glass key can open what it sealed.

No key is used for longer than LIFE_S says, so that content whose time is over takes its keys along.

Sealed content is a version byte, the 16 bytes of the key's id, a nonce of 12 bytes, and AES-256-GCM over the content
with the exchange and the kind of its entry as associated data. The id of a key is the head of the SHA-256 of all that
is stored of it, so that a key that was altered is not the one that content names.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias, assert_never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.errors import ConfigError
from guard.types import ContentMode

KEY_BYTES: Final = 32
ID_BYTES: Final = 16
NONCE_BYTES: Final = 12
VERSION: Final = b"\x01"
HEAD_BYTES: Final = len(VERSION) + ID_BYTES
WRAPPING: Final = b"guard keys of persons 1\0"
BREAKING_GLASS: Final = b"guard break-glass 1\0"
REMEMBERED: Final = 10_000  # persons whose keys a process has at hand

SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

Lock = Literal["tenant", "break_glass"]
LOCKS: Final[Mapping[ContentMode, Lock]] = {"masked": "tenant", "encrypted": "break_glass"}
LIFE_S: Final[Mapping[Lock, float]] = {"tenant": 7 * 86_400.0, "break_glass": 3600.0}


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A data key of a person's as it is stored: `wrapped` opens with what `lock` names. `made` is in Unix seconds."""

    id: bytes
    person: str
    lock: Lock
    wrapped: bytes
    made: float


class LockedError(Exception):
    """Content cannot be opened with the keys at hand."""


class AlteredError(Exception):
    """Content, or the key of it, is not what it was."""


# The newest key of a person's with this lock that is stored and not destroyed.
Find: TypeAlias = Callable[[str, Lock], PersonKey | None]


@dataclass(slots=True)
class _Hand:
    """A key at hand: what it seals with, until when (Unix seconds), and whether it is known to be stored."""

    key: PersonKey
    cipher: AESGCM
    until: float
    stored: bool


class Sealer:
    """Seals content with the data key of its person, made where there is none. Any thread may call.

    `find` looks a stored key up. A key that it had to make goes with what it sealed until `stored` is told.
    """

    def __init__(
        self,
        tenant_key: bytes,
        find: Find,
        break_glass: X25519PublicKey | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._find = find
        self._wrapping = _wrapping_key(tenant_key)
        self._break_glass = break_glass
        self._lock = threading.Lock()
        self._at_hand: OrderedDict[tuple[str, Lock], _Hand] = OrderedDict()

    def seal(self, person: str, lock: Lock, about: bytes, clear: bytes) -> tuple[bytes, bytes, PersonKey | None]:
        """`clear` sealed, the id of the key that opens it, and that key where it may have to be stored.

        Raises ConfigError where there is no break-glass key to seal for.
        """
        hand = self._at_hand.get((person, lock))
        if hand is None or hand.until < self._clock():
            hand = self._fetch(person, lock)
        nonce = os.urandom(NONCE_BYTES)
        sealed = b"".join((VERSION, hand.key.id, nonce, hand.cipher.encrypt(nonce, clear, about)))
        return sealed, hand.key.id, None if hand.stored else hand.key

    def stored(self, ids: Iterable[bytes]) -> None:
        """Learn that the keys of these ids are durable."""
        found = set(ids)
        with self._lock:
            for hand in self._at_hand.values():
                hand.stored = hand.stored or hand.key.id in found

    def forget(self, ids: Iterable[bytes]) -> None:
        """Seal nothing more with the keys of these ids: they were destroyed."""
        found = set(ids)
        with self._lock:
            for name in [name for name, hand in self._at_hand.items() if hand.key.id in found]:
                del self._at_hand[name]

    def _fetch(self, person: str, lock: Lock) -> _Hand:
        with self._lock:
            known = self._at_hand.get((person, lock))
            if known is not None and known.until >= self._clock():  # another thread was first
                return known
            hand = self._made(person, lock)
            self._at_hand[person, lock] = hand
            self._at_hand.move_to_end((person, lock))
            if len(self._at_hand) > REMEMBERED:
                self._at_hand.popitem(last=False)
            return hand

    def _made(self, person: str, lock: Lock) -> _Hand:
        now = self._clock()
        old = self._find(person, lock) if lock == "tenant" else None
        if old is not None and now < old.made + LIFE_S[lock]:
            with suppress(LockedError):  # wrapped with another tenant key: nobody here can seal with it
                return _Hand(old, AESGCM(_unwrapped(self._wrapping, old)), old.made + LIFE_S[lock], stored=True)
        secret = os.urandom(KEY_BYTES)
        wrapped = self._wrapped(person, lock, secret)
        key = PersonKey(key_id(person, lock, wrapped, now), person, lock, wrapped, now)
        return _Hand(key, AESGCM(secret), now + LIFE_S[lock], stored=False)

    def _wrapped(self, person: str, lock: Lock, secret: bytes) -> bytes:
        match lock:
            case "tenant":
                nonce = os.urandom(NONCE_BYTES)
                return nonce + self._wrapping.encrypt(nonce, secret, person.encode())
            case "break_glass":
                if self._break_glass is None:
                    raise ConfigError("log.content 'encrypted' needs a key: set audit.break_glass_public.")
                return SUITE.encrypt(secret, self._break_glass, info=_broken_for(person))
            case _:
                assert_never(lock)


class Keyring:
    """Opens what was sealed: with the tenant key, with a break-glass key, or with both."""

    def __init__(self, tenant_key: bytes | None, break_glass: X25519PrivateKey | None = None) -> None:
        self._wrapping = None if tenant_key is None else _wrapping_key(tenant_key)
        self._break_glass = break_glass
        self._ciphers: OrderedDict[bytes, AESGCM] = OrderedDict()

    def open(self, sealed: bytes, about: bytes, key: PersonKey) -> bytes:
        """What was sealed. Raises LockedError where no key at hand opens it, AlteredError."""
        if sealed[:1] != VERSION or sealed[len(VERSION) : HEAD_BYTES] != key.id or not is_whole(*astuple(key)):
            raise AlteredError
        cipher = self._ciphers.get(key.id)
        if cipher is None:
            cipher = self._ciphers[key.id] = AESGCM(self._secret(key))
            if len(self._ciphers) > REMEMBERED:
                self._ciphers.popitem(last=False)
        nonce, rest = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, rest, about)
        except (InvalidTag, ValueError) as error:
            raise AlteredError from error

    def _secret(self, key: PersonKey) -> bytes:
        match key.lock:
            case "tenant":
                if self._wrapping is None:
                    raise LockedError
                return _unwrapped(self._wrapping, key)
            case "break_glass":
                if self._break_glass is None:
                    raise LockedError
                try:
                    return SUITE.decrypt(key.wrapped, self._break_glass, info=_broken_for(key.person))
                except InvalidTag as error:
                    raise LockedError from error
            case _:
                assert_never(key.lock)


def key_id(person: str, lock: str, wrapped: bytes, made: float) -> bytes:
    """The id of a key of which this is stored."""
    head = json.dumps([person, lock, made]).encode()
    return sha256(len(head).to_bytes(4, "big") + head + wrapped).digest()[:ID_BYTES]


def is_whole(own: object, person: object, lock: object, wrapped: object, made: object) -> bool:
    """Whether a key that is stored so is as it was made, by its id. Whatever stands there may be anything."""
    match person, lock, wrapped, made:
        case str(), str(), bytes(), float():
            return own == key_id(person, lock, wrapped, made)
    return False


def about(exchange: str, kind: str) -> bytes:
    """What binds content to its entry."""
    return f"guard content 1\0{kind}\0{exchange}".encode()


def _wrapping_key(tenant_key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=WRAPPING).derive(tenant_key))


def _unwrapped(wrapping: AESGCM, key: PersonKey) -> bytes:
    """Raises LockedError where the tenant key is not the one that wrapped it."""
    nonce, rest = key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:]
    try:
        return wrapping.decrypt(nonce, rest, key.person.encode())
    except (InvalidTag, ValueError) as error:
        raise LockedError from error


def _broken_for(person: str) -> bytes:
    return BREAKING_GLASS + person.encode()
