"""The keys of one log, each with the checkpoints that it signs: the signing key may be changed.

A change is a checkpoint that names the old and the new key and is signed by both. So whoever trusts one of the keys can
follow the changes to all of them: the old one vouches for the new one, and the new one for the old one, over all that
the log held until then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from guard.audit.checkpoint import PublicKey, changed_keys, verify
from guard.errors import AuditError


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of a log in their order: each signs the checkpoints from its size in `starts` to the next one's.

    `changes` are the notes that tell so.
    """

    keys: tuple[PublicKey, ...]
    starts: tuple[int, ...] = (0,)
    changes: tuple[str, ...] = ()

    @classmethod
    def of(cls, trusted: PublicKey, changes: Iterable[Any]) -> Ring:
        """The keys that the notes `changes` tell of, in their order. Raises AuditError where `trusted` is none of them.

        AuditError too where a note is not signed by both keys, or does not go on from the one before.
        """
        keys, starts = [trusted], [0]
        told: list[str] = []
        for note in changes:
            old, new = changed_keys(note)
            size = verify(note, old, witnessed=True).size
            verify(note, new, witnessed=True)
            if told and (keys[-1] != old or size <= starts[-1]):
                raise AuditError("the changes of the signing key do not follow each other: one is missing or altered")
            keys = [*keys, new] if told else [old, new]
            starts.append(size)
            told.append(note)
        if trusted not in keys or len({key.origin for key in keys}) > 1:
            raise AuditError("the changes of the signing key do not lead from or to the key that was given")
        return cls(tuple(keys), tuple(starts), tuple(told))

    @property
    def origin(self) -> str:
        """Which log this is."""
        return self.keys[0].origin

    @property
    def newest(self) -> PublicKey:
        """The key that signs now."""
        return self.keys[-1]

    def at(self, size: int) -> PublicKey:
        """The key that signs the checkpoint of `size` entries."""
        return self.keys[max(bisect_right(self.starts, size) - 1, 0)]
