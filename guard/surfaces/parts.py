"""The texts of a reply: which of them a string belongs to, and what of a choice is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Key: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Which text of a reply a string belongs to.

    `key` is the same for everything that belongs to one text, in whichever event it comes. A `piece` is a part of the
    text, to be joined to those before it; any other string is all of it. `content` are words for the reader, which may
    be revised; everything else (tool calls, reasoning) may not.
    """

    choice: int
    key: Key
    content: bool = False
    piece: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The words of one choice of a reply: its content, which may be revised, and the rest, which may not.

    `pictures` are the places in the reply, as the log writes them, of what is not judged because it is no text.
    """

    index: int
    content: str
    rest: str = ""
    pictures: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is judged: the content first."""
        return f"{self.content}\n{self.rest}" if self.rest else self.content
