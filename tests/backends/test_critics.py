import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard.backends import critics
from guard.backends.calibration import calibrated
from guard.backends.causal_model import CausalModel
from guard.backends.packed import PackedCritic
from guard.backends.remote import RemoteCritic
from guard.config import CriticConfig
from guard.errors import ConfigError
from guard.types import Dialogue, Labelled
from tests.backends.model_servers import chance, serving, words
from tests.backends.principles import RULES, SHORT
from tests.constitution.folder import made, principle

Tiny = Callable[[str], CausalModel]
ODDS = {"bad": 0.9, "mild": 0.4}
EXAMPLES = {
    "violates": [{"prompt": "Hi", "reply": f"bad {n}"} for n in range(4)],
    "complies": [{"prompt": "Hi", "reply": f"good {n}"} for n in range(4)],
}


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


def test_labels_move_the_thresholds_of_a_model_and_its_digest_and_count_when_examples_are_left_out(
    tmp_path: Path,
) -> None:
    """A model that is surer of a mild violation than of a fine reply, though of neither as of the examples."""

    def say(body: dict[str, Any]) -> dict[str, Any]:
        return chance(next((odds for word, odds in ODDS.items() if word in words(body)), 0.1))

    document = made(tmp_path, "test", principle("b", **EXAMPLES))
    (rule,) = document.principles
    labels = [Labelled("b", Dialogue("Hi", f"mild {n}"), violates=True) for n in range(4)]
    noise = [
        Labelled("other", Dialogue("Hi", "mild 9"), violates=False),
        Labelled("b", rule.violates[0], violates=False),  # the constitution's own word goes before a label
        Labelled("b", labels[0].dialogue, violates=False),  # and a later label before an earlier one
    ]
    with serving(say) as server:
        wish = CriticConfig(url=server.url, model="judge")
        plain = critics.make(wish, [document], tmp_path, silent)
        taught = critics.make(wish, [document], tmp_path, silent, [*noise, *labels])
        assert isinstance(plain, RemoteCritic)
        assert isinstance(taught, RemoteCritic)
        same = critics.make(wish, [document], tmp_path, silent, noise[:2])
        mild = Dialogue("Hi", "mild words")
        assert [one.score(mild, [rule])[0].state for one in (plain, taught)] == ["clear", "fired"]
        assert same.digest == plain.digest != taught.digest  # type: ignore[attr-defined]
        bad, fine = ([math.log(o / (1 - o))] for o in (ODDS["bad"], 0.1))
        more = [math.log(ODDS["mild"] / (1 - ODDS["mild"]))] * 4
        left = taught.left_out(rule)
        assert len(left) == 8
        assert left[0].score == pytest.approx(calibrated(bad * 3 + more, fine * 4).score(bad[0]))
        assert left[4].score == pytest.approx(calibrated(bad * 4 + more, fine * 3).score(fine[0]))
        for one in (plain, taught, same):
            one.close()  # type: ignore[attr-defined]


def test_which_critics_learn_from_labels() -> None:
    on_server = {"model": "m", "url": "http://m"}
    wishes: list[dict[str, Any]] = [
        {}, {"model": "m"}, {"model": "m", "calibrate": False}, on_server, {**on_server, "form": "granite"},
        {**on_server, "form": "granite", "first": "embedded"},
    ]  # fmt: skip
    found = [critics.learns(CriticConfig.model_validate(wish)) for wish in wishes]
    assert found == [True, True, False, True, False, True]
