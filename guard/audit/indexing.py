"""The search index is made behind the exchanges: nobody waits for it, and texts are found a second or so later."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final, Protocol

from guard.errors import AuditError

EVERY_S: Final = 1.0


class Index(Protocol):
    """What lets waiting texts join the index; `guard.audit.store.Store` does."""

    def index(self) -> int:
        """Let some join; gives how many. Raises AuditError."""
        ...


class Indexer:
    """A thread that lets texts join the index of `store` until it is closed; what fails is tried again later.

    What waits when the process ends is indexed by the next one.
    """

    def __init__(self, store: Index, *, every_s: float = EVERY_S) -> None:
        self._store, self._every_s = store, every_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="guard-index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread. Blocks."""
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._end.wait(self._every_s):
            with suppress(AuditError):  # another process writes, or the database is away: both pass
                while self._store.index() and not self._end.is_set():
                    pass
