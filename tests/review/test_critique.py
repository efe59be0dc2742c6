import pytest

from guard.errors import CriticError
from guard.review.critique import Critique, criticise, quoted
from guard.review.prompts import Prompts
from guard.types import Dialogue
from tests.review.told import Words, principle, tell

REPLY = 'We will pay. It is "certain" that you win. Bye.'


@pytest.mark.parametrize(
    ("critique", "passage"),
    [
        ("QUOTE: We will pay.\nWHY: It promises.", "We will pay."),
        ('QUOTE: "We will pay."\nWHY: It promises.', "We will pay."),
        ("- QUOTE: “that you win”\n- WHY: x", "that you win"),
        ('QUOTE: "certain"\nWHY: x', '"certain"'),
        ("Sure!\n**QUOTE:** We will pay.\n\nWHY: x", None),
        ("QUOTE: We will\npay.\nWHY: x", None),
        ("QUOTE: We will pay more.\nWHY: x", None),
        ("QUOTE: we will pay.\nWHY: x", None),
        ("QUOTE:\nWHY: nothing to see", None),
        ('QUOTE: ""\nWHY: x', None),
        ("It promises to pay.", None),
        ("QUOTE: Bye.", "Bye."),
        ("", None),
    ],
)
def test_a_quote_must_stand_in_the_reply_word_for_word(critique: str, passage: str | None) -> None:
    place = quoted(critique, REPLY)
    assert (REPLY[place[0] : place[1]] if place else None) == passage


def ask(*written: object, editable: int = len(REPLY)) -> tuple[Critique | str, Words]:
    critic = Words({}, *written)  # type: ignore[arg-type]
    story = criticise(Dialogue("Will you pay?", REPLY), principle("a"), Prompts(), editable=editable)
    return tell(story, critic), critic


def test_a_critique_knows_where_and_why() -> None:
    text = "QUOTE: We will pay.\nWHY: It promises money."
    found, critic = ask(text)
    assert found == Critique(text, "It promises money.", 0, 12)
    assert "The assistant keeps a." in critic.prompts[0]
    assert REPLY in critic.prompts[0]


def test_a_critique_without_a_reason_has_the_principles() -> None:
    found, _ = ask("QUOTE: Bye.")
    assert isinstance(found, Critique)
    assert found.problem == "Does it break a?"


def test_what_may_not_be_changed_cannot_be_quoted() -> None:
    found, critic = ask("QUOTE: Bye.\nWHY: x", editable=12)
    assert found == "The critique quotes nothing that the reply holds."
    assert "Bye." not in critic.prompts[0]


def test_a_critic_that_cannot_write_gives_no_critique() -> None:
    assert ask(CriticError("too long"))[0] == "The critic could not write a critique."


def test_an_answer_that_is_no_text_gives_no_critique() -> None:
    story = criticise(Dialogue("", REPLY), principle("a"), Prompts(), editable=5)
    next(story)
    with pytest.raises(StopIteration) as stop:
        story.send(None)
    assert stop.value.value == "The critique is not a text."
