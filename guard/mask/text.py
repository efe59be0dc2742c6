"""A text as recognizers should see it: JSON inside a string is read, at any depth, and its strings are told apart.

A recognizer that reads JSON with escapes as plain text misses what they hide, such as an at sign written by its
number. So a text that is JSON becomes a tree whose leaves are the decoded strings, each with a map back to where it
stands, and what is found in a leaf is replaced in the outer text in place: whatever was not found keeps its bytes.
Lines of JSON are read in the same way. A text that only holds some JSON is one leaf, with its escapes decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from guard.types import Span

Kind = Literal["text", "name"]
# text  prose: a part of it may be replaced
# name  an identifier or a key: replaced as a whole, by a placeholder without brackets

_TOKEN = re.compile(r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")(?P<key>\s*:)?|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)')
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
# The same however many strings it is inside, each of which doubles the backslashes.
_WRITTEN = re.compile(
    r"\\+u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|\\+u[0-9a-fA-F]{4}|\\+[\"/]|\\+[nrt](?![a-z])"
)
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Inner:
    """A string or a long number inside a JSON text: where its content stands, and the content as a text of its own."""

    start: int
    end: int
    offsets: tuple[int, ...] | None
    text: Text
    number: bool

    def outer(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` of the content stand in the text around it."""
        if self.number:
            return self.start, self.end
        if self.offsets is None:
            return self.start + start, self.start + end
        return self.start + self.offsets[start], self.start + self.offsets[end]


@dataclass(frozen=True, slots=True)
class Text:
    """A text; where it is JSON, `inner` holds its strings, else `inner` is None and the text itself is to be read.

    `context` is the key under which the text stands: of `hunter2` only that can tell that it is a password.
    """

    raw: str
    kind: Kind = "text"
    inner: tuple[Inner, ...] | None = None
    context: str = ""

    @property
    def readings(self) -> tuple[str, ...]:
        """How recognizers should read this leaf: after its key, and an identifier also with its underscores spaced."""
        if self.kind == "name" and "_" in self.raw:
            return self.raw, self.raw.replace("_", " ")
        return (self._before + self.raw,)

    @property
    def _before(self) -> str:
        return f"{self.context}: " if self.context and self.kind == "text" else ""

    def placed(self, spans: Iterable[Span]) -> list[Span]:
        """Spans of a reading as spans of the text itself; what was found in its key is left out."""
        shift = len(self._before)
        if not shift:
            return list(spans)
        return [
            replace(span, start=max(0, span.start - shift), end=span.end - shift) for span in spans if span.end > shift
        ]

    def leaves(self) -> Iterator[Text]:
        """The texts to read, in order."""
        if self.inner is None:
            yield self
        else:
            for item in self.inner:
                yield from item.text.leaves()


def read(raw: str, kind: Kind = "text", *, context: str = "", depth: int = 0) -> Text:
    """`raw`, which stands under the key `context`, as a text, opened as far as it is JSON."""
    if depth < _MAX_DEPTH and _is_json(raw):  # no identifier, whatever its field is called
        return Text(raw, "text", tuple(_strings(raw, context, depth)))
    if _WRITTEN.search(raw):
        return Text(raw, kind, (_decoded(raw, kind, context),))
    return Text(raw, kind, context=context)


def _is_json(raw: str) -> bool:
    if raw.lstrip()[:1] not in {"{", "[", '"'}:
        return False
    return _loads(raw) or ("\n" in raw and all(_loads(line) for line in raw.split("\n") if line.strip()))


def _loads(raw: str) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _strings(raw: str, context: str, depth: int) -> Iterator[Inner]:
    """The strings and the long whole numbers of a JSON text, in order."""
    key = context
    for match in _TOKEN.finditer(raw):
        if match["string"]:
            inner = _string(match, key, depth)
            key = inner.text.raw if match["key"] else key
            yield inner
        elif digits := _long(match["number"]):
            yield Inner(match.start(), match.end(), None, Text(digits, context=key), number=True)


def _long(number: str) -> str:
    """The digits of a whole number of eight or more, however it is written; else nothing."""
    if number.removeprefix("-").isdigit():
        return number if len(number.removeprefix("-")) >= 8 else ""
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) >= 10_000_000 else ""


def _decoded(raw: str, kind: Kind, context: str) -> Inner:
    """The whole of `raw` with its escapes written out."""
    pieces: list[str] = []
    offsets: list[int] = []
    last = 0
    for match in _WRITTEN.finditer(raw):
        codes = [f"\\{code}" for code in match.group().split("\\") if code]
        pieces += [raw[last : match.start()], json.loads(f'"{"".join(codes)}"')]
        offsets += [*range(last, match.start()), match.start()]
        last = match.end()
    offsets += range(last, len(raw) + 1)
    return Inner(0, len(raw), tuple(offsets), Text("".join([*pieces, raw[last:]]), kind, context=context), number=False)


def _string(match: re.Match[str], context: str, depth: int) -> Inner:
    content = match["string"][1:-1]
    start, end = match.start() + 1, match.start() + 1 + len(content)
    kind: Kind = "name" if match["key"] else "text"
    if "\\" not in content:
        return Inner(start, end, None, read(content, kind, context=context, depth=depth + 1), number=False)
    decoded = json.loads(match["string"], strict=False)
    offsets = (*(piece.start() for piece in _ESCAPE.finditer(content)), len(content))
    return Inner(start, end, offsets, read(decoded, kind, context=context, depth=depth + 1), number=False)
