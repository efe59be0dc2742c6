"""What one line of the pattern table says, and the score it gives a match."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

THRESHOLD = 0.4
"""From this score on a match counts as found, unless a policy says otherwise."""

START = r"(?<![0-9A-Za-z])"
END = r"(?![0-9A-Za-z])"
ALONE = rf"{START}(?<![0-9][-./:])"  # not the tail of a longer number
OVER = rf"{END}(?![-./:][0-9])"  # nor its head
# For character classes: capitals and all letters of Latin, Greek and Cyrillic script, which names begin with and hold.
UPPER = "A-ZÀ-ÖØ-ÞĀ-ſΆ-ΫА-Я"
LETTERS = "A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ӿ"
MONTHS = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
# How Korean addresses and licences begin: the provinces and great cities.
REGION = (
    r"(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주|충청[남북]|전라[남북]"
    r"|경상[남북])"
)

# An identifier of capitals, digits and hyphens that holds at least one digit.
CODE = r"(?=[A-Z-]{0,9}[0-9])[A-Z0-9](?:[A-Z0-9-]{2,22}[A-Z0-9])"
MIXED = r"(?=[A-Za-z-]{0,9}[0-9])[A-Za-z0-9](?:[A-Za-z0-9-]{2,22}[A-Za-z0-9])"
# What may stand between a label and its value: "no.", a remark in brackets, a quote, a colon, "is", a particle.
_LINK = (
    r"(?i:(?:[ ._-]?(?:numbers?|nos?|num|nr|ids?|code|#)(?![A-Za-z]))?)\.?(?:[ ]?(?:번호|番号))?"
    r"(?:[ ]?[(（\[【][^()（）\[\]【】\n]{1,20}[)）\]】])?[\"'`*」】]{0,3}\s{0,4}"
    r"(?:[:=#：|]|(?:is|was|are)(?![a-z])|[은는이가을를]|は|が)?[\s:\"'`*#「]{0,4}"
)
_CONTEXT_SCORE = 0.35  # what a context word adds, as in Presidio
_AGAINST_SCORE = 0.4  # what a word that speaks against the row takes away


@dataclass(frozen=True)
class Row:
    """One pattern. `examples` mark the value with « and »; `near` are texts in which the row finds nothing.

    The value is the group `value` where the pattern has one, else the whole match. The row is tried where one of the
    lower-case literals `needs` is in the text, or, with `at="digit"`, where digits begin; then, where `lead` matches at
    the digits (it may look behind), a match may begin up to `back` characters before them.
    `check` is evidence, not a veto: a value that passes scores `passed`, one that fails scores `failed`.
    A word of `context` near the match raises its score, one of `against` lowers it; they may stand `before` characters
    in front of the match and `after` behind it.
    """

    entity: str
    regex: str
    score: float
    examples: tuple[str, ...]
    near: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    at: Literal["anywhere", "digit"] = "anywhere"
    back: int = 0
    lead: str = ""
    check: Callable[[str], bool] | None = None
    passed: float = 0.95
    failed: float = 0.1
    context: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    before: int = 60
    after: int = 30
    flags: re.RegexFlag = re.NOFLAG

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The regular expression, compiled."""
        return re.compile(self.regex, self.flags)

    @property
    def fingerprint(self) -> str:
        """All that decides what the row finds, as text; the same in every process."""
        deciding = [f.name for f in fields(self) if f.name not in ("examples", "near", "check")]
        return repr([*(getattr(self, name) for name in deciding), self.check and self.check.__qualname__])

    @cached_property
    def leads(self) -> re.Pattern[str]:
        """The regular expression of `lead`, compiled."""
        return re.compile(self.lead)

    def rate(self, match: re.Match[str], lowered: str) -> float:
        """The score of a match, 0 to 1. `lowered` is the text in lower case, of the same length."""
        start, end = self.extent(match)
        score = self.score
        if self.check:
            score = self.passed if self.check(match.string[start:end]) else self.failed
        if self.context or self.against:
            nearby = f"{lowered[max(0, start - self.before) : start]} {lowered[end : end + self.after]}"
            if self._for_it and self._for_it.search(nearby):
                score += _CONTEXT_SCORE
            if self._against_it and self._against_it.search(nearby):
                score -= _AGAINST_SCORE
        return min(max(score, 0.0), 1.0)

    def extent(self, match: re.Match[str]) -> tuple[int, int]:
        """Where the value of a match begins and ends."""
        return match.span("value") if "value" in self.pattern.groupindex else match.span()

    @cached_property
    def _for_it(self) -> re.Pattern[str] | None:
        return _words(self.context)

    @cached_property
    def _against_it(self) -> re.Pattern[str] | None:
        return _words(self.against)


def by_letter(*alternatives: str) -> str:
    """An expression for any of `alternatives` in any case; each begins with a small letter of ASCII.

    They are grouped by that letter, which is spelled out in both cases: `re` then skips a place where none begins
    without trying one after the other, several times as fast.
    """
    groups: dict[str, list[str]] = {}
    for alternative in alternatives:
        groups.setdefault(alternative[0], []).append(alternative[1:])
    return "|".join(f"[{letter.upper()}{letter}](?i:{'|'.join(rests)})" for letter, rests in groups.items())


def labelled(
    entity: str,
    labels: str,
    value: str,
    examples: tuple[str, ...],
    near: tuple[str, ...],
    *,
    needs: tuple[str, ...],
    score: float = 0.6,
    check: Callable[[str], bool] | None = None,
    against: tuple[str, ...] = (),
) -> Row:
    """A row for a value that a label announces: `labels` is tried in any case, `value` as it is written.

    The label is evidence enough: a value whose checksum fails keeps `score`.
    """
    regex = rf"{START}(?i:{labels}){_LINK}(?P<value>{value}){END}"
    return Row(
        entity,
        regex,
        score,
        examples,
        near,
        needs=needs,
        check=check,
        failed=score,
        against=against,
        before=10,
        after=10,
    )


def _words(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for any of the words; ASCII words stand alone, others may have particles glued on."""
    if not words:
        return None
    return re.compile("|".join(rf"(?<![a-z]){re.escape(w)}s?(?![a-z])" if w.isascii() else w for w in words))
