import base64
import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.checkpoint import Checkpoint, PublicKey, SigningKey, sign, verify
from guard.errors import AuditError

# The key pair that the documentation of Go's golang.org/x/mod/sumdb/note signs with.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

KEY = SigningKey("guard/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey("guard/other", Ed25519PrivateKey.from_private_bytes(bytes(32)))
CHECKPOINT = Checkpoint("guard/test", 1042, bytes(range(32)), 1040, 1_764_000_000_123)
NOTE = sign(CHECKPOINT, KEY)


def test_keys_are_written_as_other_tools_write_them():
    key = SigningKey.parse(GO_SECRET)
    assert str(key.public) == GO_PUBLIC
    assert key.secret_text() == GO_SECRET
    assert PublicKey.parse(GO_PUBLIC + "\n") == key.public
    assert key.id.hex() == "c74f20a3"


def test_a_checkpoint_is_a_signed_note():
    text, signature = NOTE.split("\n\n")
    assert text == f"guard/test\n1042\n{base64.b64encode(bytes(range(32))).decode()}\nafter 1040\ntime 1764000000123"
    dash, name, encoded = signature.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", "guard/test")
    raw = base64.b64decode(encoded)
    assert raw[:4] == KEY.id
    KEY.key.public_key().verify(raw[4:], f"{text}\n".encode())


roots = st.binary(min_size=32, max_size=32)


@settings(deadline=None)
@given(st.builds(Checkpoint, st.just("guard/test"), st.integers(0), roots, st.integers(0), st.integers(0)))
def test_what_was_signed_is_what_is_read(checkpoint):
    assert verify(sign(checkpoint, KEY), KEY.public) == checkpoint


def test_no_byte_can_be_altered():
    raw = NOTE.encode()
    for at in range(len(raw)):
        for bit in (0x01, 0x20, 0x80):
            altered = raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]
            with pytest.raises(AuditError):
                verify(altered.decode("utf-8", "surrogateescape"), KEY.public)


def test_no_byte_can_be_taken_out_or_put_in():
    for at in range(len(NOTE)):
        for altered in (
            NOTE[:at] + NOTE[at + 1 :],
            NOTE[:at] + "\n" + NOTE[at:],
            NOTE[:at] + "0" + NOTE[at:],
            NOTE[:at],
        ):
            if altered != NOTE:
                with pytest.raises(AuditError):
                    verify(altered, KEY.public)
    with pytest.raises(AuditError):
        verify(NOTE + "\n", KEY.public)


def test_another_key_does_not_do():
    with pytest.raises(AuditError, match="not signed by the key"):
        verify(NOTE, OTHER.public)
    same_name = SigningKey("guard/test", OTHER.key)
    with pytest.raises(AuditError, match="not signed by the key"):
        verify(NOTE, same_name.public)


def test_a_checkpoint_of_another_log_is_refused_though_this_key_signed_it():
    with pytest.raises(AuditError, match="another log"):
        verify(sign(dataclasses.replace(CHECKPOINT, origin="guard/other"), KEY), KEY.public)


def test_a_witness_may_sign_too_where_the_note_comes_from_elsewhere():
    witnessed = NOTE + sign(CHECKPOINT, OTHER).split("\n\n")[1]
    assert verify(witnessed, KEY.public, witnessed=True) == CHECKPOINT
    with pytest.raises(AuditError, match="by it alone"):
        verify(witnessed, KEY.public)
    with pytest.raises(AuditError):
        verify(witnessed + "— nobody\n", KEY.public, witnessed=True)
    with pytest.raises(AuditError):
        verify(NOTE + NOTE.split("\n\n")[1], KEY.public, witnessed=True)


@pytest.mark.parametrize(
    "text",
    [
        "guard/test\n",
        "guard/test\n-1\nAAAA\nafter 0\ntime 1\n",
        "guard/test\n01042\nAAAA\nafter 0\ntime 1\n",
        "guard/test\n1042\nAAAA\nafter 0\ntime 1\n",
        "guard/test\n1042\nA\nafter 0\ntime 1\n",
        "guard/test\n1042\nAAAB=\nafter 0\ntime 1\n",
        NOTE.split("\n\n")[0] + "\nmore\n",
    ],
)
def test_signed_nonsense_is_refused(text):
    signature = base64.b64encode(KEY.id + KEY.key.sign(text.encode())).decode()
    with pytest.raises(AuditError, match="lines"):
        verify(f"{text}\n— guard/test {signature}\n", KEY.public)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\u2003b", "a\nb"])
def test_an_origin_is_one_word(origin):
    with pytest.raises(AuditError, match="origin"):
        SigningKey(origin, KEY.key)


@pytest.mark.parametrize(
    "text",
    ["", "guard", "a+b+c", GO_PUBLIC[:-4], GO_PUBLIC.replace("c74f20a3", "c74f20a4"), GO_PUBLIC.replace("+AR", "+BR")],
)
def test_a_damaged_key_is_refused(text):
    with pytest.raises(AuditError):
        PublicKey.parse(text)
    with pytest.raises(AuditError):
        SigningKey.parse(text)


def test_a_damaged_signing_key_is_refused_and_not_shown():
    for text in (GO_SECRET.replace("c74f20a3", "c74f20a4"), GO_SECRET[:-3], GO_SECRET.replace("+AY", "+BY")):
        with pytest.raises(AuditError) as caught:
            SigningKey.parse(text)
        assert "EKFALVFGyN" not in repr(caught.value)


def test_a_signing_key_does_not_show_itself():
    assert "EKFALVFGyN" not in repr(SigningKey.parse(GO_SECRET))
