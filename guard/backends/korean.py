"""Korean names of people, places and organisations: Kiwi's words, a trained model over them, and rules around it."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from guard.backends.crf import Bounds, Crf, Token, is_word, pieces, require
from guard.backends.korean_everyday import EVIDENCE, told_apart
from guard.backends.korean_features import features
from guard.backends.korean_rules import by_rule, repeated
from guard.backends.machine_words import MachineWords
from guard.backends.weak_names import spoken_for
from guard.config import DEFAULTS
from guard.mask.patterns import Result

__all__ = ["ENTITIES", "MODEL", "KoreanNames", "Words"]

MODEL = DEFAULTS / "names-ko.crfsuite"
ENTITIES = {"PS": "PERSON", "LC": "LOCATION", "OG": "ORGANIZATION"}
HANGUL = re.compile("[가-힣]")
_NAMING = ("NNP", "SL", "SH", "SB", "SW")  # tags of what is no common word: proper nouns, other scripts, signs
_UNKNOWN = 100  # Kiwi numbers the words of its dictionary from here on; below it stands one for each part of speech
_LOOSE = ("J", "E", "VCP", "SF", "SP", "SE")  # particles, endings, stops
_BOUNDS = Bounds(grow=0.02, seed=0.04)


class Words:
    """Kiwi without its dictionaries of proper names.

    So it starts in half a second and takes half the memory, and the model for names is as good.
    """

    def __init__(self) -> None:
        from kiwipiepy import Kiwi

        self._kiwi: Any = Kiwi(num_workers=1, load_default_dict=False, load_typo_dict=False, load_multi_dict=False)

    def tokens(self, text: str) -> list[Token]:
        """The morphemes of `text`; two may share a syllable."""
        return [
            Token(t.form, t.tag, t.start, t.start + t.len, t.tag not in _NAMING and t.id >= _UNKNOWN)
            for t in self._kiwi.tokenize(text)
            if t.len
        ]


class KoreanNames:
    """PERSON, LOCATION and ORGANIZATION in Korean text. Loads nothing before the first text with Hangul comes.

    Raises ConfigError where a package is missing.
    """

    name = "KoreanNames"
    supported_language = "ko"

    def __init__(self, model: Path = MODEL, bounds: Bounds = _BOUNDS) -> None:
        require({"kiwipiepy": "kiwipiepy", "pycrfsuite": "python-crfsuite"}, "ko")
        self.supported_entities = sorted(ENTITIES.values())
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
        """The names in each text. A text without Hangul costs nothing."""
        return [self._names(text) for text in texts]

    def _names(self, text: str) -> list[Result]:
        if not HANGUL.search(text):
            return []
        words, crf = self._load()
        found: list[Result] = []
        for offset, piece in pieces(text, HANGUL):
            tokens = words.tokens(piece)
            modelled = crf.names(piece, tokens, features(tokens, piece), self._bounds)
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
