import re
import sqlite3
from contextlib import closing as closed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.drawers import SqliteDrawer
from guard.audit.keys import REMEMBERED, GuardKeys
from guard.errors import AccessError, AuditError, ConfigError
from guard.types import Principal


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(tmp_path, clock):
    made = GuardKeys(SqliteDrawer(tmp_path / "keys.db", "keys"), clock=clock, ticks=clock)
    yield made
    made.close()


def test_a_key_stands_for_its_caller(keys):
    token, record = keys.create("ann", "legal", "mailer")
    assert re.fullmatch(r"guard_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", token)
    assert token.split("_")[1] == record.id
    assert keys.find(token) == record
    assert record.principal == Principal("ann", "legal", "mailer")
    assert (record.created, record.expires, record.revoked) == (1000.0, None, None)
    assert keys.list() == (record,)


def test_the_file_holds_no_token(keys, tmp_path):
    token, _ = keys.create("ann")
    secret = token.split("_", 2)[2].encode()
    for path in tmp_path.iterdir():
        assert secret not in path.read_bytes()


def refusal(keys, token, now=None):
    with pytest.raises(AccessError) as caught:
        keys.find(token, now)
    assert len(token) < 40 or token not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    "token", ["", "guard", "guard_", "guard__", "sk-123", "guard_abc_def", "guard_\ud800_x", "키", "\0"]
)
def test_an_unknown_key_is_refused(keys, token):
    assert "not known" in refusal(keys, token)


@settings(deadline=None)
@given(st.text())
def test_nothing_but_a_key_is_a_key(tmp_path_factory, token):
    with closed(GuardKeys(SqliteDrawer(tmp_path_factory.getbasetemp() / "any.db", "keys"))) as keys:
        assert "not known" in refusal(keys, token)


def test_a_key_with_another_secret_is_refused(keys):
    token, record = keys.create("ann")
    for other in (token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"), f"guard_{record.id}_"):
        assert "not known" in refusal(keys, other)
    assert keys.find(token) == record


def test_a_revoked_key_is_refused_at_once(keys, clock):
    token, record = keys.create("ann")
    keys.find(token)
    clock.now += 1
    revoked = keys.revoke(record.id)
    assert revoked.revoked == 1001.0
    assert "revoked" in refusal(keys, token)
    clock.now += 1
    assert keys.revoke(record.id) == revoked
    assert keys.list() == (revoked,)


def test_a_key_that_another_process_revokes_is_refused_within_seconds(keys, clock, tmp_path):
    token, record = keys.create("ann")
    keys.find(token)
    with closed(GuardKeys(SqliteDrawer(tmp_path / "keys.db", "keys"), clock=clock)) as other:
        other.revoke(record.id)
    clock.now += 2.0
    assert "revoked" in refusal(keys, token)


def test_a_key_that_another_process_deletes_is_refused_within_seconds(keys, clock, tmp_path):
    token, _ = keys.create("ann")
    keys.find(token)
    with closed(sqlite3.connect(tmp_path / "keys.db")) as raw:
        raw.execute("DELETE FROM guard_key")
        raw.commit()
    assert keys.find(token)
    clock.now += 2.0
    assert "not known" in refusal(keys, token)


def test_a_key_expires(keys, clock):
    token, record = keys.create("ann", expires=1010.0)
    assert keys.find(token) == record
    assert keys.find(token, 1009.9) == record
    assert "expired" in refusal(keys, token, 1010.0)
    clock.now = 1011.0
    assert "expired" in refusal(keys, token)


def test_there_is_nothing_to_revoke_without_a_key(keys):
    with pytest.raises(ConfigError, match="guard keys list"):
        keys.revoke("abc")


def test_keys_outlive_the_process(keys, tmp_path):
    token, record = keys.create("ann")
    with closed(GuardKeys(SqliteDrawer(tmp_path / "keys.db", "keys"))) as other:
        assert other.find(token) == record


def test_what_is_remembered_is_bounded(keys, monkeypatch):
    monkeypatch.setattr("guard.audit.keys.REMEMBERED", 2)
    assert REMEMBERED > 2
    tokens = [keys.create(f"{number}")[0] for number in range(5)]
    for token in (*tokens, *tokens):
        keys.find(token)
    assert len(keys._found) == 2


def test_a_closed_file_says_so(keys):
    keys.close()
    with pytest.raises(AuditError):
        keys.create("ann")
    with pytest.raises(AuditError):
        keys.list()
    with pytest.raises(AuditError):
        keys.find("guard_a_b")
