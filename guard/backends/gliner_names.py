"""GLiNER as a recognizer: entities that the policy names in plain words. The package `gliner` is optional.

The model reads a few hundred words at once, so a longer text is read in windows of words that overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from guard.errors import ConfigError
from guard.mask.patterns import Result

NAME = "gliner"
WORDS, SHARED = 256, 32  # words of a window, and those that two windows share

_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")  # what GLiNER counts as a word


class GlinerNames:
    """`labels` says which entity each label is; `threshold` is the score, 0 to 1, from which a find counts.

    Raises ConfigError.
    """

    name = NAME
    supported_language = "*"

    def __init__(
        self,
        model: str,
        *,
        labels: Mapping[str, str],
        threshold: float = 0.4,
        words: int = WORDS,
        device: str = "cpu",
        download: bool = False,
    ) -> None:
        self._labels = dict(labels)
        self.supported_entities = sorted(set(self._labels.values()))
        self._threshold = threshold
        self._words = words
        self._model = _load(model, device, download=download)

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """What the model finds in one text; only `entities` where they are given."""
        (results,) = self.analyze_batch([text])
        return [result for result in results if entities is None or result.entity_type in entities]

    def analyze_batch(self, texts: Sequence[str]) -> list[list[Result]]:
        """What the model finds in each text, overlaps of windows included."""
        results: list[list[Result]] = [[] for _ in texts]
        pieces = [(index, *piece) for index, text in enumerate(texts) for piece in windows(text, self._words)]
        if not pieces:
            return results
        batch = self._model.inference(
            [piece for _, _, piece in pieces], list(self._labels), threshold=self._threshold, flat_ner=True
        )
        for (index, offset, _), found in zip(pieces, batch, strict=True):
            results[index] += (
                Result(self._labels[item["label"]], item["start"] + offset, item["end"] + offset, float(item["score"]))
                for item in found
            )
        return results


def windows(text: str, words: int) -> Iterator[tuple[int, str]]:
    """`text` in pieces of at most so many words, each with its offset; those beside each other share some."""
    places = [match.span() for match in _WORD.finditer(text)]
    first = 0
    while first < len(places):
        last = min(first + words, len(places))
        yield places[first][0], text[places[first][0] : places[last - 1][1]]
        if last == len(places):
            return
        first = last - min(SHARED, words // 2)


def _load(name: str, device: str, *, download: bool) -> Any:
    try:
        package = import_module("gliner")
    except ImportError as error:
        raise ConfigError(
            "a policy names GLiNER, and the package gliner is not installed. Install it: pip install --no-deps gliner."
        ) from error
    try:
        model = package.GLiNER.from_pretrained(name, local_files_only=not download, map_location=device)
    except Exception as error:  # a model file can fail in any way, and its reader raises whatever it likes
        remedy = "Check the name" if download else "Put it into that folder, or set 'download: true'"
        raise ConfigError(f"GLiNER model '{name}' cannot be read ({type(error).__name__}). {remedy}.") from error
    return model.eval()
