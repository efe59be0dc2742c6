"""A seal is made by the holder of the key alone, over every byte of a checkpoint, and each names the one before."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guard.audit.checkpoint import SigningKey, is_signed, read_text, sign_text, text_of, verify
from guard.audit.seals import Seals, hash_of
from guard.errors import AuditError

KEY = SigningKey("guard/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ROOT = bytes(range(32))


def made(key: SigningKey = KEY, before: str = "") -> str:
    return Seals(key).make(7, ROOT, 5, 1_764_000_000_123, before)[1]


def test_a_seal_is_checked_by_whoever_has_the_key() -> None:
    checkpoint, text = Seals(KEY).make(7, ROOT, 5, 1_764_000_000_123, "the one before")
    assert Seals(KEY).check(text) == checkpoint == read_text(text, KEY.public)
    assert (checkpoint.size, checkpoint.root, checkpoint.after, checkpoint.time_ms) == (7, ROOT, 5, 1_764_000_000_123)
    assert checkpoint.before == hash_of("the one before") != hash_of("")


def test_a_seal_is_the_same_in_every_version() -> None:
    """As the formats say, and as logs hold it."""
    assert made().splitlines()[5:] == [
        "before 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "seal abVG0Y/W+g+6jwa7EwEeZRkPSCG/ogHEEkQvEUrTSD4=",
    ]


def test_no_byte_of_a_sealed_checkpoint_can_be_altered() -> None:
    text, seals = made(), Seals(KEY)
    for place in range(len(text)):
        for other in {text[:place] + chr(ord(text[place]) ^ flip) + text[place + 1 :] for flip in (1, 32)} - {text}:
            with pytest.raises(AuditError):
                seals.check(other)
    lines = text.splitlines(keepends=True)
    for place in range(len(lines)):
        for changed in (lines[:place] + lines[place + 1 :], lines[: place + 1] + lines[place:]):
            with pytest.raises(AuditError):
                seals.check("".join(changed))


def test_another_key_neither_makes_nor_checks_it() -> None:
    other = SigningKey(KEY.origin, Ed25519PrivateKey.generate())
    with pytest.raises(AuditError, match="not sealed by the key"):
        Seals(KEY).check(made(other))
    with pytest.raises(AuditError, match="of another log"):
        Seals(KEY).check(made(SigningKey("guard/other", KEY.key)))


def test_what_is_sealed_becomes_a_signed_note_to_the_letter() -> None:
    text = made()
    note = sign_text(text, KEY)
    assert (is_signed(text), is_signed(note), text_of(note)) == (False, True, text)
    assert verify(note, KEY.public) == Seals(KEY).check(text)
    with pytest.raises(AuditError, match="neither sealed nor signed"):
        read_text("".join(text.splitlines(keepends=True)[:5]), KEY.public)
