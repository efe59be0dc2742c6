"""One check of the whole log at a time, in a thread of its own, and what the last one found."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from guard.audit.reading import Reader
from guard.audit.verify import Report
from guard.errors import GuardError


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that has ended: when it began, how long it took, and its report, or why there is none."""

    began: float
    seconds: float
    report: Report | None
    failure: str


class Verification:
    """Checks of the log that were asked for here. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None
        self._last: Checked | None = None
        self._thread: threading.Thread | None = None

    @property
    def began(self) -> float | None:
        """When the check that is under way began, in Unix seconds; None where none is."""
        return self._began

    @property
    def last(self) -> Checked | None:
        """The last check that ended since guard started."""
        return self._last

    def begin(self, reader: Reader) -> None:
        """Check the log that `reader` reads, unless a check is under way."""
        with self._lock:
            if self._began is not None:
                return
            self._began = time.time()
            self._thread = threading.Thread(target=self._check, args=(reader, self._began), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until the check that is under way has ended. Blocks."""
        if self._thread is not None:
            self._thread.join()

    def _check(self, reader: Reader, began: float) -> None:
        tick = time.monotonic()
        report, failure = None, ""
        try:
            report = reader.verify(reader.public_key)
        except GuardError as error:
            failure = error.message
        except Exception as error:  # noqa: BLE001 - a check that dies must not look as if it went on for ever
            failure = type(error).__name__
        self._last = Checked(began, time.monotonic() - tick, report, failure)
        self._began = None
