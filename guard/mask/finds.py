"""What is to be replaced in a text: where it stands there, how it is written, and the value that it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from guard.mask.placeholders import BENT, LITERAL, looks_like_one
from guard.mask.restore import escape, unescape
from guard.mask.text import Inner
from guard.types import Span


@dataclass(frozen=True, slots=True)
class Find:
    """What is to be replaced in a text, and the value without the encodings in which it is written there."""

    start: int
    end: int
    span: Span
    value: str
    number: bool = False
    bare: bool = False
    blob: bool = False

    @property
    def placed(self) -> Span:
        """The span, where the find stands."""
        span = self.span
        if (span.start, span.end) == (self.start, self.end):
            return span
        return Span(self.start, self.end, span.entity, span.score, span.recognizer)


def in_json(item: Inner, find: Find) -> Find:
    """`find`, which stands in a string or a number of JSON, as it stands in the text around that."""
    start, end = item.outer(find.start, find.end)
    if item.form == "number":
        return replace(find, start=start, end=end, value=item.text.raw, number=True)
    return replace(find, start=start, end=end)


def find_at(raw: str, start: int, end: int, span: Span) -> Find:
    """What stands in `raw` from `start` to `end`, written as it is."""
    return Find(start, end, span, raw[start:end])


def fitted(find: Find, item: Inner, hidden: Sequence[Find], raw: str) -> Find:
    """`find`, which knows nothing of the encodings of `item`, with no end inside of what spells one character.

    What is left over belongs to `find` unless one of `hidden`, which know better, goes on there.
    """
    (start, after), (before, end) = item.around(find.start), item.around(find.end)
    if any(other.start <= after < other.end for other in hidden):
        start = after
    if any(other.start < before <= other.end for other in hidden):
        end = before
    if (start, end) == (find.start, find.end) or start >= end:
        return find
    return replace(find_at(raw, start, end, find.span), bare=find.bare)


def with_backslashes(finds: Iterable[Find], raw: str) -> Iterator[Find]:
    r"""Each find with the backslashes right before it, which would be taken for a part of its bracket: `\<`."""
    last = 0
    for find in finds:
        start = find.start
        while start > last and raw[start - 1] == "\\":
            start -= 1
        last = find.end
        yield find if start == find.start else replace(find, start=start)


def whole_text(raw: str, span: Span) -> Find:
    """All of `raw`, to be replaced by a bare name."""
    return replace(find_at(raw, 0, len(raw), span), bare=True)


def spelling(find: Find, written: str, depth: int) -> tuple[str, str | None]:
    """What restoring gives back, and how it is to be written inside JSON where that is not the usual way.

    A value comes back as it was written, less the escapes of the JSON strings, `depth` of them, in which whoever
    restores will see it; these need not be the ones in which it was found, as in JSON that breaks off.
    """
    text = find.value if find.number else unescape(written, depth)
    if text is None:
        return find.value, None
    return text, None if find.number or written == escape(text, depth) else written


def look_alikes(raw: str) -> list[Span]:
    """Whatever restore could take for a placeholder."""
    return [
        Span(match.start(), match.end(), LITERAL, 0.0, "look-alike")
        for match in BENT.finditer(raw)
        if looks_like_one(match["name"] or match["bare"])
    ]
