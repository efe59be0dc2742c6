"""One forward pass of a causal model over several texts, each a prefix with branches behind it.

All new tokens stand in one sequence, so the layers between the attentions read nothing twice and no padding. The
attention is ours: a token of a prefix sees the prefix before it, a token of a branch the prefix and its own branch, and
positions go on from the end of the prefix, so each branch ends as if it had been sent alone. Of a prefix of which the
keys and values are known, only the new tokens are in the sequence.

It takes the place of the model's attention for the time of the pass, by the interface of transformers, where keys and
values of all tokens pass by as they are. So none of the traps of its caches is met: layers with a sliding window whose
cache drops what it will need, a cache that can be cut from one side alone, a mask that is silently wrong if boolean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from guard.backends.prefixes import Prefix

if TYPE_CHECKING:
    import torch

NAME = "guard_branches"
KEYWORD = "guard_reading"
# Tokens of the keys that are laid out for branches at a time: each branch has a copy of the prefix's.
MOST_LAID_OUT = 16_384


@dataclass(frozen=True, slots=True)
class Text:
    """A prefix and the branches behind it, in tokens; the first `alike` tokens are those of `known`."""

    prefix: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]
    known: Prefix | None = None
    alike: int = 0

    @property
    def new(self) -> tuple[int, ...]:
        """The tokens that have to be read."""
        return (*self.prefix[self.alike :], *(token for branch in self.branches for token in branch))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text is in the sequence: its new prefix from `start` on, and per branch and step a token of `grid`.

    `flat` are the places in the grid that are no padding. Short branches are padded behind their end, where nothing
    that counts can see it.
    """

    text: Text
    start: int
    grid: torch.Tensor
    flat: torch.Tensor
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """How a layer weighs what its queries see: by `scaling`, softly bound by `cap`, with a `sinks` logit per head."""

    scaling: float | None
    cap: float | None
    sinks: torch.Tensor | None


