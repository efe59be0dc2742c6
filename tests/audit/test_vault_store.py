import sqlite3
import stat
import threading
from contextlib import closing as closed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.drawers import SqliteDrawer
from guard.audit.tenant import load_or_create_tenant_key
from guard.audit.vault_store import VaultStore
from guard.errors import AuditError, ConfigError
from guard.types import Spelling

KEY = bytes(range(32))
DAY = 86400.0
ALICE = ("PERSON", "alice meyer", {"": Spelling("Alice Meyer")})
BOB = ("PERSON", "bob", {"": Spelling("Bob")})


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def vault(tmp_path, clock):
    made = VaultStore(SqliteDrawer(tmp_path / "vault.db", "vault"), KEY, lifetime_s=30 * DAY, clock=clock)
    yield made
    made.close()


def reopened(tmp_path, clock, key=KEY):
    return closed(VaultStore(SqliteDrawer(tmp_path / "vault.db", "vault"), key, lifetime_s=30 * DAY, clock=clock))


def test_what_was_remembered_is_recalled(vault, tmp_path, clock):
    assert vault.remember("acme", {"K7Q2": ALICE, "B0B0": BOB}) == set()
    for_all = {"K7Q2": ("PERSON", ALICE[2]), "B0B0": ("PERSON", BOB[2])}
    assert vault.recall("acme", ["K7Q2", "B0B0", "NONE", "키"]) == for_all
    with reopened(tmp_path, clock) as other:
        assert other.recall("acme", ["K7Q2", "B0B0"]) == for_all


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=8),
        st.tuples(
            st.text(),
            st.text(st.characters()),
            st.dictionaries(st.text(), st.builds(Spelling, st.text(st.characters()), st.none() | st.text())),
        ),
    )
)
def test_any_value_comes_back(tmp_path_factory, values):
    with closed(VaultStore(SqliteDrawer(tmp_path_factory.mktemp("vault") / "vault.db", "vault"), KEY)) as vault:
        assert vault.remember("acme", values) == set()
        assert vault.recall("acme", values) == {code: (value[0], value[2]) for code, value in values.items()}


def test_a_code_keeps_its_value(vault, tmp_path, clock):
    vault.remember("acme", {"K7Q2": ALICE})
    assert vault.remember("acme", {"K7Q2": BOB, "B0B0": BOB}) == {"K7Q2"}
    assert vault.remember("acme", {"K7Q2": ("CUSTOMER", *ALICE[1:])}) == {"K7Q2"}
    with reopened(tmp_path, clock) as other:
        assert other.remember("acme", {"K7Q2": BOB}) == {"K7Q2"}
        assert other.recall("acme", ["K7Q2", "B0B0"]) == {"K7Q2": ("PERSON", ALICE[2]), "B0B0": ("PERSON", BOB[2])}


def test_further_spellings_are_added(vault, tmp_path, clock):
    vault.remember("acme", {"K7Q2": ALICE})
    with reopened(tmp_path, clock) as other:
        other.remember("acme", {"K7Q2": (*ALICE[:2], {"9F": Spelling("ALICE MEYER", "ALICE\\u0020MEYER")})})
    both = {"": Spelling("Alice Meyer"), "9F": Spelling("ALICE MEYER", "ALICE\\u0020MEYER")}
    assert vault.recall("acme", ["K7Q2"]) == {"K7Q2": ("PERSON", both)}
    assert vault.remember("acme", {"K7Q2": (*ALICE[:2], {"9F": Spelling("alice")})}) == {"K7Q2_9F"}
    assert vault.recall("acme", ["K7Q2"]) == {"K7Q2": ("PERSON", both)}


def test_tenants_do_not_see_each_other(vault):
    vault.remember("acme", {"K7Q2": ALICE})
    assert vault.recall("other", ["K7Q2"]) == {}
    assert vault.remember("other", {"K7Q2": BOB}) == set()
    assert vault.recall("acme", ["K7Q2"]) == {"K7Q2": ("PERSON", ALICE[2])}


def test_no_value_stands_in_the_file(vault, tmp_path):
    vault.remember("acme", {"K7Q2": ALICE})
    for path in tmp_path.iterdir():
        content = path.read_bytes().lower()
        assert b"alice" not in content
        assert b"person" not in content


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vault SET tenant = 'other'",
        "UPDATE vault SET code = 'B0B0'",
        "UPDATE vault SET nonce = zeroblob(12)",
        "UPDATE vault SET nonce = x'00'",
        "UPDATE vault SET nonce = 'text'",
        "UPDATE vault SET ciphertext = zeroblob(99)",
        "UPDATE vault SET ciphertext = substr(ciphertext, 2)",
        "UPDATE vault SET ciphertext = 'text'",
    ],
)
def test_a_row_cannot_be_altered_or_passed_off_as_another(vault, tmp_path, clock, change):
    vault.remember("acme", {"K7Q2": ALICE})
    vault.close()
    with closed(sqlite3.connect(tmp_path / "vault.db")) as raw:
        raw.execute(change)
        raw.commit()
    with reopened(tmp_path, clock) as other:
        for tenant, code in (("other", "K7Q2"), ("acme", "B0B0"), ("acme", "K7Q2")):
            try:
                assert other.recall(tenant, [code]) == {}
            except AuditError as error:
                found = error.message
    assert "tenant key cannot open" in found


