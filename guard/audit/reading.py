"""Reading the audit log, without any right to change it: the list, one exchange, the check of the whole."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from guard.audit.checkpoint import PublicKey
from guard.audit.database import failing_as, open_to_read
from guard.audit.entries import decode
from guard.audit.tables import LAST_CHECKPOINT, LIST, SHOW
from guard.audit.verify import TOLERANCE_S, Report, check
from guard.errors import AuditError, ConfigError
from guard.types import Closing, Opening

NEWEST: Final = 2**63 - 1


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
    """What the log holds of one exchange; `closing` is None while it is unfinished."""

    opening: Opening
    closing: Closing | None


class SqliteReader:
    """The log in the file `path`, to read. Each call opens the file anew, sees one state of it and blocks nobody."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def public_key(self) -> PublicKey:
        """The key beside the log. Whoever can change the log may change it too: keep a copy elsewhere."""
        path = self.path.with_suffix(".pub")
        try:
            return PublicKey.parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, AuditError) as error:
            raise ConfigError(f"{path}: the public key of the log cannot be read. Restore it.") from error

    def list(self, limit: int = 50, before: int | None = None) -> tuple[Row, ...]:
        """The newest `limit` exchanges, newest first, of those whose `seq` is smaller than `before`."""
        last = NEWEST if before is None else before
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            return tuple(Row(*row) for row in connection.execute(LIST, (last, limit)))

    def show(self, exchange: str) -> Recorded | None:
        """What is recorded of `exchange`; None where the log does not know it."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            opening = connection.execute(SHOW, (exchange, "opening")).fetchone()
            ended = connection.execute(SHOW, (exchange, "closing")).fetchone()
        if opening is None:
            return None
        first, last = decode(opening[0]), None if ended is None else decode(ended[0])
        if not isinstance(first, Opening) or isinstance(last, Opening):
            raise AuditError("an entry of the log is not of the kind it is filed under. Run: guard audit verify")
        return Recorded(first, last)

    def checkpoint(self) -> str | None:
        """The newest checkpoint as a signed note, to be kept elsewhere; None for an empty log."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            row = connection.execute(LAST_CHECKPOINT).fetchone()
        return None if row is None else str(row[1])

    def verify(self, public_key: PublicKey, *, trusted: str | None = None, tolerance_s: float = TOLERANCE_S) -> Report:
        """Check the whole log; see `guard.audit.verify.check`. Raises AuditError where it cannot be read at all."""
        with failing_as("the audit log cannot be read"), closing(open_to_read(self.path)) as connection:
            return check(connection, public_key, trusted=trusted, tolerance_s=tolerance_s)
