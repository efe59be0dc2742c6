"""Unsafe code that is told by its form: what scanners of code look for, found in a reply without a critic.

What has no form (a path that nobody checked, rights that are too wide for the task) is left to the critic. Nothing is
found where the sentence warns of what it quotes, where a heading calls the code bad, and on lines that a diff removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TypeAlias

from guard.constitution import CodeRule
from guard.review.code_forms import FORMS, NOTICE, STAND_IN

MOST = 100  # places that a row looks at: one is enough to fire, and a reply may be made to have thousands
NOTICED = "code with another's notice"
REACH = 1000  # characters of a statement on either side of what was found

Range: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at `start` to `end`, the whole statement or sentence, and in which words it is told."""

    rule: CodeRule
    what: str
    start: int
    end: int


LICENCES = re.compile(r"licen[cs]|copyright|\b[AL]?GPL|SPDX", re.IGNORECASE)

_STATEMENT = re.compile(r"[.!?;]\s+(?=[A-Z\"“(])|\n")
_WARNED = re.compile(
    r"\b(?:never|(?<!if )not|no|nor|avoid|don['’]t|doesn['’]t|isn['’]t|cannot|can['’]t|stop|instead of|rather than|"
    r"away from|without|unsafe|insecure|vulnerable|dangerous|forbid\w*|ban(?:ned|s)?|refuse\w*|warn\w*|flag(?:s|ged)|"
    r"wrong|bad)\b|\b(?:remove|delete|drop|replace|revert)\s|하지 ?마|말고|금지|위험|대신|않|ない|禁止|危険|避け",
    re.IGNORECASE,
)
_WARNED_AFTER = re.compile(
    r"\b(?:is|are|would be|opens?|lets?|allows?|exposes?|means)\b[^\n]{0,60}\b(?:anyone|everyone|everybody|all|"
    r"attacker|unsafe|insecure|vulnerable|dangerous|risky?|wrong|injection)\b|\bavoid\b|\bnever\b|\bdangerous\b|\binsecure\b",
    re.IGNORECASE,
)
_BAD = re.compile(r"\b(?:bad|wrong|vulnerable|insecure|unsafe|before|avoid|never|not|don['’]t)\b", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*(?P<language>[\w+-]*)[^\n]*$", re.MULTILINE)

_NOTICE = re.compile(NOTICE, re.MULTILINE)
_STAND_IN = re.compile(STAND_IN)


def unsafe(reply: str, rules: Sequence[CodeRule], prompt: str = "") -> tuple[Found, ...]:
    """What `rules` find in `reply`, in order, each statement once for each kind; `prompt` is what was asked."""
    blocks, lowered = tuple(_blocks(reply)), reply.lower()
    found: dict[tuple[str, int], Found] = {}
    for rule, what, words, pattern in _compiled():
        if rule in rules and any(word in lowered for word in words):
            for match in islice(pattern.finditer(reply), MOST):
                if _counts(reply, match, blocks):
                    start, end = _statement(reply, *match.span())
                    found.setdefault((rule, start), Found(rule, what, start, end))
    if "foreign_licence" in rules and not LICENCES.search(prompt):
        for match in islice(_NOTICE.finditer(reply), MOST):
            start, end = _licensed(reply, match, blocks)
            found.setdefault(("foreign_licence", start), Found("foreign_licence", NOTICED, start, end))
    return tuple(sorted(found.values(), key=lambda one: (one.start, one.end, one.rule)))


@cache
def _compiled() -> tuple[tuple[CodeRule, str, tuple[str, ...], re.Pattern[str]], ...]:
    """FORMS, made ready when they are first needed: most constitutions have no rules on code."""
    return tuple(
        (rule, what, tuple(words.split()), re.compile("|".join(forms), re.MULTILINE))
        for rule, what, words, forms in FORMS
    )


def _counts(reply: str, match: re.Match[str], blocks: Sequence[tuple[Range, str, str]]) -> bool:
    """Whether a match is meant: no stand-in, not warned of, not called bad, not taken out by a diff."""
    value = match.groupdict().get("value")
    if value is not None and not _is_secret(value):
        return False
    start, end = _statement(reply, *match.span())
    if _WARNED.search(reply, start, match.start()) or _WARNED_AFTER.search(reply, match.end(), end):
        return False
    for (first, last), language, heading in blocks:
        if first <= match.start() < last:
            return not _BAD.search(heading) and not (language == "diff" and reply[start] == "-")
    return True


def _is_secret(value: str) -> bool:
    """Words alone are the name of a setting, or text; what people choose has a digit or a sign in it."""
    return not _STAND_IN.search(value) and any(not one.isalpha() and one not in "_-./ " for one in value)


def _statement(reply: str, start: int, end: int) -> Range:
    """The line or, in a paragraph, the sentence around `start` to `end`, without white space at the ends."""
    lowest = max(0, start - REACH)
    first = max((match.end() for match in _STATEMENT.finditer(reply, lowest, start)), default=lowest)
    after = _STATEMENT.search(reply, end, end + REACH)
    last = min(len(reply), end + REACH) if after is None else after.start() + (reply[after.start()] != "\n")
    text = reply[first:last]
    return first + len(text) - len(text.lstrip()), last - len(text) + len(text.rstrip())


def _blocks(reply: str) -> Iterator[tuple[Range, str, str]]:
    """The fenced blocks of code: where, in which language, and the last line before each that says something."""
    fences = [*_FENCE.finditer(reply)]
    for opened, closed in zip(fences[::2], [*fences[1::2], None], strict=False):
        before = reply[: opened.start()].rstrip().rpartition("\n")[2]
        end = len(reply) if closed is None else closed.start()
        yield (opened.end() + 1, end), opened["language"].lower(), before


def _licensed(reply: str, match: re.Match[str], blocks: Sequence[tuple[Range, str, str]]) -> Range:
    """The notice with the code that it is for: to take out the notice alone would be a wrong of its own."""
    for (first, last), _, _ in blocks:
        if first <= match.start() < last:
            return first, last
    start = reply.rfind("\n", 0, match.start()) + 1
    return start, len(reply.rstrip())
