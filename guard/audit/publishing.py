"""Checkpoints go to places outside, so that a log that is cut or made anew no longer fits what others hold.

A checkpoint is published where there are entries since the last one that was, other than those that tell of
publications: else each would call for the next. Before that the log is shown to continue the one published last: where
it does not, nothing is published and that is said. Publishing never holds an exchange up; what fails is told in the
log of the process and by `failing`, and tried again after a while that grows.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final

from guard.audit import checkpoint as notes
from guard.audit.acts import act_of
from guard.audit.checkpoint import Checkpoint
from guard.audit.places import Place, places_of
from guard.audit.proving import grew
from guard.audit.store import Store
from guard.config import Config
from guard.errors import AuditError, GuardError
from guard.types import Act

logger = logging.getLogger("guard")

FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 3600.0
LOOK_S: Final = 30.0  # where nothing was new, how soon to look again
ACTOR: Final = "guard"

Record = Callable[[Act], object]


class Publisher:
    """Publishes the checkpoints of the log in `store` at `places`, each with the seconds between two of them.

    `record` makes an act durable; `memory` is the folder that remembers what was published last, and where.
    """

    def __init__(
        self,
        store: Store,
        places: Sequence[tuple[Place, float]],
        record: Record,
        memory: Path,
        *,
        actor: str = ACTOR,
        clock: Callable[[], float] = time.time,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self.places = tuple(places)
        self.failing: dict[Place, str] = {}  # why the last try failed
        self._store = store
        self._record = record
        self._memory = memory
        self._actor = actor
        self._clock = clock
        self._first_retry_s = first_retry_s

    def publish(self, place: Place) -> Checkpoint | None:
        """Publish the newest checkpoint at `place`; None where nothing is new. Blocks. Raises AuditError, ConfigError.

        AuditError too where the log does not continue what was published last.
        """
        self._store.sign()
        note = self._store.checkpoint()
        last = self._remembered(place)
        if note == last:
            return None
        key = self._store.public_key
        keys = self._store.keys(key)
        if last is not None:
            with self._store.state() as state:
                note = grew(state, last, key).after
            if not self._news_since(notes.verify(last, keys).size):
                return None
        checkpoint = notes.verify(str(note), keys)
        place.publish(str(note), checkpoint)
        self._remember(place, str(note))
        note = f"checkpoint of {checkpoint.size} entries"
        self._record(act_of(self._actor, "", "publish", place.name, note, now=self._clock()))
        return checkpoint

    async def run(self) -> None:
        """Publish at all places, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for place, every_s in self.places:
                tasks.create_task(self._keep_publishing(place, every_s))

    async def _keep_publishing(self, place: Place, every_s: float) -> None:
        failures = 0
        while True:
            published, problem = await asyncio.to_thread(self._try, place)
            if problem is None:
                self.failing.pop(place, None)
                failures, pause_s = 0, every_s if published else min(every_s, LOOK_S)
            else:
                if self.failing.get(place) != problem:
                    logger.warning("no checkpoint could be published at the %s: %s", place.name, problem)
                self.failing[place] = problem
                pause_s = min(self._first_retry_s * 2**failures, LONGEST_RETRY_S)
                failures = min(failures + 1, 20)
            await asyncio.sleep(pause_s)

    def _try(self, place: Place) -> tuple[bool, str | None]:
        """Publish; whether something was published, and why that failed, where it did."""
        try:
            return self.publish(place) is not None, None
        except GuardError as error:
            return False, error.message
        except Exception as error:  # noqa: BLE001 - one failure must not end all further tries
            return False, f"guard failed: {type(error).__name__}"

    def _news_since(self, size: int) -> bool:
        with closing(self._store.entries(after=size - 1)) as entries:  # type: ignore[type-var]
            return any(not _tells_of_publication(numbered.entry) for numbered in entries)

    def _file(self, place: Place) -> Path:
        return self._memory / f"{sha256(place.address.encode()).hexdigest()[:16]}.note"

    def _remembered(self, place: Place) -> str | None:
        """The note that was published last at `place`. Raises AuditError where it cannot be read."""
        path = self._file(place)
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise AuditError(f"{path}: what was published last cannot be read. Check its rights.") from error

    def _remember(self, place: Place, note: str) -> None:
        path = self._file(place)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_text(note, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            raise AuditError(f"{path}: what was published cannot be written down. Check its folder.") from error


def publisher_of(
    config: Config, store: Store, record: Record, environ: Mapping[str, str] = os.environ, *, actor: str = ACTOR
) -> Publisher:
    """What publishes the checkpoints of the log of `config`. Raises ConfigError."""
    return Publisher(store, places_of(config, environ), record, config.data / "published", actor=actor)


def _tells_of_publication(entry: object) -> bool:
    return isinstance(entry, Act) and entry.action == "publish"
