import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console import tokens
from guard.console.tokens import digest, fresh, is_token, load_key, same, seal, unseal
from guard.errors import ConfigError

KEY = b"k" * 32
VALUES = st.dictionaries(st.text(max_size=20), st.text(max_size=50) | st.floats(allow_nan=False), max_size=5)


def test_tokens_are_256_bits_and_differ():
    made = {fresh() for _ in range(200)}
    assert len(made) == 200
    assert all(is_token(token) for token in made)
    assert tokens.BYTES * 8 == 256


@given(st.text())
def test_few_texts_have_the_shape_of_a_token(text):
    assert not is_token(text) or len(text) == 43
    assert len(digest(text)) == 32


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "\n", "a" * 42 + "=", "키" * 43, "a" * 43 + "\n"])
def test_what_is_no_token(text):
    assert not is_token(text)


@given(VALUES)
def test_what_is_sealed_is_opened_again(values):
    text = seal(KEY, "oidc", values)
    assert unseal(KEY, "oidc", text) == values
    assert unseal(b"x" * 32, "oidc", text) is None
    assert unseal(KEY, "other", text) is None


SEALED = seal(KEY, "oidc", {"state": "abc"})  # once: each time it is another


@given(st.data())
def test_no_character_of_what_is_sealed_can_be_changed(data):
    text = SEALED
    at = data.draw(st.integers(0, len(text) - 2))  # the last one may carry bits that stand for nothing
    other = data.draw(
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_").filter(
            lambda c: c != text[at]
        )
    )
    assert unseal(KEY, "oidc", text[:at] + other + text[at + 1 :]) is None


@given(st.text() | st.text("ABCabc019-_", max_size=80))
def test_nothing_else_opens(text):
    assert unseal(KEY, "oidc", text) is None


def test_what_is_too_long_is_not_read():
    assert unseal(KEY, "oidc", seal(KEY, "oidc", {"a": "x" * 9000})) is None


@given(st.text(), st.text())
def test_same_is_equality(one, other):
    assert same(one, "known") == (one == "known")
    assert same("\ud800" + other, "known") is False


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path):
    key = load_key(tmp_path / "console.key")
    assert load_key(tmp_path / "console.key") == key
    assert len(key) == 32
    assert (tmp_path / "console.key").stat().st_mode & 0o077 == 0


def test_a_damaged_key_is_refused(tmp_path):
    load_key(tmp_path / "console.key")
    (tmp_path / "console.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="Delete it"):
        load_key(tmp_path / "console.key")
