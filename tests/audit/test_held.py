import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.asks import Held
from guard.audit import held as held_module
from guard.audit.drawers import SqliteDrawer
from guard.audit.held import HeldReplies, Kept
from guard.errors import AuditError, HeldTooLong, NotHeld, RequestError
from guard.types import Principal, Spelling

KEY = bytes(range(32))
HOUR = 3600.0
ANN = Principal("ann", "sales", "mail")
HELD = Held(
    exchange="x-1",
    time=5.0,
    principal=ANN,
    surface="chat",
    model="m",
    principles=("no-deals",),
    prompt="Ask <PERSON_K7Q2M4XD>.",
    reply="Sell to <PERSON_K7Q2M4XD>.",
    sent="Sell.",
    body=b'{"choices": ["\xff"]}',
    names={"PERSON_K7Q2M4XD": Spelling("Alice Meyer"), "B": Spelling('"\ud800', '\\"')},
    decision="revise",
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(folder: Path, clock: Clock, key: bytes = KEY, tenant: str = "acme") -> HeldReplies:
    return HeldReplies(SqliteDrawer(folder / "held.db", "held"), key, tenant, lifetime_s=HOUR, clock=clock)


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[HeldReplies]:
    with closing(opened(tmp_path, clock)) as made:
        yield made


def unheard(*_: Any) -> None:
    """A log that takes everything."""


def test_what_is_held_is_found_as_it_was_by_whoever_decides_and_by_its_caller(
    store: HeldReplies, tmp_path: Path, clock: Clock
) -> None:
    store.hold(HELD)
    assert store.find("x-1") == store.find_for("x-1", ANN) == Kept(HELD, HOUR)
    with closing(opened(tmp_path, clock)) as other:
        assert other.list() == (Kept(HELD, HOUR),)


@pytest.mark.parametrize(
    "other", [Principal("bob", "sales", "mail"), Principal("ann", "", "mail"), Principal("ann", "sales", "")]
)
def test_others_are_told_that_there_is_none(store: HeldReplies, other: Principal) -> None:
    store.hold(HELD)
    with pytest.raises(NotHeld) as of_another:
        store.find_for("x-1", other)
    with pytest.raises(NotHeld) as of_nobody:
        store.find_for("x-2", other)
    assert of_another.value.message == of_nobody.value.message


def test_nothing_of_it_can_be_read_in_the_file(store: HeldReplies, tmp_path: Path) -> None:
    store.hold(HELD)
    store.decide("x-1", "approved", "eve", "fine by me", unheard)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for word in (b"Alice", b"Sell", b"ann", b"no-deals", b"approved", b"eve", b"fine by me"):
        assert word not in written


def test_a_decision_is_recorded_before_it_counts_and_stands(store: HeldReplies, tmp_path: Path, clock: Clock) -> None:
    store.hold(HELD)
    acts: list[Any] = []

    def record(*act: Any) -> None:
        with closing(opened(tmp_path, clock)) as other:
            acts.append((*act, other.find("x-1").decided))

    clock.now = 30 * 60
    assert store.decide("x-1", "rejected", "eve", "no", record).expires == 1.5 * HOUR
    assert acts == [("reject", "x-1", "no", "pending")]
    assert store.find("x-1") == Kept(HELD, 1.5 * HOUR, "rejected", "eve", "no")
    with pytest.raises(RequestError, match="was rejected already, by eve"):
        store.decide("x-1", "approved", "bob", "yes", record)
    assert len(acts) == 1


def test_a_decision_that_cannot_be_recorded_is_none(store: HeldReplies) -> None:
    store.hold(HELD)

    def record(*_: Any) -> None:
        raise AuditError("full")

    with pytest.raises(AuditError, match="full"):
        store.decide("x-1", "approved", "eve", "", record)
    assert store.find("x-1").decided == "pending"


def test_nobody_decides_about_what_is_not_there(store: HeldReplies) -> None:
    with pytest.raises(NotHeld):
        store.decide("x-1", "approved", "eve", "", unheard)


def test_after_its_time_nothing_is_left_and_its_caller_is_told(
    store: HeldReplies, tmp_path: Path, clock: Clock
) -> None:
    store.hold(HELD)
    clock.now = HOUR
    with pytest.raises(HeldTooLong):
        store.find_for("x-1", ANN)
    with pytest.raises(NotHeld):
        store.find_for("x-1", Principal("bob"))
    with pytest.raises(HeldTooLong):
        store.decide("x-1", "approved", "eve", "", unheard)
    assert store.list() == ()
    with closing(sqlite3.connect(tmp_path / "held.db")) as file:
        assert file.execute("SELECT sealed, decided FROM held").fetchall() == [(None, None)]
    with pytest.raises(HeldTooLong):
        store.find("x-1")
    clock.now = 2 * HOUR
    store.destroy_expired()
    with pytest.raises(NotHeld):
        store.find_for("x-1", ANN)


def test_a_decision_gives_it_time_to_be_fetched(store: HeldReplies, clock: Clock) -> None:
    store.hold(HELD)
    clock.now = HOUR - 1
    store.decide("x-1", "approved", "eve", "", unheard)
    clock.now = 2 * HOUR - 2
    assert store.find_for("x-1", ANN).decided == "approved"


def test_who_holds_another_key_or_is_another_tenant_sees_nothing(
    store: HeldReplies, tmp_path: Path, clock: Clock
) -> None:
    store.hold(HELD)
    with closing(opened(tmp_path, clock, bytes(32))) as other, pytest.raises(AuditError, match="restore the key"):
        other.find("x-1")
    with closing(opened(tmp_path, clock, tenant="b")) as other:
        assert other.list() == ()
        with pytest.raises(NotHeld):
            other.find("x-1")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE held SET decided = (SELECT decided FROM held WHERE exchange = 'x-2') WHERE exchange = 'x-1'",
        "UPDATE held SET sealed = (SELECT sealed FROM held WHERE exchange = 'x-2') WHERE exchange = 'x-1'",
        "UPDATE held SET decided = sealed WHERE exchange = 'x-1'",
        "UPDATE held SET decided = 'approved' WHERE exchange = 'x-1'",
    ],
)
def test_nobody_lets_a_reply_out_by_changing_the_file(store: HeldReplies, tmp_path: Path, change: str) -> None:
    store.hold(HELD)
    store.hold(replace(HELD, exchange="x-2", body=b"{}"))
    store.decide("x-2", "approved", "eve", "", unheard)
    with closing(sqlite3.connect(tmp_path / "held.db")) as file:
        file.execute(change)
        file.commit()
    with pytest.raises(AuditError, match="cannot be opened"):
        store.find_for("x-1", ANN)


