"""How many JSON strings a place in a text stands in, known while the text streams by.

A value that is put into a JSON string has to be escaped, and where that string is itself inside another one, twice. A
model decides what it writes where, so the depth is read from the text: from each quote with the backslashes before it,
which every level of strings doubles.
"""

from __future__ import annotations

import re

_BLANK = re.compile(r"(?:\s|\\+[nrt])*")
_BACKSLASHES = re.compile(r"\\*")
_QUOTE = re.compile(r'(\\*)"')
_TAIL = re.compile(r"\\*\Z")
# What may follow the bracket that begins JSON: prose that begins with a bracket does not go on like this.
_GOES_ON = {"{": frozenset('"}'), "[": frozenset('"{[]-0123456789tfn')}


class Nesting:
    """Reads a text, in pieces of any size. `depth` is the number of JSON strings that are open at its end."""

    def __init__(self) -> None:
        self._levels: list[bool | None] = [None]  # the text, then each open string: whether it is JSON, if known
        self._unread = ""

    @property
    def depth(self) -> int:
        """In how many JSON strings what follows stands."""
        return len(self._levels) - 1

    def feed(self, text: str) -> None:
        """Read on."""
        if self._levels[0] is False:
            return
        text, self._unread = self._unread + text, ""
        position: int | None = 0
        while position is not None:
            position = self._look(text, position) if self._levels[-1] is None else self._quote(text, position)

    def _look(self, text: str, position: int) -> int | None:
        """Find out whether the innermost level is JSON; where to read on, None where that cannot be told yet."""
        first = _significant(text, position)
        bracket = text[first : first + 1]
        if bracket and bracket not in _GOES_ON:
            self._levels[-1] = False
            return position if len(self._levels) > 1 else None
        second = _BACKSLASHES.match(text, _significant(text, first + 1)).end()  # type: ignore[union-attr]
        if second >= len(text):
            self._unread = text[position:]
            return None
        self._levels[-1] = text[second] in _GOES_ON[bracket]
        return first + 1

    def _quote(self, text: str, position: int) -> int | None:
        """Read the next quote; where to read on, None at the end of the text."""
        match = _QUOTE.search(text, position)
        if match is None:
            self._unread = _TAIL.search(text, position).group()  # type: ignore[union-attr]
            return None
        backslashes = len(match[1])
        for level, is_json in enumerate(self._levels[1:], 1):
            if backslashes % 2 == 0:
                del self._levels[level:]
                return match.end()
            backslashes //= 2
            if not is_json:
                return match.end()
        if self._levels[-1]:
            self._levels.append(None)
        return match.end()


def _significant(text: str, position: int) -> int:
    """Where the first character that is no white space stands, escaped or not."""
    return _BLANK.match(text, position).end()  # type: ignore[union-attr]
