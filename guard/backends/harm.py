"""A general sense of harm, added to the embedded critic's vectors: what `scripts/train_harm.py` learnt.

It is one direction in the space of an encoder's vectors. Its logit, calibrated, stands as one more number beside a
text's vector, so that each principle's head weighs it by the principle's own examples: much where they are about harm,
hardly where they are about something else. What it was trained on and is worth stands in docs/models.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from guard.backends.fitting import Encoder
from guard.backends.heads import Floats, Thresholds
from guard.backends.minilm import Vectors
from guard.backends.windows import Range
from guard.config import DEFAULTS
from guard.errors import ConfigError

FILE = DEFAULTS / "harm.json"
SHARE = 0.1  # of a logit that is added to a vector of length one
MOST = 6.0  # a logit beyond which more says no more


@dataclass(frozen=True, slots=True)
class Harm:
    """The direction. `encoder` names whose vectors it reads, `digest` is that of its file.

    `thresholds` are those of the calibrated logit: at `fire` nine in ten of what it was tested on are harmful.
    """

    encoder: str
    weights: Floats
    bias: float
    thresholds: Thresholds
    digest: str

    def logits(self, vectors: Floats) -> Floats:
        """The log-odds that each row's text is harmful, where half of all texts are."""
        logits: Floats = np.clip(vectors @ self.weights + self.bias, -MOST, MOST)
        return logits


def load(file: Path = FILE) -> Harm:
    """Raises ConfigError where the file cannot be read."""
    try:
        data = file.read_bytes()
        kept = json.loads(data)
        weights = np.array(kept["weights"], dtype=np.float64)
        if not np.isfinite(weights).all():
            raise ValueError("a weight is no number")
        thresholds = Thresholds(clear=float(kept["clear"]), fire=float(kept["fire"]))
        return Harm(str(kept["encoder"]), weights, float(kept["bias"]), thresholds, hashlib.sha256(data).hexdigest())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{file}: the general harm head cannot be read. Install guard again, or say 'harm: false' under 'critic'."
        ) from error


class HarmAware:
    """An encoder whose vectors have one more number: the logit of harm. It is an `Encoder` itself."""

    def __init__(self, encoder: Encoder, harm: Harm) -> None:
        """`harm` reads the vectors of `encoder`."""
        self._encoder = encoder
        self.harm = harm
        self.name = encoder.name
        self.digest = hashlib.sha256(f"{encoder.digest} {harm.digest} {SHARE} {MOST}".encode()).hexdigest()

    def tokens(self, text: str) -> list[Range]:
        """As the encoder's."""
        return self._encoder.tokens(text)

    def encode(self, units: Sequence[str], runs: Sequence[Range]) -> Vectors:
        """As the encoder's, with a column more. Harm reads the last numbers, as many as it was learnt on."""
        vectors = self._encoder.encode(units, runs)
        logits = self.harm.logits(vectors[:, -self.harm.weights.size :].astype(np.float64))
        return np.concatenate([vectors, (SHARE * logits[:, None]).astype(np.float32)], axis=1)

    def logit(self, vector: Floats) -> float:
        """The logit of harm that `encode` put into a vector."""
        return float(vector[-1]) / SHARE

    def reads_harmful(self, vector: Floats) -> bool:
        """Whether a vector made by `encode` is that of a text which reads like harm."""
        return self.logit(vector) >= self.harm.thresholds.fire
