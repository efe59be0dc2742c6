import asyncio
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing as closed

import pytest

from guard.audit.committing import LogBusyError, RefusedEntryError
from guard.audit.entries import Leaf, columns, decode
from guard.audit.writer import Writer
from guard.errors import AuditError
from tests.audit.samples import closing, encoded, new_store, opening

INLINE, THREAD = 1000.0, 0.0


class Commits:
    """A store that keeps nothing but who committed what; `fails` maps an exchange to what its commit raises."""

    def __init__(self, fails=None, takes_s=0.0):
        self.batches = []
        self.threads = []
        self.fails = fails or {}
        self.takes_s = takes_s

    def leaf(self, entry):
        return Leaf(encoded(entry), b"", columns(entry))

    def append(self, entries, *, patient):
        names = [decode(entry.body).exchange for entry in entries]
        self.threads.append(threading.current_thread().name)
        time.sleep(self.takes_s)
        for name in names:
            if name in self.fails:
                raise self.fails[name]
        self.batches.append(names)

    @property
    def kept(self):
        return [name for batch in self.batches for name in batch]


@pytest.fixture
def store(tmp_path):
    made = new_store(tmp_path)
    yield made
    made.close()


async def under_way(writer):
    """An exchange that goes on meanwhile, so that entries wait for each other."""
    await writer.record_async(opening("another"))


async def record_all(writer, names, half=opening):
    return await asyncio.gather(*(writer.record_async(half(name)) for name in names), return_exceptions=True)


@pytest.mark.parametrize("inline_s", [INLINE, THREAD])
async def test_entries_that_wait_together_share_a_commit(store, inline_s):
    writer = Writer(store, inline_s=inline_s)
    names = [f"{number}" for number in range(32)]
    assert await record_all(writer, names) == [None] * 32
    assert await record_all(writer, names, closing) == [None] * 32
    writer.close()
    report = store.verify(store.public_key)
    assert (report.ok, report.entries, report.unfinished) == (True, 64, 0)
    assert report.checkpoints < 10


async def test_an_entry_is_durable_when_record_returns(store):
    writer = Writer(store)
    await writer.record_async(opening("0"))
    assert store.show("0").opening == opening("0")
    writer.record(closing("0"))
    assert store.show("0").closing == closing("0")
    writer.close()


def test_threads_may_record_at_once(store):
    writer = Writer(store)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: writer.record(opening(f"{number}")), range(100)))
    writer.close()
    report = store.verify(store.public_key)
    assert (report.ok, report.entries) == (True, 100)


def test_several_event_loops_may_record_at_once(store):
    writer = Writer(store, inline_s=THREAD)

    def loop(number):
        return asyncio.run(record_all(writer, [f"{number}-{part}" for part in range(20)]))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(loop, range(4))) == [[None] * 20] * 4
    writer.close()
    assert store.verify(store.public_key).entries == 80


async def test_few_are_committed_by_the_loop_and_many_by_the_thread():
    store = Commits()
    writer = Writer(store, inline_s=INLINE)
    await record_all(writer, ["a", "b", "c"])
    many = [f"{number}" for number in range(20)]
    await record_all(writer, many)
    writer.close()
    assert store.batches == [["a"], ["b", "c"], many]  # the first has nobody to wait for
    assert store.threads == ["MainThread", "MainThread", "guard-audit"]


async def test_an_exchange_that_is_alone_waits_for_no_turn_of_the_loop():
    store = Commits()
    writer = Writer(store, inline_s=INLINE)
    turned = []
    for name in ("a", "b"):
        asyncio.get_running_loop().call_soon(turned.append, name)
        await writer.record_async(opening(name))
        await writer.record_async(closing(name))
        assert turned == []
    writer.close()
    assert store.batches == [["a"], ["a"], ["b"], ["b"]]


async def test_slow_commits_are_left_to_the_thread():
    store = Commits(takes_s=0.002)
    writer = Writer(store, inline_s=0.001)
    for number in range(300):
        if number == 5:
            store.takes_s = 0.0
        await writer.record_async(opening(f"{number}"))
    writer.close()
    assert store.threads[0] == "MainThread"
    assert store.threads[1:5] == ["guard-audit"] * 4
    assert store.threads.count("MainThread") >= 2  # now and then the loop looks whether they still are slow
    assert store.kept == [f"{number}" for number in range(300)]


@pytest.mark.parametrize("inline_s", [INLINE, THREAD])
def test_a_thread_is_told_what_became_of_its_entry(inline_s):
    store = Commits({"b": AuditError("the disk is full")}, takes_s=0.01)
    writer = Writer(store, inline_s=inline_s)
    writer.record(opening("a"))
    assert store.kept == ["a"]
    with pytest.raises(AuditError, match="the disk is full"):
        writer.record(opening("b"))
    writer.close()


@pytest.mark.parametrize("inline_s", [INLINE, THREAD])
async def test_a_failure_reaches_everyone_who_waits(inline_s):
    store = Commits({"b": AuditError("the disk is full")})
    writer = Writer(store, inline_s=inline_s)
    await under_way(writer)
    errors = await record_all(writer, ["a", "b", "c"])
    writer.close()
    assert [(type(error), str(error)) for error in errors] == [(AuditError, "the disk is full")] * 3
    assert len({id(error) for error in errors}) == 3
    assert store.kept == ["another"]


