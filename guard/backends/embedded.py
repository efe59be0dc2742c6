"""The embedded critic: one small head per principle on MiniLM vectors, fitted to the constitution's own examples.

It judges and never writes. What it is worth is measured by leaving each example out and is on its card. It reads
English; a passage that is mostly in another script is never called clear, but unsure.

The examples of other principles that comply are complying examples of each principle too: they keep a head from
firing on everything that is not about its own topics. A principle with a `check` has no head; its complying
examples still serve the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np

from guard.backends import heads
from guard.backends.heads import Examples, Floats, Head, LeftOut, Reading, Thresholds
from guard.backends.minilm import LAYERS, MOST_TOKENS, MiniLM, Vectors, find
from guard.backends.windows import SHORT, UNITS, Cut, Range, cut, merged, plain, readable, without_surrogates
from guard.constitution import AppliesTo, Constitution, Principle
from guard.errors import ConfigError, CriticError, GuardError
from guard.types import Dialogue, Json, Progress, Rule, State, Verdict

LEAST_EXAMPLES = 8
ROOM = MOST_TOKENS - 2  # tokens of a window, without the two that frame it
# Part of the digest: whatever changes a verdict and is neither in the model nor in the constitution.
SETTINGS = {
    "layers": LAYERS, "tokens": ROOM, "units": UNITS, "short": SHORT, "penalty": heads.PENALTY,
    "others": heads.OTHERS_WEIGHT, "right": heads.RIGHT, "false_alarms": heads.FALSE_ALARMS, "version": 1,
}  # fmt: skip

Key: TypeAlias = tuple[str, tuple[Dialogue, ...], tuple[Dialogue, ...]]


class Encoder(Protocol):
    """What the critic needs of a model; `MiniLM` is one."""

    name: str
    digest: str

    def tokens(self, text: str) -> list[Range]: ...
    def encode(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Fitted:
    """The head of one principle, its thresholds, and the logits of its examples when left out."""

    principle: Principle
    head: Head
    thresholds: Thresholds
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class _Text:
    """A cut text with a vector per window."""

    text: str
    cut: Cut
    vectors: Floats


class EmbeddedCritic:
    """A `guard.types.Critic`. `score` is thread-safe: nothing changes after the fit."""

    writes = False

    def __init__(self, encoder: Encoder, fitted: Mapping[Key, Fitted]) -> None:
        self._encoder = encoder
        self._fitted = dict(fitted)
        self.name = f"embedded:{encoder.name}"
        self.digest = _digest(encoder, [(key, asdict(one.thresholds)) for key, one in fitted.items()])

    @classmethod
    def fit(
        cls,
        constitutions: Sequence[Constitution],
        cache: Path | None,
        progress: Progress,
        *,
        encoder: Encoder | None = None,
    ) -> EmbeddedCritic:
        """Load the model and fit a head per principle; with `cache`, a folder, a second start is quick.

        Raises ConfigError where the model is missing or a principle has too few examples.
        """
        judged = _judged(constitutions)
        if encoder is None:
            progress("loading the embedded critic")
            encoder = MiniLM(find())
        texts = {
            _view(principle.applies_to, example)
            for constitution in constitutions
            for principle in constitution.principles
            for reader in constitution.principles
            for example in (*principle.violates, *principle.complies)
            for view in (reader.applies_to,)
        }
        raise NotImplementedError
