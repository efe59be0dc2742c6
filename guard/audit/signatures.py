"""The signatures of many checkpoints, checked by several processes at once.

A signature takes about 0.1 ms to check, more than an entry does: in a log of an older guard, which signed each commit,
whose commits held one entry each, the signatures are most of the work. Every one is checked, whichever process does it.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import Final, Self

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, PublicKey
from guard.audit.ring import Ring
from guard.errors import AuditError

FEW: Final = 4096  # so many are checked here: starting processes would take longer
BATCH: Final = 1024
AHEAD: Final = 4  # batches that wait for each process; bounds memory


class Signatures:
    """Checks signed notes against `keys`; from the first FEW on in `processes` other processes, if more than one.

    A context manager. What is checked elsewhere is told by `wrong`.
    """

    def __init__(self, keys: Ring, processes: int = 1) -> None:
        self.keys = keys
        self._processes = processes
        self._seen = 0
        self._batch: list[tuple[int, str]] = []
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: deque[Future[list[int]]] = deque()
        self._wrong: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def check(self, at: int, note: str) -> Checkpoint:
        """The checkpoint that `note` holds; its signature may be checked later, and then be among the `wrong`.

        Raises AuditError where it holds none, or where its signature is found wrong at once.
        """
        self._seen += 1
        if self._processes <= 1 or self._seen <= FEW:
            return notes.verify(note, self.keys)
        checkpoint = notes.read(note, self.keys)
        self._batch.append((at, note))
        if len(self._batch) >= BATCH:
            self._hand_over()
        return checkpoint

    def wrong(self) -> Iterator[int]:
        """Of the notes that were checked elsewhere, those whose signature is wrong, as `check` was told; waits."""
        if self._batch:
            self._hand_over()
        while self._under_way:
            self._wrong += self._under_way.popleft().result()
        yield from self._wrong

    def _hand_over(self) -> None:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, mp_context=context)
        self._under_way.append(self._pool.submit(wrong_among, _parts(self.keys), self._batch))
        self._batch = []
        while len(self._under_way) > AHEAD * self._processes:
            self._wrong += self._under_way.popleft().result()


def wrong_among(parts: Sequence[tuple[int, str]], batch: Sequence[tuple[int, str]]) -> list[int]:
    """Which of the notes in `batch`, by their numbers, are not signed by the keys in `parts`, each from a size on."""
    keys = Ring(tuple(PublicKey.parse(key) for _, key in parts), tuple(start for start, _ in parts))
    wrong = []
    for at, note in batch:
        try:
            notes.verify(note, keys)
        except AuditError:
            wrong.append(at)
    return wrong


def _parts(keys: Ring) -> tuple[tuple[int, str], ...]:
    return tuple((start, str(key)) for start, key in zip(keys.starts, keys.keys, strict=True))
