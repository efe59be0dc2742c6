"""Japanese names of people, places and organisations: Sudachi's words, a trained model and rules over them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from guard.backends.crf import Bounds, Token
from guard.backends.eastern import EasternNames, Reading
from guard.backends.japanese_everyday import EVIDENCE, told_apart
from guard.backends.japanese_features import features, tag_of
from guard.backends.japanese_rules import by_rule, repeated
from guard.config import DEFAULTS

__all__ = ["ENTITIES", "MODEL", "JapaneseNames", "Words"]

MODEL = DEFAULTS / "names-ja.crfsuite"
ENTITIES = {
    "PS": "PERSON",
    "LC": "LOCATION",
    "FC": "LOCATION",
    "OG": "ORGANIZATION",
    "PO": "ORGANIZATION",
    "OO": "ORGANIZATION",
}
JAPANESE = re.compile("[ぁ-ゖァ-ヺ一-鿿]")
_KANA = re.compile("[ぁ-ゖァ-ヺ]")
_HANGUL = re.compile("[가-힣]")
_NAMING = "固有名詞"  # the tag of what is no common word
_BOUNDS = Bounds(grow=0.06, seed=0.12)


class Words:
    """Sudachi with its core dictionary: the shortest words, each with the tag of the longest that it is part of."""

    def __init__(self) -> None:
        from sudachipy import Dictionary, SplitMode

        self._short, self._long = SplitMode.A, SplitMode.C
        self._tokenizer: Any = Dictionary(dict="core").tokenizer()
        self._lock = threading.Lock()
        self._tags: dict[tuple[int, bool], str] = {}

    def tokens(self, text: str) -> list[Token]:
        """The words of `text`."""
        with self._lock:
            # Two passes: asking a long word for its parts ends the process on some (sudachipy 0.7.0).
            longer = [self._token(word) for word in self._tokenizer.tokenize(text, self._long)]
            words = [self._token(word) for word in self._tokenizer.tokenize(text, self._short)]
        return list(_with_longer(words, longer))

    def _token(self, word: Any) -> Token:
        # A part of speech has a number, and its words are asked for once: a new tuple of six is made of them each time.
        key = (word.part_of_speech_id(), word.is_oov())
        tag = self._tags.get(key)
        if tag is None:
            tag = self._tags[key] = tag_of(word.part_of_speech(), unknown=key[1])
        return Token(word.surface(), tag, word.begin(), word.end())


def _with_longer(words: Iterable[Token], longer: Iterable[Token]) -> Iterator[Token]:
    """The `words`, each with the tag of the one of `longer` that it lies in, and whether it begins it."""
    around = iter(longer)
    whole = next(around, None)
    for word in words:
        while whole and whole.end <= word.start:
            whole = next(around, None)
        if whole and word.end > word.start:
            place = "" if (whole.start, whole.end) == (word.start, word.end) else "BI"[word.start > whole.start]
            common = not word.tag.endswith("?") and _NAMING not in word.tag and _NAMING not in whole.tag
            yield Token(word.form, f"{word.tag}|{place}{whole.tag}", word.start, word.end, common)


def japanese(text: str) -> bool:
    """Whether the text is Japanese: kana, or Chinese characters that are not a Korean text's."""
    return bool(_KANA.search(text)) or bool(JAPANESE.search(text) and not _HANGUL.search(text))


_READING = Reading(
    packages={"sudachipy": "sudachipy", "sudachidict_core": "sudachidict-core", "pycrfsuite": "python-crfsuite"},
    entities=ENTITIES,
    script=JAPANESE,
    reads=japanese,
    words=Words,
    features=lambda tokens, _: features(tokens),
    loose=("助詞", "助動詞", "補助記号句点", "補助記号読点"),  # particles, endings, stops
    evidence=EVIDENCE,
    by_rule=by_rule,
    told_apart=told_apart,
    repeated=repeated,
)


class JapaneseNames(EasternNames):
    """PERSON, LOCATION and ORGANIZATION in Japanese text: one with kana, or with Chinese characters and no Hangul."""

    name = "JapaneseNames"
    supported_language = "ja"

    def __init__(self, model: Path = MODEL, bounds: Bounds = _BOUNDS) -> None:
        super().__init__(_READING, model, bounds)
