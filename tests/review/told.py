"""A review told as a dialogue: a scripted critic answers what the story asks for."""

from collections.abc import Callable, Sequence
from typing import Any

from guard.asks import Judge, Story, Write
from guard.constitution import Principle
from guard.errors import GuardError
from guard.types import Dialogue, Span, State, Verdict


def principle(name: str, **changes: Any) -> Principle:
    fields: dict[str, Any] = {
        "statement": f"The assistant keeps {name}.", "question": f"Does it break {name}?", "applies_to": "reply",
        "severity": "high", "on_violation": "revise", "template": None, "check": None, "violates": (), "complies": (),
    }  # fmt: skip
    return Principle(id=name, **{**fields, **changes})


def verdict(name: str, state: State = "clear", *spans: tuple[int, int], score: float | None = None) -> Verdict:
    usual = {"clear": 0.1, "unsure": 0.5, "fired": 0.9, "not_judged": 1.0}
    return Verdict(name, usual[state] if score is None else score, state, spans)


def unknown(text: str, value: str, entity: str = "EMAIL_ADDRESS") -> Span:
    start = text.index(value)
    return Span(start, start + len(value), entity, 1.0, "test")


class Words:
    """A critic that fires a principle wherever its word stands, and writes what it is told to write."""

    def __init__(self, words: dict[str, str], *written: str | GuardError, points: bool = True) -> None:
        self.words = words
        self.written = list(written)
        self.points = points
        self.judged: list[Dialogue] = []
        self.prompts: list[str] = []

    def score(self, dialogue: Dialogue, principles: Sequence[Any]) -> tuple[Verdict, ...]:
        self.judged.append(dialogue)
        return tuple(self._verdict(rule.id, dialogue.reply) for rule in principles)

    def write(self, prompt: str) -> str:
        self.prompts.append(prompt)
        answer = self.written.pop(0)
        if isinstance(answer, GuardError):
            raise answer
        return answer

    def _verdict(self, name: str, reply: str) -> Verdict:
        word = self.words.get(name, "")
        start = reply.find(word) if word else -1
        if start < 0:
            return verdict(name)
        return verdict(name, "fired", *([(start, start + len(word))] if self.points else []))


def tell(story: Story[Any], critic: Any) -> Any:
    """What the story returns when `critic` answers it; a GuardError it raises is thrown in."""
    answer: Any = None
    failure: GuardError | None = None
    while True:
        try:
            ask = story.throw(failure) if failure else story.send(answer)
        except StopIteration as stop:
            return stop.value
        failure = None
        try:
            answer = critic.score(ask.dialogue, ask.principles) if isinstance(ask, Judge) else _write(critic, ask)
        except GuardError as error:
            failure = error


def _write(critic: Any, ask: Any) -> str:
    assert isinstance(ask, Write)
    return str(critic.write(ask.prompt))


class Answers:
    """A critic that gives these answers to Judge, one after the other; an exception among them is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.score: Callable[..., Any] = self._score

    def _score(self, dialogue: Dialogue, principles: Sequence[Any]) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, GuardError):
            raise answer
        return answer
