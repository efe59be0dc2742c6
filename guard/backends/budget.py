"""How much a file may ask of guard while it is read, and what is left of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from guard.errors import RequestError, TooLargeError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask of guard: bytes as it came and unpacked, its parts, pages, characters, and seconds.

    `scan_seconds` are those for pages that are pictures, which take two to five each.
    """

    size: int = 32 << 20
    unpacked: int = 128 << 20
    parts: int = 5_000
    pages: int = 500
    characters: int = 5_000_000
    seconds: float = 20.0
    scan_seconds: float = 120.0


LIMITS = Limits()


@dataclass
class Budget:
    """What is left of the limits while one file is read."""

    limits: Limits
    deadline: float = field(init=False)
    scanned: float = 0.0
    characters: int = 0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.seconds

    def scan(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; its time is counted apart. Raises TooLargeError when that is up."""
        began = time.monotonic()
        result = work()
        spent = time.monotonic() - began
        self.deadline += spent
        self.scanned += spent
        if self.scanned > self.limits.scan_seconds:
            raise TooLargeError(
                f"A PDF's pictures take more than {self.limits.scan_seconds:g} s to read. Send fewer pages."
            )
        return result

    def spend(self, text: str = "") -> str:
        """`text`, counted. Raises TooLargeError when time or characters are up."""
        self.characters += len(text)
        if self.characters > self.limits.characters:
            raise TooLargeError(f"A file holds more than {self.limits.characters} characters. Send a part of it.")
        if time.monotonic() > self.deadline:
            raise TooLargeError(f"A file takes more than {self.limits.seconds:g} s to read. Send a part of it.")
        return text


def mismatch() -> RequestError:
    """What to raise for a file that is something else."""
    return RequestError("A file is not of the kind that it is said to be. Correct the kind, or send another file.")
