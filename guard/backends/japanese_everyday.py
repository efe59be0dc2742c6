"""Japanese words that are no names, and what speaks for the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from guard.backends.crf import Token
from guard.backends.japanese_features import ORGANISATIONS, PLACES, TITLES
from guard.backends.japanese_words import CONCEPTS, EPONYMS, ORDINARY
from guard.backends.machine_words import without_technology
from guard.backends.weak_names import Evidence
from guard.mask.patterns import Result

_SURE = 0.9  # from this score on the model is believed, were a name made of two everyday words
_CONCEPT = re.compile(CONCEPTS)
_PARTICLES = re.compile("(?<=..)(?:から|まで|より|など|では|とは|には|[はがをにでとものへや中用別])$")
_ONE_LETTER = re.compile("[ぁ-ゖァ-ヺ元前現]")
_BETWEEN = re.compile("[ 　・／/、,の]")
_HONORIFICS_WORDS = "様 さん さま 氏 殿 先生 君 くん ちゃん"
HONORIFICS = frozenset(_HONORIFICS_WORDS.split())
_REQUEST = re.compile(
    r"(?:ください|下さい|教えて|書いて|作って|直して|出して|まとめて|比べて|分けて|探して|考えて|提案して|説明して|確認して|して|変えて|ほしいです|"
    r"[すたいなる]か|でしょうか|とは|は？|は\?)[ 。.？?！!]*$|[？?]\s*$"
)


def told_apart(text: str, found: Result) -> Result | None:
    """The find, or None where all its words are everyday ones, or a weak one is a single character."""
    name = text[found.start : found.end]
    if name in EPONYMS and _CONCEPT.match(text, found.end):
        return None
    if _ONE_LETTER.fullmatch(name) or is_everyday(name, weak=found.score < _SURE):
        return None
    return found


def is_everyday(name: str, *, weak: bool) -> bool:
    """Whether all words of `name` are everyday ones, particles left out; `weak`: or made of two everyday words."""
    words = _BETWEEN.split(without_technology(name))
    return all(_is_everyday(word, weak) for word in words)


@lru_cache(maxsize=20_000)
def _is_everyday(word: str, weak: bool) -> bool:  # noqa: FBT001  for the cache
    bare = _PARTICLES.sub("", word)
    return not word or word in ORDINARY or bare in ORDINARY or (weak and (_is_compound(word) or _is_compound(bare)))


def _is_compound(word: str) -> bool:
    return any(word[:i] in ORDINARY and word[i:] in ORDINARY for i in range(2, len(word) - 1))


def _looks_full(_name: str, tokens: Sequence[Token]) -> bool:
    return all(token.tag.startswith("固有名詞人名") for token in tokens if not token.form.isspace())


EVIDENCE = Evidence(HONORIFICS | TITLES, ORGANISATIONS | PLACES, _looks_full, _REQUEST)
