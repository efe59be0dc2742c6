"""The texts of a reply: which of them a string belongs to, and what of a choice is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str | int, ...]
Made: TypeAlias = tuple[tuple[Key, int], ...]  # the texts of which one is made, in order, and the length of each


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
    `content_of` and `rest_of` say what each is made of, for whoever has read the beginning: see `goes_on`.
    """

    index: int
    content: str
    rest: str = ""
    pictures: tuple[str, ...] = ()
    content_of: Made = field(default=(), compare=False)
    rest_of: Made = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """What is judged: the content first."""
        return f"{self.content}\n{self.rest}" if self.rest else self.content


def goes_on(before: Made, now: Made) -> bool:
    """Whether what is made of `now` begins with all of what was made of `before`: only its last text may be longer."""
    if not before:
        return True
    *others, (key, length) = before
    last = now[len(others)] if len(now) > len(others) else None
    return list(now[: len(others)]) == others and last is not None and last[0] == key and last[1] >= length
