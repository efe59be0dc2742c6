"""Where a stream may be told up to before it has ended: the ends of sentences, of lines, and of calls.

A window ends between two events, where every text that goes on over events rests: after a sentence or a line, in a long
sentence between two words, and never inside a call, which is only told whole. So no window ends inside a word, a number
or an address, and what has been judged up to there means what it seems to mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from guard.surfaces.parts import Key, Part
from guard.surfaces.stream import Event
from guard.surfaces.surface import Surface
from guard.types import Json

LONG = 240  # characters of one window, from which on it may end between any two words
LONGEST = 2_000  # and from which on it may end anywhere

_LINE = re.compile(r"(?:[.!?…:;][\"'”’)\]*_`»]*\s|[。．！？」』]|\n)\s*\Z")  # what follows begins anew, whatever it is
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]*_`»]*\Z")  # the same, if a blank follows
_SEEN = 12  # characters at the end of a text that decide


@dataclass(slots=True)
class _Open:
    """A text that goes on: its last characters, and how long it has become since the last window ended."""

    choice: int
    tail: str = ""
    length: int = 0
    left: bool = False  # another text of the same choice goes on instead

    def add(self, text: str) -> None:
        self.left = False
        self.tail = (self.tail + text)[-_SEEN:]
        self.length += len(text)

    @property
    def rests(self) -> bool:
        """Whether it rests here whatever follows."""
        return self.left or not self.length or self.length >= LONGEST or bool(_LINE.search(self.tail))

    def rests_before(self, text: str) -> bool:
        """Whether it rests where `text` follows."""
        if self.rests:
            return True
        return text[:1].isspace() and (self.length >= LONG or bool(_SENTENCE.search(self.tail)))


class Windows:
    """Finds the windows of one stream; the same ones however its events arrive."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._open: dict[Key, _Open] = {}
        self._calls: set[Key] = set()
        self._begun = False  # before the first words there is nothing to judge, and nothing is told
        self._count = 0
        self._ended = 0
        self._said = 0
        self.length = 0  # characters that lie in windows that have ended

    def feed(self, event: Event) -> int:
        """How many events of the stream, from its first on, lie in windows that have ended once `event` is here."""
        body = event.body
        plain = event.plain or (None if body is None else self._surface.plain(body))
        pieces = [(plain[2], plain[1])] if plain else self._pieces(body) if body else []
        coming: dict[Key, str] = {}
        for part, text in pieces:
            if text and part.piece:
                coming.setdefault(part.key, text)
        going_on = {part.choice for part, _ in pieces if part.key in coming}
        for key, waits in self._open.items():
            waits.left = waits.left or (waits.choice in going_on and key not in coming)
        if self._all_rest(coming):
            self._end(self._count)
        self._count += 1
        for part, text in pieces:
            self._begun = self._begun or bool(text)
            self._said += len(text)
            if text and part.piece:
                self._open.setdefault(part.key, _Open(part.choice)).add(text)
        if body is not None and not plain:  # else it brings content, and neither a call nor an end
            self._calls.update(self._surface.calls(body))
            for beginning in self._surface.finished(body):
                self._finish(beginning)
        if self._all_rest({}):
            self._end(self._count)
        return self._ended

    def _pieces(self, body: dict[str, Json]) -> list[tuple[Part, str]]:
        placed = ((self._surface.part(body, leaf.path), leaf) for leaf in self._surface.reply_leaves(body))
        return [(part, leaf.text) for part, leaf in placed if part is not None]

    def _all_rest(self, coming: dict[Key, str]) -> bool:
        """Whether every text rests, where those of `coming` go on so."""
        if self._calls or not self._begun:
            return False
        return all(text.rests_before(coming[key]) if key in coming else text.rests for key, text in self._open.items())

    def _finish(self, beginning: Key) -> None:
        size = len(beginning)
        self._calls = {key for key in self._calls if key[:size] != beginning}
        self._open = {key: text for key, text in self._open.items() if key[:size] != beginning}

    def _end(self, count: int) -> None:
        self._ended, self.length = count, self._said
        for text in self._open.values():
            text.length = 0
