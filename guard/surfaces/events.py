"""Events of a stream that wait, in little memory.

An event that says a word is some hundred bytes, and some thousand once it has been read. So of those that wait for long
only the bytes are kept, compressed block by block, for events are much alike; they are read again when they are wanted.
"""

from __future__ import annotations

import zlib
from array import array
from collections import deque
from collections.abc import Iterable, Iterator

from guard.surfaces.stream import Event, read_event
from guard.types import Json

FRESH = 64  # events that are kept as they were read
BLOCK = 32_768  # bytes of events that are compressed together
QUICK = zlib.Z_BEST_SPEED


class Events:
    """Events in order; `done` are the data that end a stream of their surface."""

    __slots__ = ("_blocks", "_count", "_done", "_fresh", "_raw", "_sizes")

    def __init__(self, done: bytes) -> None:
        self._done = done
        self._blocks: list[tuple[bytes, array[int]]] = []  # compressed events, and the size of each
        self._raw = bytearray()
        self._sizes = array("I")
        self._fresh: deque[Event] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Event]:
        """Every event that is here now."""
        blocks, open_, fresh = tuple(self._blocks), (bytes(self._raw), self._sizes[:]), tuple(self._fresh)
        for packed, sizes in blocks:
            yield from self._read(zlib.decompress(packed), sizes)
        yield from self._read(*open_)
        yield from fresh

    @property
    def bodies(self) -> Iterator[dict[str, Json]]:
        """The bodies of the events that carry one."""
        return (event.body for event in self if event.body is not None)

    def raw(self) -> Iterator[bytes]:
        """The bytes of all events, many together."""
        yield from (zlib.decompress(packed) for packed, _ in self._blocks)
        yield bytes(self._raw)
        yield from (event.raw for event in self._fresh)

    def append(self, event: Event) -> None:
        """Let one more event wait."""
        self._count += 1
        self._fresh.append(event)
        if len(self._fresh) > FRESH:
            self._pack(self._fresh.popleft())

    def pop(self) -> list[Event]:
        """The newest event, which waits no longer; nothing where there is none."""
        if not self._fresh:
            waiting = list(self)
            self.clear()
            for event in waiting:
                self.append(event)
        if not self._fresh:
            return []
        self._count -= 1
        return [self._fresh.pop()]

    def clear(self) -> None:
        """Let none wait any more."""
        self._blocks, self._raw, self._sizes, self._count = [], bytearray(), array("I"), 0
        self._fresh.clear()

    def _pack(self, event: Event) -> None:
        self._raw += event.raw
        self._sizes.append(len(event.raw))
        if len(self._raw) >= BLOCK:
            self._blocks.append((zlib.compress(self._raw, QUICK), self._sizes))
            self._raw, self._sizes = bytearray(), array("I")

    def _read(self, raw: bytes, sizes: Iterable[int]) -> Iterator[Event]:
        start = 0
        for size in sizes:
            yield read_event(raw[start : start + size], self._done)
            start += size
