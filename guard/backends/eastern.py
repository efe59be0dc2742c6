"""Names in a language whose words nothing parts: its words, a trained model over them, and rules around both."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from guard.backends.crf import Bounds, Crf, Token, is_word, pieces, require
from guard.backends.machine_words import MachineWords
from guard.backends.weak_names import Evidence, spoken_for
from guard.mask.patterns import Result


class Words(Protocol):
    """What parts a text into words."""

    def tokens(self, text: str) -> list[Token]:
        """The words of `text`."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How a language is read: what is in its `script`, its words and their features, and the rules around the model.

    `reads` says whether a text is in the language at all; `loose` are tags of what belongs to no name at its edges.
    """

    packages: Mapping[str, str]
    entities: Mapping[str, str]
    script: re.Pattern[str]
    reads: Callable[[str], bool]
    words: Callable[[], Words]
    features: Callable[[Sequence[Token], str], Any]
    loose: tuple[str, ...]
    evidence: Evidence
    by_rule: Callable[[str, Sequence[Token]], Iterator[Result]]
    told_apart: Callable[[str, Result], Result | None]
    repeated: Callable[[Iterable[Result], str], Iterator[Result]]


class EasternNames:
    """PERSON, LOCATION and ORGANIZATION in the texts of one language. Loads nothing before the first of them comes.

    Raises ConfigError where a package is missing.
    """

    name: ClassVar[str]
    supported_language: ClassVar[str]

    def __init__(self, reading: Reading, model: Path, bounds: Bounds) -> None:
        require(reading.packages, self.supported_language)
        self.supported_entities = sorted(set(reading.entities.values()))
        self._reading = reading
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
        """The names in each text. A text in another script costs nothing."""
        return [self._names(text) for text in texts]

    def _names(self, text: str) -> list[Result]:
        how = self._reading
        if not how.reads(text):
            return []
        words, crf = self._load()
        found: list[Result] = []
        for offset, piece in pieces(text, how.script):
            tokens = words.tokens(piece)
            modelled = crf.names(piece, tokens, how.features(tokens, piece), self._bounds)
            names = [*spoken_for(modelled, piece, tokens, how.evidence), *how.by_rule(piece, tokens)]
            machine = MachineWords(piece)
            told = (how.told_apart(piece, name) for name in map(machine.told_apart, names) if name)
            names = [n for n in told if n and not is_word(piece[n.start : n.end])]
            found += [Result(n.entity_type, n.start + offset, n.end + offset, n.score) for n in names]
        return [*found, *how.repeated(found, text)]

    def _load(self) -> tuple[Words, Crf]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._reading.words(), Crf(self._path, self._reading.entities, self._reading.loose)
            return self._loaded
