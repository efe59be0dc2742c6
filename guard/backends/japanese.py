"""Japanese names of people, places and organisations: Sudachi's words, a trained model and rules over them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from guard.backends.crf import Bounds, Crf, Token, is_word, pieces, require
from guard.backends.japanese_everyday import EVIDENCE, told_apart
from guard.backends.japanese_features import features, tag_of
from guard.backends.japanese_rules import by_rule, repeated
from guard.backends.machine_words import MachineWords
from guard.backends.weak_names import spoken_for
from guard.config import DEFAULTS
from guard.mask.patterns import Result

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
_LOOSE = ("助詞", "助動詞", "補助記号句点", "補助記号読点")  # particles, endings, stops
_BOUNDS = Bounds(grow=0.06, seed=0.12)


class Words:
    """Sudachi with its core dictionary: the shortest words, each with the tag of the longest that it is part of."""

    def __init__(self) -> None:
        from sudachipy import Dictionary, SplitMode

        self._short, self._long = SplitMode.A, SplitMode.C
        self._tokenizer: Any = Dictionary(dict="core").tokenizer()
        self._lock = threading.Lock()

    def tokens(self, text: str) -> list[Token]:
        """The words of `text`."""
        with self._lock:
            # Two passes: asking a long word for its parts ends the process on some (sudachipy 0.7.0).
            longer = [_token(word) for word in self._tokenizer.tokenize(text, self._long)]
            words = [_token(word) for word in self._tokenizer.tokenize(text, self._short)]
        return list(_with_longer(words, longer))


def _token(word: Any) -> Token:
    return Token(word.surface(), tag_of(word.part_of_speech(), unknown=word.is_oov()), word.begin(), word.end())


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
            yield word._replace(tag=f"{word.tag}|{place}{whole.tag}", common=common)


def japanese(text: str) -> bool:
    """Whether the text is Japanese: kana, or Chinese characters that are not a Korean text's."""
    return bool(_KANA.search(text)) or bool(JAPANESE.search(text) and not _HANGUL.search(text))


class JapaneseNames:
    """PERSON, LOCATION and ORGANIZATION in Japanese text. Loads nothing before the first such text comes.

    Raises ConfigError where a package is missing.
    """

    name = "JapaneseNames"
    supported_language = "ja"

    def __init__(self, model: Path = MODEL, bounds: Bounds = _BOUNDS) -> None:
        packages = {"sudachipy": "sudachipy", "sudachidict_core": "sudachidict-core", "pycrfsuite": "python-crfsuite"}
        require(packages, "ja")
        self.supported_entities = sorted(set(ENTITIES.values()))
        self._path = model
        self._bounds = bounds
        self._lock = threading.Lock()
        self._loaded: tuple[Words, Crf] | None = None

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._loaded is not None

    def analyze(
        self,
        text: str,
        entities: list[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The names in one text; only `entities` where they are given. Raises ConfigError."""
        return [found for found in self._names(text) if entities is None or found.entity_type in entities]

    def analyze_batch(self, texts: Sequence[str]) -> list[list[Result]]:
        """The names in each text. A text without kana or kanji costs nothing."""
        return [self._names(text) for text in texts]

    def _names(self, text: str) -> list[Result]:
        if not japanese(text):
            return []
        words, crf = self._load()
        found: list[Result] = []
        for offset, piece in pieces(text, JAPANESE):
            tokens = words.tokens(piece)
            modelled = crf.names(piece, tokens, features(tokens), self._bounds)
            names = [*spoken_for(modelled, piece, tokens, EVIDENCE), *by_rule(piece, tokens)]
            machine = MachineWords(piece)
            told = (told_apart(piece, name) for name in map(machine.told_apart, names) if name)
            names = [n for n in told if n and not is_word(piece[n.start : n.end])]
            found += [Result(n.entity_type, n.start + offset, n.end + offset, n.score) for n in names]
        return [*found, *repeated(found, text)]

    def _load(self) -> tuple[Words, Crf]:
        with self._lock:
            if self._loaded is None:
                self._loaded = Words(), Crf(self._path, ENTITIES, _LOOSE)
            return self._loaded