class Reading:
    """One pass over `texts`; `windows` says per layer how far back it sees, None for all the way."""

    def __init__(self, texts: Sequence[Text], windows: Sequence[int | None], device: Any) -> None:
        import torch

        starts = [0, *accumulate(len(text.new) for text in texts)]
        self._windows = windows
        self._device = device
        self._places = [_placed(text, start, device) for text, start in zip(texts, starts, strict=False)]
        self._layers: list[list[tuple[torch.Tensor, torch.Tensor]]] = [[] for _ in texts]
        self._masks: dict[tuple[int, int, int | None], torch.Tensor] = {}
        self.tokens = torch.tensor([[token for text in texts for token in text.new]], device=device)
        self.positions = torch.tensor([[at for text in texts for at in _positions(text)]], device=device)
        self.ends = [end for place in self._places for end in place.ends]

    def prefixes(self) -> list[Prefix]:
        """The prefixes of the texts, once the pass is over."""
        return [
            Prefix(place.text.prefix, tuple(layers)) for place, layers in zip(self._places, self._layers, strict=True)
        ]

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, form: _Form
    ) -> torch.Tensor:
        """What the tokens of the sequence see; all tensors are of shape (1, heads, tokens, width)."""
        import torch

        out = query.new_empty((1, query.shape[2], query.shape[1], value.shape[3]))
        for place, layers in zip(self._places, self._layers, strict=True):
            new = slice(place.start, place.start + len(place.text.prefix) - place.text.alike)
            keys, values = _prefix(place.text, layer, key[:, :, new], value[:, :, new])
            layers.append((keys, values))
            if new.stop > new.start:
                mask = self._mask(place.text.alike, new.stop - new.start, layer)
                found = _weigh(query[:, :, new], keys, values, mask, form)
                out[:, new] = found.transpose(1, 2)
            longest = place.grid.shape[1]
            mask = self._mask(len(place.text.prefix), longest, layer)
            rows = max(1, MOST_LAID_OUT // (len(place.text.prefix) + longest))
            branches = [
                _weigh(
                    query[0][:, grid].transpose(0, 1),
                    _laid_out(keys, key, grid),
                    _laid_out(values, value, grid),
                    mask,
                    form,
                )
                for grid in torch.split(place.grid, rows)
            ]
            found = torch.cat(branches).transpose(1, 2).flatten(0, 1)
            out[0, new.stop : new.stop + len(place.flat)] = found[place.flat]
        return out

    def _mask(self, start: int, length: int, layer: int) -> torch.Tensor | None:
        """Which of `start + length` tokens each of the last `length` sees; None where it is all before it."""
        import torch

        window = self._windows[layer]
        if start == 0 and (window is None or window >= length):
            return None
        key = start, length, window
        if key not in self._masks:
            seen = torch.ones(length, start + length, dtype=torch.bool, device=self._device).tril(start)
            self._masks[key] = seen if window is None else seen.triu(start - window + 1)
        return self._masks[key]


def read(model: Any, texts: Sequence[Text], windows: Sequence[int | None]) -> tuple[torch.Tensor, list[Prefix]]:
    """The last hidden states at the ends of all branches, of shape (branches, width), and the prefixes as read.

    To be called with the model's lock held. Raises what torch and transformers raise; RuntimeError where the model's
    attention does not go through the interface.
    """
    import torch

    reading = Reading(texts, windows, model.device)
    with torch.inference_mode(), _in_place(model):
        hidden = model.base_model(
            input_ids=reading.tokens, position_ids=reading.positions, use_cache=False, **{KEYWORD: reading}
        ).last_hidden_state[0, reading.ends]
    prefixes = reading.prefixes()
    if any(len(prefix.layers) != len(windows) for prefix in prefixes):
        raise RuntimeError("the model's attention has not been asked")
    return hidden, prefixes


@contextmanager
def _in_place(model: Any) -> Iterator[None]:
    """Our attention in the place of the model's."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attention)
    config = model.config.get_text_config()
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: object,
    scaling: float | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers calls an attention: the result is of shape (1, tokens, heads, width), without weights."""
    del attention_mask  # there is none: transformers makes none for an attention of this name
    reading = others.get(KEYWORD)
    if reading is None:
        raise RuntimeError("the model does not hand on what its attention needs")
    return reading.attend(module.layer_idx, query, key, value, _Form(scaling, softcap, s_aux)), None


def _placed(text: Text, start: int, device: Any) -> _Place:
    import torch

    first = start + len(text.prefix) - text.alike
    lengths = [len(branch) for branch in text.branches]
    begins = [*accumulate(lengths, initial=first)][:-1]
    longest = max(lengths)
    rows = [
        [begin + min(at, length - 1) for at in range(longest)] for begin, length in zip(begins, lengths, strict=True)
    ]
    flat = [row * longest + at for row, length in enumerate(lengths) for at in range(length)]
    ends = tuple(begin + length - 1 for begin, length in zip(begins, lengths, strict=True))
    return _Place(text, start, torch.tensor(rows, device=device), torch.tensor(flat, device=device), ends)


def _positions(text: Text) -> Iterator[int]:
    yield from range(text.alike, len(text.prefix))
    for branch in text.branches:
        yield from range(len(text.prefix), len(text.prefix) + len(branch))


def _prefix(text: Text, layer: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values of the whole prefix, in memory of their own: those of the sequence need not be kept for them."""
    import torch

    if text.known is None or not text.alike:
        return key.clone(), value.clone()
    keys, values = text.known.layers[layer]
    return torch.cat([keys[:, :, : text.alike], key], 2), torch.cat([values[:, :, : text.alike], value], 2)


def _laid_out(prefix: torch.Tensor, all_: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Keys or values as each branch sees them: the prefix's and its own, of shape (branches, heads, tokens, width)."""
    import torch

    own = all_[0][:, grid].transpose(0, 1)
    return torch.cat([prefix.expand(len(grid), -1, -1, -1), own], 2)


def _weigh(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, form: _Form
) -> torch.Tensor:
    """Attention, where `mask` (queries by keys) says who sees whom; without one each sees itself and those before."""
    import torch

    grouped = query.shape[1] != key.shape[1]
    if grouped and (query.device.type != "cpu" or form.cap or form.sinks is not None):
        # Elsewhere than on a CPU, shared heads together with a mask would fall back to the slow kernel.
        key, value = (each.repeat_interleave(query.shape[1] // key.shape[1], 1) for each in (key, value))
        grouped = False
    if form.cap or form.sinks is not None:
        return _weigh_plainly(query, key, value, mask, form)
    return torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=mask is None, scale=form.scaling, enable_gqa=grouped
    )


def _weigh_plainly(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, form: _Form
) -> torch.Tensor:
    """The same for what no kernel knows: softly bound weights (Gemma 2) and sinks (gpt-oss)."""
    import torch

    scores = (query @ key.transpose(-1, -2)).float() * (form.scaling or query.shape[-1] ** -0.5)
    if form.cap:
        scores = form.cap * (scores / form.cap).tanh()
    seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril() if mask is None else mask
    scores = scores.masked_fill(~seen, torch.finfo(torch.float32).min)
    if form.sinks is not None:
        sinks = form.sinks.float().view(1, -1, 1, 1).expand(*scores.shape[:3], 1)
        scores = torch.cat([scores, sinks], -1)
    weights = scores.softmax(-1).to(value.dtype)
    return weights[..., : key.shape[2]] @ value