def test_of_one_user_all_is_erased_and_overwritten(store: HeldReplies, tmp_path: Path) -> None:
    bob = replace(HELD, exchange="x-2", principal=Principal("bob", "sales", "mail"))
    other_team = replace(HELD, exchange="x-3", principal=Principal("ann", "law"))
    for held in (HELD, bob, other_team):
        store.hold(held)
    store.decide("x-3", "approved", "eve", "", unheard)
    assert store.of("ann") == ("x-1", "x-3")
    with closing(sqlite3.connect(tmp_path / "held.db")) as file:
        rows = file.execute("SELECT sealed FROM held WHERE exchange <> 'x-2' ").fetchall()
        (decided,) = file.execute("SELECT decided FROM held WHERE exchange = 'x-3'").fetchone()
    secrets = [*(sealed for (sealed,) in rows), decided]

    def there() -> int:
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return sum(part in written for secret in secrets for part in (secret[:24], secret[-24:]))

    assert there() == 6
    store.erase("ann")
    assert there() == 0
    assert not store.outstanding()
    assert [kept.held for kept in store.list()] == [bob]
    with pytest.raises(NotHeld):
        store.find_for("x-1", ANN)


def test_what_is_over_its_time_is_overwritten(store: HeldReplies, tmp_path: Path, clock: Clock) -> None:
    store.hold(HELD)
    with closing(sqlite3.connect(tmp_path / "held.db")) as file:
        ((sealed,),) = file.execute("SELECT sealed FROM held").fetchall()

    def there() -> bool:
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return any(part in written for part in (sealed[:24], sealed[-24:]))

    clock.now = HOUR - 1
    store.destroy_expired()
    assert there()
    clock.now = HOUR
    store.destroy_expired()
    assert not there()
    assert not store.outstanding()