async def test_one_entry_that_is_refused_fails_alone():
    store = Commits({"b": RefusedEntryError("an entry cannot be recorded")})
    writer = Writer(store)
    first, refused, last = await record_all(writer, ["a", "b", "c"])
    writer.close()
    assert (first, last) == (None, None)
    assert isinstance(refused, AuditError)
    assert store.kept == ["a", "c"]


async def test_a_second_opening_of_one_exchange_fails_alone(store):
    writer = Writer(store)
    await writer.record_async(opening("0"))
    results = await record_all(writer, ["1", "0", "2"])
    writer.close()
    assert [type(result) for result in results] == [type(None), AuditError, type(None)]
    assert [row.exchange for row in store.list()] == ["2", "1", "0"]


async def test_an_entry_that_cannot_be_encoded_never_joins_the_others(store):
    writer = Writer(store)
    bad = writer.record_async(opening(None))
    good = writer.record_async(opening("0"))
    errors = await asyncio.gather(bad, good, return_exceptions=True)
    with pytest.raises(AuditError):
        writer.record(opening(None))
    writer.close()
    assert isinstance(errors[0], AuditError)
    assert errors[1] is None


@pytest.mark.parametrize("error", [RuntimeError("alice@example.com"), MemoryError()])
async def test_an_unforeseen_failure_leaves_nobody_waiting_and_tells_no_value(error):
    writer = Writer(Commits({"a": error}))
    await under_way(writer)
    first, second = await record_all(writer, ["a", "b"])
    writer.close()
    assert str(first) == str(second) == f"the audit log failed: {type(error).__name__}"


def test_an_interruption_is_passed_on_and_not_taken_for_success():
    writer = Writer(Commits({"a": KeyboardInterrupt()}))
    with pytest.raises(KeyboardInterrupt):
        writer.record(opening("a"))
    writer.record(opening("b"))
    writer.close()


async def test_a_log_that_is_held_for_a_moment_is_waited_for_by_the_thread(store):
    writer = Writer(store)
    with closed(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(record_all(writer, ["0", "1"]))
        for _ in range(20):
            await asyncio.sleep(0.005)  # the loop goes on meanwhile
        assert not waiting.done()
        other.execute("ROLLBACK")
    assert await waiting == [None, None]
    await writer.record_async(closing("0"))
    writer.close()
    assert store.verify(store.public_key).ok


async def test_a_busy_store_keeps_the_order():
    busy = []

    class BusyAtFirst(Commits):
        def append(self, entries, *, patient):
            if busy and not patient:
                late.start()
                while not writer._waiting:
                    time.sleep(0.001)
                raise LogBusyError("busy")
            super().append(entries, patient=patient)

    store = BusyAtFirst()
    writer = Writer(store, inline_s=INLINE)
    late = threading.Thread(target=writer.record, args=[opening("late")])
    await under_way(writer)
    busy.append(True)
    await record_all(writer, ["a", "b"])
    late.join()
    writer.close()
    assert store.kept == ["another", "a", "b", "late"]


async def test_a_store_that_stays_busy_is_an_error():
    writer = Writer(Commits({"a": LogBusyError("busy")}), inline_s=THREAD)
    assert [type(error) for error in await record_all(writer, ["a"])] == [AuditError]
    writer.close()


@pytest.mark.parametrize("inline_s", [INLINE, THREAD])
async def test_close_records_what_waits_and_takes_no_more(inline_s):
    store = Commits(takes_s=0.005)
    writer = Writer(store, inline_s=inline_s)
    waiting = [asyncio.create_task(writer.record_async(opening(name))) for name in ("a", "b")]
    await asyncio.sleep(0)
    writer.close()
    assert store.kept == ["a", "b"]
    with pytest.raises(AuditError, match="closed"):
        await writer.record_async(opening("c"))
    with pytest.raises(AuditError, match="closed"):
        writer.record(opening("c"))
    assert await asyncio.gather(*waiting) == [None, None]
    writer.close()


async def test_a_caller_who_was_cancelled_disturbs_nobody():
    store = Commits()
    writer = Writer(store)
    gone = asyncio.create_task(writer.record_async(opening("a")))
    stays = asyncio.create_task(writer.record_async(opening("b")))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    writer.close()
    assert gone.cancelled() or gone.done()
    assert "b" in store.kept


def test_an_event_loop_that_ended_disturbs_nobody():
    store = Commits(takes_s=0.05)
    writer = Writer(store, inline_s=THREAD)

    async def leave():
        task = asyncio.create_task(writer.record_async(opening("a")))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(leave())
    writer.record(opening("b"))
    writer.close()
    assert store.kept == ["a", "b"]


async def test_a_closed_store_is_an_error_for_everyone(store):
    writer = Writer(store)
    store.close()
    assert [type(error) for error in await record_all(writer, ["a", "b"])] == [AuditError, AuditError]
    writer.close()
