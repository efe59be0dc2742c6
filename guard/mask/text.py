"""A text as recognizers should see it: what it holds in JSON or hides in other encodings is read, at any depth.

A recognizer that reads JSON with escapes as plain text misses what they hide, such as an at sign written by its
number. So a text that is JSON becomes a tree whose leaves are the decoded strings, each with a map back to where it
stands, and what is found in a leaf is replaced in the outer text in place: whatever was not found keeps its bytes.
Lines of JSON are read in the same way.

Any other text is read with its percent-encoding, HTML entities and escapes undone, again with a map back, and where
the encoding may be none also as it stands. A blob of base64 or hexadecimal digits is read beside the text around it;
what is found in it is replaced with the whole of the blob, because nothing else can stand inside.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from guard.mask.blobs import blobs
from guard.mask.encodings import decoded
from guard.mask.normalise import FOLDED, normalise
from guard.types import Span

Kind = Literal["text", "name"]
# text  prose: a part of it may be replaced
# name  an identifier or a key: replaced as a whole, by a placeholder without brackets

Form = Literal["string", "number", "spelled", "blob"]
# string   a string of a JSON text: what is found in it is replaced in place
# number   a long number of a JSON text: replaced as a whole, by a string
# spelled  the whole of a text with encodings undone: what is found in it is replaced in place
# blob     what a part of a text decodes to: the part is replaced as a whole

_TOKEN = re.compile(r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")(?P<key>\s*:)?|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)')
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
# What may be an encoding, once the text is in its usual form.
_FOLDS_TO_ENCODED = re.compile(rf"[%&\\％＆＼﹪﹠﹨]|[A-Za-z0-9+/_＋／＿－{FOLDED}-]{{16}}")
_FOLDS = re.compile(f"[{FOLDED}％＆＼﹪﹠﹨]")
_MAX_DEPTH = 8  # of JSON
_MAX_LAYERS = 12  # of JSON and other encodings together


@dataclass(frozen=True, slots=True)
class Inner:
    """A text inside a text: where it stands, and the content as a text of its own."""

    start: int
    end: int
    offsets: Sequence[int] | None
    text: Text
    form: Form

    def outer(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` (not empty) of the content stand in the text around it."""
        if self.form in {"number", "blob"}:
            return self.start, self.end
        if self.offsets is None:
            return self.start + start, self.start + end
        while end < len(self.offsets) - 1 and self.offsets[end] <= self.offsets[end - 1]:
            end += 1  # inside what one encoded character became: take the whole
        return self.start + self.offsets[start], self.start + self.offsets[end]

    def around(self, position: int) -> tuple[int, int]:
        """What one character of the content is written with, where `position` of the outer text lies inside of that."""
        if self.offsets is None or self.form == "blob":
            return position, position
        after = bisect_left(self.offsets, position - self.start)
        if self.start + self.offsets[after] == position:
            return position, position
        return self.start + self.offsets[after - 1], self.start + self.offsets[after]


@dataclass(frozen=True, slots=True)
class Text:
    """A text; where it is JSON, `inner` holds its strings, else `inner` is None.

    `hidden` is what it hides in other encodings; `plain` says whether it is to be read as it stands, too.
    `context` is the key under which the text stands: of `hunter2` only that can tell that it is a password.
    """

    raw: str
    kind: Kind = "text"
    inner: tuple[Inner, ...] | None = None
    context: str = ""
    hidden: tuple[Inner, ...] = ()
    plain: bool = True

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
        if self.inner is None and self.plain:
            yield self
        for item in self.hidden if self.inner is None else self.inner:
            yield from item.text.leaves()


def read(raw: str, kind: Kind = "text", *, context: str = "", depth: int = 0) -> Text:
    """`raw`, which stands under the key `context`, as a text, opened as far as it is JSON or otherwise encoded."""
    if depth < _MAX_DEPTH and _is_json(raw):  # no identifier, whatever its field is called
        return Text(raw, "text", tuple(_strings(raw, context, depth)))
    if depth < _MAX_LAYERS:
        return _uncovered(raw, kind, context, depth + 1)
    return Text(raw, kind, context=context)


def _uncovered(raw: str, kind: Kind, context: str, depth: int) -> Text:
    """A text that is no JSON, with what it hides."""
    if not raw.isascii() and _FOLDS.search(raw) and _FOLDS_TO_ENCODED.search(raw):
        clean, offsets = normalise(raw)
        text = read(clean, kind, context=context, depth=depth)
        if text.hidden or text.inner is not None:
            return Text(raw, kind, None, context, (Inner(0, len(raw), offsets, text, "spelled"),))
    spelled = decoded(raw)
    if spelled is not None:
        text = read(spelled.text, kind, context=context, depth=depth)
        inner = Inner(0, len(raw), spelled.offsets, text, "spelled")
        return Text(raw, kind, None, context, (inner,), plain=not spelled.certain)
    hidden = tuple(
        Inner(blob.start, blob.end, None, read(blob.text, context=context, depth=depth), "blob") for blob in blobs(raw)
    )
    return Text(raw, kind, None, context, hidden)


def _is_json(raw: str) -> bool:
    if (raw[:16].lstrip() or raw.lstrip())[:1] not in {"{", "[", '"'}:
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
            yield Inner(match.start(), match.end(), None, Text(digits, context=key), "number")


def _long(number: str) -> str:
    """The digits of a whole number of eight or more, however it is written; else nothing."""
    if number.removeprefix("-").isdigit():
        return number if len(number.removeprefix("-")) >= 8 else ""
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) >= 10_000_000 else ""


def _string(match: re.Match[str], context: str, depth: int) -> Inner:
    content = match["string"][1:-1]
    start, end = match.start() + 1, match.start() + 1 + len(content)
    kind: Kind = "name" if match["key"] else "text"
    if "\\" not in content:
        return Inner(start, end, None, read(content, kind, context=context, depth=depth + 1), "string")
    decoded_content = json.loads(match["string"], strict=False)
    offsets = (*(piece.start() for piece in _ESCAPE.finditer(content)), len(content))
    return Inner(start, end, offsets, read(decoded_content, kind, context=context, depth=depth + 1), "string")
