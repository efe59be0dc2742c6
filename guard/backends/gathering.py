"""Work that several threads ask for at the same time, done together.

There is no thread of its own: of those who ask, one does what has come together while the others wait. Who asks alone
never waits for anybody; where others have said that they are about to ask, it waits for them, but not for long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

WAIT_S = 0.004
MOST = 32


class _Asked(Generic[Job, Result]):
    """A job, and what came of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done = False
        self.result: Result | Exception | None = None


class Gathering(Generic[Job, Result]):
    """Gives jobs to `work`, at most `most` at a time, in the order in which they came.

    `work` gives one result per job, in order; an exception among them is raised for that job alone.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Sequence[Result | Exception]],
        *,
        most: int = MOST,
        wait_s: float = WAIT_S,
    ) -> None:
        self._work = work
        self._most = most
        self._wait_s = wait_s
        self._changed = threading.Condition()
        self._waiting: list[_Asked[Job, Result]] = []
        self._coming = 0  # how many have said that they will ask, and have not yet
        self._busy = False

    @contextmanager
    def turn(self) -> Iterator[Callable[[Job], Result]]:
        """Say that a job will come, maybe; asked for several, it is waited for with the first alone."""
        announced = True

        def come() -> None:
            nonlocal announced
            if announced:
                announced = False
                with self._changed:
                    self._coming -= 1
                    self._changed.notify_all()

        def ask(job: Job) -> Result:
            asked: _Asked[Job, Result] = _Asked(job)
            with self._changed:
                self._waiting.append(asked)
                come()
            return self._result(asked)

        with self._changed:
            self._coming += 1
        try:
            yield ask
        finally:
            come()

    def ask(self, job: Job) -> Result:
        """The result of `job`."""
        with self.turn() as ask:
            return ask(job)

    def _result(self, asked: _Asked[Job, Result]) -> Result:
        while (batch := self._batch(asked)) is not None:
            self._do(batch)
        if isinstance(asked.result, Exception):
            raise asked.result
        return asked.result  # type: ignore[return-value]  # what is done has a result

    def _batch(self, asked: _Asked[Job, Result]) -> list[_Asked[Job, Result]] | None:
        """The jobs that the caller is to do now; None once its own is done."""
        with self._changed:
            while self._busy and not asked.done:
                self._changed.wait()
            if asked.done:
                return None
            self._busy = True
            deadline = time.monotonic() + self._wait_s
            while self._coming and len(self._waiting) < self._most and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            return batch

    def _do(self, batch: Sequence[_Asked[Job, Result]]) -> None:
        failure: Exception = RuntimeError("the work was broken off")
        results: Sequence[Result | Exception] = ()
        try:
            results = self._work([asked.job for asked in batch])
        except Exception as error:  # noqa: BLE001 - it is raised for everyone who waits for it
            failure = error
        finally:
            with self._changed:
                for at, asked in enumerate(batch):
                    asked.result = results[at] if at < len(results) else failure
                    asked.done = True
                self._busy = False
                self._changed.notify_all()
