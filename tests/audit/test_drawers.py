"""What lies beside the log, in both databases: what one writer does, another sees."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from guard.audit.drawers import Drawer, NotAtOnceError, SqliteDrawer
from guard.audit.held import HeldReplies, Kept
from guard.audit.keys import GuardKeys, statements
from guard.audit.labels import Label, Labels
from guard.audit.postgres_drawers import PostgresDrawer
from guard.audit.vault_store import VaultStore
from guard.errors import AccessError, AuditError, ConfigError, HeldTooLong, NotHeld, RequestError
from guard.types import Principal, Spelling
from tests.audit.conftest import InPostgres, Place
from tests.audit.test_held import ANN, HELD, HOUR, KEY, Clock, unheard

BOB = Principal("bob", "sales", "mail")
ALICE = ("PERSON", "alice meyer", {"": Spelling("Alice Meyer"), "1": Spelling('"ALICE\ud800', '\\"')})


def vault(place: Place, clock: Callable[[], float] = lambda: 0.0, key: bytes = KEY) -> VaultStore:
    return VaultStore(place.drawer("vault"), key, clock=clock)


def held(place: Place, clock: Clock, key: bytes = KEY, *on_hold: str) -> HeldReplies:
    return held_in(place.drawer("held"), clock, key, *on_hold)


def held_in(drawer: Drawer, clock: Clock, key: bytes = KEY, *on_hold: str) -> HeldReplies:
    return HeldReplies(drawer, key, "acme", lifetime_s=HOUR, clock=clock, on_hold=lambda: on_hold)


# --- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_works_wherever_it_was_made_and_dies_everywhere(place: Place) -> None:
    clock = Clock()
    here, there = (GuardKeys(place.drawer("keys"), clock=clock, ticks=clock) for _ in range(2))
    token, record = here.create("ann", "legal", "mail", expires=9.0)
    assert there.find(token) == here.find(token) == record
    assert there.list() == (record,)
    here.revoke(record.id)
    with pytest.raises(AccessError, match="revoked"):
        here.find(token)
    clock.now = 2.0
    with pytest.raises(AccessError, match="revoked"):
        there.find(token)
    with pytest.raises(ConfigError, match="guard keys list"):
        there.revoke("no such")


@pytest.mark.parametrize("token", ["guard_\0_x", "guard_a\0b_x", "guard__x", "guard_키_x", "guard_\ud800"])
def test_no_token_is_more_than_unknown(place: Place, token: str) -> None:
    with pytest.raises(AccessError, match="not known"):
        GuardKeys(place.drawer("keys")).find(token)


def test_a_key_is_told_at_once_only_where_no_network_is_waited_for(place: Place) -> None:
    clock = Clock()
    keys = GuardKeys(place.drawer("keys"), clock=clock, ticks=clock)
    token, record = keys.create("ann")

    def at_once() -> bool:
        try:
            return keys.find(token, at_once=True) == record
        except NotAtOnceError:
            return False

    assert at_once() is not keys.remote
    keys.find(token)
    assert at_once()
    clock.now = 2.0
    assert at_once() is not keys.remote


# --- the vault -----------------------------------------------------------------------------------------------------


def test_what_one_remembers_another_recalls(place: Place) -> None:
    here, there = vault(place), vault(place)
    assert here.remember("acme", {"K7": ALICE, "K8": ("PERSON", "bob", {"": Spelling("Bob")})}) == set()
    assert there.recall("acme", ["K7", "K9"]) == {"K7": (ALICE[0], ALICE[2])}
    assert there.recall("other", ["K7"]) == {}
    here.note("acme", "n", ("a", "b\ud800"))
    here.note("acme", "n", ("c",))
    assert there.noted("acme", ["n", "m"]) == {"n": ("c",)}
    assert here.knows("acme", {"K7": ALICE})
    assert not there.knows("acme", {"K7": ALICE})


def test_a_code_of_one_is_never_anothers(place: Place) -> None:
    now = [0.0]
    here, there = vault(place, lambda: now[0]), vault(place, lambda: now[0])
    here.remember("acme", {"K7": ALICE})
    other = ("PERSON", "bob", {"": Spelling("Bob")})
    assert there.remember("acme", {"K7": other, "K8": other}) == {"K7"}
    assert there.remember("acme", {"K7": (*ALICE[:2], {"1": Spelling("alice")})}) == {"K7_1"}
    assert there.remember("acme", {"K7": (*ALICE[:2], {"2": Spelling("alice")})}) == set()
    now[0] = 31 * 86400.0
    assert here.forget_expired() == 2
    assert there.recall("acme", ["K7", "K8"]) == {}
    assert there.remember("acme", {"K7": other}) == {"K7"}  # also when it is forgotten
    assert there.remember("acme", {"K7": (*ALICE[:2], {"1": Spelling("alice")})}) == {"K7_1"}


def test_of_two_at_once_one_gets_a_code(place: Place) -> None:
    vaults = [vault(place) for _ in range(4)]
    assert [one.recall("acme", ["C0"]) for one in vaults] == [{}] * 4  # each has its connection
    ready, taken = threading.Barrier(4), []

    def remember(number: int) -> None:
        ready.wait()
        values = {f"C{code}": ("PERSON", f"person {number}", {"": Spelling(f"{number}")}) for code in range(20)}
        taken.append(vaults[number].remember("acme", values))

    threads = [threading.Thread(target=remember, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, taken)) == [0, 20, 20, 20]


def test_another_key_opens_nothing(place: Place) -> None:
    vault(place).remember("acme", {"K7": ALICE})
    with pytest.raises(AuditError, match="restore the key"):
        vault(place, key=bytes(32)).recall("acme", ["K7"])


# --- held replies --------------------------------------------------------------------------------------------------


def test_a_reply_held_by_one_is_decided_and_released_by_another(place: Place) -> None:
    clock = Clock()
    here, there = held(place, clock), held(place, clock)
    here.hold(HELD)
    assert there.list() == (Kept(HELD, HOUR),)
    with pytest.raises(NotHeld):
        there.find_for("x-1", BOB)
    assert there.decide("x-1", "approved", "eve", "fine", unheard).decided == "approved"
    assert here.find_for("x-1", ANN) == Kept(HELD, HOUR, "approved", "eve", "fine")
    with pytest.raises(RequestError, match="already, by eve"):
        here.decide("x-1", "rejected", "bob", "", unheard)
    with pytest.raises(NotHeld):
        there.find("x-\0")


def test_of_a_decision_that_cannot_be_recorded_nothing_stays(place: Place) -> None:
    store = held(place, Clock())
    store.hold(HELD)

    def full(*_: object) -> None:
        raise AuditError("full")

    with pytest.raises(AuditError, match="full"):
        store.decide("x-1", "approved", "eve", "", full)
    assert store.find("x-1").decided == "pending"


def test_held_replies_are_erased_by_their_user(place: Place) -> None:
    store = held(place, Clock())
    store.hold(HELD)
    store.hold(replace(HELD, exchange="x-2", principal=BOB))
    assert store.of("ann") == ("x-1",)
    store.erase("ann")
    assert [kept.held.exchange for kept in store.list()] == ["x-2"]
    assert not store.outstanding()


def test_what_is_under_legal_hold_outlives_its_time_until_the_hold_ends(place: Place) -> None:
    clock = Clock()
    first = held(place, clock)
    for exchange, who in (("x-1", ANN), ("x-2", BOB), ("x-3", BOB)):
        first.hold(replace(HELD, exchange=exchange, principal=who))
    clock.now = 2 * HOUR  # when even that it was there is forgotten
    on_hold = held(place, clock, KEY, "user:ann", "exchange:x-2")
    on_hold.destroy_expired()
    on_hold.hold(replace(HELD, exchange="x-4"))  # which destroys what is over its time as well
    assert (first.of("ann"), first.of("bob")) == (("x-1", "x-4"), ("x-2",))
    with pytest.raises(HeldTooLong):
        on_hold.find_for("x-1", ANN)
    with pytest.raises(HeldTooLong):
        on_hold.decide("x-1", "approved", "eve", "", unheard)
    assert [kept.held.exchange for kept in on_hold.list()] == ["x-4"]
    first.destroy_expired()
    assert (first.of("ann"), first.of("bob")) == (("x-4",), ())


def test_what_another_key_sealed_is_kept_while_anybody_is_on_hold(place: Place) -> None:
    clock = Clock()
    first = held(place, clock)
    first.hold(HELD)
    clock.now = HOUR
    held(place, clock, bytes(32), "user:bob").destroy_expired()
    assert first.of("ann") == ("x-1",)


# --- labels --------------------------------------------------------------------------------------------------------


def test_labels_of_one_are_seen_by_another(place: Place) -> None:
    here, there = (Labels(place.drawer("labels")) for _ in range(2))
    first, second = Label("a", "p", True, "a note\0", "eve", 1.0), Label("b", "p", False, "", "eve", 0.5)
    for label in (first, second, replace(first, by="bob", right=False), replace(first, time=2.0)):
        here.put(label)
    newest = replace(first, note="a note", time=2.0)
    assert there.of("a") == (replace(newest, by="bob", right=False, time=1.0), newest)
    assert there.all()[0] == second
    assert there.labelled() == {("a", "p"), ("b", "p")}
    there.without_notes(["a"])
    assert {label.note for label in here.all()} == {""}
    assert not there.outstanding()


# --- drawers -------------------------------------------------------------------------------------------------------


def test_nothing_changes_where_a_block_fails(place: Place) -> None:
    keys = GuardKeys(place.drawer("keys"))
    drawer = place.drawer("keys")
    keys.create("ann")
    asks = statements(drawer.dialect)

    def fail(error: type[Exception]) -> None:
        with drawer.writing() as run:
            run(asks.revoke, key=run(asks.list).fetchone()[0], now=1.0)
            raise error("no")

    for error in (KeyError, AuditError):
        with pytest.raises(error):
            fail(error)
    assert [key.revoked for key in keys.list()] == [None]


def test_what_is_owed_is_overwritten_once(place: Place) -> None:
    drawer = place.drawer("held")
    held_in(drawer, Clock()).hold(HELD)
    assert not drawer.outstanding()
    drawer.owe()
    assert drawer.outstanding()
    assert drawer.scrub(patient=False)
    assert not drawer.outstanding()


def test_a_closed_drawer_says_so(place: Place) -> None:
    drawer = place.drawer("labels")
    labels = Labels(drawer)
    drawer.close()
    with pytest.raises(AuditError, match=r"labels .*closed"):
        labels.put(Label("a", "p", True, "", "eve", 1.0))
    with pytest.raises(AuditError, match=r"labels .*closed"):
        labels.all()


def test_a_drawer_to_be_read_takes_no_right_to_write(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be opened"):
        SqliteDrawer(tmp_path / "labels.db", "labels", only_read=True)
    with closing(SqliteDrawer(tmp_path / "labels.db", "labels")) as made:
        Labels(made).put(Label("a", "p", True, "", "eve", 1.0))
    with closing(SqliteDrawer(tmp_path / "labels.db", "labels", only_read=True)) as drawer:
        assert len(Labels(drawer).all()) == 1
        with pytest.raises(AuditError, match="the labels cannot be written"):
            Labels(drawer).put(Label("b", "p", True, "", "eve", 1.0))


def test_a_lost_connection_is_made_anew(in_postgres: InPostgres) -> None:
    keys = GuardKeys(in_postgres.drawer("keys"), fresh_s=0.0)
    token, record = keys.create("ann")
    with psycopg.connect(in_postgres.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(AuditError, match="the guard keys cannot be read: PostgreSQL"):
        keys.find(token)
    assert keys.find(token) == record


def test_a_connection_that_was_cut_while_nobody_used_it_is_no_failure(
    in_postgres: InPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.audit.postgres_drawers.IDLE_S", 0.0)
    keys = GuardKeys(in_postgres.drawer("keys"), fresh_s=0.0)
    token, record = keys.create("ann")
    with psycopg.connect(in_postgres.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert keys.find(token) == record


def test_who_may_not_ask_for_space_to_be_given_free_says_so(in_postgres: InPostgres) -> None:
    held(in_postgres, Clock()).hold(HELD)
    in_postgres.raw(
        "DROP ROLE IF EXISTS porter",
        "CREATE ROLE porter LOGIN",
        "GRANT USAGE ON SCHEMA public TO porter",
        "GRANT SELECT ON audit_version TO porter",
    )
    try:
        drawer = PostgresDrawer(in_postgres.server.url(user="porter"), "held")
        assert not drawer.scrub()
        assert drawer.outstanding()
        assert HeldReplies(drawer, KEY, "acme").unscrubbed.endswith("VACUUM held")
        with pytest.raises(AuditError, match="Grant its role what"):
            HeldReplies(drawer, KEY, "acme").list()
        drawer.close()
    finally:
        in_postgres.raw("DROP OWNED BY porter", "DROP ROLE porter")
