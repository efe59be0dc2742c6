"""When content is destroyed: on request and in time, really, provably, and never while it is on hold."""

import shutil
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

import pytest

from guard.audit import retention
from guard.audit.acts import Destroyed, destroyed_by, erased_note, expired_note
from guard.audit.content import Lack
from guard.audit.reading import Filters
from guard.audit.retention import DAY_S, HeldError, Steward, Subject, erase, expire, hold, release, standing
from guard.audit.shelf import Run, statements
from guard.audit.store import SqliteStore, Store
from guard.errors import ConfigError
from guard.types import Act, Action, Keeping, Principal
from tests.audit.conftest import Place
from tests.audit.samples import CLOSING, NOW, OPENING, new_store

OP = Steward("op", "operator", lambda: NOW + 5)


@pytest.fixture
def store(place: Place) -> Store:
    return place.store()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteStore]:
    with closed(new_store(tmp_path)) as made:
        yield made


def keys_of(store: Store) -> list[str]:
    """Whose keys there are."""
    with store.state() as state:
        return sorted({row[1] for row in state.person_keys()})


def said(store: Store, exchange: str, user: str = "ann", time: float = NOW, until: float = 0.0) -> None:
    keeping = Keeping("masked", user, until)
    asked = replace(OPENING, exchange=exchange, principal=Principal(user), time=time, keeping=keeping)
    store.append([asked, replace(CLOSING, exchange=exchange, time=time + 1, keeping=keeping)])


def acts(store: Store) -> list[Act]:
    return [numbered.entry for numbered in store.entries() if isinstance(numbered.entry, Act)]


def told(store: Store, exchange: str) -> bool:
    """Whether the words of both halves are still told; where they are not, that they were destroyed, and by whom."""
    found = store.show(exchange)
    assert found is not None
    assert found.closing is not None
    if found.lack is None:
        assert (found.opening.request, found.closing.reply) == (OPENING.request, CLOSING.reply)
        return True
    assert found.lack == found.closing_lack == Lack("destroyed", NOW + 5, found.lack.act)
    assert found.lack.act in {act.exchange for act in acts(store)}
    assert not any((found.opening.request, found.closing.reply, found.closing.sent))
    return False


def sound(store: Store) -> bool:
    return store.verify(store.public_key, tolerance_s=1e12).ok


def test_who_asks_is_forgotten_and_nobody_else(store: Store) -> None:
    said(store, "0"), said(store, "1", "bob"), said(store, "2")
    assert erase(store, "ann", "her request of May", OP).entries == 4
    assert [told(store, exchange) for exchange in "012"] == [False, True, False]
    (act,) = acts(store)
    assert (act.action, act.actor, act.subject) == ("erase", "op", "user:ann")
    assert act.note == "her request of May (4 entries)"
    assert sound(store)
    assert keys_of(store) == ["bob"]
    said(store, "3")
    assert told(store, "3")
    assert sound(store)


def test_who_asks_to_be_forgotten_is_found_by_no_word(store: Store) -> None:
    for exchange, user, word in (("0", "ann", "zymurgy"), ("1", "bob", "zymurgy"), ("2", "ann", "quixotry")):
        asked = replace(OPENING, exchange=exchange, request=f"The {word} of Falcon", keeping=Keeping("masked", user))
        store.append([replace(asked, principal=Principal(user))])
        while exchange != "2" and store.index():
            pass
    erase(store, "ann", "asked", OP)
    while store.index():
        pass
    assert [row.exchange for row in store.list(filters=Filters(text="zymurgy"))] == ["1"]
    assert store.list(filters=Filters(text="quixotry")) == ()


def test_what_is_erased_is_in_no_file_any_more(sqlite: SqliteStore, tmp_path: Path) -> None:
    store = sqlite
    for number in range(40):
        said(store, f"{number}", ("ann", "bob")[number % 2])
        if number == 20:
            while store.index():
                pass
    asked = replace(OPENING, exchange="told", request="The zymurgy of Falcon", keeping=Keeping("masked", "ann"))
    waits = replace(OPENING, exchange="waits", request="The quixotry of Falcon", keeping=Keeping("masked", "ann"))
    store.append([asked])
    while store.index():
        pass
    store.append([waits])
    secret = [row for row in store._connection.execute("SELECT sealed FROM content WHERE person = 'ann'")]
    keys = [row for row in store._connection.execute("SELECT wrapped FROM person_key WHERE person = 'ann'")]
    shutil.copytree(tmp_path, tmp_path / "before")

    def found(folder: Path) -> int:
        data = b"".join(file.read_bytes() for file in folder.glob("audit.db*"))
        return sum(part in data for (whole,) in [*secret, *keys] for part in (whole[:24], whole[-24:])) + sum(
            word in data for word in (b"zymurgy", b"quixotry")
        )

    assert found(tmp_path / "before") == 2 * len([*secret, *keys]) + 1 == 87  # what waits for the index waits sealed
    erase(store, "ann", "asked", OP)
    assert found(tmp_path) == 0


