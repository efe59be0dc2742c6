"""A text as recognizers should see it: JSON inside a string is read, at any depth, and its strings are told apart.

A recognizer that reads JSON with escapes as plain text misses what they hide, such as an at sign written by its
number. So a text that is JSON becomes a tree whose leaves are the decoded strings, each with a map back to where it
stands, and what is found in a leaf is replaced in the outer text in place: whatever was not found keeps its bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

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
    """A text; where it is JSON, `inner` holds its strings, else `inner` is None and the text itself is to be read."""

    raw: str
    kind: Kind = "text"
    inner: tuple[Inner, ...] | None = None

    @property
    def readings(self) -> tuple[str, ...]:
        """How recognizers should read this leaf: an identifier also with spaces for its underscores."""
        spaced = self.raw.replace("_", " ") if self.kind == "name" else self.raw
        return (self.raw,) if spaced == self.raw else (self.raw, spaced)

    def leaves(self) -> Iterator[Text]:
        """The texts to read, in order."""
        if self.inner is None:
            yield self
        else:
            for item in self.inner:
                yield from item.text.leaves()


def read(raw: str, kind: Kind = "text", depth: int = 0) -> Text:
    """`raw` as a text, opened as far as it is JSON."""
    if kind == "name" or depth >= _MAX_DEPTH or not _may_be_json(raw):
        return Text(raw, kind)
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return Text(raw, kind)
    return Text(raw, kind, tuple(_inner(match, depth) for match in _TOKEN.finditer(raw)))


def _may_be_json(raw: str) -> bool:
    return raw.lstrip()[:1] in {"{", "[", '"'}


def _inner(match: re.Match[str], depth: int) -> Inner:
    if match["number"]:
        return Inner(match.start(), match.end(), None, Text(match["number"]), number=True)
    content = match["string"][1:-1]
    start = match.start() + 1
    kind: Kind = "name" if match["key"] else "text"
    if "\\" not in content:
        return Inner(start, start + len(content), None, read(content, kind, depth + 1), number=False)
    decoded = json.loads(match["string"], strict=False)
    offsets = [piece.start() for piece in _ESCAPE.finditer(content)]
    return Inner(start, start + len(content), (*offsets, len(content)), read(decoded, kind, depth + 1), number=False)
