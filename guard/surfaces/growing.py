"""A text that arrives in small pieces, kept once."""

from __future__ import annotations

# Small strings take more memory around their characters than for them, so this many are made one.
TOGETHER = 256


class Growing:
    """A text to which pieces are added; each costs its characters, and now and then a string for many of them."""

    __slots__ = ("_length", "_pieces", "_runs")

    def __init__(self) -> None:
        self._runs: list[str] = []
        self._pieces: list[str] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, piece: str) -> None:
        """Go on with `piece`."""
        self._pieces.append(piece)
        self._length += len(piece)
        if len(self._pieces) >= TOGETHER:
            self._runs.append("".join(self._pieces))
            self._pieces.clear()

    def text(self) -> str:
        """The text so far; the same object as long as nothing is added."""
        runs, self._runs = [*self._runs, "".join(self._pieces)], []
        self._pieces.clear()
        # CPython makes a string longer in place where nobody else holds it, and each run goes once it has been used:
        # so there are never two of a long text. An interpreter that copies has few runs to copy.
        whole, runs[0] = runs[0], ""
        for at in range(1, len(runs)):
            whole += runs[at]
            runs[at] = ""
        self._runs.append(whole)
        return whole