def test_who_holds_a_reply_leaves_it_to_others_to_overwrite(store: HeldReplies, clock: Clock) -> None:
    store.hold(HELD)
    assert not store.outstanding()
    clock.now = HOUR
    store.hold(replace(HELD, exchange="x-2"))  # an exchange waits for this
    assert store.outstanding()
    assert store.scrub(patient=False)
    assert not store.outstanding()


def test_what_somebody_reads_is_overwritten_later(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.audit.database.PATIENCE_S", 0.05)
    with closing(opened(tmp_path, clock)) as store:
        store.hold(HELD)
        with closing(sqlite3.connect(tmp_path / "held.db")) as reading:
            reading.execute("BEGIN")
            reading.execute("SELECT * FROM held").fetchall()
            store.erase("ann")
            assert store.outstanding()
            assert not store.scrub(patient=False)
        assert store.scrub(patient=False)
        assert not store.outstanding()


# --- what was decided about requests ---


def request(exchange: str, *turns: str, principal: Principal = ANN) -> Held:
    return replace(HELD, exchange=exchange, principal=principal, reply="", sent="", body=b"", names={}, turns=turns)


def test_of_turns_is_told_what_was_decided_about_them_to_their_caller(store: HeldReplies, clock: Clock) -> None:
    store.hold(HELD)
    store.hold(request("x-2", "one", "two"))
    store.hold(request("x-3", "three"))
    store.hold(request("x-4", "one", principal=Principal("bob")))
    assert store.find("x-2").held.turns == ("one", "two")
    clock.now = HOUR / 2
    store.decide("x-2", "approved", "eve", "", unheard)
    assert store.decisions(ANN, ["two", "three", "four"]) == {"two": ("x-2", "approved"), "three": ("x-3", "pending")}
    assert store.decisions(Principal("bob"), ["one", "two"]) == {"one": ("x-4", "pending")}
    assert store.decisions(Principal("carl"), ["one"]) == {}
    clock.now = HOUR
    assert store.decisions(ANN, ["two", "three"]) == {"two": ("x-2", "approved")}
    clock.now = 2 * HOUR
    assert store.decisions(ANN, ["two", "three"]) == {}


@pytest.mark.parametrize("decided", [("approved", "rejected"), ("rejected", "approved")])
def test_of_two_decisions_about_one_turn_the_rejection_counts(store: HeldReplies, decided: tuple[Any, Any]) -> None:
    for number, word in enumerate(decided):
        store.hold(request(f"x-{number}", "one"))
        store.decide(f"x-{number}", word, "eve", "", unheard)
        store.hold(request(f"x-{number}-again", "one"))
    _, word = store.decisions(ANN, ["one"])["one"]
    assert word == "rejected"


def test_a_reply_that_an_older_guard_holds_is_no_request(tmp_path: Path, clock: Clock) -> None:
    def older(held: Held) -> bytes:
        values = json.loads(plain(held))
        del values["turns"]
        return json.dumps(values).encode()

    with closing(opened(tmp_path, clock)) as store, pytest.MonkeyPatch.context() as patch:
        plain = held_module.plain
        patch.setattr(held_module, "plain", older)
        store.hold(HELD)
        assert store.find("x-1").held == HELD
