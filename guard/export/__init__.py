"""The audit log, written out to where people keep their data: one row for each entry, in order, each exactly once.

An export goes on where the last one to the same place ended. What a place has received is told by the place itself, so
that an export that broke off, on whatever machine, is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, Protocol

from guard.audit.reading import Numbered, Reader
from guard.export.rows import Row, row_of
from guard.types import Act

Form = Literal["jsonl", "parquet", "delta"]
# jsonl    a folder of files with a JSON object a line
# parquet  a folder of Parquet files
# delta    a Delta Lake table, in a folder or at an address such as s3://bucket/table

AT_ONCE: Final = 20_000  # entries that become one commit or one set of files


class Place(Protocol):
    """Where entries are written to, partitioned by the day (UTC) of the entry."""

    def last(self) -> int:
        """The number of the last entry that it has; -1 for none. Raises ConfigError where it is of something else."""
        ...

    def add(self, rows: Sequence[Row]) -> None:
        """Add the rows that follow those it has: all or none, durable on return. Raises ConfigError."""
        ...


@dataclass(frozen=True, slots=True)
class Exported:
    """What one run wrote: the entries after number `after` up to `last`."""

    after: int
    last: int

    @property
    def entries(self) -> int:
        """How many."""
        return self.last - self.after


def export(
    reader: Reader,
    place: Place,
    *,
    content: bool,
    begins: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Write what `place` does not have yet, with or without the words of exchanges. Raises AuditError, ConfigError.

    `begins` is told the number of the first entry before anything is written, and `progress` that of the last one that
    was. Where there is nothing new but that somebody exported, nothing is written: it goes along with the next entries.
    """
    after = last = place.last()
    entries = reader.entries(after)
    while batch := tuple(islice(entries, AT_ONCE)):
        if last == after:
            if all(isinstance(item.entry, Act) and item.entry.action == "export" for item in batch):
                break
            begins(batch[0].seq)
        place.add(tuple(_rows(batch, content=content)))
        last = batch[-1].seq
        progress(last)
    return Exported(after, last)


def _rows(batch: Sequence[Numbered], *, content: bool) -> Iterator[Row]:
    return (row_of(item, content=content) for item in batch)
