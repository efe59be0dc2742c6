"""Models that the tests of this folder share: the packaged one, converted once, and tiny ones made on the spot."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guard.backends.causal import load
from guard.backends.causal_model import CausalModel
from guard.backends.workers import Workers
from tests.backends.presidio_examples import DEADLY

FAMILIES = ("llama", "qwen2", "qwen3", "gemma2", "gemma3-narrow", "gemma3-wide", "mistral-narrow", "gpt-oss")
NARROW = 24  # tokens of a sliding window: less than any prompt of the tests
WIDE = 400  # more than any of them


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Processes whose recognizer can be made to die."""
    pool = Workers(DEADLY)
    steps: list[str] = []
    pool.start(steps.append)
    assert steps == ["loading recognizers", "recognizers ready"]
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def smollm(model_cache: Path) -> CausalModel:
    return load("packaged:smollm2", cache=model_cache, device="cpu")


@pytest.fixture(scope="session")
def tiny(smollm: CausalModel) -> Callable[[str], CausalModel]:
    """A function from the name of a family to a model of it with random weights and SmolLM2's tokenizer."""
    made: dict[str, CausalModel] = {}

    def make(family: str) -> CausalModel:
        if family not in made:
            made[family] = CausalModel(f"tiny-{family}", family, tiny_model(family), smollm.tokenizer)
        return made[family]

    return make


def tiny_model(family: str) -> Any:
    import torch
    import transformers

    torch.manual_seed(7)
    size = {
        "vocab_size": 49152, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512,
        "initializer_range": 0.2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2,
    }  # fmt: skip
    layers = ["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"]
    gemma3: dict[str, Any] = {"head_dim": 8, "layer_types": layers, "query_pre_attn_scalar": 8}
    experts = {"num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": NARROW, "layer_types": layers}
    configs: dict[str, Callable[[], Any]] = {
        "llama": lambda: transformers.LlamaConfig(**size),
        "qwen2": lambda: transformers.Qwen2Config(**size),
        "qwen3": lambda: transformers.Qwen3Config(**size, head_dim=8),
        "gemma3-narrow": lambda: transformers.Gemma3TextConfig(**size, **gemma3, sliding_window=NARROW),
        "gemma3-wide": lambda: transformers.Gemma3TextConfig(**size, **gemma3, sliding_window=WIDE),
        # Soft bounds on its weights, and sinks beside them, which no kernel of torch knows.
        "gemma2": lambda: transformers.Gemma2Config(
            **size,
            head_dim=8,
            layer_types=layers,
            query_pre_attn_scalar=8,
            attn_logit_softcapping=2.0,
            sliding_window=NARROW,
            attn_implementation="eager",
        ),
        "gpt-oss": lambda: transformers.GptOssConfig(**size, **experts, head_dim=8, attn_implementation="eager"),
        "mistral-narrow": lambda: transformers.MistralConfig(**size, sliding_window=NARROW),
        "bloom": lambda: transformers.BloomConfig(vocab_size=49152, hidden_size=32, n_layer=2, n_head=4),
    }
    model = transformers.AutoModelForCausalLM.from_config(configs[family](), dtype=torch.float32)
    return model.eval().requires_grad_(False)
