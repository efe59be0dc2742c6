"""Terms of a company's lists in a text: one walk with Aho-Corasick (Communications of the ACM 18:6, 1975).

The walk reads the text in lower case and without the signs that may part the words of a term, so that "Blue Harbor",
"BlueHarbor", "blue-harbor" and "blue_harbor" are one term. Each hit is then held against the text as it is written:
whether the parting signs stand where words end, and whether the hit is a word of its own.

Measured with 100,000 terms on one core: .3 s to build, .05 ms/KB for prose, .3 for words made of the same
syllables as the terms (benchmarks/company.py).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from typing import Any

from guard.errors import ConfigError
from guard.mask.edges import stands_alone
from guard.mask.normalise import normalise
from guard.mask.patterns import Result
from guard.mask.spans import LISTED

# The library holds the interpreter's lock while it builds; this bounds for how long.
_SHARD = 20_000
_PARTING = " \t\n\r-_.·・"
_PART = 512  # characters of a text whose places are looked up together
_RUN = re.compile(rf"[^{re.escape(_PARTING)}]+")
_GAP = re.compile(r"[ \t]*(?:[-_.·・]|\r?\n)?[ \t]*")  # what may stand between two words of a term
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_EAST = re.compile(r"[가-힣ぁ-ヿ一-鿿]+")
_LEAST_PART = 2  # letters of an East Asian term on each side of a space that the list does not have
_LEAST_JOINED = 5  # letters of a term whose words may be written as one: "U.S." is not "us"
_ABBREVIATION = re.compile(r"[A-Z]{2,3}")


@dataclass(frozen=True, slots=True)
class _Term:
    """`breaks` are the places in the reduced term at which words part, `joined` says whether they need not part.

    `exact` is the one spelling where case counts.
    """

    entities: tuple[str, ...]
    breaks: frozenset[int]
    joined: bool
    exact: str


class Dictionary:
    """Terms as a recognizer in the shape of Presidio's EntityRecognizer. Their score is 1: the company said so.

    Case does not count, but for abbreviations of two or three capitals ("IT"), which are found as they are written.
    Where two terms share characters, the longer is found.
    """

    name = LISTED
    supported_language = "*"

    def __init__(self, terms: Mapping[str, Iterable[str]]) -> None:
        """`terms` of each entity. Raises ConfigError where ahocorasick-rs is not installed."""
        known: dict[str, list[tuple[str, str]]] = {}
        for entity, words in terms.items():
            for word in words:
                clean = word if word.isascii() else normalise(word)[0]
                known.setdefault(_reduced(clean), []).append((entity, clean))
        self.supported_entities = sorted(terms)
        self._words = tuple(known.values())  # the spellings of each reduced form
        self._terms: dict[int, _Term] = {}  # those that a text has held
        self._shards = tuple(_automata(tuple(known)))

    def __len__(self) -> int:
        return len(self._words)

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The terms in `text`, sorted, none inside another; only `entities` where they are given."""
        reduced = _reduced(text)
        hits = [
            (first + index, start, end)
            for first, automaton in self._shards
            for index, start, end in automaton.find_matches_as_indexes(reduced, overlapping=True)
        ]
        if not hits:
            return []
        places = _Places(text)
        found = [
            Result(entity, *extent, 1.0)
            for index, start, end in hits
            if (extent := self._extent(text, places, index, start, end))
            for entity in self._term(index).entities
        ]
        return [result for result in longest(found) if entities is None or result.entity_type in entities]

    def _extent(self, text: str, places: _Places, index: int, start: int, end: int) -> tuple[int, int] | None:
        """Where the hit stands in `text`; None where it is not this term."""
        term = self._term(index)
        first, last = places.of(start), places.of(end - 1) + 1
        if not stands_alone(text, first, last) or (term.exact and text[first:last] != term.exact):
            return None
        parted = last - first != end - start
        rightly = _parts_rightly(text, first, last, term.breaks) if parted else term.joined
        return (first, last) if rightly else None

    def _term(self, index: int) -> _Term:
        """What decides over the hits of a reduced form."""
        term = self._terms.get(index)
        if term is None:
            term = self._terms[index] = reduce(_either, (_prepared(*spelling) for spelling in self._words[index]))
        return term


