"""The search index is made behind the exchanges, and what fails is tried again."""

import threading
import time
from collections.abc import Callable
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

from guard.audit.entries import Content
from guard.audit.indexing import Indexer
from guard.audit.reading import Filters
from guard.errors import AuditError
from tests.audit.samples import new_store, opening


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_appended_is_found_soon_after(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store, closed(Indexer(store, every_s=0.01)):
        for name in ("1", "2"):
            store.append([replace(store.leaf(opening(name)), content=Content("ann", b"", f"word{name}"))])
            until(lambda name=name: store.list(filters=Filters(text=f"word{name}")))


def test_a_failure_ends_nothing_and_its_end_does_not_wait() -> None:
    class Failing:
        calls = 0

        def index(self) -> int:
            self.calls += 1
            if self.calls % 2:
                raise AuditError("away")
            return self.calls < 9

    store, others = Failing(), set(threading.enumerate())  # of services that run beside this test
    with closed(Indexer(store, every_s=0.001)):
        until(lambda: store.calls > 20)
    calls = store.calls
    time.sleep(0.02)
    assert store.calls == calls
    Indexer(store, every_s=3600).close()
    assert not {thread for thread in threading.enumerate() if thread.name == "guard-index"} - others
