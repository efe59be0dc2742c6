"""A text as recognizers should see it: JSON inside a string is read, at any depth, and its strings are told apart.

A recognizer that reads JSON with escapes as plain text misses what they hide, such as an at sign written by its
number. So a text that is JSON becomes a tree whose leaves are the decoded strings, each with a map back to where it
stands, and what is found in a leaf is replaced in the outer text in place: whatever was not found keeps its bytes.
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

_TOKEN = re.compile(r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")(?P<key>\s*:)?|(?P<number>(?<![\d.eE+-])-?\d{8,}(?![\d.eE]))')
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
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
    if kind == "name" or depth >= _MAX_DEPTH or not _may_be_json(raw):
        return Text(raw, kind, context=context)
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return Text(raw, kind, context=context)
    inner: list[Inner] = []
    key = context
    for match in _TOKEN.finditer(raw):
        inner.append(_inner(match, key, depth))
        if match["key"]:
            key = inner[-1].text.raw
    return Text(raw, kind, tuple(inner))


def _may_be_json(raw: str) -> bool:
    return raw.lstrip()[:1] in {"{", "[", '"'}


def _inner(match: re.Match[str], context: str, depth: int) -> Inner:
    if match["number"]:
        return Inner(match.start(), match.end(), None, Text(match["number"], context=context), number=True)
    content = match["string"][1:-1]
    start, end = match.start() + 1, match.start() + 1 + len(content)
    kind: Kind = "name" if match["key"] else "text"
    if "\\" not in content:
        return Inner(start, end, None, read(content, kind, context=context, depth=depth + 1), number=False)
    decoded = json.loads(match["string"], strict=False)
    offsets = (*(piece.start() for piece in _ESCAPE.finditer(content)), len(content))
    return Inner(start, end, offsets, read(decoded, kind, context=context, depth=depth + 1), number=False)
