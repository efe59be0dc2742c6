"""Recognition for the shell: in worker processes, off the event loop, and cached by text."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence

from guard.backends.company import Company, Edition, Lists
from guard.backends.stack import Spans, Spec, Stack
from guard.backends.workers import Workers
from guard.policy import KEEPS_NOTHING, Kept

__all__ = ["Cache", "CachedRecognizer", "Company", "Lists", "Spans", "Spec", "Stack", "Workers"]

LONG_TEXT = 20_000  # characters from which on lists are looked up off the event loop


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
