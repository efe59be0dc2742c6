"""Korean names of people, places and organisations: Kiwi's words, a trained model over them, and rules around it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from guard.backends.crf import Bounds, Token
from guard.backends.eastern import EasternNames, Reading
from guard.backends.korean_everyday import EVIDENCE, told_apart
from guard.backends.korean_features import features
from guard.backends.korean_institutions import ENTITY, with_institutions
from guard.backends.korean_rules import by_rule, repeated
from guard.config import DEFAULTS
from guard.mask.patterns import Result

__all__ = ["ENTITIES", "MODEL", "KoreanNames", "Words"]

MODEL = DEFAULTS / "names-ko.crfsuite"
ENTITIES = {"PS": "PERSON", "LC": "LOCATION", "OG": "ORGANIZATION"}
HANGUL = re.compile("[가-힣]")
_NAMING = ("NNP", "SL", "SH", "SB", "SW")  # tags of what is no common word: proper nouns, other scripts, signs
_UNKNOWN = 100  # Kiwi numbers the words of its dictionary from here on; below it stands one for each part of speech
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


_READING = Reading(
    packages={"kiwipiepy": "kiwipiepy", "pycrfsuite": "python-crfsuite"},
    entities=ENTITIES,
    script=HANGUL,
    reads=lambda text: bool(HANGUL.search(text)),
    words=Words,
    features=features,
    loose=("J", "E", "VCP", "SF", "SP", "SE"),  # particles, endings, stops
    evidence=EVIDENCE,
    by_rule=by_rule,
    told_apart=told_apart,
    repeated=repeated,
)


class KoreanNames(EasternNames):
    """PERSON, LOCATION, ORGANIZATION and INSTITUTION in Korean text, which is a text with Hangul."""

    name = "KoreanNames"
    supported_language = "ko"

    def __init__(self, model: Path = MODEL, bounds: Bounds = _BOUNDS) -> None:
        super().__init__(_READING, model, bounds)
        self.supported_entities.append(ENTITY)

    def _names(self, text: str) -> list[Result]:
        return with_institutions(super()._names(text), text)