class _Places:
    """From places in the reduced text to places in the text. Only the parts of the text that are asked for are read."""

    def __init__(self, text: str) -> None:
        self._text = text
        parts = (text[at : at + _PART] for at in range(0, len(text), _PART))
        self._firsts = list(accumulate((len(_unparted(part)) for part in parts), initial=0))
        self._runs: dict[int, tuple[list[int], list[int]]] = {}

    def of(self, at: int) -> int:
        """The place in the text of the character at `at` in the reduced text."""
        part = bisect_right(self._firsts, at) - 1
        if part not in self._runs:
            self._runs[part] = self._read(part)
        starts, firsts = self._runs[part]
        run = bisect_right(firsts, at) - 1
        return starts[run] + at - firsts[run]

    def _read(self, part: int) -> tuple[list[int], list[int]]:
        """Where the runs of a part begin, in the text and in the reduced text."""
        spans = [run.span() for run in _RUN.finditer(self._text, part * _PART, (part + 1) * _PART)]
        lengths = (end - start for start, end in spans)
        return [start for start, _ in spans], list(accumulate(lengths, initial=self._firsts[part]))


def longest(found: Iterable[Result]) -> list[Result]:
    """The results that are not inside another one of their entity, sorted by place."""
    kept: list[Result] = []
    ends: dict[str, int] = {}
    for result in sorted(found, key=lambda r: (r.start, -r.end)):
        if result.end > ends.get(result.entity_type, 0):
            ends[result.entity_type] = result.end
            kept.append(result)
    return kept


def lowered(text: str) -> str:
    """The text in lower case, character by character where lowering the whole would move its places."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)


def _reduced(text: str) -> str:
    """The text in lower case, without the signs that may part words."""
    return _unparted(lowered(text))


def _unparted(text: str) -> str:
    """The text without the signs that may part words. Dropping one after the other is quickest by far."""
    for sign in _PARTING:
        text = text.replace(sign, "")
    return text


def _prepared(entity: str, clean: str) -> _Term:
    """What decides over the hits of a term."""
    runs = _RUN.findall(clean)
    joined = len(runs) < 2 or sum(map(len, runs)) >= _LEAST_JOINED or not clean.isascii()
    return _Term((entity,), frozenset(_breaks(clean)), joined, clean if _ABBREVIATION.fullmatch(clean) else "")


def _either(one: _Term, other: _Term) -> _Term:
    """Two terms of one reduced form as one."""
    exact = one.exact if one.exact == other.exact else ""
    entities = tuple(dict.fromkeys((*one.entities, *other.entities)))
    return _Term(entities, one.breaks | other.breaks, one.joined or other.joined, exact)


def _breaks(clean: str) -> Iterator[int]:
    """Where the words of a term part, in places of its reduced form."""
    at = 0
    for run in _RUN.finditer(clean):
        yield at
        yield from (at + hump.start() for hump in _HUMP.finditer(run.group()))
        for east in _EAST.finditer(run.group()):
            yield from range(at + east.start() + _LEAST_PART, at + east.end() - _LEAST_PART + 1)
            yield from (at + east.start(), at + east.end())  # where the script changes
        at += len(run.group())


def _parts_rightly(text: str, first: int, last: int, breaks: frozenset[int]) -> bool:
    """Whether what parts the words of `text[first:last]` is one gap at a time, and stands where words may part."""
    at, end = 0, first
    for run in _RUN.finditer(text, first, last):
        if run.start() != end and (at not in breaks or not _GAP.fullmatch(text, end, run.start())):
            return False
        at, end = at + run.end() - run.start(), run.end()
    return True


def _automata(patterns: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """An automaton for each shard of the patterns, with the number of its first."""
    try:
        from ahocorasick_rs import AhoCorasick
    except ImportError as error:
        raise ConfigError("ahocorasick-rs is not installed, which the lists of a policy need. Install it.") from error
    for first in range(0, len(patterns), _SHARD):
        yield first, AhoCorasick(patterns[first : first + _SHARD], store_patterns=False)
