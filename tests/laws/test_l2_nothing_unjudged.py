"""L2: nothing of a reply reaches the client before its review allows it; what is not judged never counts as clear."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.asks import Ask, Emit, Hold, Judge, Record, Write
from guard.errors import AuditError, CriticError, GuardError, RecognizerError
from guard.review.review import Settings
from guard.types import Closing, Opening, Verdict
from tests.dialogue import (
    DONE,
    STOP,
    WEAPONS,
    Played,
    body,
    completion,
    constitution,
    event,
    plan,
    play,
    principle,
    verdicts,
)

# The words of replies: none of them is a word of guard's own messages.
WORDS = ("zebra", "quokka", "walrus")
TOOL = [{"index": 0, "id": "t1", "type": "function", "function": {"name": "walrus", "arguments": '{"a": "zebra"}'}}]
RULES = (principle("p-mend", template="Xylophone."), WEAPONS, principle("p-note", on_violation="annotate"))
ESCALATED = principle("p-escalate", on_violation="escalate")
HELD = {"constitution": None, "stream": "hold"}


def nonsense(ask: Judge) -> tuple[Any, ...]:
    """What a critic may say instead of verdicts."""
    ids = [rule.id for rule in ask.principles]
    over = len(ask.dialogue.reply) + 1
    first: Any = ids[0]
    rest = tuple(Verdict(id_, 0.0, "clear") for id_ in ids[1:])
    return (
        None,
        "clear",
        (),
        tuple(reversed([Verdict(id_, 0.0, "clear") for id_ in [*ids, "more"]])),
        (Verdict(first, float("nan"), "clear"), *rest),
        (Verdict(first, 2.0, "clear"), *rest),
        (Verdict(first, "0", "clear"), *rest),  # type: ignore[arg-type]
        (Verdict(first, 0.0, "fine"), *rest),  # type: ignore[arg-type]
        (Verdict(first, 0.9, "fired", ((0, over),)), *rest),
        (Verdict(first, 0.9, "fired", ((3, 1),)), *rest),
        (Verdict(first, 0.9, "fired", (1, 2)), *rest),  # type: ignore[arg-type]
        (Verdict(first, 0.9, "fired", ((0, 2), (1, 3))), *rest),
        (0, *rest),
    )


class Moody:
    """A critic that judges, abstains, fails and answers nonsense as it is told, and keeps count."""

    def __init__(self, moods: list[Any]) -> None:
        self._moods = moods
        self.failed = False

    def __call__(self, ask: Judge) -> Any:
        mood = self._moods.pop(0) if self._moods else "clear"
        if isinstance(mood, int):
            self.failed = True
            answers = nonsense(ask)
            return answers[mood % len(answers)]
        if mood == "fails":
            self.failed = True
            raise CriticError("the critic took longer than 30 s")
        return tuple(self._verdict(rule.id, mood, ask.dialogue.reply) for rule in ask.principles)

    @staticmethod
    def _verdict(id_: str, mood: str, reply: str) -> Verdict:
        state: Any = (
            "fired" if mood in {id_, "all", "all, somewhere"} else mood if mood in {"clear", "unsure"} else "clear"
        )
        spans = ((0, len(reply)),) if mood == "all, somewhere" and reply else ()
        return Verdict(id_, 0.9 if state == "fired" else 0.1, state, spans)


moods = st.lists(
    st.sampled_from(
        ("clear", "unsure", "all", "all, somewhere", "fails", "p-mend", "no-weapons", "p-note", "p-escalate")
    )
    | st.integers(0, 99),
    max_size=6,
)
writings = st.lists(
    st.sampled_from((None, "", "«zebra» is bad", "QUOTE: zebra\nWHY: bad", "a calm animal", 7)), max_size=6
)

message = st.fixed_dictionaries(
    {"role": st.just("assistant")},
    optional={
        "content": st.lists(st.sampled_from((*WORDS, " ", "or")), max_size=5).map(" ".join),
        "reasoning_content": st.sampled_from(WORDS),
        "refusal": st.sampled_from(WORDS),
        "tool_calls": st.just(TOOL),
        "unknown": st.sampled_from(WORDS),
    },
)


def parts(whole: dict[str, Any], index: int) -> list[bytes]:
    """A message as the events of a stream, a field each."""
    return [event({key: value}, index) for key, value in whole.items()] + [event(index=index, finish="stop")]


def spoken(data: bytes) -> bool:
    return any(word.encode() in data for word in WORDS)


def reply_of(messages: list[dict[str, Any]], stream: bool) -> Any:
    if not stream:
        return completion(*messages)
    return [part for index, message in enumerate(messages) for part in parts(message, index)] + [DONE]


@settings(max_examples=250, deadline=None)
@given(
    st.lists(message, min_size=1, max_size=2),
    st.booleans(),
    moods,
    writings,
    st.sampled_from(("block", "allow")),
    st.sampled_from(("block", "allow")),
    st.booleans(),
)
def test_nothing_is_told_before_a_durable_allowing_decision(
    messages: list[dict[str, Any]],
    stream: bool,
    moods: list[Any],
    writings: list[Any],
    on_failure: Any,
    on_unsure: Any,
    writes: bool,
) -> None:
    critic = Moody(moods)
    strict = Settings(on_failure=on_failure, on_unsure=on_unsure, writes=writes)
    rules = plan(constitution=constitution(*RULES, ESCALATED), settings=strict, review=HELD)

    def write(_: Write) -> Any:
        text = writings.pop(0) if writings else "zebra"
        if text is None:
            raise CriticError("the critic gave up")
        return text

    played = play(body(stream=stream), reply_of(messages, stream), rules, critic=critic, writer=write)
    allowed = False
    for ask in played.asks:
        if isinstance(ask, Record) and isinstance(ask.entry, Closing):
            allowed = ask.entry.decision in ("allow", "revise")
        assert not (isinstance(ask, Emit) and spoken(ask.data) and not allowed)
    closing = played.closing
    goes_out = closing.decision in ("allow", "revise")
    assert (closing.outcome == "completed") == goes_out == (played.head.status == 200)
    assert (closing.outcome == "held") == (closing.decision == "escalate") == ("Hold" in played.kinds)
    if closing.outcome == "held":
        assert played.kinds.index("Hold") < [*played.kinds].index("Emit")
        assert played.head.status == 423
    assert played.head.headers["x-guard-decision"] == closing.decision
    if closing.outcome == "completed" and on_failure == "block":
        assert closing.not_judged == () or not spoken(played.told)
        assert all(verdict.state != "not_judged" for _, verdict in closing.verdicts)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(message, min_size=1, max_size=2),
    moods,
    st.sampled_from(("block", "allow")),
    st.sampled_from(("block", "allow")),
)
def test_nothing_of_a_stream_is_told_before_its_window_passed(
    messages: list[dict[str, Any]], moods: list[Any], on_failure: Any, on_unsure: Any
) -> None:
    """Under `window`: each word that is told was in a judgement that lets it pass, or in an allowing decision."""
    critic = Moody(list(moods))
    strict = Settings(on_failure=on_failure, on_unsure=on_unsure)
    rules = plan(constitution=constitution(*RULES, ESCALATED), settings=strict)
    played = play(body(stream=True), reply_of(messages, stream=True), rules, critic=critic)
    harmless = {"clear", "p-note"} | ({"unsure"} if on_unsure == "allow" else set())
    passing = [
        mood in harmless or (on_failure == "allow" and (mood == "fails" or isinstance(mood, int)))
        for mood in [*moods, *["clear"] * len(played.asks)]
    ]
    judged, allowed = "", False
    for ask in played.asks:
        if isinstance(ask, Judge) and passing.pop(0):
            judged += ask.dialogue.reply
        if isinstance(ask, Record) and isinstance(ask.entry, Closing):
            allowed = ask.entry.decision in {"allow", "revise"}
        if isinstance(ask, Emit) and not allowed:
            assert all(word in judged for word in WORDS if word.encode() in ask.data)
    assert allowed == (played.closing.decision in {"allow", "revise"})


fails: dict[str, Callable[[Ask], GuardError | None]] = {
    "critic": lambda ask: CriticError("late") if isinstance(ask, Judge) else None,
    "log": lambda ask: AuditError("full") if isinstance(ask, Record) and isinstance(ask.entry, Closing) else None,
    "opening": lambda ask: AuditError("full") if isinstance(ask, Record) and isinstance(ask.entry, Opening) else None,
}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(message.filter(lambda one: spoken(json.dumps(one).encode())), min_size=1, max_size=2),
    st.booleans(),
    st.sampled_from(sorted(fails)),
)
def test_a_failing_critic_or_log_lets_nothing_through(messages: list[dict[str, Any]], stream: bool, what: str) -> None:
    rules = plan(constitution=constitution(), review=HELD)
    played = play(body(stream=stream), reply_of(messages, stream), rules, fail=fails[what])
    assert not spoken(played.told)
    assert played.head.status in {403, 503}
    if what == "critic":
        closing = played.closing
        assert (closing.outcome, closing.decision) == ("not_judged", "block")
        assert set(closing.not_judged) == {"no-threats", "no-weapons"}
        assert not any(v.state == "clear" and v.principle != "no-new-data" for _, v in closing.verdicts)


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_cannot_be_held_does_not_go_out(stream: bool) -> None:
    rules = plan(constitution=constitution(ESCALATED), review=HELD)
    played = play(
        body(stream=stream),
        reply_of([{"content": "zebra"}], stream),
        rules,
        critic=Moody(["all"]),
        fail=lambda ask: AuditError("full") if isinstance(ask, Hold) else None,
    )
    assert not spoken(played.told)
    assert (played.head.status, played.closing.outcome, played.closing.decision) == (503, "failed", "block")


@pytest.mark.parametrize("stream", [False, True])
def test_a_failing_recognizer_of_the_reply_lets_nothing_through(stream: bool) -> None:
    count = 0

    def fail(ask: Ask) -> GuardError | None:
        nonlocal count
        count += type(ask).__name__ == "Recognize"
        return RecognizerError("the recognizer failed") if count == 2 and type(ask).__name__ == "Recognize" else None

    played = play(body(stream=stream), reply_of([{"content": "zebra"}], stream), fail=fail)
    assert not spoken(played.told)
    assert (played.head.status, played.closing.outcome, played.closing.decision) == (503, "failed", "block")


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_taken_out_does_not_stay_in_the_tokens(stream: bool) -> None:
    tokens = {"content": [{"token": "or else", "logprob": -1.0, "bytes": None, "top_logprobs": []}]}
    rules = plan(constitution=constitution())
    request = body(stream=stream, logprobs=True)
    whole = json.loads(completion("Pay, or else."))
    whole["choices"][0]["logprobs"] = tokens
    choice = {"index": 0, "delta": {"content": "Pay, or else."}, "logprobs": tokens, "finish_reason": None}
    streamed = [b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n", STOP, DONE]
    played: Played = play(request, streamed if stream else json.dumps(whole).encode(), rules, critic=verdicts)
    assert played.closing.decision == "revise"
    assert b"or else" not in played.told
