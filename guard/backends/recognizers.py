"""Recognition for the shell: in worker processes, off the event loop, and cached by text.

The models run in processes of their own, because they would hold up every other exchange of this one.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from guard.backends.company import Company, Edition, Lists
from guard.backends.presidio import keep_torch_out
from guard.backends.stack import Spans, Spec, Stack
from guard.errors import ConfigError, RecognizerError
from guard.policy import KEEPS_NOTHING, Kept
from guard.types import Progress

__all__ = ["Cache", "CachedRecognizer", "Company", "Lists", "Spans", "Spec", "Stack", "Workers"]

LONG_TEXT = 20_000  # characters from which on lists are looked up off the event loop


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


class Cache:
    """Spans by text, the least recently used forgotten first. Holds no text: keys are keyed hashes."""

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._key = os.urandom(32)
        self._spans: OrderedDict[bytes, Spans] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._spans)

    def key(self, text: str, version: str) -> bytes:
        """The key of `text` for the recognizers of `version`."""
        person = hashlib.blake2b(version.encode(), digest_size=16).digest()
        return hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key, person=person
        ).digest()

    def get(self, key: bytes) -> Spans | None:
        """The spans kept under `key`, or None."""
        with self._lock:
            spans = self._spans.get(key)
            if spans is not None:
                self._spans.move_to_end(key)
            return spans

    def put(self, key: bytes, spans: Spans) -> None:
        """Keep `spans` under `key`."""
        with self._lock:
            self._spans[key] = spans
            self._spans.move_to_end(key)
            while len(self._spans) > self._size:
                self._spans.popitem(last=False)


class CachedRecognizer:
    """Workers, or a stack in this process, behind a cache: only texts that are new cost anything.

    `quick` says that there are no models: what is asked for is done in the calling thread. `lists` are what the
    company lists, where that may change; the cache tells its editions apart. `kept` are the entities that leave.
    """

    def __init__(
        self,
        inner: Workers | Stack,
        cache: Cache,
        *,
        version: str = "",
        lists: Lists | None = None,
        kept: Kept = KEEPS_NOTHING,
    ) -> None:
        self._inner = inner
        self._kept = kept
        self._cache = cache
        self._lists = lists
        self.quick = inner.quick
        self.version = version or (inner.version if isinstance(inner, Workers) else "")

    def close(self) -> None:
        """End the worker processes, if there are any, and look after no list any more."""
        if isinstance(self._inner, Workers):
            self._inner.close()
        if self._lists:
            self._lists.close()

    async def recognize(self, texts: Sequence[str]) -> tuple[Spans, ...]:
        """The spans of each text, disjoint and sorted. Raises RecognizerError."""
        asked = _Asked(self, texts)
        if asked.new:
            inner = self._inner
            if isinstance(inner, Workers):
                long = sum(map(len, asked.new)) > LONG_TEXT
                listed = await asyncio.to_thread(asked.listed) if long else asked.listed()
                found = await inner.recognize(asked.new, listed, self._kept)
            elif inner.quick:
                found = inner.recognize(asked.new, asked.listed(), self._kept)
            else:
                found = await asyncio.to_thread(lambda: inner.recognize(asked.new, asked.listed(), self._kept))
            asked.keep(found)
        return tuple(asked.known[text] for text in texts)

    def recognize_blocking(self, texts: Sequence[str]) -> tuple[Spans, ...]:
        """As `recognize`, for a thread that may wait."""
        asked = _Asked(self, texts)
        if asked.new:
            inner, listed = self._inner, asked.listed()
            blocking = inner.recognize_blocking if isinstance(inner, Workers) else inner.recognize
            asked.keep(blocking(asked.new, listed, self._kept))
        return tuple(asked.known[text] for text in texts)

    @property
    def cache(self) -> Cache:
        """The cache, which others may share."""
        return self._cache

    @property
    def edition(self) -> Edition | None:
        """The lists as they are now; None where there are none that may change."""
        return self._lists.edition if self._lists else None


class _Asked:
    """One call: which texts are known and which are new, all under one edition of the lists."""

    def __init__(self, recognizer: CachedRecognizer, texts: Sequence[str]) -> None:
        self._cache = recognizer.cache
        self._edition = recognizer.edition
        self._version = f"{recognizer.version}/{self._edition.version}" if self._edition else recognizer.version
        self.known: dict[str, Spans] = {}
        self.new: list[str] = []
        for text in dict.fromkeys(texts):
            spans = self._cache.get(self._cache.key(text, self._version))
            if spans is None:
                self.new.append(text)
            else:
                self.known[text] = spans

    def listed(self) -> tuple[Spans, ...] | None:
        """What the lists hold of the new texts. Raises RecognizerError."""
        return self._edition.find(self.new) if self._edition else None

    def keep(self, found: Sequence[Spans]) -> None:
        """Keep what was found in the new texts."""
        for text, spans in zip(self.new, found, strict=True):
            self.known[text] = spans
            self._cache.put(self._cache.key(text, self._version), spans)
