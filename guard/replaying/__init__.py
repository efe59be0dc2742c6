"""What would have been decided otherwise: recorded exchanges, as masked, put before other policies or constitutions.

Nothing is sent to an upstream, and nothing of an exchange is recorded. What a replay cannot know is what the model
would have said to a prompt that was refused then, and what stood where there is a placeholder now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guard.audit.reading import Filters, Reader, Recorded
from guard.types import Decision, Operator

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was decided over an exchange, or would be: by which policy, with what the critic found."""

    policy: str
    decision: Decision
    reason: str = ""
    fired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """One exchange, then and now.

    `operators` says of each entity on record that would be treated otherwise what was done with it and what would be,
    `found` which entities would be found now in what left then.
    """

    exchange: str
    time: float
    team: str
    surface: str
    before: Outlook
    after: Outlook
    operators: Mapping[str, tuple[Operator, Operator]]
    found: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether anything would be otherwise."""
        judged = (self.before.decision, self.before.fired) != (self.after.decision, self.after.fired)
        return judged or bool(self.operators) or bool(self.found)


@dataclass(frozen=True, slots=True)
class Skipped:
    """One exchange that cannot be replayed, and why."""

    exchange: str
    why: str


def recorded(reader: Reader, filters: Filters) -> Iterator[Recorded]:
    """The exchanges that `filters` let through, the newest first. Raises AuditError."""
    before: int | None = None
    while page := reader.list(PAGE, before, filters):
        for row in page:
            found = reader.show(row.exchange)
            if found is not None:
                yield found
        before = page[-1].seq
