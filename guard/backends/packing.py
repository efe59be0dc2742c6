"""Ask a causal model many yes-or-no questions about one text in a single forward pass.

The sequence is [prefix][branch 1][branch 2]…; a branch sees the prefix and itself, and its positions go on from the
end of the prefix, so each branch ends as if it had been sent alone.

Traps of transformers 5.23 that this module goes around: a boolean 4-D mask is silently wrong under eager attention
(ours is additive and float); layers with a sliding window need a mask of their own, built from the positions and not
from the places in the sequence; bfloat16 logits move in steps of 0.1, so those of the answers are formed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guard.backends.causal import CausalModel
from guard.errors import ConfigError, CriticError

if TYPE_CHECKING:
    import torch

YES = ("Yes", "yes", "YES", " Yes", " yes", " YES")
NO = ("No", "no", "NO", " No", " no", " NO")

# Which layers a packed pass can be masked for; a model with others is asked one question at a time.
LAYERS = frozenset({"full_attention", "sliding_attention"})
# How far packed and separate may differ, in log-probability, before packing is given up.
TOLERANCE = {"float32": 1e-3}
COARSE = 0.3  # for the other types
# What torch and transformers raise when a model and its input do not go together, or memory runs out.
FAILURES = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError)
PROBE = ("The sky is blue. ", ("Is it green? ", "Is the sky above or below the sea, do you think? "))


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: the log-probabilities of yes and of no among everything the model might say."""

    yes: float
    no: float

    @property
    def score(self) -> float:
        """P(yes) / (P(yes) + P(no))."""
        return 1 / (1 + math.exp(min(700.0, self.no - self.yes)))

    @property
    def odds(self) -> float:
        """The logarithm of P(yes) / P(no)."""
        return self.yes - self.no

    @property
    def mass(self) -> float:
        """How much of what the model might say is an answer at all, 0 to 1."""
        return math.exp(self.yes) + math.exp(self.no)


