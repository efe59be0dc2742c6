"""Let a causal model write, one token at a time: a plain loop over its key-value cache.

It is a generator, so an answer that nobody wants any more costs at most one more token: closing the generator ends it.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guard.backends.causal import CausalModel
from guard.backends.copying import Copying

Finish = Literal["stop", "length"]
# stop    the model ended its answer
# length  the answer reached `max_tokens` or the end of the model's context

PREFILL = 512  # tokens read in one step


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. `temperature` 0 takes the likeliest; `penalty` over 1 avoids repetition."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    penalty: float = 1.1


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended, and how many tokens it took."""

    finish: Finish
    tokens: int


def decode(
    model: CausalModel, prompt: Sequence[int], sampling: Sampling, copying: Copying
) -> Generator[str, None, Ending]:
    """Yield the answer to the tokens of `prompt` piece by piece; every piece is whole characters.

    A placeholder is yielded whole or, where the answer ends in the middle of it, not at all.
    """
    dice = random.Random(sampling.seed)  # noqa: S311 - sampling text, not keys
    cache: Any = None
    pending, written = list(prompt), list[int]()
    shown = _Shown(model)
    limit = min(sampling.max_tokens, model.context - len(prompt))
    while len(written) < limit:
        logits, cache = _step(model, pending, cache)
        token = _choose(logits, written, sampling, copying, dice)
        if token in model.ends:
            yield shown.rest(copying)
            return Ending("stop", len(written) + 1)
        written.append(token)
        copying.take(token)
        pending = [token]
        piece = shown.feed(token, copying)
        if piece:
            yield piece
    yield shown.rest(copying)
    return Ending("length", len(written))


class _Shown:
    """Turns tokens into text as soon as they make whole characters and no unfinished placeholder."""

    def __init__(self, model: CausalModel) -> None:
        self._model = model
        self._tokens: list[int] = []
        self._context = 0  # tokens already shown, kept because spaces depend on the token before
        self._held = ""

    def feed(self, token: int, copying: Copying) -> str:
        self._tokens.append(token)
        before = self._model.decode(self._tokens[: self._context])
        text = self._model.decode(self._tokens)
        if text.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        self._tokens, self._context = self._tokens[self._context :], len(self._tokens) - self._context
        self._held += text[len(before) :]
        return self._release(len(copying.tail))

    def rest(self, copying: Copying) -> str:
        """What is held at the end: an unfinished placeholder is dropped, for it could not be restored."""
        text = self._release(len(copying.tail))
        self._held = ""
        return text

    def _release(self, keep: int) -> str:
        cut = max(0, len(self._held) - keep)
        text, self._held = self._held[:cut], self._held[cut:]
        return text


def _step(model: CausalModel, tokens: Sequence[int], cache: Any) -> tuple[Any, Any]:
    """The logits after `tokens`, float32 of shape (vocabulary), and the cache that now holds them."""
    import torch

    device = model.model.device
    output: Any = None
    for start in range(0, len(tokens), PREFILL):
        with model.lock, torch.inference_mode():
            output = model.model(
                input_ids=torch.tensor([list(tokens[start : start + PREFILL])], device=device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        cache = output.past_key_values
    return output.logits[0, -1].float().cpu().clone(), cache


def _choose(
    logits: Any, written: Sequence[int], sampling: Sampling, copying: Copying, dice: random.Random
) -> int:
    import torch

    if written and sampling.penalty != 1:
        # Keskar et al., CTRL (arXiv 1909.05858), over the answer alone: the prompt's words must stay likely.
        seen = torch.tensor(sorted(set(written)))
        values = logits[seen]
        logits[seen] = torch.where(values > 0, values / sampling.penalty, values * sampling.penalty)
    choices = copying.choices()
    if choices:
        allowed = torch.full_like(logits, -torch.inf)
        allowed[choices] = logits[choices]
        logits = allowed
    while True:
        token = _draw(logits, sampling, dice)
        if choices or not copying.refuses(token):
            return token
        logits[token] = -torch.inf


def _draw(logits: Any, sampling: Sampling, dice: random.Random) -> int:
    import torch

    if sampling.temperature <= 0:
        return int(logits.argmax())
    shares, tokens = torch.softmax(logits / sampling.temperature, 0).sort(descending=True)
    sums = shares.cumsum(0)
    kept = int((sums - shares < sampling.top_p).sum())
    mark = dice.random() * float(sums[kept - 1])
    return int(tokens[min(kept - 1, int((sums[:kept] <= mark).sum()))])
