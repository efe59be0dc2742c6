"""Acts on the log as they are appended, by whichever process: commands and other servers append past this one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from guard.audit.tables import NEWEST
from guard.errors import AuditError, ConfigError
from guard.types import Act

EVERY_S: Final = 2.0


class Acts(Protocol):
    """What tells of acts; `guard.audit.reading.Reader` does."""

    def acts(self, after: int) -> tuple[tuple[Act, ...], int]:
        """The acts after the entry of a number, and the number of the last entry. Raises AuditError."""
        ...


class Tail:
    """A thread that tells `told` of each act once, from those appended after this was made until it is closed.

    `told` must not raise. While the log cannot be read nothing is told; what was appended then is told afterwards.
    Raises AuditError where the log cannot be read at the start.
    """

    def __init__(self, log: Acts, told: Callable[[Act], None], *, every_s: float = EVERY_S) -> None:
        self._log, self._told, self._every_s = log, told, every_s
        _, self._last = log.acts(NEWEST)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="guard-acts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Tell of what was appended until now, and end the thread. Blocks."""
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._end.wait(self._every_s):
            self._look()
        self._look()

    def _look(self) -> None:
        with suppress(AuditError, ConfigError):  # the database is away, which passes
            acts, self._last = self._log.acts(self._last)
            for act in acts:
                self._told(act)
