"""What is read of the audit log: rows of its lists, exchanges, entries, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass

from guard.audit.content import Lack
from guard.types import Closing, Entry, Opening


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange in a list; times are Unix seconds. What is told at its end is None while it is unfinished."""

    seq: int
    exchange: str
    time: float
    user: str
    team: str
    application: str
    surface: str
    model: str
    ended: float | None
    decision: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the log holds of one exchange; `closing` is None while it is unfinished.

    Where words of the one or the other are not told, their fields are empty, and `lack` and `closing_lack` say why.
    """

    opening: Opening
    closing: Closing | None
    lack: Lack | None = None
    closing_lack: Lack | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry and its number in the log; `lack` says why its words are not told, where they are not."""

    seq: int
    entry: Entry
    lack: Lack | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """That content of an entry is kept beside the tree; `time` is that of the entry, in Unix seconds."""

    exchange: str
    kind: str
    time: float
    person: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many exchanges share `keys`, one for each dimension asked for.

    Hours and days are the Unix seconds at which they begin, in UTC; what is not told is "".
    """

    keys: tuple[str | int, ...]
    exchanges: int
