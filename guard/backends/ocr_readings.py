"""From lines to what is found in them: a value may stand in a line, a row, or go on in the line below."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from guard.backends.ocr_boxes import Corners
from guard.backends.ocr_lines import LEAST_CONFIDENCE, Line, lines_below, rows_of
from guard.types import Span

Finder: TypeAlias = Callable[[Sequence[str]], Sequence[Sequence[Span]]]


# What recognition takes for a digit among digits.
_DIGITS = str.maketrans("OoQDIl|!ZSsB", "000011112558")
_GAP = re.compile(r"(?<=[\d-]) (?=[\d-])|(?<=[@.]) (?=\w)|(?<=\w) (?=[@.])")  # space that may not be there
_GLUED = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Find:
    """Something that was painted over: in which line (from 1, top to bottom), and how sure the reading of it was.

    `value` is for a keyed hash in the log and is not shown; of an UNREADABLE_TEXT it is empty, and the score says how
    unsure the reading was.
    """

    entity: str
    recognizer: str
    score: float
    line: int
    confidence: float
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text made of lines or parts of them; `origins` says of each character the line and place it comes from."""

    text: str
    origins: tuple[tuple[int, int] | None, ...]


def found_in(lines: Sequence[Line], find: Finder) -> tuple[list[Find], dict[int, list[tuple[int, int]]]]:
    """What `find` finds in the lines, and for each line with a find the (start, end) characters to paint."""
    readings = list(dict.fromkeys(_readings(lines)))
    if not readings:
        return [], {}
    hits: list[tuple[Span, dict[int, list[int]], str]] = []
    for reading, spans in zip(readings, find([reading.text for reading in readings]), strict=True):
        for span in spans:
            places: dict[int, list[int]] = {}
            for origin in reading.origins[span.start : span.end]:
                if origin:
                    places.setdefault(origin[0], []).append(origin[1])
            if places:
                hits.append((span, places, reading.text[span.start : span.end]))
    finds: list[Find] = []
    covered: dict[int, set[int]] = {}
    hits.sort(key=lambda hit: (-hit[0].score, -sum(map(len, hit[1].values()))))
    for span, places, value in hits:
        if any(set(chars) - covered.get(number, set()) for number, chars in places.items()):
            confidence = min(lines[number].confidence for number in places)
            finds.append(Find(span.entity, span.recognizer, span.score, min(places) + 1, confidence, value))
        for number, chars in places.items():
            covered.setdefault(number, set()).update(chars)
    return finds, {number: list(_ranges(chars)) for number, chars in covered.items()}


def _ranges(chars: set[int]) -> Iterator[tuple[int, int]]:
    start = last = -2
    for char in sorted(chars):
        if char != last + 1:
            if last >= 0:
                yield start, last + 1
            start = char
        last = char
    yield start, last + 1


def boxes_of(line: Line, ranges: Sequence[tuple[int, int]], least: float) -> list[Corners]:
    """What to paint of a line: the characters found, or all of it where its reading is in doubt."""
    if line.confidence < max(least, LEAST_CONFIDENCE) or not line.text:
        return [line.whole()]
    return [line.part(start, end) for start, end in ranges]


def _readings(lines: Sequence[Line]) -> Iterator[_Reading]:
    """The texts in which a value may stand: lines, rows, the whole, and lines with what stands below them."""
    rows = rows_of(lines)
    below = lines_below(lines)
    whole = [(number, "\n" if place == len(row) - 1 else " ") for row in rows for place, number in enumerate(row)]
    for parts in [whole, *([(number, " ") for number in row] for row in rows)]:
        reading = _joined(lines, parts)
        yield from (reading, _tight(reading), _tight(_with_digits(reading)), _apart(_tight(reading)))
    chains = [_chain(below, number) for number in range(len(lines)) if number not in below.values()]
    joined = [[(number, " ") for number in chain] for chain in chains if len(chain) > 2]
    joined += [[(a, glue), (b, "")] for a, b in below.items() for glue in ("", " ")]
    joined += [[(number, "")] for row in rows if len(row) > 1 for number in row]
    for parts in joined:
        yield from (_joined(lines, parts), _tight(_joined(lines, parts)))


def _joined(lines: Sequence[Line], parts: Sequence[tuple[int, str]]) -> _Reading:
    """Lines, each followed by what joins it to the next."""
    text: list[str] = []
    origins: list[tuple[int, int] | None] = []
    for number, glue in parts:
        text += [lines[number].text, glue]
        origins += [(number, place) for place in range(len(lines[number].text))]
        origins += [None] * len(glue)
    return _Reading("".join(text), tuple(origins))


def _with_digits(reading: _Reading) -> _Reading:
    """Letters that look like digits as digits, in words that are digits for the most part."""
    words = reading.text.split(" ")
    for index, word in enumerate(words):
        if sum(char.isdigit() for char in word) * 2 >= len(word) > 1:
            words[index] = word.translate(_DIGITS)
    return _Reading(" ".join(words), reading.origins)


def _tight(reading: _Reading) -> _Reading:
    """Without the space that recognition may see inside of numbers and of mail addresses."""
    gaps = {match.start() for match in _GAP.finditer(reading.text)}
    kept = [place for place in range(len(reading.text)) if place not in gaps]
    return _Reading("".join(reading.text[i] for i in kept), tuple(reading.origins[i] for i in kept))


def _apart(reading: _Reading) -> _Reading:
    """With the space between letters and digits that recognition may not have seen."""
    text: list[str] = []
    origins: list[tuple[int, int] | None] = []
    last = 0
    for match in _GLUED.finditer(reading.text):
        text += [reading.text[last : match.start()], " "]
        origins += [*reading.origins[last : match.start()], None]
        last = match.start()
    return _Reading("".join([*text, reading.text[last:]]), (*origins, *reading.origins[last:]))


def _chain(below: dict[int, int], start: int) -> list[int]:
    chain = [start]
    while chain[-1] in below:
        chain.append(below[chain[-1]])
    return chain
