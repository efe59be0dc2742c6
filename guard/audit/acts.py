"""What people and guard itself do with the log, as entries of it."""

from __future__ import annotations

import secrets
import time

from guard.types import Act, Action


def new_id(now: float | None = None) -> str:
    """A name for an entry at `now`, in Unix seconds: its milliseconds, then chance, so that names sort by time."""
    milliseconds = time.time_ns() // 1_000_000 if now is None else int(now * 1000)
    return f"{milliseconds:011x}-{secrets.token_hex(5)}"


def act_of(actor: str, role: str, action: Action, subject: str, note: str = "", *, now: float | None = None) -> Act:
    """What `actor` did to `subject` in a `role`, at `now` or at this moment."""
    at = time.time() if now is None else now
    return Act(new_id(at), at, actor, role, action, subject, note)
