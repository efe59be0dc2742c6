"""Acts are told once, in order, whoever appended them, from the moment on at which somebody listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing as closed

from guard.audit.acts import act_of
from guard.audit.retention import Steward, erase
from guard.audit.tailing import Tail
from guard.errors import AuditError
from guard.types import Act
from tests.audit.conftest import Place
from tests.audit.samples import CLOSING, OPENING, closing, opening


def act(subject: str) -> Act:
    return act_of("ann", "operator", "look", subject)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_log_tells_the_acts_after_an_entry_and_its_last_number(place: Place) -> None:
    with closed(place.store()) as store:
        assert store.acts(-1) == ((), -1)
        first, second = act("first"), act("second")
        store.append([opening("1"), first, closing("1")])
        store.append([second])
        assert place.reader().acts(-1) == ((first, second), 3)
        assert store.acts(1) == ((second,), 3)
        assert store.acts(3) == ((), 3)


def test_what_others_append_is_told_once_and_nothing_from_before(place: Place) -> None:
    told: list[Act] = []
    with closed(place.store()) as store, closed(place.store()) as other:
        store.append([act("before")])
        with closed(Tail(store, told.append, every_s=0.01)):
            other.append([OPENING, act("1")])
            other.append([CLOSING])
            until(lambda: told)
            assert erase(other, OPENING.principal.user, "asked", Steward("bob", "operator", time.time)).entries > 0
            other.append([opening("2"), act("3")])
            until(lambda: len(told) > 2)
    assert [(each.action, each.subject) for each in told if each.action == "look"] == [("look", "1"), ("look", "3")]
    assert [each.actor for each in told] == ["ann", "bob", "ann"]


def test_what_was_appended_last_is_told_when_it_ends(place: Place) -> None:
    told: list[Act] = []
    others = set(threading.enumerate())  # of services that run beside this test
    with closed(place.store()) as store:
        tail = Tail(store, told.append, every_s=3600)
        store.append([act("last")])
        tail.close()
    assert [each.subject for each in told] == ["last"]
    assert "guard-acts" not in {thread.name for thread in set(threading.enumerate()) - others}


class Away:
    """A log that cannot be read now and then."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def acts(self, after: int) -> tuple[tuple[Act, ...], int]:
        self.asked.append(after)
        if len(self.asked) in {2, 3}:
            raise AuditError("the database is away")
        return ((act("meanwhile"),), 7) if len(self.asked) == 4 else ((), max(len(self.asked), 6))


def test_while_the_log_is_away_nothing_is_lost() -> None:
    told: list[Act] = []
    log = Away()
    with closed(Tail(log, told.append, every_s=0.001)):
        until(lambda: len(log.asked) > 5)
    assert log.asked[1:5] == [6, 6, 6, 7]
    assert [each.subject for each in told] == ["meanwhile"]
