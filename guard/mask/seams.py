"""Where one text ends and the next begins: a value that was cut there stands in neither of them as a whole.

The parts of a message and the fields of an object are read one by one, and then once more across their seams.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from guard.types import Span

REACH = 80
"""How many characters of a text are read on each side of a seam."""

_GAP = "\n\n"  # stands for the middle of a long text


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Characters of the reading that stand in one text, `start` to `end` there, from `at` on in the reading."""

    at: int
    text: int
    start: int
    end: int

    def of(self, span: Span) -> tuple[int, int] | None:
        """The part of the text that a span of the reading covers."""
        start = max(span.start - self.at, 0) + self.start
        end = min(span.end - self.at + self.start, self.end)
        return (start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Seam:
    """Texts that stand side by side, as one `reading` for recognizers."""

    reading: str
    stretches: tuple[_Stretch, ...]
    count: int

    def pieces(self, spans: Iterable[Span]) -> tuple[tuple[Span, ...], ...]:
        """For each text its pieces of what lies in more than one of them; what lies in one is left out."""
        pieces: list[list[Span]] = [[] for _ in range(self.count)]
        for span in spans:
            parts = self._parts(span)
            if len(parts) > 1:
                for text, (start, end) in parts.items():
                    pieces[text].append(replace(span, start=start, end=end))
        return tuple(map(tuple, pieces))

    def _parts(self, span: Span) -> dict[int, tuple[int, int]]:
        parts: dict[int, tuple[int, int]] = {}
        for stretch in self.stretches:
            extent = stretch.of(span)
            if extent:
                start, _ = parts.get(stretch.text, extent)
                parts[stretch.text] = start, extent[1]
        return parts


def seam(texts: Sequence[str]) -> Seam:
    """The texts as one, of each long one only its two ends."""
    pieces: list[str] = []
    stretches: list[_Stretch] = []
    at = 0
    for index, text in enumerate(texts):
        ends = [(0, len(text))] if len(text) <= 2 * REACH else [(0, REACH), (len(text) - REACH, len(text))]
        for number, (start, end) in enumerate(ends):
            gap = _GAP if number else ""
            at += len(gap)
            pieces += [gap, text[start:end]]
            stretches.append(_Stretch(at, index, start, end))
            at += end - start
    return Seam("".join(pieces), tuple(stretches), len(texts))
