"""Sealing for persons: what opens, what does not, and when a key is made."""

import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from guard.audit.persons import LIFE_S, AlteredError, Keyring, LockedError, PersonKey, Sealer, about, is_whole
from guard.errors import ConfigError

TENANT = bytes(range(32))
GLASS = X25519PrivateKey.generate()
ABOUT = about("1", "opening")


class Shelf:
    """Where keys are stored, and what time it is."""

    def __init__(self) -> None:
        self.keys: list[PersonKey] = []
        self.now = 1000.0

    def find(self, person: str, lock: str) -> PersonKey | None:
        return next((key for key in self.keys[::-1] if (key.person, key.lock) == (person, lock)), None)

    def sealer(self, tenant: bytes = TENANT) -> Sealer:
        return Sealer(tenant, self.find, GLASS.public_key(), clock=lambda: self.now)


@pytest.mark.parametrize(("lock", "keys"), [("tenant", Keyring(TENANT)), ("break_glass", Keyring(None, GLASS))])
def test_what_is_sealed_opens_with_its_key_for_its_entry_alone(lock, keys):
    sealed, key_id, key = Shelf().sealer().seal("ann", lock, ABOUT, b"words")
    assert key is not None
    assert (key.id, key.person, key.lock) == (key_id, "ann", lock)
    assert keys.open(sealed, ABOUT, key) == b"words"
    assert b"words" not in sealed
    for other in (about("2", "opening"), about("1", "closing")):
        with pytest.raises(AlteredError):
            keys.open(sealed, other, key)


@pytest.mark.parametrize(
    ("lock", "keys"),
    [
        ("tenant", Keyring(None)),
        ("tenant", Keyring(bytes(32), GLASS)),
        ("break_glass", Keyring(TENANT)),
        ("break_glass", Keyring(TENANT, X25519PrivateKey.generate())),
    ],
)
def test_no_other_key_opens_it(lock, keys):
    sealed, _, key = Shelf().sealer().seal("ann", lock, ABOUT, b"words")
    with pytest.raises(LockedError):
        keys.open(sealed, ABOUT, key)


@pytest.mark.parametrize("lock", ["tenant", "break_glass"])
def test_no_byte_of_what_is_sealed_and_nothing_of_its_key_can_be_altered(lock):
    sealed, _, key = Shelf().sealer().seal("ann", lock, ABOUT, b"words")
    for at in range(len(sealed)):
        with pytest.raises(AlteredError):
            Keyring(TENANT, GLASS).open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], ABOUT, key)
    changes = {"person": "bob", "lock": "x", "wrapped": key.wrapped[:-1] + b"x", "made": 1.0, "id": os.urandom(16)}
    for name, value in changes.items():
        other = replace(key, **{name: value})
        assert not is_whole(other.id, other.person, other.lock, other.wrapped, other.made)
        with pytest.raises(AlteredError):
            Keyring(TENANT, GLASS).open(sealed, ABOUT, other)


def test_equal_words_are_sealed_differently():
    sealer = Shelf().sealer()
    assert len({sealer.seal("ann", "tenant", ABOUT, b"words")[0] for _ in range(3)}) == 3


def test_a_key_goes_along_until_it_is_known_to_be_stored():
    sealer = Shelf().sealer()
    first = sealer.seal("ann", "tenant", ABOUT, b"1")
    second = sealer.seal("ann", "tenant", ABOUT, b"2")
    assert first[2] == second[2] is not None
    sealer.stored([first[1]])
    assert sealer.seal("ann", "tenant", ABOUT, b"3")[1:] == (first[1], None)
    assert sealer.seal("bob", "tenant", ABOUT, b"4")[2] is not None


def test_another_process_takes_the_key_that_is_stored_and_none_that_it_cannot_open():
    shelf = Shelf()
    _, key_id, key = shelf.sealer().seal("ann", "tenant", ABOUT, b"1")
    shelf.keys.append(key)
    assert shelf.sealer().seal("ann", "tenant", ABOUT, b"2")[1:] == (key_id, None)
    assert shelf.sealer(bytes(32)).seal("ann", "tenant", ABOUT, b"2")[1] != key_id


def test_a_process_cannot_read_back_what_another_sealed_for_the_break_glass_key():
    shelf = Shelf()
    _, key_id, key = shelf.sealer().seal("ann", "break_glass", ABOUT, b"1")
    shelf.keys.append(key)
    assert shelf.sealer().seal("ann", "break_glass", ABOUT, b"2")[1] != key_id


@pytest.mark.parametrize("lock", ["tenant", "break_glass"])
def test_no_key_is_used_longer_than_its_life(lock):
    shelf = Shelf()
    sealer = shelf.sealer()
    _, first, key = sealer.seal("ann", lock, ABOUT, b"1")
    shelf.keys.append(key)
    shelf.now += LIFE_S[lock]
    assert sealer.seal("ann", lock, ABOUT, b"2")[1] == first
    shelf.now += 1
    assert sealer.seal("ann", lock, ABOUT, b"3")[1] != first


def test_a_key_that_is_gone_is_used_no_more():
    sealer = Shelf().sealer()
    _, first, _ = sealer.seal("ann", "tenant", ABOUT, b"1")
    _, other, _ = sealer.seal("bob", "tenant", ABOUT, b"1")
    sealer.forget([first])
    assert sealer.seal("ann", "tenant", ABOUT, b"2")[1] != first
    assert sealer.seal("bob", "tenant", ABOUT, b"2")[1] == other


def test_without_a_break_glass_key_nothing_is_sealed_for_it():
    with pytest.raises(ConfigError, match=r"audit\.break_glass_public"):
        Sealer(TENANT, Shelf().find).seal("ann", "break_glass", ABOUT, b"1")
