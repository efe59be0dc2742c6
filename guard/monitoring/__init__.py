"""What other systems are told of exchanges: metrics, traces, security events.

All of it is read off the entries of the audit log once they are durable, so that nothing is told that is not on record,
and no value can be in it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from guard.types import Act, Closing, Entry, Opening

logger = logging.getLogger("guard")

MOST_OPEN: Final = 10_000  # exchanges under way that are remembered until they end


class Watcher(Protocol):
    """Something that is told of what was recorded. It must not block: it is called on the event loop."""

    def began(self, opening: Opening) -> None:
        """An exchange has begun."""
        ...

    def ended(self, opening: Opening, closing: Closing) -> None:
        """An exchange has ended."""
        ...

    def forgotten(self, opening: Opening) -> None:
        """An exchange has not ended for so long that its end will not be told."""
        ...

    def acted(self, act: Act) -> None:
        """Somebody did something with the log."""
        ...

    def close(self) -> None:
        """Hand over what waits. May block, for a moment."""
        ...


@runtime_checkable
class Paged(Protocol):
    """A watcher that has a page to be fetched."""

    def page(self) -> bytes:
        """What it counted, in Prometheus's text form."""
        ...


class Monitor:
    """Tells watchers of entries, each exchange's end together with its beginning. Any thread may call."""

    def __init__(self, watchers: Sequence[Watcher] = ()) -> None:
        self._watchers = tuple(watchers)
        self._open: OrderedDict[str, Opening] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._watchers)

    def recorded(self, entry: Entry) -> None:
        """Tell the watchers of an entry. What goes wrong there is for the process's log, and never for an exchange."""
        try:
            self._tell(entry)
        except Exception as error:  # noqa: BLE001 - a watcher must not stop an exchange
            logger.error("what was recorded could not be told to a watcher: %s", type(error).__name__)  # noqa: TRY400

    def page(self) -> bytes | None:
        """The page for Prometheus; None where nobody counts for it."""
        return next((watcher.page() for watcher in self._watchers if isinstance(watcher, Paged)), None)

    def close(self) -> None:
        """Close the watchers."""
        for watcher in self._watchers:
            watcher.close()

    def _tell(self, entry: Entry) -> None:
        match entry:
            case Opening():
                self._open[entry.exchange] = entry
                for watcher in self._watchers:
                    watcher.began(entry)
                while len(self._open) > MOST_OPEN:
                    _, oldest = self._open.popitem(last=False)
                    for watcher in self._watchers:
                        watcher.forgotten(oldest)
            case Closing():
                opening = self._open.pop(entry.exchange, None)
                if opening is not None:
                    for watcher in self._watchers:
                        watcher.ended(opening, entry)
            case Act():
                for watcher in self._watchers:
                    watcher.acted(entry)
