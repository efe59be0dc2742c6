"""Let a causal model write, one token at a time: a plain loop over its key-value cache.

An answer is iterated, so one that nobody wants any more costs at most one more token.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guard.backends.causal_model import CausalModel
from guard.backends.copying import Copying

Finish = Literal["stop", "length"]
# stop    the model ended its answer, or wrote one of the stop texts
# length  the answer reached `max_tokens` or the end of the model's context

PREFILL = 512  # tokens of the prompt read in one step, between which other answers get their turn


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. `temperature` 0 takes the likeliest; `penalty` over 1 avoids repetition.

    The answer ends before the first of `stops`.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    penalty: float = 1.0
    stops: tuple[str, ...] = ()


class Answer:
    """The answer to the tokens of `prompt`: iterate over its pieces once, then read `finish` and `tokens`.

    A piece is whole characters. A placeholder comes whole or, where the answer ends in its middle, not at all.
    """

    def __init__(self, model: CausalModel, prompt: Sequence[int], sampling: Sampling, copying: Copying) -> None:
        self.finish: Finish = "length"
        self.tokens = 0
        self._model = model
        self._prompt = prompt
        self._sampling = sampling
        self._copying = copying

    def __iter__(self) -> Iterator[str]:
        shown = _Shown(self._model, self._sampling.stops)
        for token in self._written():
            self._copying.take(token)
            piece = shown.feed(token, unfinished=len(self._copying.tail))
            if piece:
                yield piece
            if shown.stopped:
                self.finish = "stop"
                return
        piece = shown.rest(unfinished=len(self._copying.tail))
        if piece:
            yield piece

    def _written(self) -> Iterator[int]:
        """The tokens of the answer, without the one that ends it."""
        dice = random.Random(self._sampling.seed)  # noqa: S311 - it chooses words, not keys
        cache: Any = None
        pending, written = list(self._prompt), list[int]()
        for _ in range(min(self._sampling.max_tokens, self._model.context - len(pending))):
            logits, cache = _step(self._model, pending, cache)
            token = _choose(logits, written, self._sampling, self._copying, dice)
            self.tokens += 1
            if token in self._model.ends:
                self.finish = "stop"
                return
            written.append(token)
            pending = [token]
            yield token


class _Shown:
    """Turns tokens into text as soon as they make whole characters and no unfinished stop or placeholder."""

    def __init__(self, model: CausalModel, stops: Sequence[str]) -> None:
        self.stopped = False
        self._model = model
        self._stops = stops
        self._tokens: list[int] = []  # the last piece's and those since: spaces depend on the token before
        self._known = 0  # how many of them are in the text already
        self._held = ""

    def feed(self, token: int, *, unfinished: int) -> str:
        """What can be shown after `token`; the last `unfinished` characters are not yet a whole placeholder."""
        self._tokens.append(token)
        text = self._model.decode(self._tokens)
        if text.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        self._held += text[len(self._model.decode(self._tokens[: self._known])) :]
        self._tokens = self._tokens[self._known :]
        self._known = len(self._tokens)
        cuts = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if cuts:
            self.stopped = True
            return self._held[: min(cuts)]
        return self._release(max([unfinished, *(_overlap(self._held, stop) for stop in self._stops)]))

    def rest(self, *, unfinished: int) -> str:
        """What is left at the end, without an unfinished placeholder: it could not be restored."""
        return self._release(unfinished)

    def _release(self, keep: int) -> str:
        cut = max(0, len(self._held) - keep)
        text, self._held = self._held[:cut], self._held[cut:]
        return text


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of `text` that begins `stop`."""
    return next((n for n in range(min(len(text), len(stop)), 0, -1) if text.endswith(stop[:n])), 0)


def _step(model: CausalModel, tokens: Sequence[int], cache: Any) -> tuple[Any, Any]:
    """The logits after `tokens`, float32 of shape (vocabulary), and the cache that now holds them."""
    import torch

    output: Any = None
    for start in range(0, len(tokens), PREFILL):
        ids = torch.tensor([list(tokens[start : start + PREFILL])], device=model.model.device)
        with model.lock, torch.inference_mode():
            output = model.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
    return output.logits[0, -1].float().cpu().clone(), cache


def _choose(logits: Any, written: Sequence[int], sampling: Sampling, copying: Copying, dice: random.Random) -> int:
    import torch

    logits[copying.size :] = -torch.inf  # models pad their vocabulary with tokens that mean nothing
    choices = copying.choices()
    if choices:
        allowed = torch.full_like(logits, -torch.inf)
        allowed[choices] = logits[choices]
        return _draw(allowed, sampling, dice)
    if written and sampling.penalty != 1:
        # Keskar et al., CTRL (arXiv 1909.05858), over the answer alone: the prompt's words must stay likely.
        seen = torch.tensor(sorted(set(written)))
        values = logits[seen]
        logits[seen] = torch.where(values > 0, values / sampling.penalty, values * sampling.penalty)
    while True:
        token = _draw(logits, sampling, dice)
        if not copying.refuses(token):
            return token
        logits[token] = -torch.inf


def _draw(logits: Any, sampling: Sampling, dice: random.Random) -> int:
    """The likeliest token or, with a temperature, one of the likeliest that hold `top_p` of the whole."""
    import torch

    if sampling.temperature <= 0:
        return int(logits.argmax())
    shares, tokens = torch.softmax(logits.double() / sampling.temperature, 0).sort(descending=True)
    sums = shares.cumsum(0)
    kept = max(1, int((sums - shares < sampling.top_p).sum()))
    mark = dice.random() * float(sums[kept - 1])
    return int(tokens[min(kept - 1, int((sums[:kept] <= mark).sum()))])
