from typing import Any

import pytest

from guard.backends.causal_model import CausalModel
from guard.backends.yes_no import Answered, YesNo
from guard.errors import ConfigError


def test_a_tokenizer_without_yes_and_no_is_refused(smollm: CausalModel) -> None:
    class Letters:
        unk_token_id = 0

        def __call__(self, text: str, **_: object) -> Any:
            return type("Encoded", (), {"input_ids": [0] * len(text.strip()) + [0]})()

    with pytest.raises(ConfigError, match="yes and no"):
        YesNo(CausalModel("letters", "", smollm.model, Letters()))


def test_an_answer_is_read_in_log_probabilities() -> None:
    sure = Answered(-0.1, -5000.0)
    assert sure.score == pytest.approx(1.0)
    assert Answered(-5000.0, -0.1).score == pytest.approx(0.0)
    assert Answered(-2.0, -2.0).score == 0.5
    assert Answered(-2.0, -3.0).odds == pytest.approx(1.0)
    assert sure.mass == pytest.approx(0.905, abs=1e-3)
