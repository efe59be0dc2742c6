"""What people do with their access, as entries of the audit log."""

from __future__ import annotations

import time

from guard.service import new_id
from guard.types import Act, Action

CONSOLE = "console"


def act(actor: str, role: str, action: Action, subject: str = CONSOLE, note: str = "") -> Act:
    """An act of a person, now."""
    return Act(new_id(), time.time(), actor, role, action, subject, note)
