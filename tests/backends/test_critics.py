from collections.abc import Callable
from pathlib import Path

import pytest

from guard.backends import critics
from guard.backends.causal_model import CausalModel
from guard.backends.packed import PackedCritic
from guard.config import CriticConfig
from guard.errors import ConfigError
from tests.backends.principles import RULES, SHORT

Tiny = Callable[[str], CausalModel]


def silent(message: str) -> None:
    del message


@pytest.mark.parametrize(("wish", "threads"), [({}, 1), ({"model": "m"}, 8), ({"model": "m", "concurrency": 3}, 3)])
def test_as_many_exchanges_are_judged_at_a_time_as_the_critic_gains_by(wish: dict[str, object], threads: int) -> None:
    assert critics.threads(CriticConfig.model_validate(wish)) == threads


@pytest.mark.parametrize("megabytes", [0, 16])
def test_a_model_in_this_process_keeps_what_it_read_within_its_bound(
    megabytes: int, tiny: Tiny, tmp_path: Path
) -> None:
    model = tiny("llama")
    model.model.save_pretrained(tmp_path / "model")
    model.tokenizer.save_pretrained(tmp_path / "model")
    wish = CriticConfig(model=str(tmp_path / "model"), device="cpu", calibrate=False, cache_mb=megabytes)
    critic = critics.make(wish, (), tmp_path, silent)
    assert isinstance(critic, PackedCritic)
    critic.score(SHORT, RULES[:2])
    assert len(critic._asker._prefixes) == (1 if megabytes else 0)


def test_a_model_that_is_to_be_packed_without_a_gpu_is_refused_with_a_remedy(tmp_path: Path) -> None:
    wish = CriticConfig(model=str(tmp_path), device="cpu", dtype="int4")
    with pytest.raises(ConfigError, match=r"needs a GPU.*Write auto or bfloat16"):
        critics.make(wish, (), tmp_path, silent)
