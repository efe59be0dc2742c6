"""Blocks of source code: what looks like one by its lines, judged by Magika's packaged model.

Magika (https://github.com/google/magika, Apache 2.0) tells some two hundred kinds of content apart; its model is in its
package and nothing is fetched. A block costs it about 10 ms; text without a block that looks like code costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guard.errors import ConfigError
from guard.mask.code_blocks import DATA, Block, blocks
from guard.mask.patterns import Result

ENTITY = "SOURCE_CODE"

_SCORE = 0.9
_READ = 20_000  # characters of a block that are judged
_SURE = 0.9  # the model's score from which it decides where the lines do not


class SourceCode:
    """Source code as a recognizer in the shape of Presidio's EntityRecognizer. It wants the whole text."""

    name = "source code"
    supported_language = "*"
    supported_entities = (ENTITY,)

    def __init__(self) -> None:
        """Load the model. Raises ConfigError where Magika is not installed."""
        try:
            from magika import Magika
        except ImportError as error:
            raise ConfigError(
                "magika is not installed, which 'recognize.code.source_code' needs. Install it: pip install magika."
            ) from error
        self._model = Magika()

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The blocks of source code in `text`, in order."""
        if entities is not None and ENTITY not in entities:
            return []
        return [Result(ENTITY, block.start, block.end, _SCORE) for block in blocks(text) if self._is_code(text, block)]

    def _is_code(self, text: str, block: Block) -> bool:
        """Whether the lines of a block and the model together say that it is source code."""
        read = text[block.start : min(block.end, block.start + _READ)]
        verdict = self._model.identify_bytes(read.encode("utf-8", "replace"))
        label, certain = str(verdict.dl.label), float(verdict.score) >= _SURE
        if label in DATA:
            return block.sure and not certain
        if verdict.output.group != "code":
            return block.sure
        return block.sure or block.likely or certain
