"""What machines write and a model for Korean or Japanese takes for a name: numbers, times, identifiers, code.

By form alone, whatever the model thinks of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

from guard.mask.lexicon import TECHNOLOGY
from guard.mask.patterns import Result

__all__ = ["MachineWords", "without_technology"]

_Kind = Literal["number", "word", "code"]  # a word: of technology, or a keyword of a language
_RUN = re.compile(r"[\x21-\x7e]+")  # what stands between spaces and letters of other scripts
_OPENING, _CLOSING = "\"'`([{<,;:!?=|*#", "\"'`)]}>,;:!?=|*#."
_NUMBER = re.compile(r"[-+#$€£~]?[0-9]+(?:[.,:/-][0-9]+)*%?")
_MACHINE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[-+][0-9:]+)?)?|[0-9]{1,2}:[0-9]{2}(?::[0-9.]+)?Z?"  # times
    r"|(?=[a-f-]*[0-9])[0-9a-f]{6,}(?:-[0-9a-f]{2,}){0,4}|[0-9a-fA-F]{4,}(?:-[0-9a-fA-F]{3,}){2,}"  # hashes, UUIDs
    r"|v?[0-9]+\.[0-9][-+.\w]*"  # versions
    r"|[$@]?[A-Za-z0-9]*_\w*"  # snake_case
    r"|[A-Za-z][a-z0-9]+(?:[A-Z][a-z0-9]+){2,}|[a-z]{2,}[A-Z]\w+"  # CrashLoopBackOff, camelCase
    r"|[a-z][\w-]*(?:\.[A-Za-z_]\w*)+|~?/[\w./-]+|[\w.-]+/[\w.-]+/[\w./-]*|[\w-]+/[\w-]+\.[a-z]+|--?[a-z][\w-]*"
    r"|[A-Za-z_]\w*(?:\.\w+)*\([^()]*\)?",  # modules, files, paths, flags, calls
    re.ASCII,
)
_SYNTAX = re.compile(r"\(\)|::|->|=>|:=|==|!=|&&|\|\||[{}`^~$\\]|https?:|[\w\])]=[\w\"'(\[]|\w\[")
_KEYWORDS_WORDS = (
    "SELECT FROM WHERE INSERT INTO VALUES UPDATE DELETE JOIN LEFT INNER OUTER GROUP ORDER BY HAVING LIMIT NOT NULL AS "
    "CREATE TABLE ALTER DROP INDEX VIEW UNION DISTINCT DATE TIMESTAMP COUNT SUM AVG MIN MAX CASE WHEN THEN ELSE END "
    "ERROR WARN WARNING INFO DEBUG FATAL TRACE GET POST PUT PATCH TRUE FALSE NONE "
    "ADD COPY RUN CMD ENV ARG EXPOSE ENTRYPOINT WORKDIR SMART SWOT STAR OKR FAQ ASCII COLUMN PRIMARY KEY"
)
_KEYWORDS = frozenset(_KEYWORDS_WORDS.split())
_LETTER = re.compile(r"[A-Za-zÀ-ɏ가-힣ぁ-ヿ一-鿿々]")
_SMALL = re.compile(r"[a-z][a-z0-9]*")  # a variable, a command
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.+#-]*")
_EAST = re.compile("[가-힣ぁ-ヿ一-鿿々]")
_PROSE_BEFORE = re.compile(r"(?:[a-z']+ )+(?=[^ -~])")
_PROSE_AFTER = re.compile(r" [a-z']+(?= |$)")
_BESIDE = re.compile(r"[A-Za-z가-힣ぁ-ヿ一-鿿々]")
_LEADING = re.compile(r"[\s\"'“”‘’`\[\]{}:;,.|=<>/、。「」『』*#!?~)）-]+|[(（](?!.{1,4}[)）])")
_TRAILING = "\"'“”‘’`[{:;,|=<>/、。「」『』*#!?~(（- \t\n　"


class MachineWords:
    """The machine's words of one text. Takes time in proportion to it."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = list(_machine_words(text))
        self._starts = [start for start, _, _ in found]
        self._ends = [end for _, end, _ in found]
        self._kinds = [kind for _, _, kind in found]

    def told_apart(self, found: Result) -> Result | None:
        """What of a find is a name: without machine's words and bare signs at its edges, or None if nothing is left.

        A place keeps a number at its end: that of a house.
        """
        start, end = _without_prose(self._text, found.start, found.end)
        before = (-1, -1)
        while start < end and (start, end) != before:
            before = (start, end)
            start = self._from(start, end)
            end = self._to(start, end, numbers=found.entity_type != "LOCATION")
        if start >= end or not _LETTER.search(self._text, start, end) or _SMALL.fullmatch(self._text, start, end):
            return None
        if (start, end) == (found.start, found.end):
            return found
        return Result(found.entity_type, start, end, found.score)

    def _from(self, start: int, end: int) -> int:
        signs = _LEADING.match(self._text, start, end)
        if signs:
            return signs.end()
        i = self._at(start)
        if i < 0 or (self._kinds[i] == "word" and self._ends[i] < end and _touches(self._text, self._ends[i])):
            return start  # the "AS" of a club
        return min(self._ends[i], end)

    def _to(self, start: int, end: int, *, numbers: bool) -> int:
        while end > start and self._text[end - 1] in _TRAILING:
            end -= 1
        i = self._at(end - 1)
        return end if i < 0 or (self._kinds[i] == "number" and not numbers) else max(self._starts[i], start)

    def _at(self, place: int) -> int:
        """Which machine's word the character at `place` belongs to; -1 for none."""
        i = bisect_right(self._starts, place) - 1
        return i if i >= 0 and place < self._ends[i] else -1


def _without_prose(text: str, start: int, end: int) -> tuple[int, int]:
    """The find without the small words of a Latin language before or behind it: "김철수 is not here", "or 田中"."""
    before = _PROSE_BEFORE.match(text, start, end)
    start = before.end() if before else start
    after = _PROSE_AFTER.search(text, start, end)
    return start, after.start() if after and _EAST.search(text, start, after.start()) else end


def without_technology(name: str) -> str:
    """The name with a space for every Latin word that technology uses."""
    return _LATIN.sub(lambda word: " " if word.group().lower() in TECHNOLOGY else word.group(), name)


def _machine_words(text: str) -> Iterator[tuple[int, int, _Kind]]:
    """Start, end and kind of each; ascending, disjoint."""
    for run in _RUN.finditer(text):
        start, end, word = run.start(), run.end(), run.group()
        bare = word.lstrip(_OPENING).rstrip(_CLOSING)
        if not bare:
            continue
        kind = _kind(word, bare)
        if kind == "number" and len(bare) < 5 and (_touches(text, start - 1) or _touches(text, end)):
            continue  # the "11" of a name that has a number in it
        if kind:
            yield start, end, kind


def _touches(text: str, place: int) -> bool:
    return 0 <= place < len(text) and bool(_BESIDE.match(text, place))


def _kind(word: str, bare: str) -> _Kind | None:
    if _NUMBER.fullmatch(bare):
        return "number"
    if bare in _KEYWORDS or bare.lower() in TECHNOLOGY:
        return "word"
    return "code" if _MACHINE.fullmatch(bare) or _SYNTAX.search(word) else None
