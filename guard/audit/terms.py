"""From text to the terms of the search index, and from a query to what is looked for. The same for every database.

Scripts that write blanks between words give words. The others, Korean too, whose words grow particles, give each pair
of neighbouring letters, so that any part of a word is found; of a text that has the pairs apart from each other,
rarely, more is found than was asked for.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MOST_CHARACTERS: Final = 100_000  # of a text; what comes after them is not indexed
LONGEST: Final = 64  # letters of a term; of a longer word the beginning is indexed

_RUN: Final = re.compile(r"\w+")
# Thai to Khmer, Hangul, kana, Han.
_PAIRED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def terms(text: str) -> tuple[str, ...]:
    """The terms that occur in `text`, each once."""
    found: dict[str, None] = {}
    for word, paired, _ in _words(text[:MOST_CHARACTERS]):
        if paired:
            found.update(dict.fromkeys(map(str.__add__, word, word[1:])))
            found[word[-1]] = None  # else the last letter would begin no term
        else:
            found[word[:LONGEST]] = None
    return tuple(found)


def wanted(query: str) -> tuple[tuple[str, bool], ...]:
    """What a text must hold to answer `query`: terms, and whether a longer term that begins so will do.

    It does where a star follows a word. Many longer terms take time to gather, so that it is not done unasked.
    """
    found: dict[tuple[str, bool], None] = {}
    for word, paired, starred in _words(query):
        if not paired:
            found[word[:LONGEST], starred] = None
        elif len(word) == 1:
            found[word, True] = None
        else:
            found.update(dict.fromkeys((pair, False) for pair in map(str.__add__, word, word[1:])))
    return tuple(found)


def _words(text: str) -> list[tuple[str, bool, bool]]:
    """Each word, in small letters, whether it is of a script that gives pairs, and whether a star follows it."""
    text, words = unicodedata.normalize("NFKC", text).casefold(), []
    for run in _RUN.finditer(text):
        at, end = run.span()
        for paired in _PAIRED.finditer(text, at, end):
            if at < paired.start():
                words.append((text[at : paired.start()], False, False))
            words.append((paired[0], True, False))
            at = paired.end()
        if at < end:
            words.append((text[at:end], False, text.startswith("*", end)))
    return words
