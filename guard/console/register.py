"""The console's register: who may sign in, who is signed in, and the links that wait to be used."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from guard.audit.drawers import Drawer, InDrawer
from guard.audit.models import DialectName
from guard.audit.shelf import Run
from guard.audit.tables import Prepared


class Register(InDrawer):
    """What lies in `drawer`, which several processes may share. Blocking; any thread may call.

    `clock` gives Unix seconds. Its methods raise AuditError where the drawer cannot be used.
    """

    def __init__(self, drawer: Drawer, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(drawer)
        self.clock = clock

    @property
    def dialect(self) -> DialectName:
        """The database it lies in."""
        return self._drawer.dialect

    def writing(self) -> AbstractContextManager[Run]:
        """What runs statements whose changes are made all or none, and are durable after the block."""
        return self._drawer.writing()

    def rows(self, query: Prepared, **values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._drawer.reading() as run:
            return run(query, **values).fetchall()
