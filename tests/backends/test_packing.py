from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from guard.backends.causal import CausalModel
from guard.backends.packing import Asker
from guard.backends.yes_no import Answered
from guard.errors import ConfigError, CriticError
from tests.backends.conftest import FAMILIES
from tests.backends.principles import LONG, RULES, SHORT

Tiny = Callable[[str], CausalModel]


def tokens(model: CausalModel, prompt: str, reply: str) -> tuple[list[int], list[list[int]]]:
    before, after = model.frame()
    return before + model.encode(prompt + " / " + reply), [model.encode(r.question) + after for r in RULES[:6]]


def assert_equal(one: Sequence[Answered], other: Sequence[Answered]) -> None:
    for a, b in zip(one, other, strict=True):
        assert a.score == pytest.approx(b.score, abs=1e-4)
        assert a.yes == pytest.approx(b.yes, abs=1e-3)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("dialogue", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_scores_equal_those_of_separate_prompts(family: str, dialogue: Any, attention: str, tiny: Tiny) -> None:
    model = tiny(family)
    model.model.set_attn_implementation(attention)
    asker = Asker(model)
    prefix, branches = tokens(model, dialogue.prompt, dialogue.reply)
    assert asker.packs
    packed = asker.packed(prefix, branches)
    assert_equal(packed, asker.separate(prefix, branches))
    assert len({round(answer.score, 4) for answer in packed}) > 3  # the questions matter, so equality says something


def test_packed_scores_equal_those_of_separate_prompts_on_real_weights(smollm: CausalModel) -> None:
    asker = Asker(smollm)
    prefix, branches = tokens(smollm, LONG.prompt, LONG.reply)
    assert asker.packs
    assert_equal(asker.packed(prefix, branches), asker.separate(prefix, branches))


def test_a_model_with_logits_of_its_own_scale_is_read_as_it_means_them(smollm: CausalModel) -> None:
    import transformers

    config = transformers.CohereConfig(
        vocab_size=49152, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        logit_scale=0.25, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    built = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    model = CausalModel("cohere", "", built, smollm.tokenizer)
    asker = Asker(model)
    prefix, branches = tokens(model, SHORT.prompt, SHORT.reply)
    assert asker.packs
    assert_equal(asker.packed(prefix, branches), asker.separate(prefix, branches))


def test_a_model_that_ignores_positions_is_asked_one_prompt_each(tiny: Tiny) -> None:
    model = tiny("bloom")
    asker = Asker(model)
    prefix, branches = tokens(model, SHORT.prompt, SHORT.reply)
    assert not asker.packs
    assert asker.ask(prefix, branches) == asker.separate(prefix, branches)


def test_a_model_whose_packed_pass_differs_is_asked_one_prompt_each(tiny: Tiny) -> None:
    model = tiny("llama")
    config = model.model.config
    config.logit_scale = 3.0  # a field of another family, which this one does not heed
    try:
        assert not Asker(model).packs
    finally:
        del config.logit_scale


def test_a_model_with_layers_of_an_unknown_kind_is_asked_one_prompt_each(tiny: Tiny) -> None:
    config = tiny("llama").model.config
    config.layer_types = ["linear_attention"] * 4
    try:
        assert not Asker(tiny("llama")).packs
    finally:
        del config.layer_types


def test_half_precision_packs_too(smollm: CausalModel) -> None:
    from tests.backends.conftest import tiny_model

    half = CausalModel("half", "", tiny_model("gemma3-narrow").to(torch.bfloat16), smollm.tokenizer)
    asker = Asker(half)
    prefix, branches = tokens(half, LONG.prompt, LONG.reply)
    assert asker.packs
    assert all(0 <= answer.score <= 1 and answer.mass <= 1.01 for answer in asker.ask(prefix, branches))


def test_a_score_that_is_not_a_number_is_a_failure(smollm: CausalModel) -> None:
    from tests.backends.conftest import tiny_model

    model = CausalModel("broken", "", tiny_model("llama"), smollm.tokenizer)
    asker = Asker(model)
    model.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(CriticError, match="not a number"):
        asker.ask([5, 6], [[7]])


def test_a_model_that_fails_is_a_failure_of_the_critic(tiny: Tiny) -> None:
    with pytest.raises(CriticError, match="model failed"):
        Asker(tiny("llama")).ask([5, 10**6], [[7]])
