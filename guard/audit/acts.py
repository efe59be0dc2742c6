"""What people and guard itself do with the log, as entries of it."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guard.times import date
from guard.types import Act, Action

# The check of the log reads these notes: whoever changes how they are written reads the old ones as well.
_ERASED: Final = re.compile(r"\((\d{1,18}) entries(?:, \d+ [a-z ]+)*\)\Z")
_EXPIRED: Final = re.compile(r"(\d{1,18}) entries, of (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)\Z")


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What an act says that it destroyed: the content of so many `entries`, of these days where it names days."""

    entries: int
    first: str = ""
    last: str = ""


def new_id(now: float | None = None) -> str:
    """A name for an entry at `now`, in Unix seconds: its milliseconds, then chance, so that names sort by time."""
    milliseconds = time.time_ns() // 1_000_000 if now is None else int(now * 1000)
    return f"{milliseconds:011x}-{secrets.token_hex(5)}"


def act_of(actor: str, role: str, action: Action, subject: str, note: str = "", *, now: float | None = None) -> Act:
    """What `actor` did to `subject` in a `role`, at `now` or at this moment."""
    at = time.time() if now is None else now
    return Act(new_id(at), at, actor, role, action, subject, note)


def erased_note(reason: str, entries: int, others: Mapping[str, int] | None = None) -> str:
    """The note of an act that erased the content of so many `entries`, and so many of `others`, by their names."""
    also = "".join(f", {number} {name}" for name, number in (others or {}).items() if number)
    return f"{reason} ({entries} entries{also})"


def expired_note(entries: int, first: float, last: float) -> str:
    """The note of an act by which the content of so many `entries` expired, of times (Unix seconds) between these."""
    return f"{entries} entries, of {date(first)} to {date(last)}"


def destroyed_by(act: Act) -> Destroyed | None:
    """What the note of `act` says that it destroyed; None where it says nothing of the kind."""
    if act.action == "erase":
        erased = _ERASED.search(act.note)
        return None if erased is None else Destroyed(int(erased[1]))
    expired = _EXPIRED.match(act.note) if act.action == "expire" else None
    return None if expired is None else Destroyed(int(expired[1]), expired[2], expired[3])
