from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.backends.model_server import ModelServer
from guard.backends.remote_text import NO_BETTER, TextCritic
from guard.backends.safety_forms import FormName
from guard.errors import CriticError
from guard.types import Critic, Dialogue, State
from tests.backends.model_servers import FakeServer, serving, text, words
from tests.backends.principles import LONG, RULES, SHORT
from tests.backends.test_remote import RUDE

Make = Callable[..., TextCritic]

# How each kind of model says that it is fine, and that it is not.
WORDS: dict[FormName, tuple[str, str]] = {
    "safeguard": ("0", "1"),
    "granite": ("<think>\n</think>\n<score> no </score>", "<think>\n</think>\n<score> yes </score>"),
    "llama-guard": ("safe", "unsafe\nS1"),
    "qwen3guard": ("Safety: Safe\nCategories: None\nRefusal: No", "Safety: Unsafe\nCategories: S1\nRefusal: No"),
}


def model(name: FormName, *, wrong: bool = False) -> Callable[[dict[str, Any]], Any]:
    """A model of this kind that takes offence at fools, or at everything but fools."""

    def say(body: dict[str, Any]) -> Any:
        judged = body["messages"][-1 if name == "safeguard" else 1]["content"] if "messages" in body else words(body)
        return text(WORDS[name][("fool" in judged) != wrong], raw="prompt" in body)

    return say


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with serving(model("safeguard")) as server:
        yield server


@pytest.fixture
def make(fake: FakeServer) -> Iterator[Make]:
    made: list[TextCritic] = []

    def critic(form: FormName = "safeguard", **options: Any) -> TextCritic:
        fake.say = model(form)
        made.append(TextCritic(ModelServer(fake.url), "judge", form, **options))
        return made[-1]

    yield critic
    for one in made:
        one.close()


@pytest.mark.parametrize("form", list(WORDS))
def test_every_kind_of_model_judges(fake: FakeServer, make: Make, form: FormName) -> None:
    critic: Critic = make(form)
    fine, broken = (critic.score(Dialogue("Hi", reply), [RUDE])[0] for reply in ("Good morning.", "Off, fool."))
    assert (fine.state, fine.score, fine.reason) == ("clear", 0.0, "")
    assert (broken.state, broken.score, broken.reason) == ("fired", 1.0, "")
    assert (critic.name, critic.writes) == (f"{form}:judge", False)
    assert {body["model"] for body in fake.seen} == {"judge"}


@pytest.mark.parametrize(
    "answer",
    [text("I think that is fine."), text("0", "length"), text(None), text("<think>0"), {}, [], {"choices": [{}]}],
)
def test_what_cannot_be_read_is_not_judged_and_the_others_are(fake: FakeServer, make: Make, answer: Any) -> None:
    critic = make()
    fake.say = lambda body: answer if RULES[1].statement in words(body) else text("0")
    states = [verdict.state for verdict in critic.score(SHORT, RULES[:3])]
    assert states == ["clear", "not_judged", "clear"]
    (lost,) = critic.score(SHORT, RULES[1:2])
    assert (lost.score, lost.reason) == (1.0, "The model's answer cannot be read.")


def test_a_server_that_fails_is_an_error(fake: FakeServer, make: Make) -> None:
    critic = make()
    fake.say = lambda _: 500
    with pytest.raises(CriticError, match="answered 500"):
        critic.score(LONG, RULES[:2])


def test_a_long_reply_is_read_in_pieces_and_the_worst_counts(fake: FakeServer, make: Make) -> None:
    critic = make(most_characters=1000)
    long = Dialogue("Hi", "Very well. " * 150 + "You fool. " + "Thank you. " * 150)
    short = Dialogue("Hi", "Very well.")
    assert [verdict.state for verdict in critic.score(long, [RUDE, replace(RUDE, id="other")])] == ["fired", "fired"]
    assert critic.score(short, [RUDE])[0].state == "clear"
    fake.say = lambda body: text("?") if "fool" in body["messages"][1]["content"] else text("1")
    assert critic.score(long, [RUDE])[0].state == "not_judged"


def test_its_examples_say_what_its_word_is_worth(fake: FakeServer, make: Make) -> None:
    critic = make()
    before = critic.digest
    critic.fit([RUDE])
    assert critic.accuracy(RUDE) == 1.0
    assert critic.digest != before
    asked = [body["messages"] for body in fake.seen]
    assert len(asked) == 8
    for system, user in asked:  # an example is never judged by a policy that shows it with its answer
        judged = next(one for one in (*RUDE.violates, *RUDE.complies) if one.reply in user["content"])
        assert judged.reply not in system["content"]
    assert critic.score(Dialogue("Hi", "Off, fool."), [RUDE])[0].state == "fired"


@pytest.mark.parametrize("said", ["0", "1", "what?"])
def test_where_it_does_no_better_than_a_coin_nothing_is_decided(fake: FakeServer, make: Make, said: str) -> None:
    critic = make()
    fake.say = lambda _: text(said)
    critic.fit([RUDE])
    assert critic.accuracy(RUDE) == (0.0 if said == "what?" else 0.5)
    (verdict,) = critic.score(Dialogue("Hi", "Off, fool."), [RUDE])
    expected: tuple[State, float, str] = ("unsure", 0.5, NO_BETTER)
    if said == "what?":
        expected = ("not_judged", 1.0, "The model's answer cannot be read.")
    assert (verdict.state, verdict.score, verdict.reason) == expected


def test_a_model_that_says_the_opposite_decides_nothing(fake: FakeServer, make: Make) -> None:
    critic = make()
    fake.say = model("safeguard", wrong=True)
    critic.fit([RUDE])
    assert critic.score(Dialogue("Hi", "Good morning."), [RUDE])[0].state == "unsure"


def test_what_was_measured_is_kept(fake: FakeServer, make: Make, tmp_path: Path) -> None:
    told: list[str] = []
    first = make(kept=tmp_path)
    first.fit([RUDE], progress=told.append)
    again = make(kept=tmp_path)
    again.fit([RUDE], progress=told.append)
    assert told == ["asking the critic about the examples of principle 1 of 1"]
    assert (len(fake.seen), again.digest, again.accuracy(RUDE)) == (8, first.digest, 1.0)
    (file,) = tmp_path.glob("*.json")
    file.write_text("[1]")
    make(kept=tmp_path).fit([RUDE])
    assert len(fake.seen) == 16
    make("granite", kept=tmp_path).fit([RUDE])
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_it_does_not_write(make: Make) -> None:
    with pytest.raises(CriticError, match=r"Set critic\.form to logprobs"):
        make().write("Rewrite this.", max_tokens=9)


def test_options_go_into_every_request(fake: FakeServer, make: Make) -> None:
    make(options={"reasoning_effort": "low", "model": "other"}).score(SHORT, [RUDE])
    assert (fake.seen[0]["reasoning_effort"], fake.seen[0]["model"]) == ("low", "judge")