def test_a_name_that_is_nobodys_is_refused_and_leaves_no_act(store: Store) -> None:
    said(store, "0")
    with pytest.raises(ConfigError, match="no content of the user 'anne'"):
        erase(store, "anne", "asked", OP)
    assert acts(store) == []
    assert told(store, "0")


@pytest.mark.parametrize("held", ["user:ann", "exchange:1"])
def test_what_is_on_hold_is_not_erased(store: Store, held: str) -> None:
    said(store, "0"), said(store, "1"), said(store, "2", "bob")
    subject = Subject(*held.split(":"))  # type: ignore[arg-type]
    placed = hold(store, subject, "the suit of May", OP)
    with pytest.raises(HeldError, match=f"{held} is under legal hold by op .act {placed.exchange}"):
        erase(store, "ann", "asked", OP)
    assert [told(store, exchange) for exchange in "012"] == [True, True, True]
    assert erase(store, "bob", "asked", OP).entries == 2
    release(store, subject, "settled", OP)
    assert erase(store, "ann", "asked", OP).entries == 4
    assert [act.action for act in acts(store)] == ["hold", "erase", "release", "erase"]
    assert sound(store)


def test_content_expires_by_its_policy_or_else_by_the_configuration(store: Store) -> None:
    said(store, "0", time=NOW - 40 * DAY_S)
    said(store, "1", time=NOW - 40 * DAY_S, until=NOW + DAY_S)  # longer than the rest
    said(store, "2", time=NOW - 20 * DAY_S, until=NOW - DAY_S)  # shorter than the rest
    said(store, "3", time=NOW - 20 * DAY_S)
    assert expire(store, 30, OP) == 4
    assert [told(store, exchange) for exchange in "0123"] == [False, True, False, True]
    (act,) = acts(store)
    assert (act.action, act.note) == ("expire", "4 entries, of 2025-10-15 to 2025-11-04")
    assert expire(store, 30, OP) == 0
    assert acts(store) == [act]
    assert sound(store)


def test_without_a_number_of_days_content_is_kept(store: Store) -> None:
    said(store, "0", time=0.0)
    assert expire(store, None, OP) == 0
    assert told(store, "0")


def test_what_is_on_hold_does_not_expire(store: Store) -> None:
    for exchange, user in (("0", "ann"), ("1", "bob"), ("2", "bob"), ("3", "eve")):
        said(store, exchange, user, time=NOW - 40 * DAY_S)
    hold(store, Subject("user", "ann"), "suit", OP)
    hold(store, Subject("exchange", "1"), "suit", OP)
    assert expire(store, 30, OP) == 4
    assert [told(store, exchange) for exchange in "0123"] == [True, True, False, False]
    release(store, Subject("user", "ann"), "settled", OP)
    assert expire(store, 30, OP) == 2
    assert [told(store, exchange) for exchange in "01"] == [False, True]
    assert sound(store)


def test_a_key_goes_with_the_last_that_it_sealed(store: Store) -> None:
    said(store, "0", "ann", NOW - 40 * DAY_S), said(store, "1", "ann")
    said(store, "2", "bob", NOW - 40 * DAY_S)
    expire(store, 30, OP)
    assert keys_of(store) == ["ann"]
    assert told(store, "1")


def test_much_that_expires_does_so_in_many_commits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    for number in range(4):
        said(store, f"{number}", time=NOW - 40 * DAY_S)
    assert expire(store, 30, OP) == 8
    assert [act.note[:9] for act in acts(store)] == ["3 entries", "3 entries", "2 entries"]
    assert sound(store)


def test_who_is_kept_without_words_can_be_put_on_hold(store: Store) -> None:
    store.append([replace(OPENING, exchange="0", principal=Principal("ann"), keeping=Keeping("none", "ann"))])
    hold(store, Subject("user", "ann"), "suit", OP)
    assert [*standing(acts(store))] == ["user:ann"]


