"""The invented lines that the models for names are trained on."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.backends import ordinary

PATH = Path(__file__).parents[2] / "scripts" / "office_lines.py"


@pytest.fixture(scope="module")
def office() -> ModuleType:
    spec = importlib.util.spec_from_file_location("office_lines", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["office_lines"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["KOREAN", "JAPANESE"])
def test_spans_lie_on_the_words_that_were_put_in(office: ModuleType, name: str) -> None:
    language = getattr(office, name)
    words = language.words
    given = {word for place in language.kinds for word in words.get(place, ())}
    given |= {stem + suffix for stem in words.get("stem", ()) for suffix in words.get("suffix", ())}
    named = 0
    for line in office.lines(language, 400):
        assert not re.search(r"\{[a-z_]+\}", line.text)  # every place was filled
        for start, end, kind in line.spans:
            value = line.text[start:end]
            named += 1
            assert kind in language.kinds.values()
            assert value == value.strip() != ""
            assert kind == "PS" or value in given
    assert named > 200


def test_the_same_seed_gives_the_same_lines(office: ModuleType) -> None:
    first, again = (list(office.lines(office.KOREAN, 50)) for _ in range(2))
    assert first == again
    assert first != list(office.lines(office.KOREAN, 50, seed=8))


def test_particles_agree_with_the_word_before(office: ModuleType) -> None:
    texts = [line.text for line in office.lines(office.KOREAN, 600)]
    for wrong in ("오류을", "차이을", "절차이 ", "데이터은 ", "방법를", "서버으로"):
        assert not any(wrong in text for text in texts)
    assert any("차이를" in text for text in texts)


def test_what_is_tested_with_was_not_trained_on(office: ModuleType) -> None:
    for language, prompts in ((office.KOREAN, ordinary.KOREAN), (office.JAPANESE, ordinary.JAPANESE)):
        trained = {line.text for line in office.lines(language, 2_400)}
        assert trained.isdisjoint(prompts)