class Asker:
    """Asks one model; `packs` says whether many questions go in one pass."""

    def __init__(self, model: CausalModel) -> None:
        self._model = model
        self._yes, self._no = _answer_tokens(model)
        config = model.model.config.get_text_config()
        self._window: int | None = getattr(config, "sliding_window", None)
        default = ["sliding_attention" if self._window else "full_attention"]
        self._layers = sorted(set(getattr(config, "layer_types", None) or default))
        self.packs = LAYERS.issuperset(self._layers) and self._agrees()

    def ask(self, prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
        """The answer to each of `branches` after `prefix`. Raises CriticError."""
        try:
            found = self.packed(prefix, branches) if self.packs else self.separate(prefix, branches)
        except FAILURES as error:
            raise CriticError(f"The critic's model failed ({type(error).__name__}).") from error
        if not all(math.isfinite(answer.yes) and math.isfinite(answer.no) for answer in found):
            raise CriticError("The critic's model gave a score that is not a number.")
        return found

    def packed(self, prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
        """All answers from one forward pass."""
        import torch

        model = self._model.model
        positions, allowed = layout(len(prefix), [len(branch) for branch in branches])
        tokens = [*prefix, *(token for branch in branches for token in branch)]
        ends, end = [], len(prefix)
        for branch in branches:
            end += len(branch)
            ends.append(end - 1)
        with self._model.lock, torch.inference_mode():
            hidden = model.base_model(
                input_ids=torch.tensor([tokens], device=model.device),
                attention_mask=self._masks(positions, allowed),
                position_ids=positions[None].to(model.device),
                use_cache=False,
            ).last_hidden_state[0, ends]
            return self._answers(hidden)

    def separate(self, prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
        """The same answers from one forward pass each, as the model means them."""
        import torch

        model = self._model.model
        found: list[Answered] = []
        for branch in branches:
            ids = torch.tensor([[*prefix, *branch]], device=model.device)
            with self._model.lock, torch.inference_mode():
                logits = model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1:].float()
            found += _read(logits, logits[:, [*self._yes, *self._no]], len(self._yes))
        return found

    def _masks(self, positions: torch.Tensor, allowed: torch.Tensor) -> Any:
        """One additive mask of shape (1, 1, length, length), or one for each type of layer."""
        masks = {
            layer: additive(
                allowed if layer == "full_attention" else allowed & near(positions, self._window),
                self._model.model,
            )
            for layer in self._layers
        }
        return masks if len(masks) > 1 else masks[self._layers[0]]

    def _answers(self, hidden: torch.Tensor) -> list[Answered]:
        """The answers at `hidden`, of shape (branches, width)."""
        import torch

        head = self._model.model.get_output_embeddings()
        tokens = [*self._yes, *self._no]
        bias = getattr(head, "bias", None)
        exact = self._shaped(
            torch.nn.functional.linear(
                hidden.float(), head.weight[tokens].float(), None if bias is None else bias[tokens].float()
            )
        )
        logits = self._shaped(head(hidden).float())
        logits[:, tokens] = exact
        return _read(logits, exact, len(self._yes))

    def _shaped(self, logits: torch.Tensor) -> torch.Tensor:
        """What some families do to their logits: Granite, Cohere, Gemma 2."""
        config = self._model.model.config.get_text_config()
        logits = logits / (getattr(config, "logits_scaling", None) or 1.0)
        logits = logits * (getattr(config, "logit_scale", None) or 1.0)
        cap = getattr(config, "final_logit_softcapping", None)
        return logits if cap is None else cap * (logits / cap).tanh()

    def _agrees(self) -> bool:
        """Whether a packed pass gives what separate prompts give: some models ignore masks or positions."""
        before, after = self._model.frame()
        prefix = [*before, *self._model.encode(PROBE[0])]
        branches = [[*self._model.encode(question), *after] for question in PROBE[1]]
        expected = self.separate(prefix, branches)
        try:
            found = self.packed(prefix, branches)
        except FAILURES:
            return False
        allowance = TOLERANCE.get(str(self._model.model.dtype).removeprefix("torch."), COARSE)
        return all(
            abs(one.yes - other.yes) <= allowance and abs(one.no - other.no) <= allowance
            for one, other in zip(expected, found, strict=True)
        )


def layout(prefix: int, branches: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The positions, and which place may see which (query by key), for these lengths."""
    import torch

    lengths = torch.tensor([prefix, *branches])
    owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    positions = torch.cat([torch.arange(prefix), *(torch.arange(prefix, prefix + n) for n in branches)])
    causal = torch.ones(len(owner), len(owner), dtype=torch.bool).tril()
    return positions, causal & ((owner[:, None] == owner[None, :]) | (owner[None, :] == 0))


def near(positions: torch.Tensor, window: int | None) -> torch.Tensor:
    """Which place may see which when attention reaches back `window` positions, its own included."""
    distance = positions[:, None] - positions[None, :]
    return distance < (window or 1 << 30)


def additive(allowed: torch.Tensor, model: Any) -> torch.Tensor:
    """`allowed` as a float mask of the model's type: 0 where it may look, the lowest number where not."""
    import torch

    mask = torch.zeros(allowed.shape, dtype=model.dtype)
    mask.masked_fill_(~allowed, torch.finfo(model.dtype).min)
    return mask[None, None].to(model.device)


def _read(logits: torch.Tensor, answers: torch.Tensor, yes: int) -> list[Answered]:
    total = logits.logsumexp(-1)
    positive = (answers[:, :yes].logsumexp(-1) - total).tolist()
    negative = (answers[:, yes:].logsumexp(-1) - total).tolist()
    return [Answered(one, other) for one, other in zip(positive, negative, strict=True)]


def _answer_tokens(model: CausalModel) -> tuple[list[int], list[int]]:
    """The tokens that are a yes and those that are a no. Raises ConfigError when the model has none."""
    unknown = getattr(model.tokenizer, "unk_token_id", None)
    found: list[list[int]] = []
    for words in (YES, NO):
        encoded = [model.encode(word) for word in words]
        found.append(sorted({tokens[0] for tokens in encoded if len(tokens) == 1 and tokens[0] != unknown}))
    yes, no = found
    if not yes or not no or set(yes) & set(no):
        raise ConfigError(f"model '{model.id}' has no tokens for yes and no. Name another critic.")
    return yes, no
