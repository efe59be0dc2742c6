"""Signing what was sealed, a moment later and in a thread of its own, so that no exchange waits for it.

The newest checkpoint that this process sealed is signed as this process made it, never as the database tells it. The
signed note is stored along with the next commit, as a row more costs little there; where none comes, by itself.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final, Protocol

from guard.audit.checkpoint import sign_text
from guard.audit.tip import Commit, Row
from guard.errors import GuardError

AFTER_S: Final = 0.2  # after the first commit that is not signed: a busy process signs about so often
ALONG_S: Final = 0.05  # how long a signed note waits for a commit that takes it along
AGAIN_S: Final = 1.0  # after a failure to store it


class Store(Protocol):
    """What makes the row of a signed note durable, by itself."""

    def __call__(self, row: Row, *, patient: bool) -> None:
        """Not `patient`: does not wait for other processes. Raises AuditError."""
        ...


class Signer:
    """Signs the newest commit that it is told of, by its key; `store` makes that durable where no commit did."""

    def __init__(self, store: Store, *, after_s: float = AFTER_S, along_s: float = ALONG_S) -> None:
        self._store = store
        self._after_s, self._along_s = after_s, along_s
        # Each is set on one side alone, and compared by identity, so that a commit needs no lock.
        self._sealed: Commit | None = None  # the newest
        self._seen: Commit | None = None  # the one that was signed last
        self._signed: tuple[Row, ...] = ()  # its signed note
        self._stored: tuple[Row, ...] = ()  # the signed note that was stored last
        self._busy = False  # whether the thread looks by itself, and need not be woken
        self._turn = threading.Lock()  # over signing and storing; no commit waits for it
        self._wake, self._end = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ready(self) -> tuple[Row, ...]:
        """What is signed and not stored yet, for the next commit to take along."""
        signed = self._signed
        return () if signed is self._stored else signed

    def made(self, commit: Commit) -> None:
        """Sign `commit` a moment later: it is durable, and so is what it took along. One caller at a time."""
        if commit.signed:
            self._stored = commit.signed
        self._sealed = commit
        if not self._busy:
            self._busy = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="guard-signer", daemon=True)
                self._thread.start()
            self._wake.set()

    def now(self) -> None:
        """Sign the newest commit now; durable on return. Blocks. Raises AuditError."""
        with self._turn:
            self._sign()
            self._put(patient=True)

    def close(self) -> None:
        """Sign what is left and end the thread. What cannot be stored is signed when the log is opened next. Blocks."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        with suppress(GuardError):
            self.now()

    def _work(self) -> None:
        while not self._end.is_set():
            if self._sealed is self._seen and not self.ready:
                self._busy = False
                if self._sealed is self._seen:  # else it came just before, and nobody woke this
                    self._wake.wait()
                self._wake.clear()
                self._busy = True
            if not self._end.wait(self._after_s):
                self._go_on()

    def _go_on(self) -> None:
        with self._turn:
            self._sign()
        if self._end.wait(self._along_s):
            return
        try:
            with self._turn:
                self._put(patient=False)
        except GuardError:  # another process writes, or nothing can be recorded either, which is said there
            self._end.wait(AGAIN_S)

    def _sign(self) -> None:
        sealed = self._sealed
        if sealed is not None and sealed is not self._seen:
            size, text, _ = sealed.checkpoint
            self._signed, self._seen = ((size, sign_text(text, sealed.key)),), sealed

    def _put(self, *, patient: bool) -> None:
        signed = self._signed
        if signed is not self._stored:
            self._store(signed[0], patient=patient)
            self._stored = signed
