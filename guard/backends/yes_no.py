"""Read a yes or a no out of a causal model: which tokens mean it, and how likely they are after a hidden state.

bfloat16 logits move in steps of 0.1, so those of the answers are formed in float32, and for the ends of the questions
alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guard.backends.causal_model import CausalModel
from guard.errors import ConfigError

if TYPE_CHECKING:
    import torch

YES = ("Yes", "yes", "YES", " Yes", " yes", " YES")
NO = ("No", "no", "NO", " No", " no", " NO")


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

    @property
    def finite(self) -> bool:
        """Whether these are numbers at all."""
        return math.isfinite(self.yes) and math.isfinite(self.no)


class YesNo:
    """The answers of one model. Raises ConfigError when it has no tokens for them."""

    def __init__(self, model: CausalModel) -> None:
        self._model = model
        yes, no = _answer_tokens(model)
        self._tokens = [*yes, *no]
        self._yes = len(yes)

    def at(self, hidden: torch.Tensor) -> list[Answered]:
        """The answers after last hidden states of shape (questions, width)."""
        import torch

        head = self._model.model.get_output_embeddings()
        bias = getattr(head, "bias", None)
        exact = self._shaped(
            torch.nn.functional.linear(
                hidden.float(),
                head.weight[self._tokens].float(),
                None if bias is None else bias[self._tokens].float(),
            )
        )
        logits = self._shaped(head(hidden).float())
        logits[:, self._tokens] = exact
        return self._read(logits, exact)

    def of(self, logits: torch.Tensor) -> list[Answered]:
        """The answers in logits of shape (questions, vocabulary), as the model itself forms them."""
        exact = logits.float()
        return self._read(exact, exact[:, self._tokens])

    def _shaped(self, logits: torch.Tensor) -> torch.Tensor:
        """What some families do to their logits: Granite, Cohere, Gemma 2."""
        config = self._model.model.config.get_text_config()
        logits = logits / (getattr(config, "logits_scaling", None) or 1.0)
        logits = logits * (getattr(config, "logit_scale", None) or 1.0)
        cap = getattr(config, "final_logit_softcapping", None)
        return logits if cap is None else cap * (logits / cap).tanh()

    def _read(self, logits: torch.Tensor, answers: torch.Tensor) -> list[Answered]:
        total = logits.logsumexp(-1)
        positive = (answers[:, : self._yes].logsumexp(-1) - total).tolist()
        negative = (answers[:, self._yes :].logsumexp(-1) - total).tolist()
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
