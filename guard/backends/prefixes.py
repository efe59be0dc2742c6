"""The keys and values of texts that were read lately, so that of a text that grew only the new tokens are read.

What is kept is found by its tokens and by nothing else: the longest common beginning of the new text and of any text
that is kept. So nothing can be taken for another's, and a tokenizer that cuts the end of a text otherwise when it grows
costs a few tokens and no more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import torch

# Of a text that is the beginning of a new one but for so many tokens, the new one takes the place. The frame after
# a reply is shorter, and so is what a tokenizer changes at the end of a text.
ENDING = 48

Layers: TypeAlias = "tuple[tuple[torch.Tensor, torch.Tensor], ...]"
"""Keys and values per layer, each of shape (1, heads, tokens, width)."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a text, with what every layer of a model made of it. Its tensors are never changed."""

    tokens: tuple[int, ...]
    layers: Layers

    @property
    def size(self) -> int:
        """What it takes of memory, in bytes."""
        return sum(each.numel() * each.element_size() for pair in self.layers for each in pair)


class Prefixes:
    """The prefixes used last, of at most `most_bytes` together. For one thread at a time."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """What is kept, in bytes."""
        return self._size

    def find(self, tokens: Sequence[int]) -> tuple[Prefix | None, int]:
        """The prefix with which `tokens` have most in common, and how many tokens that is."""
        wanted = tuple(tokens)
        best, most = None, 0
        for prefix in self._kept.values():
            alike = common(prefix.tokens, wanted)
            if alike > most:
                best, most = prefix, alike
        if best is not None:
            self._kept.move_to_end(best.tokens)
        return best, most

    def keep(self, prefix: Prefix) -> None:
        """Keep `prefix`, in the place of those of which it is the continuation."""
        if prefix.size > self._most:
            return
        continued = [
            each for each in self._kept if common(each, prefix.tokens) >= max(1, len(each) - ENDING, len(each) // 2)
        ]
        for each in continued:
            self._drop(each)
        self._kept[prefix.tokens] = prefix
        self._size += prefix.size
        while self._size > self._most:
            self._drop(next(iter(self._kept)))

    def forget(self) -> None:
        """Give all memory back."""
        self._kept.clear()
        self._size = 0

    def _drop(self, tokens: tuple[int, ...]) -> None:
        self._size -= self._kept.pop(tokens).size


def common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """The length of the longest common beginning; by halves, for slices compare at the speed of C."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