def test_another_tenant_key_opens_nothing(vault, tmp_path, clock):
    vault.remember("acme", {"K7Q2": ALICE})
    with reopened(tmp_path, clock, key=bytes(32)) as other:
        with pytest.raises(AuditError, match="tenant key cannot open"):
            other.recall("acme", ["K7Q2"])
        with pytest.raises(AuditError, match="tenant key cannot open"):
            other.remember("acme", {"K7Q2": ALICE})


def test_a_value_is_forgotten_at_the_end_of_its_lifetime(vault, clock):
    vault.remember("acme", {"K7Q2": ALICE})
    clock.now = 29 * DAY
    assert vault.forget_expired() == 0
    clock.now = 30 * DAY
    assert vault.recall("acme", ["K7Q2"]) == {}
    assert vault.remember("acme", {"B0B0": BOB}) == set()
    assert vault.forget_expired() == 1
    assert vault.forget_expired() == 0
    assert vault.forget_expired(100 * DAY) == 1


UPPER, LOWER = Spelling("ALICE MEYER"), Spelling("alice meyer", "alice\\u0020meyer")


@pytest.mark.parametrize("deleted", [False, True])
def test_what_is_forgotten_leaves_its_code_to_nobody_else(vault, clock, tmp_path, deleted):
    vault.remember("acme", {"K7Q2": (*ALICE[:2], {"9F": UPPER})})
    clock.now = 31 * DAY
    if deleted:
        assert vault.forget_expired() == 1
    with reopened(tmp_path, clock) as other:
        assert other.remember("acme", {"K7Q2": BOB}) == {"K7Q2"}
        assert other.remember("acme", {"K7Q2": ("CUSTOMER", "alice meyer", {})}) == {"K7Q2"}
        assert other.recall("acme", ["K7Q2"]) == {}
        assert other.remember("acme", {"K7Q2": (*ALICE[:2], {"9F": LOWER})}) == {"K7Q2_9F"}
        assert other.remember("acme", {"K7Q2": (*ALICE[:2], {"9F": UPPER, "9FA": LOWER})}) == set()
        assert other.recall("acme", ["K7Q2"]) == {"K7Q2": ("PERSON", {"9F": UPPER, "9FA": LOWER})}
        assert other.remember("elsewhere", {"K7Q2": BOB}) == set()


def test_an_owner_from_before_owners_were_kept_is_known_once_another_asks(vault, clock, tmp_path):
    vault.remember("acme", {"K7Q2": ALICE})
    with closed(sqlite3.connect(tmp_path / "vault.db")) as raw:
        raw.execute("DELETE FROM owners")
        raw.commit()
    assert vault.remember("acme", {"K7Q2": BOB}) == {"K7Q2"}
    clock.now = 31 * DAY
    vault.forget_expired()
    assert vault.remember("acme", {"K7Q2": BOB}) == {"K7Q2"}
    assert vault.remember("acme", {"K7Q2": ALICE}) == set()


def test_a_value_that_is_met_again_lives_on(vault, clock, tmp_path):
    vault.remember("acme", {"K7Q2": ALICE})
    clock.now = 20 * DAY
    vault.remember("acme", {"K7Q2": ALICE})
    clock.now = 45 * DAY
    with reopened(tmp_path, clock) as other:
        assert other.recall("acme", ["K7Q2"])


def test_what_is_known_is_not_written_again(vault, tmp_path):
    vault.remember("acme", {"K7Q2": ALICE})
    with closed(sqlite3.connect(tmp_path / "vault.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever wanted to write would have to wait
        assert vault.remember("acme", {"K7Q2": ALICE}) == set()
        other.execute("ROLLBACK")


def test_what_another_process_wrote_need_not_be_written_again(vault, tmp_path, clock):
    vault.remember("acme", {"K7Q2": ALICE})
    with reopened(tmp_path, clock) as other:
        assert other.remember("acme", {"K7Q2": ALICE}) == set()
        assert other.recall("acme", ["K7Q2"]) == {"K7Q2": ("PERSON", ALICE[2])}


def test_what_is_held_in_memory_is_bounded(vault, monkeypatch):
    monkeypatch.setattr("guard.audit.vault_store.REMEMBERED", 2)
    for number in range(5):
        vault.remember("acme", {f"C{number}": ALICE})
    assert len(vault._known) == 2
    assert len(vault.recall("acme", [f"C{number}" for number in range(5)])) == 5


def test_threads_may_share_a_vault(vault):
    def work(number):
        vault.remember("acme", {f"C{number % 5}": ALICE, f"D{number}": BOB})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.recall("acme", [f"C{n}" for n in range(5)] + [f"D{n}" for n in range(20)])) == 25


def test_a_closed_vault_says_so(vault):
    vault.close()
    with pytest.raises(AuditError):
        vault.remember("acme", {"K7Q2": ALICE})
    with pytest.raises(AuditError):
        vault.recall("acme", ["K7Q2"])
    with pytest.raises(AuditError):
        vault.forget_expired()


def test_the_tenant_key_is_made_once(tmp_path):
    key = load_or_create_tenant_key(tmp_path / "tenant.key")
    assert len(key) == 32
    assert load_or_create_tenant_key(tmp_path / "tenant.key") == key
    assert stat.S_IMODE((tmp_path / "tenant.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_tenant_key_of_another_length_is_refused(tmp_path, length):
    (tmp_path / "tenant.key").write_bytes(bytes(length))
    (tmp_path / "tenant.key").chmod(0o600)
    with pytest.raises(ConfigError, match="32 bytes"):
        load_or_create_tenant_key(tmp_path / "tenant.key")
