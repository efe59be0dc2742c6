r"""Entities that have a form: one table of patterns, and the recognizer that applies it in one walk over the text.

Every pattern ends in ASCII look-arounds and never in `\b`, which takes a Korean or Japanese particle for more of the
word. Every repetition is bounded, so that no input makes a pattern slow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from guard.mask.gates import Literals, Places
from guard.mask.patterns_dates import DATES
from guard.mask.patterns_ids import IDS
from guard.mask.patterns_people import PEOPLE
from guard.mask.patterns_phones import PHONES
from guard.mask.patterns_places import PLACES
from guard.mask.patterns_prose import PROSE
from guard.mask.patterns_secrets import SECRETS
from guard.mask.patterns_titles import POSITIONS
from guard.mask.patterns_tokens import TOKENS
from guard.mask.patterns_traits import TRAITS
from guard.mask.rows import Row

ROWS: tuple[Row, ...] = (*SECRETS, *TOKENS, *IDS, *PHONES, *PLACES, *DATES, *PEOPLE, *POSITIONS, *TRAITS, *PROSE)
VERSION = hashlib.blake2b("\n".join(row.fingerprint for row in ROWS).encode(), digest_size=8).hexdigest()
"""A digest of the table: it changes when a row does."""

# Where a row of digits may begin: at the digits themselves, or at a sign or bracket before them.
_REACH = 200  # how far after its first digits a match may reach that begins with letters
_NUMBERS = re.compile(r"[+(]{0,2}[0-9]+")


@dataclass(frozen=True, slots=True)
class Result:
    """What a recognizer returns, with the attributes of Presidio's RecognizerResult that are read here."""

    entity_type: str
    start: int
    end: int
    score: float


class PatternRecognizer:
    """The table of patterns in the shape of Presidio's EntityRecognizer, without importing it."""

    name = "patterns"
    supported_language = "*"

    def __init__(self, rows: Sequence[Row] = ROWS) -> None:
        self._numeric = tuple(row for row in rows if row.at == "digit")
        self._others = tuple(row for row in rows if row.at == "anywhere")
        self._gate = Literals([row.needs for row in self._others])
        # A row that may begin before its digits is told by what leads to it.
        self._places = Places([(row.lead, re.NOFLAG) if row.back else (row.regex, row.flags) for row in self._numeric])
        self.supported_entities = sorted({row.entity for row in rows})

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """What the table finds in `text`, overlaps included; only `entities` where they are given."""
        lowered = _lower(text)
        found = (*self._at_numbers(text), *self._anywhere(text, lowered))
        return [
            Result(row.entity, *row.extent(match), score)
            for row, match in found
            if (entities is None or row.entity in entities) and (score := row.rate(match, lowered)) > 0
        ]

    def _at_numbers(self, text: str) -> Iterator[tuple[Row, re.Match[str]]]:
        ends = [0] * len(self._numeric)  # where the last match of each row ended
        for number in _NUMBERS.finditer(text):
            digits = number.end() - len(number.group().lstrip("+("))
            open_ = self._places.open(text, digits)
            if number.start() < digits:
                open_ = sorted({*open_, *self._places.open(text, number.start())})
            for index in open_:
                row = self._numeric[index]
                if digits < ends[index]:
                    continue
                if row.back:
                    match = _around(row, text, digits, max(digits - row.back, ends[index]))
                else:
                    match = row.pattern.match(text, digits)
                    if number.start() < digits:
                        match = row.pattern.match(text, number.start()) or match
                if match:
                    ends[index] = match.end()
                    yield row, match

    def _anywhere(self, text: str, lowered: str) -> Iterator[tuple[Row, re.Match[str]]]:
        for index in self._gate.open(lowered):
            row = self._others[index]
            for match in row.pattern.finditer(text):
                yield row, match


def _around(row: Row, text: str, digits: int, start: int) -> re.Match[str] | None:
    """The row's match that begins between `start` and `digits` and holds the digits there."""
    if not row.leads.match(text, digits):
        return None
    match = row.pattern.search(text, start, digits + _REACH)
    return match if match and match.start() <= digits < match.end() else None


def _lower(text: str) -> str:
    """The text in lower case, character by character where lowering the whole would move offsets."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)
