from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch

from guard.backends import decode
from guard.backends.causal_model import CausalModel
from guard.backends.copying import PLACEHOLDER, Copying, Vocabulary
from guard.backends.decode import Answer, Sampling

Tiny = Callable[[str], CausalModel]
MAIL = (
    "Write a short mail to <PERSON_K7Q2M4XD> (<EMAIL_ADDRESS_3F8ZK2QA>, card <CREDIT_CARD_9TQ4M2XA>) about the invoice."
)


class Scripted:
    """A model that says `text`, a character a token, and then ends. It likes `text` far better than all else."""

    def __init__(self, text: str, letters: str = "") -> None:
        self.letters = sorted({*text, *letters})
        self.said = [self.letters.index(character) for character in text]
        self.context = 1000
        self.ends = {len(self.letters)}
        self.vocabulary = Vocabulary.of([*self.letters, "<end>"])
        self.steps = 0

    def decode(self, tokens: list[int]) -> str:
        return "".join(self.letters[token] for token in tokens)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(model: Scripted, tokens: object, cache: object) -> tuple[Any, Any]:
        logits = torch.zeros(len(model.letters) + 1)
        logits[(model.said + list(model.ends))[model.steps]] = 50
        model.steps += 1
        return logits, None

    monkeypatch.setattr(decode, "_step", step)


def answer(text: str, *, prompt: str = "", letters: str = "", **options: Any) -> tuple[list[str], Answer]:
    model: Any = Scripted(text, letters)
    found = Answer(model, [0], Sampling(**{"max_tokens": 100, **options}), Copying(prompt, model.vocabulary))
    return list(found), found


@pytest.mark.usefixtures("scripted")
class TestWhatIsShown:
    def test_an_answer_ends_where_the_model_ends_it(self) -> None:
        pieces, found = answer("Hello")
        assert pieces == list("Hello")
        assert (found.finish, found.tokens) == ("stop", 6)

    def test_an_answer_ends_at_its_limit(self) -> None:
        pieces, found = answer("Hello", max_tokens=3)
        assert ("".join(pieces), found.finish, found.tokens) == ("Hel", "length", 3)

    @pytest.mark.parametrize("stops", [("END",), ("ENDE", "END"), ("xx", "END")])
    def test_an_answer_ends_before_a_stop(self, stops: tuple[str, ...]) -> None:
        pieces, found = answer("An END of it", stops=stops)
        assert ("".join(pieces), found.finish, found.tokens) == ("An ", "stop", 6)

    def test_what_only_begins_a_stop_is_shown_in_the_end(self) -> None:
        pieces, found = answer("An EN", stops=("END",))
        assert (pieces, found.finish) == (["A", "n", " ", "EN"], "stop")

    def test_a_placeholder_comes_whole(self) -> None:
        pieces, _ = answer("A <P_K7Q2M4XD>.", prompt="<P_K7Q2M4XD>")
        assert pieces == ["A", " ", "<", "P", "_K7Q2M4XD>", "."]

    def test_a_placeholder_that_is_cut_off_is_not_shown(self) -> None:
        pieces, found = answer("A <PERSON_K7Q2M4XD>.", prompt="<PERSON_K7Q2M4XD>", max_tokens=14)
        assert "_" not in "".join(pieces)
        assert found.finish == "length"

    def test_a_placeholder_is_copied_against_the_models_will(self) -> None:
        pieces, _ = answer("<P_K7Q9M4XD>.", prompt="<P_K7Q2M4XD>", letters="2")
        assert "".join(pieces) == "<P_K7Q2M4XD>."

    def test_a_placeholder_that_is_not_in_the_prompt_is_not_written(self) -> None:
        pieces, _ = answer("<P_K7Q2M4XD>.", letters="x")
        assert not PLACEHOLDER.search("".join(pieces))


def test_characters_of_several_tokens_come_whole(smollm: CausalModel) -> None:
    shown = decode._Shown(smollm, ())
    text = "Grüße 안녕하세요 🎉!"
    pieces = [shown.feed(token, unfinished=0) for token in smollm.encode(text)]
    assert "".join(pieces) == text
    assert "" in pieces
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


def test_the_cache_changes_nothing(smollm: CausalModel) -> None:
    prompt = smollm.chat([("user", "Count from one to five.")])
    found = Answer(smollm, prompt, Sampling(12), Copying("", smollm.vocabulary))
    written = list(found._written())
    tokens = list(prompt)
    for token in written:
        with torch.inference_mode():
            assert int(smollm.model(torch.tensor([tokens])).logits[0, -1].argmax()) == token
        tokens.append(token)


def test_a_long_prompt_is_read_in_steps(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("gemma3-narrow")
    tokens = model.encode("one two three four five six seven eight nine ten " * 6)
    whole, _ = decode._step(model, tokens, None)
    monkeypatch.setattr(decode, "PREFILL", 7)
    pieces, _ = decode._step(model, tokens, None)
    assert torch.allclose(whole, pieces, atol=1e-4)


def test_an_answer_stops_at_the_end_of_the_context(tiny: Tiny) -> None:
    model = tiny("llama")
    found = Answer(model, [5] * 509, Sampling(50), Copying("", model.vocabulary))
    assert len(list(found._written())) == 3


@pytest.mark.parametrize(("temperature", "top_p"), [(0.0, 1.0), (1.0, 1.0), (1.0, 0.5), (0.5, 0.0)])
def test_tokens_are_drawn_by_their_shares(temperature: float, top_p: float) -> None:
    import random

    shares = torch.tensor([0.1, 0.6, 0.3])
    dice = random.Random(3)
    drawn = Counter(decode._draw(shares.log(), Sampling(1, temperature, top_p), dice) for _ in range(3000))
    if (temperature, top_p) == (1.0, 1.0):
        assert [drawn[token] / 3000 for token in range(3)] == pytest.approx([0.1, 0.6, 0.3], abs=0.05)
    else:
        assert drawn == {1: 3000}


def test_a_penalty_makes_what_was_written_less_likely() -> None:
    import random

    copying = Copying("", Vocabulary.of(["a", "b"]))

    def chosen(logits: list[float], penalty: float) -> int:
        return decode._choose(torch.tensor(logits), [0], Sampling(1, penalty=penalty), copying, random.Random(1))

    assert chosen([2.1, 2.0], 1.0) == 0
    assert chosen([2.1, 2.0], 1.1) == 1
    assert chosen([-2.0, -2.1], 1.1) == 1


def test_tokens_beyond_the_vocabulary_are_never_chosen() -> None:
    import random

    copying = Copying("", Vocabulary.of(["a", "b"]))
    assert decode._choose(torch.tensor([0.0, 1.0, 9.0]), [], Sampling(1), copying, random.Random(1)) == 1


def test_every_placeholder_of_a_real_answer_is_one_of_the_prompts(smollm: CausalModel) -> None:
    prompt = smollm.chat([("user", MAIL)])

    for temperature in (0.0, 1.2):
        found = Answer(smollm, prompt, Sampling(40, temperature, seed=5), Copying(MAIL, smollm.vocabulary))
        written = {match[0] for match in PLACEHOLDER.finditer("".join(found))}
        assert written <= {match[0] for match in PLACEHOLDER.finditer(MAIL)}
