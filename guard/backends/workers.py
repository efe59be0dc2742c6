"""Recognition in worker processes, because the models would hold up every other exchange of this one."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from guard.backends.presidio import keep_torch_out
from guard.backends.stack import Spans, Spec, Stack
from guard.errors import ConfigError, RecognizerError
from guard.policy import KEEPS_NOTHING, Kept
from guard.types import Progress


class Workers:
    """Stacks in worker processes. What is quick enough is done in the calling thread and starts no process.

    A worker that dies fails the calls that wait for it with RecognizerError; the next call finds a new one.
    """

    def __init__(self, spec: Spec, *, processes: int = 1) -> None:
        self.version = spec.version
        self.quick = spec.quick
        self._spec = spec
        self._processes = processes
        self._lock = threading.Lock()
        self._closed = False
        self._stack = Stack.of(spec) if spec.quick else None
        self._pool: ProcessPoolExecutor | None = None

    def start(self, progress: Progress = lambda _: None) -> None:
        """Start the processes and wait until their models are loaded. Raises ConfigError, RecognizerError."""
        if self._stack:
            return
        progress("loading recognizers")
        # One call per process: each starts a process, and none is done before its models are there.
        for future in [self._submit(()) for _ in range(self._processes)]:
            _spans(self._wait(future))
        progress("recognizers ready")

    async def recognize(
        self, texts: Sequence[str], listed: Sequence[Spans] | None = None, kept: Kept = KEEPS_NOTHING
    ) -> tuple[Spans, ...]:
        """The spans of each text, disjoint and sorted, as `Stack.recognize` gives them. Raises RecognizerError."""
        if self._stack:
            return self._stack.recognize(texts, listed, kept)
        future = self._submit(tuple(texts), listed, kept)
        try:
            return _spans(await asyncio.wrap_future(future))
        except BrokenProcessPool:
            pass
        raise self._died()

    def recognize_blocking(
        self, texts: Sequence[str], listed: Sequence[Spans] | None = None, kept: Kept = KEEPS_NOTHING
    ) -> tuple[Spans, ...]:
        """As `recognize`, for a thread that may wait."""
        if self._stack:
            return self._stack.recognize(texts, listed, kept)
        return _spans(self._wait(self._submit(tuple(texts), listed, kept)))

    def close(self) -> None:
        """End the processes; calls that still wait fail."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool:
            pool.shutdown(cancel_futures=True)

    def _submit(
        self, texts: tuple[str, ...], listed: Sequence[Spans] | None = None, kept: Kept = KEEPS_NOTHING
    ) -> Future[_Answer]:
        with self._lock:
            if self._closed:
                raise RecognizerError("the recognizers are closed")
            if self._pool:
                try:
                    return self._pool.submit(_work, texts, listed, kept)
                except BrokenProcessPool:  # it died while idle: nobody's work is lost
                    self._pool.shutdown(wait=False)
            self._pool = ProcessPoolExecutor(
                self._processes,
                multiprocessing.get_context("spawn"),
                initializer=_prepare,
                initargs=(self._spec,),
            )
            return self._pool.submit(_work, texts, listed, kept)

    def _wait(self, future: Future[_Answer]) -> _Answer:
        try:
            return future.result()
        except BrokenProcessPool:
            pass
        raise self._died()

    def _died(self) -> RecognizerError:
        if not self._closed:
            self._submit(())  # so that the next call need not wait for the models
        return RecognizerError("a recognizer process died")


class _Answer(NamedTuple):
    """What comes back from a worker: spans or the message of an error. An exception would bring its traceback along."""

    spans: tuple[Spans, ...] = ()
    error: str = ""
    configuration: bool = False


def _spans(answer: _Answer) -> tuple[Spans, ...]:
    if answer.error:
        raise (ConfigError if answer.configuration else RecognizerError)(answer.error)
    return answer.spans


_worker: Stack | ConfigError | RecognizerError = RecognizerError("this is no recognizer process")


def _prepare(spec: Spec) -> None:
    """Make this process a worker for `spec`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides when to end
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: two threads are slower than one here
    if not spec.extra:  # a user's own recognizer may need torch
        keep_torch_out()
    become(spec)


def become(spec: Spec) -> None:
    """Load the stack that `_work` uses; a failure is kept for the calls to report."""
    global _worker  # noqa: PLW0603  a pool's initializer can hand nothing over but through the module
    try:
        _worker = Stack.of(spec)
    except ConfigError as error:
        _worker = ConfigError(error.message)
    except Exception as error:  # noqa: BLE001  a model file can fail in any way; the parent must hear of it
        _worker = RecognizerError(f"the recognizers could not be loaded ({type(error).__name__})")


def _work(texts: tuple[str, ...], listed: Sequence[Spans] | None = None, kept: Kept = KEEPS_NOTHING) -> _Answer:
    if not isinstance(_worker, Stack):
        return _Answer(error=_worker.message, configuration=isinstance(_worker, ConfigError))
    try:
        return _Answer(_worker.recognize(texts, listed, kept))
    except RecognizerError as error:
        return _Answer(error=error.message)


def _end_with_parent() -> None:
    """Leave when the parent is gone, even if it was killed: the pool's pipe does not tell."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(0)
