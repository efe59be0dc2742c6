"""What guard changed in a reply, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["same", "removed", "added"]

# A placeholder, a word, one character of a script without blanks, or what stands between.
WORD: Final = re.compile(r"<[A-Z][A-Z0-9_]*>|[^\W぀-ヿ一-鿿]+|\s+|.", re.DOTALL)
MOST_WORDS: Final = 6000  # of both sides; difflib's time grows with their product


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch that both texts have, or that only one has."""

    kind: Kind
    text: str


def changes(before: str, after: str) -> tuple[Change, ...]:
    """How `after` was made of `before`: "same" and "removed" joined give `before`, "same" and "added" `after`."""
    old, new = WORD.findall(before), WORD.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    found = [Change("same", "".join(old[:head])), *_middle(middle_old, middle_new)]
    found.append(Change("same", "".join(old[len(old) - tail :])))
    return tuple(change for change in found if change.text)


def _middle(old: list[str], new: list[str]) -> Iterator[Change]:
    if len(old) + len(new) > MOST_WORDS:
        yield Change("removed", "".join(old))
        yield Change("added", "".join(new))
        return
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Change("same", "".join(old[start:end]))
            continue
        yield Change("removed", "".join(old[start:end]))
        yield Change("added", "".join(new[begin:stop]))


def _common(old: list[str], new: list[str]) -> int:
    """How many words both begin with."""
    return next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
