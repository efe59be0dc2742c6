"""A conditional random field over the words of a text (CRFsuite): which words are names, and how surely.

What is asked of it is the marginal probability of every word, not the single best labelling: to leave a name unmasked
costs more than to mask a word too many, so a name may be improbable and still count.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from guard.errors import ConfigError
from guard.mask.names import stands_alone
from guard.mask.patterns import Result

__all__ = ["PIECE", "Bounds", "Crf", "Token", "is_word", "labels", "pieces", "require", "shaped_by"]

PIECE = 8_000  # characters that are read at once; Sudachi refuses more than 49,149 bytes
_EVEN = 0.5
_SHORT_LINE = 200  # characters of a line without a letter of the script that is still read with the lines around it
_LATIN_ONLY = re.compile(r"[\x00-\x7f]+")
_CUTS = ("\n", ". ", "。", " ", "、", ",")


class Token(NamedTuple):
    """A word of a text with its part of speech; `start` and `end` are characters of the text, end exclusive.

    `common` says that the dictionary has it, and as no name.
    """

    form: str
    tag: str
    start: int
    end: int
    common: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """From which probability on a word is part of a name (`grow`), and which one word of every name must reach."""

    grow: float
    seed: float


@dataclass(frozen=True, slots=True)
class _Word:
    token: Token
    probability: float  # that it is part of any name
    begins: bool
    masses: Sequence[float]  # the probability of each label of a name


class Crf:
    """A trained model. Labels are `B-kind`, `I-kind` and `O`; only the kinds in `entities` count as names.

    `entities` gives the entity of each kind; `loose` are beginnings of tags, those of particles, that stand at the edge
    of a name only where the model is sure. For use by any thread. Raises ConfigError where the file cannot be read.
    """

    def __init__(self, path: Path, entities: Mapping[str, str], loose: tuple[str, ...] = ()) -> None:
        import pycrfsuite

        self._tagger: Any = pycrfsuite.Tagger()
        try:
            self._tagger.open(str(path))
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigError(f"the model {path.name} cannot be read. Install guard anew.") from error
        self._entities = dict(entities)
        self._loose = loose
        known = set(self._tagger.labels())
        self._labels = [p + kind for kind in entities for p in ("B-", "I-") if p + kind in known]
        self._beginning = [i for i, label in enumerate(self._labels) if label[0] == "B"]
        self._of = {kind: [i for i, label in enumerate(self._labels) if label[2:] == kind] for kind in entities}
        self._lock = threading.Lock()

    def names(
        self, text: str, tokens: Sequence[Token], features: Sequence[Sequence[str]], bounds: Bounds
    ) -> list[Result]:
        """The names in `text`, of `tokens`, whose features stand at the same index. None goes over the end of a line.

        A score is half of 1 + the probability.
        """
        if not tokens:
            return []
        words = self._words(tokens, features, bounds.grow)
        names = [_trimmed(run, self._loose) for run in _runs(words, text, bounds)]
        return [self._result(name) for name in names if name]

    def _words(self, tokens: Sequence[Token], features: Sequence[Sequence[str]], grow: float) -> Iterator[_Word | None]:
        """Each token with its probabilities, or None where it is no part of a name."""
        with self._lock:
            self._tagger.set(features)
            marginal = self._tagger.marginal
            for index, token in enumerate(tokens):
                if marginal("O", index) > 1 - grow:
                    yield None
                    continue
                masses = [marginal(label, index) for label in self._labels]
                total = sum(masses)
                begins = sum([masses[i] for i in self._beginning]) * 2 > total
                yield _Word(token, total, begins, masses) if total >= grow else None

    def _result(self, run: Sequence[_Word]) -> Result:
        kind = max(self._of, key=lambda kind: sum(word.masses[i] for word in run for i in self._of[kind]))
        score = (1 + min(max(word.probability for word in run), 1.0)) / 2
        return Result(self._entities[kind], run[0].token.start, run[-1].token.end, score)


def _runs(words: Iterable[_Word | None], text: str, bounds: Bounds) -> Iterator[list[_Word]]:
    """The names: words that follow one another, cut where one begins; all of a run count if one word is sure enough."""
    run: list[_Word] = []
    for word in (*words, None):
        if run and (word is None or "\n" in text[run[-1].token.end : word.token.start]):
            if max(w.probability for w in run) >= bounds.seed:
                yield from _cut(run)
            run = []
        if word:
            run.append(word)


def _cut(run: Sequence[_Word]) -> Iterator[list[_Word]]:
    name = [run[0]]
    for word in run[1:]:
        if word.begins:
            yield name
            name = []
        name.append(word)
    yield name


def _trimmed(name: list[_Word], loose: tuple[str, ...]) -> list[_Word]:
    start, end = 0, len(name)
    while start < end and _is_loose(name[start], loose):
        start += 1
    while start < end and _is_loose(name[end - 1], loose):
        end -= 1
    return name[start:end]


def _is_loose(word: _Word, loose: tuple[str, ...]) -> bool:
    return word.probability < _EVEN and word.token.tag.startswith(loose)


def require(packages: Mapping[str, str], language: str) -> None:
    """Raise ConfigError unless all `packages` are there: module → the name to install it by."""
    missing = [package for module, package in packages.items() if find_spec(module) is None]
    if missing:
        raise ConfigError(
            f"the names of language '{language}' need packages that are not installed: {', '.join(missing)}. Install "
            f"them, or leave '{language}' out of recognize.languages."
        )


def pieces(text: str, script: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The parts of `text` worth reading, with their offsets: lines with a letter of `script`, and short ones between.

    Lines that follow one another stay together, because a form may write a label above its value. No part is longer
    than PIECE.
    """
    start = end = position = 0  # the part at hand is text[start:end], where it is not empty
    for line in text.splitlines(keepends=True):
        begun = end == position and end > start
        if script.search(line) or (begun and len(line) <= _SHORT_LINE):
            if not begun:
                yield from _parts(text, start, end)
                start = position
            end = position + len(line)
        position += len(line)
    yield from _parts(text, start, end)


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    while end - start > PIECE:
        cut = max((text.rfind(mark, start + PIECE // 2, start + PIECE) for mark in _CUTS), default=-1) + 1
        cut = cut or start + PIECE
        yield start, text[start:cut]
        start = cut
    if end > start:
        yield start, text[start:end]


def is_word(name: str) -> bool:
    """Whether a name in Latin letters is an everyday abbreviation and none: SQL, CSV."""
    return bool(_LATIN_ONLY.fullmatch(name)) and not any(stands_alone(word) for word in name.split())


def labels(tokens: Sequence[Token], spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """The label of each token for training: a token belongs to the span that covers half of it or more."""
    found: list[str] = []
    before = -1
    for token in tokens:
        half = (token.end - token.start) / 2
        inside = next(
            (i for i, (start, end, _) in enumerate(spans) if min(end, token.end) - max(start, token.start) >= half > 0),
            -1,
        )
        found.append("O" if inside < 0 else f"{'I' if inside == before else 'B'}-{spans[inside][2]}")
        before = inside
    return found


def shaped_by(kind_of: Callable[[str], str], form: str) -> str:
    """The kinds of the characters of a word, one that follows itself only once and with a "+"."""
    kinds: list[str] = []
    for character in form:
        kind = kind_of(character)
        if kinds and kinds[-1].rstrip("+") == kind:
            kinds[-1] = kind + "+"
        else:
            kinds.append(kind)
    return "".join(kinds)
