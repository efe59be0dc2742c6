"""Group commit: entries that wait at the same time share one commit, one signature and one sync of the disk.

Nobody is told that an entry is recorded before it is durable, and nobody is left waiting: where a commit fails, each
of its callers gets an AuditError.

Where a commit runs was chosen by measurement (benchmarks/audit.py). Where few entries wait and commits are short, the
caller's own thread or event loop makes the commit: handing it to another thread and coming back costs about as much as
the commit itself. Where many wait, where commits take longer than INLINE_S, or where another process holds the log, one
background thread makes it: the next entries are encoded and gathered meanwhile, and an event loop goes on serving.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, Protocol

from guard.audit.committing import LogBusyError, RefusedEntryError
from guard.audit.entries import Leaf
from guard.errors import AuditError
from guard.types import Act, Closing, Entry, Opening

INLINE_S: Final = 0.001
MANY: Final = 4  # entries; more than these are left to the thread
REMEMBERED: Final = 5  # commits whose median time decides
PROBE: Final = 256  # while commits are slow, one in so many is made by the loop, to see whether they still are


class Store(Protocol):
    """What a writer needs of a store; `guard.audit.store.SqliteStore` is one."""

    def leaf(self, entry: Entry) -> Leaf:
        """`entry` ready to be stored. Raises AuditError."""
        ...

    def append(self, entries: Sequence[Leaf], *, patient: bool) -> object:
        """Make `entries` durable, all or none. Raises AuditError."""
        ...


@dataclass(slots=True, eq=False)
class _Ticket:
    """One entry on its way, and who waits for it: a task of `loop`, or a blocked thread where there is no loop."""

    leaf: Leaf
    loop: asyncio.AbstractEventLoop | None
    done: asyncio.Future[None] | Future[None]


class Writer:
    """Records entries in `store`. Any thread and any event loop may call.

    `inline_s` is how long a commit may take, in seconds, for the event loop to make it itself; 0 for never. `told` is
    called with each half of an exchange once it is durable; it must not block or raise. Acts are told by
    `guard.audit.tailing.Tail`, wherever they come from.
    """

    def __init__(
        self, store: Store, *, inline_s: float = INLINE_S, told: Callable[[Opening | Closing], None] | None = None
    ) -> None:
        self._store = store
        self._told = told
        self._inline_s = inline_s
        self._lock = threading.Lock()  # over the fields below; never held during a commit
        self._waiting: list[_Ticket] = []
        self._called: asyncio.AbstractEventLoop | None = None  # the loop that was asked to commit and has not yet
        self._under_way: set[str] = set()  # exchanges that an event loop opened and has not closed yet
        self._closed = False
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()  # held during a commit
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._times: deque[float] = deque(maxlen=REMEMBERED)
        self._handed_over = 0

    def record(self, entry: Entry) -> None:
        """Record `entry`; durable on return. Blocks. Raises AuditError, and then it counts as not recorded."""
        done: Future[None] = Future()
        self._join(_Ticket(self._store.leaf(entry), None, done))
        self._serve()
        done.result()
        if self._told is not None and not isinstance(entry, Act):
            self._told(entry)

    async def record_async(self, entry: Entry) -> None:
        """Record `entry`; durable on return. Raises AuditError, and then it counts as not recorded."""
        loop = asyncio.get_running_loop()
        leaf = self._store.leaf(entry)
        alone = not self._others_than(entry)
        try:
            if not (alone and self._commit_at_once(leaf)):
                await self._queued(leaf, loop, alone=alone)
        except BaseException:
            self._under_way.discard(entry.exchange)
            raise
        if self._told is not None and not isinstance(entry, Act):
            loop.call_soon(self._told, entry)  # when the exchange waits again: it need not wait for this

    def close(self) -> None:
        """Commit what waits and take no more; the store stays open. Blocks."""
        with self._lock:
            self._closed = True
            thread = self._thread
        with self._turn:
            self._commit(patient=True)
        if thread is not None:
            self._calls.put(False)
            thread.join()

    async def _queued(self, leaf: Leaf, loop: asyncio.AbstractEventLoop, *, alone: bool) -> None:
        """Let `leaf` wait for the next commit, and wait for that."""
        done: asyncio.Future[None] = loop.create_future()
        if self._join(_Ticket(leaf, loop, done)):
            if alone:
                self._serve()
            else:
                loop.call_soon(self._serve)  # after the other tasks that are ready now, so that they can join
        await done

    def _commit_at_once(self, leaf: Leaf) -> bool:
        """Commit `leaf` here and now where nothing else waits; says whether it was. Raises AuditError."""
        if self._waiting or self._closed or self._is_slow() or not self._turn.acquire(blocking=False):
            return False
        start = time.perf_counter()
        try:
            self._store.append((leaf,), patient=False)
        except LogBusyError:
            return False
        except AuditError:
            raise
        except Exception as error:
            raise _failed(error) from error
        finally:
            self._turn.release()
        self._times.append(time.perf_counter() - start)
        return True

    def _join(self, ticket: _Ticket) -> bool:
        """Let `ticket` wait for the next commit; says whether its loop must be asked to make one."""
        with self._lock:
            if self._closed:
                raise AuditError("the audit log is closed")
            self._waiting.append(ticket)
            ask = ticket.loop is not None and ticket.loop is not self._called
            if ask:
                self._called = ticket.loop
            return ask

    def _others_than(self, entry: Entry) -> bool:
        """Whether exchanges beside that of `entry` are under way, which may have entries to record with it."""
        if isinstance(entry, Opening):
            others = len(self._under_way)
            self._under_way.add(entry.exchange)
        else:
            self._under_way.discard(entry.exchange)
            others = len(self._under_way)
        return others > 0

    def _serve(self) -> None:
        """Commit what waits here and now, or have the thread do it."""
        with self._lock:
            self._called = None
        if len(self._waiting) > MANY or self._is_slow() or not self._turn.acquire(blocking=False):
            self._hand_over()
            return
        try:
            self._commit(patient=False)
        except LogBusyError:
            self._hand_over()
        finally:
            self._turn.release()

    def _is_slow(self) -> bool:
        """Whether the thread is to make the next commit."""
        if self._inline_s <= 0:
            return True
        if not self._times or sorted(self._times)[len(self._times) // 2] <= self._inline_s:
            return False
        self._handed_over += 1
        return self._handed_over % PROBE != 0

    def _hand_over(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="guard-audit", daemon=True)
                self._thread.start()
        self._calls.put(True)

    def _work(self) -> None:
        """In the thread: a commit for each call, until the call to stop."""
        while self._calls.get():
            with self._turn:
                self._commit(patient=True)

    def _commit(self, *, patient: bool) -> None:
        """Commit all that wait and answer each; with the turn. Raises only LogBusyError, if not `patient`."""
        with self._lock:
            tickets, self._waiting = self._waiting, []
        if not tickets:
            return
        start = time.perf_counter()
        try:
            self._append(tickets, patient=patient)
        except LogBusyError:
            with self._lock:
                self._waiting[:0] = tickets
            raise
        except BaseException:
            _answer(tickets, AuditError("the audit log was interrupted"))
            raise
        if threading.current_thread() is not self._thread:  # there, waiting for the interpreter would count too
            self._times.append(time.perf_counter() - start)

    def _append(self, tickets: Sequence[_Ticket], *, patient: bool) -> None:
        try:
            self._store.append([ticket.leaf for ticket in tickets], patient=patient)
        except RefusedEntryError as error:
            if len(tickets) == 1:
                _answer(tickets, error)
                return
            for ticket in tickets:  # only the one that is at fault may fail
                self._append([ticket], patient=True)
        except AuditError as error:
            if isinstance(error, LogBusyError) and not patient:
                raise
            _answer(tickets, error)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, nobody may be left waiting
            _answer(tickets, _failed(error))
        else:
            _answer(tickets)


def _failed(error: Exception) -> AuditError:
    return AuditError(f"the audit log failed: {type(error).__name__}")


def _answer(tickets: Sequence[_Ticket], error: AuditError | None = None) -> None:
    """Tell everyone who waits for `tickets`, with one call for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[_Ticket]] = {}
    for ticket in tickets:
        by_loop.setdefault(ticket.loop, []).append(ticket)
    try:
        here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    for loop, its in by_loop.items():
        if loop is None or loop is here:
            _settle(its, error)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_settle, its, error)


def _settle(tickets: Sequence[_Ticket], error: AuditError | None) -> None:
    for ticket in tickets:
        if ticket.done.done():  # its caller was cancelled
            continue
        if error is None:
            ticket.done.set_result(None)
        else:
            own = AuditError(error.message)  # each caller raises its own
            own.__cause__ = error
            ticket.done.set_exception(own)
