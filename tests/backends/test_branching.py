from collections.abc import Callable

import pytest
import torch

from guard.backends.branching import Text, read
from guard.backends.causal_model import CausalModel
from tests.backends.conftest import FAMILIES, NARROW

Tiny = Callable[[str], CausalModel]
ONE = Text(tuple(range(50, 90)), ((7, 8, 9), (10,), (11, 12)))
OTHER = Text((50, 51, 52), ((20, 21), (22, 23, 24, 25)))


def windows(model: CausalModel) -> list[int | None]:
    config = model.model.config
    window = getattr(config, "sliding_window", None)
    layers = getattr(config, "layer_types", None) or ["sliding_attention"] * config.num_hidden_layers
    return [window if layer == "sliding_attention" else None for layer in layers]


def alone(model: CausalModel, *texts: Text) -> torch.Tensor:
    """The last hidden states of every branch, each read by itself, by the model's own attention."""
    with torch.inference_mode():
        return torch.cat(
            [
                model.model.base_model(input_ids=torch.tensor([[*text.prefix, *branch]])).last_hidden_state[:, -1]
                for text in texts
                for branch in text.branches
            ]
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_in_one_pass_read_as_each_branch_alone(family: str, tiny: Tiny) -> None:
    model = tiny(family)
    hidden, (first, second) = read(model.model, [ONE, OTHER], windows(model))
    torch.testing.assert_close(hidden, alone(model, ONE, OTHER), atol=1e-4, rtol=1e-4)
    assert (first.tokens, second.tokens) == (ONE.prefix, OTHER.prefix)
    assert {keys.shape[2] for keys, _ in first.layers} == {40}

    longer = Text((*ONE.prefix[:-3], *range(30, 70)), ONE.branches, first, 37)  # past a narrow window
    same = Text(OTHER.prefix, OTHER.branches, second, 3)
    assert NARROW < 37
    hidden, _ = read(model.model, [longer, same], windows(model))
    torch.testing.assert_close(hidden, alone(model, longer, same), atol=1e-4, rtol=1e-4)


def test_many_branches_of_a_long_prefix_are_laid_out_in_turns(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    monkeypatch.setattr("guard.backends.branching.MOST_LAID_OUT", 90)
    hidden, _ = read(model.model, [ONE], [None] * 4)
    torch.testing.assert_close(hidden, alone(model, ONE), atol=1e-4, rtol=1e-4)


def test_the_models_own_attention_is_back_afterwards(tiny: Tiny) -> None:
    model = tiny("llama")
    before = model.model.config._attn_implementation
    read(model.model, [OTHER], [None] * 4)
    with pytest.raises(IndexError):
        read(model.model, [Text((10**6,), ((1,),))], [None] * 4)
    assert model.model.config._attn_implementation == before


def test_a_model_whose_attention_cannot_be_replaced_is_an_error(tiny: Tiny) -> None:
    model = tiny("bloom")
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        read(model.model, [OTHER], [None] * 2)
