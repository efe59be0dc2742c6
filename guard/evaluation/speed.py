"""What recognition costs, in CPU time of this process: the only time that other work on the machine does not change.

Models must run in this process to be counted; threads are, worker processes are not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

KILOBYTE = 1_024
HISTORY = 40  # messages of a chat of twenty turns
TURNS = 7  # how many new last messages are tried


def kilobytes(texts: Sequence[str]) -> list[str]:
    """Texts of about 1 KB of UTF-8, at least, each made of whole texts on lines of their own; a rest is left out.

    What repeats is left out, since it would be known already.
    """
    pieces = list(dict.fromkeys(_pieces(texts)))
    return pieces or ["\n".join(texts)]


def _pieces(texts: Sequence[str]) -> Iterator[str]:
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text.encode()) + 1
        if size >= KILOBYTE:
            yield "\n".join((*waiting, ""))  # so that even a long text is not one of the texts itself
            waiting, size = [], 0


def cpu_ms(work: Callable[[], object]) -> float:
    """The CPU time of one call, in milliseconds."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1_000


def per_kilobyte(pieces: Sequence[str], find: Callable[[str], object]) -> float:
    """The median CPU time over the pieces, in milliseconds for each KB; the first is done once before, to warm up."""
    find("Warm up: write to nobody@example.com.")
    return median(cpu_ms(partial(find, piece)) * KILOBYTE / len(piece.encode()) for piece in pieces)


def last_turn(pieces: Sequence[str], turn: Callable[[Sequence[str]], object]) -> float:
    """The median CPU time of a request of HISTORY messages of which only the last is new, in milliseconds."""
    messages = [f"{pieces[place % len(pieces)]}\n{place}." for place in range(HISTORY + TURNS - 1)]
    turn(messages[: HISTORY - 1])  # now these are known
    ends = range(HISTORY, HISTORY + TURNS)
    return median(cpu_ms(partial(turn, messages[end - HISTORY : end])) for end in ends)
