"""Acts of whoever runs a command, on record."""

from __future__ import annotations

import getpass
import os
from contextlib import closing
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from guard.config import Config
    from guard.types import Action

ROLE: Final = "operator"


def operator() -> str:
    """Who runs the command, as the system names it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"user {os.getuid()}"


def record(config: Config, action: Action, subject: str, note: str = "", *, actor: str = "") -> None:
    """Enter into the log, durably, what whoever runs the command, or `actor`, did. Raises AuditError."""
    from guard.audit.acts import act_of
    from guard.audit.log import store_of

    with closing(store_of(config)) as store:
        store.append([act_of(actor or operator(), ROLE, action, subject, note)])
