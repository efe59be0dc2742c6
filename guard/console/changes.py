"""What guard changed in a reply, word by word."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["same", "removed", "added"]

# A placeholder, a word, one character of a script without blanks, or a sign, each with the blanks after it: these
# alone would match each other everywhere.
WORD: Final = re.compile(r"\s+|(?:<[A-Z][A-Z0-9_]*>|[^\W぀-ヿ一-鿿]+|.)\s*", re.DOTALL)
MOST_WORK: Final = 30_000_000  # as `_work` counts it: at worst about two seconds


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch that both texts have, or that only one has."""

    kind: Kind
    text: str


def changes(before: str, after: str) -> tuple[Change, ...]:
    """How `after` was made of `before`: "same" and "removed" joined give `before`, "same" and "added" `after`.

    Where that would take too long, what is between the words that both begin and end with is told as a whole: what it
    was, and what it is. Texts may be long: for a thread.
    """
    old, new = WORD.findall(before), WORD.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    found = [Change("same", "".join(old[:head])), *_middle(middle_old, middle_new)]
    found.append(Change("same", "".join(old[len(old) - tail :])))
    return tuple(change for change in found if change.text)


def _middle(old: list[str], new: list[str]) -> Iterator[Change]:
    if _work(old, new) > MOST_WORK:
        yield Change("removed", "".join(old))
        yield Change("added", "".join(new))
        return
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Change("same", "".join(old[start:end]))
            continue
        yield Change("removed", "".join(old[start:end]))
        yield Change("added", "".join(new[begin:stop]))


def _work(old: list[str], new: list[str]) -> int:
    """About how many steps difflib makes at most: for each stretch it looks at all pairs of equal words anew."""
    again = Counter(new)
    pairs = sum(times * again[word] for word, times in Counter(old).items())
    return min(len(old), len(new)) * (len(old) + pairs)


def _common(old: list[str], new: list[str]) -> int:
    """How many words both begin with."""
    return next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