def test_a_hold_is_placed_and_released_once(store: Store) -> None:
    said(store, "0")
    with pytest.raises(ConfigError, match="under no legal hold"):
        release(store, Subject("user", "ann"), "settled", OP)
    with pytest.raises(ConfigError, match="no such exchange"):
        hold(store, Subject("exchange", "7"), "suit", OP)
    with pytest.raises(ConfigError, match=r"nothing of a user 'anne'\. 'guard audit list' names the users"):
        hold(store, Subject("user", "anne"), "suit", OP)
    assert acts(store) == []
    placed = hold(store, Subject("user", "ann"), "suit", OP)
    with pytest.raises(ConfigError, match="already"):
        hold(store, Subject("user", "ann"), "suit", OP)
    assert standing(acts(store)) == {"user:ann": placed}
    release(store, Subject("user", "ann"), "settled", OP)
    assert standing(acts(store)) == {}
    hold(store, Subject("user", "ann"), "suit", OP)  # anew
    assert len(standing(acts(store))) == 1


def test_a_change_that_fails_changes_nothing(store: Store) -> None:
    said(store, "0")

    def fail(run: Run) -> list[Act]:
        assert run(statements(store.dialect).erase, user="ann", now=NOW, act="x").rowcount == 2
        raise ConfigError("no")

    with pytest.raises(ConfigError):
        store.change(fail)
    assert told(store, "0")


def blame(exchange: str, act: Act) -> str:
    """How somebody with the database and no key destroys the content of an exchange in the name of an act."""
    return (
        f"UPDATE content SET sealed = NULL, destroyed = {act.time!r}, act = '{act.exchange}' "
        f"WHERE exchange = '{exchange}' AND kind = 'opening'"
    )


def found(store: Store) -> list[str]:
    return [finding.kind for finding in store.verify(store.public_key, tolerance_s=1e12).findings]


def test_an_act_destroyed_nothing_that_was_said_after_it(place: Place, store: Store) -> None:
    said(store, "0")
    erase(store, "ann", "asked", OP)
    said(store, "1")
    assert sound(store)
    place.raw(blame("1", acts(store)[0]))
    assert found(store) == ["content", "content"]  # its order, and the number that the act says


def test_an_act_destroyed_as_much_as_it_says(place: Place, store: Store) -> None:
    said(store, "0"), said(store, "1", "bob")
    store.change(lambda _: [OP.act("erase", "user:bob", "asked (0 entries)")])
    assert sound(store)
    place.raw(blame("1", acts(store)[0]))
    assert found(store) == ["content"]


@pytest.mark.parametrize(
    ("time", "until", "problems"),
    [
        (NOW - 40 * DAY_S, 0.0, []),
        (NOW - 40 * DAY_S, NOW, []),
        (NOW - 40 * DAY_S, NOW + DAY_S, ["content"]),  # its time is not over
        (NOW + 8, 0.0, ["content"]),  # it was said later
        (NOW - 50 * DAY_S, 0.0, ["content"]),  # not of the days that the act says
    ],
)
def test_what_expired_was_over_and_of_the_days_that_the_act_says(
    place: Place, store: Store, time: float, until: float, problems: list[str]
) -> None:
    said(store, "0", time=time, until=until)
    act = OP.act("expire", "content", expired_note(1, NOW - 40 * DAY_S, NOW + 8))
    store.change(lambda _: [act])
    assert found(store) == ["content"]  # it says that it destroyed one
    place.raw(blame("0", act))
    assert found(store) == problems


def test_an_act_that_says_a_number_alone_does_not_excuse_what_came_later(place: Place, store: Store) -> None:
    store.change(lambda _: [OP.act("erase", "user:ann", "asked (1 entries)")])
    said(store, "0")
    assert found(store) == ["content"]
    place.raw(blame("0", acts(store)[0]))
    assert found(store) == ["content"]


def test_what_a_note_says_is_read_back() -> None:
    def act(action: Action, note: str) -> Act:
        return OP.act(action, "x", note)

    assert destroyed_by(act("erase", erased_note("why (7 entries)", 3, {"held replies": 0}))) == Destroyed(3)
    assert destroyed_by(act("erase", erased_note("why", 3, {"held replies": 2, "notes on verdicts": 1}))) == Destroyed(
        3
    )
    assert destroyed_by(act("expire", expired_note(3, 0.0, DAY_S))) == Destroyed(3, "1970-01-01", "1970-01-02")
    assert destroyed_by(act("expire", "why (3 entries)")) is None
    assert destroyed_by(act("erase", "3 entries (3 entries) or so")) is None
    assert destroyed_by(act("look", "why (3 entries)")) is None
