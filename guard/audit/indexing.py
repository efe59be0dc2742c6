"""The search index is made behind the exchanges: nobody waits for it, and texts are found a second or so later."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from guard.audit.content import words_of
from guard.audit.entries import Opener
from guard.audit.log_reader import content_of
from guard.audit.terms import terms
from guard.errors import AuditError
from guard.types import Closing, Opening

EVERY_S: Final = 1.0
AGAIN_S: Final = 60.0  # how soon what could not be overwritten is tried again; then ever more seldom, up to:
SELDOM_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Found:
    """The terms of the entry with number `seq`; `half` is 0 for an opening and 1 for a closing."""

    seq: int
    exchange: str
    half: int
    terms: tuple[str, ...]


class Waiting:
    """Opens with `opener` what waits for the index; of an entry whose words are told no more, no term is found.

    What another tenant key sealed is left for who has that key, and not looked at again by this process: `after` is the
    number of the last such entry.
    """

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self.after = -1

    def read(self, rows: Iterable[tuple[Any, ...]]) -> list[Found]:
        """Of rows as `guard.audit.tables.Statements.waiting` gives them, those that can join the index."""
        found = []
        for seq, exchange, kind, body, *beside in rows:
            words = self._words(body, beside)
            if words is None:
                self.after = seq
            else:
                found.append(Found(seq, exchange, int(kind == "closing"), terms(words)))
        return found

    def _words(self, body: bytes, beside: Iterable[Any]) -> str | None:
        """The words of an entry, "" where there are none to be told; None where another key opens them."""
        try:
            entry, lack = self._opener(body, content_of(*beside))
        except AuditError:  # what is damaged is told by the check of the log
            return ""
        if lack is not None:
            return None if lack.why == "locked" else ""
        return words_of(entry) if isinstance(entry, Opening | Closing) else ""


class Scrubbed(Protocol):
    """What destroys content, and may have to overwrite it later: the log, and the held replies."""

    def outstanding(self) -> bool:
        """Whether something is left to be overwritten."""
        ...

    def scrub(self, *, patient: bool = True) -> bool:
        """Overwrite it; says whether all of it was. Raises AuditError."""
        ...


class Index(Scrubbed, Protocol):
    """What lets waiting texts join the index; `guard.audit.store.Store` does."""

    def index(self) -> int:
        """Let some join; gives how many. Raises AuditError."""
        ...


class Indexer:
    """A thread that lets texts join the index of `store` until it is closed; what fails is tried again later.

    What waits when the process ends is indexed by the next one. What was destroyed in `store`, or in `others`, and
    could not be overwritten, is overwritten after `again_s` seconds or later.
    """

    def __init__(
        self, store: Index, others: Sequence[Scrubbed] = (), *, every_s: float = EVERY_S, again_s: float = AGAIN_S
    ) -> None:
        self._store, self._scrubbed = store, (store, *others)
        self._every_s, self._again_s = every_s, again_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="guard-index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread. Blocks."""
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        due, pause = 0.0, self._again_s
        while not self._end.wait(self._every_s):
            with suppress(AuditError):  # another process writes, or the database is away: both pass
                while self._store.index() and not self._end.is_set():
                    pass
            if time.monotonic() >= due:
                pause = self._again_s if self._scrub() else min(2 * pause, SELDOM_S)
                due = time.monotonic() + pause

    def _scrub(self) -> bool:
        """Overwrite what is left to be; says whether nothing is left."""
        done = True
        for scrubbed in self._scrubbed:
            try:
                done &= not scrubbed.outstanding() or scrubbed.scrub(patient=False)
            except AuditError:
                done = False
        return done
