"""Put values back where placeholders stand, whole or while a text streams by.

What models do to placeholders (lower case, HTML or Markdown escapes, a space inside the brackets, no brackets, a
particle glued on) is undone where the code is known. A code that is not known stays as it is and is counted: guard
never guesses.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

from guard.mask.nesting import Nesting
from guard.mask.placeholders import BENT, PARTIAL, looks_like_one
from guard.mask.vault import Vault
from guard.types import Spelling

# Longer than any placeholder with its bendings: how far back a beginning can lie.
REACH = 400


def escape(text: str, depth: int = 1) -> str:
    """`text` as it stands inside a JSON string that is itself inside `depth` - 1 others."""
    for _ in range(depth):
        text = json.dumps(text, ensure_ascii=False)[1:-1]
    return text


def unescape(written: str, depth: int = 1) -> str | None:
    """What `written` stands for inside `depth` JSON strings; None where it cannot stand there."""
    try:
        for _ in range(depth):
            written = json.loads(f'"{written}"')
    except ValueError:
        return None
    return written


def restore(text: str, vault: Vault) -> str:
    """`text` with every known placeholder replaced."""
    return StreamRestorer(vault, _held=text).flush()


@dataclass(slots=True)
class StreamRestorer:
    """Restores a text that arrives in pieces: the result does not depend on how it was cut.

    Held back is at most the longest end of the text that may still become a placeholder of the vault. A value inside
    JSON is written as JSON has it.
    """

    vault: Vault
    unknown: int = 0
    changed: bool = False
    _came: int = 0
    # Of each placeholder that was replaced: its start, its end, and how much longer the text is after it.
    _replaced: array[int] = field(default_factory=lambda: array("q"))
    _held: str = ""
    _before: str = ""
    _nesting: Nesting = field(default_factory=Nesting)

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def feed(self, text: str) -> str:
        """What can be released after `text` has arrived."""
        if not text:
            return ""
        held = self._held + text
        cut = self._safe_length(held)
        self._held = held[cut:]
        return self._release(held, cut)

    def flush(self) -> str:
        """What was held back: the text is at its end."""
        held, self._held = self._held, ""
        return self._release(held, len(held))

    def moved(self, position: int, edge: Literal["start", "end"]) -> int:
        """Where `position` of the text as it came stands in what was released.

        A position inside a placeholder is that `edge` of its value.
        """
        places = self._replaced
        count = bisect_left(range(len(places) // 3), position, key=lambda at: places[3 * at])
        if not count:
            return position
        start, end, longer = places[3 * count - 3 : 3 * count]
        if position >= end:
            return position + longer
        before = places[3 * count - 4] if count > 1 else 0
        return start + before if edge == "start" else end + longer

    def _safe_length(self, text: str) -> int:
        if not len(self.vault):
            return len(text)
        # The character before the held text decides whether a bare name stands alone.
        seen, shift = self._before + text, len(self._before)
        position = max(shift, len(seen) - REACH)
        while match := PARTIAL.search(seen, position):
            beginning = match["name"] or match["bare"]
            if not beginning and not match["close"]:
                return match.start() - shift
            if beginning and self.vault.may_become(beginning):
                return match.start() - shift
            position = match.start() + 1
        return len(text)

    def _release(self, text: str, length: int) -> str:
        if not length:
            return ""
        whole = self._before + text
        offset = len(self._before)
        pieces, last = [], offset
        for match in BENT.finditer(whole, offset, offset + length):
            spelling = self._lookup(match)
            if spelling is not None:
                self._nesting.feed(whole[last : match.start()])
                pieces += [whole[last : match.start()], self._written(spelling)]
                last = match.end()
                start, end = (self._came + place - offset for place in match.span())
                longer = self._replaced[-1] if self._replaced else 0
                self._replaced.extend((start, end, longer + len(pieces[-1]) - (end - start)))
        self._nesting.feed(whole[last : offset + length])
        pieces.append(whole[last : offset + length])
        self._before = whole[offset + length - 1]
        self._came += length
        return "".join(pieces)

    def _lookup(self, match: re.Match[str]) -> Spelling | None:
        name = match["name"] or match["bare"]
        spelling = self.vault.find(name)
        if spelling is None:
            self.unknown += looks_like_one(name)
        else:
            self.changed = True
        return spelling

    def _written(self, spelling: Spelling) -> str:
        depth = self._nesting.depth
        if depth and spelling.escaped is not None and unescape(spelling.escaped, depth) == spelling.text:
            return spelling.escaped
        return escape(spelling.text, depth)
