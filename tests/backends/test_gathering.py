import threading
import time
from collections.abc import Callable, Sequence

import pytest

from guard.backends.gathering import Gathering


class Work:
    """Doubles numbers, and can be held up; notes which came together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()

    def __call__(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(jobs))
        self.begun.set()
        assert self.go.wait(10)
        return [ValueError(str(job)) if job < 0 else 2 * job for job in jobs]


def in_threads(*calls: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    return threads


def joined(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_who_asks_alone_never_waits() -> None:
    gathering: Gathering[int, int] = Gathering(Work(), wait_s=60)
    began = time.monotonic()
    assert gathering.ask(21) == 42
    assert time.monotonic() - began < 10


def test_those_who_ask_while_others_are_served_are_served_together() -> None:
    work = Work()
    gathering: Gathering[int, int] = Gathering(work)
    found: dict[int, int] = {}
    work.go.clear()
    first = in_threads(lambda: found.update({1: gathering.ask(1)}))
    assert work.begun.wait(10)
    others = in_threads(*(lambda n=n: found.update({n: gathering.ask(n)}) for n in range(2, 9)))  # type: ignore[misc]
    wait_until(lambda: len(gathering._waiting) == 7)
    work.go.set()
    joined([*first, *others])
    assert found == {n: 2 * n for n in range(1, 9)}
    assert work.batches[0] == [1]
    assert sorted(work.batches[1]) == list(range(2, 9))
    assert len(work.batches) == 2


def test_one_that_has_said_it_will_ask_is_waited_for() -> None:
    work = Work()
    gathering: Gathering[int, int] = Gathering(work, wait_s=60)
    with gathering.turn() as ask:
        other = in_threads(lambda: gathering.ask(1))
        wait_until(lambda: len(gathering._waiting) == 1)
        assert work.batches == []
        assert ask(2) == 4
        joined(other)
        assert sorted(work.batches[0]) == [1, 2]
        assert ask(3) == 6  # a second job is nobody's to wait for
    assert gathering._coming == 0


def test_one_that_asks_nothing_after_all_is_waited_for_no_longer() -> None:
    work = Work()
    gathering: Gathering[int, int] = Gathering(work, wait_s=60)
    with gathering.turn():
        other = in_threads(lambda: gathering.ask(1))
        wait_until(lambda: len(gathering._waiting) == 1)
        assert work.batches == []
    joined(other)
    assert work.batches == [[1]]


def test_nobody_is_waited_for_longer_than_the_bound() -> None:
    gathering: Gathering[int, int] = Gathering(Work(), wait_s=0.01)
    with gathering.turn():
        joined(in_threads(lambda: gathering.ask(1)))


def test_no_more_are_served_together_than_the_most() -> None:
    work = Work()
    gathering: Gathering[int, int] = Gathering(work, most=3)
    work.go.clear()
    threads = in_threads(lambda: gathering.ask(0))
    assert work.begun.wait(10)
    threads += in_threads(*(lambda n=n: gathering.ask(n) for n in range(1, 8)))  # type: ignore[misc]
    wait_until(lambda: len(gathering._waiting) == 7)
    work.go.set()
    joined(threads)
    assert [len(batch) for batch in work.batches] == [1, 3, 3, 1]


def test_an_error_is_raised_for_its_own_job_alone() -> None:
    work = Work()
    gathering: Gathering[int, int] = Gathering(work, wait_s=60)
    with gathering.turn() as ask:
        caught: list[str] = []

        def fail() -> None:
            with pytest.raises(ValueError, match="-5") as raised:
                gathering.ask(-5)
            caught.append(str(raised.value))

        other = in_threads(fail)
        wait_until(lambda: len(gathering._waiting) == 1)
        assert ask(2) == 4
        joined(other)
    assert caught == ["-5"]
    assert sorted(work.batches[0]) == [-5, 2]


def test_work_that_fails_as_a_whole_fails_for_all_and_the_next_is_served() -> None:
    failing = [True]

    def work(jobs: Sequence[int]) -> list[int | Exception]:
        if failing.pop():
            raise OSError("no")
        return list(jobs)

    gathering: Gathering[int, int] = Gathering(work)
    with pytest.raises(OSError, match="no"):
        gathering.ask(1)
    failing.append(False)
    assert gathering.ask(1) == 1


def test_work_that_is_broken_off_leaves_nobody_waiting() -> None:
    class Broken(BaseException):
        pass

    def work(jobs: Sequence[int]) -> list[int | Exception]:
        raise Broken

    gathering: Gathering[int, int] = Gathering(work, wait_s=60)
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            gathering.ask(1)
        except (Broken, RuntimeError) as error:
            failures.append(error)

    with gathering.turn():
        threads = in_threads(ask, ask)
        wait_until(lambda: len(gathering._waiting) == 2)
    joined(threads)
    assert {type(failure) for failure in failures} == {Broken, RuntimeError}
