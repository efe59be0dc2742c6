"""The library: mask, restore, review, and protected functions, on the same exchange as the proxy."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

import guard as package
from guard.audit.reading import SqliteReader
from guard.constitution import Constitution
from guard.errors import Blocked
from guard.library import Guard, WithheldError
from guard.types import Dialogue, Rule, Verdict
from tests.dialogue import principle
from tests.house import CARD, MAIL, REVIEWED, Scripted, policy, start


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    secret = policy(
        "strict", applies_to={"models": ["strict"]}, precedence=1, mask={"entities": {"CREDIT_CARD": "block"}}
    )
    observe = policy(
        "observe",
        applies_to={"models": ["observe"]},
        precedence=1,
        review={"constitution": "test", "stream": "observe"},
    )
    with Guard(start(tmp_path, "http://127.0.0.1:9", [REVIEWED, secret, observe], critic=Scripted())) as made:
        yield made


def answer(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def content(reply: Any) -> Any:
    return reply["choices"][0]["message"]["content"]


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "any", "messages": [{"role": "user", "content": text}], **more}


def test_mask_and_restore(guard: Guard) -> None:
    masked = guard.mask(f"Mail {MAIL}")
    assert MAIL not in masked
    assert guard.restore(masked) == f"Mail {MAIL}"
    assert guard.restore("Mail <PERSON_K7Q2M4XD>") == "Mail <PERSON_K7Q2M4XD>"
    assert [s.entity for s in guard.find_and_mask(f"{MAIL} 님").spans] == ["EMAIL_ADDRESS"]


def test_from_files_takes_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    rules = "policy: p\nrecognize: {profile: patterns}\nreview: {constitution: null}\n"
    (tmp_path / "policies" / "p.yaml").write_text(rules)
    (tmp_path / "guard.yaml").write_text("tenant: other\n")
    monkeypatch.setenv("GUARD_DATA", str(tmp_path / "elsewhere"))
    with package.Guard.from_files(tmp_path / "guard.yaml") as made:
        assert made.restore(made.mask(MAIL)) == MAIL
    assert (tmp_path / "elsewhere" / "tenant.key").exists()


def test_review_allows_mends_and_blocks(guard: Guard) -> None:
    assert guard.review("Hi", "Hello.").decision == "allow"
    assert guard.review("Hi", "Hello.").reply == "Hello."
    mended = guard.review("Hi", "Pay, or else. Thanks.")
    assert (mended.decision, "or else" in mended.reply) == ("revise", False)
    blocked = guard.review("Hi", "Buy a rifle.")
    assert (blocked.decision, blocked.reply) == ("block", "")
    assert "no-weapons" in blocked.reason
    assert {v.principle: v.state for v in blocked.verdicts}["no-weapons"] == "fired"


def test_review_says_what_the_prompt_violates(guard: Guard) -> None:
    asked = principle("no-weapons", applies_to="prompt", on_violation="block")

    class Refusing(Scripted):
        def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
            return tuple(Verdict(rule.id, 0.9, "fired") for rule in principles)

    guard.service.critic = Refusing()
    guard.service.constitutions = {"test": Constitution("test", 1, (asked,), "d" * 64)}
    reviewed = guard.review("A rifle?", "No.")
    assert (reviewed.decision, reviewed.reply) == ("block", "")
    assert reviewed.verdicts == (Verdict("no-weapons", 0.9, "fired"),)
    assert "violates the principle 'no-weapons'" in reviewed.reason


def test_review_is_not_recorded(guard: Guard) -> None:
    guard.review("Hi", "Hello.")
    assert SqliteReader(guard.service.store.path).list() == ()


def test_a_protected_function_sees_placeholders_and_its_caller_does_not(guard: Guard) -> None:
    seen: list[str] = []

    def chat(**request: Any) -> dict[str, Any]:
        seen.append(request["messages"][0]["content"])
        return answer(f"You wrote: {seen[-1]}")

    assert content(guard.protect(chat)(**ask(f"Mail {MAIL}"))) == f"You wrote: Mail {MAIL}"
    assert MAIL not in seen[0]
    (row,) = SqliteReader(guard.service.store.path).list()
    assert (row.outcome, row.user) == ("completed", "library")


def test_what_is_withheld_is_raised(guard: Guard) -> None:
    with pytest.raises(WithheldError, match="no-weapons") as caught:
        guard.protect(lambda **_: answer("Buy a rifle."))(**ask("Hi"))
    assert (caught.value.status, caught.value.code) == (403, "blocked_by_guard")
    with pytest.raises(WithheldError, match="CREDIT_CARD"):
        guard.protect(lambda **_: answer("x"))(**{**ask(CARD), "model": "strict"})


def test_what_the_function_raises_is_its_callers(guard: Guard) -> None:
    def fail(**_: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        guard.protect(fail)(**ask("Hi"))
    with pytest.raises(KeyError, match="mine"):
        list(guard.protect(fail)(**ask("Hi", stream=True)))
    with pytest.raises(TypeError, match="model_dump"):
        guard.protect(lambda **_: 7)(**ask("Hi"))


def test_the_sdks_objects_keep_their_form(guard: Guard) -> None:
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", **answer(f"To {MAIL}")}
    reply = guard.protect(lambda **_: ChatCompletion.model_validate(whole))(**ask(f"Mail {MAIL}"))
    assert isinstance(reply, ChatCompletion)
    assert reply.choices[0].message.content == f"To {MAIL}"


def chunks(text: str, closed: list[bool]) -> Iterator[dict[str, Any]]:
    try:
        for piece in (text[at : at + 3] for at in range(0, len(text), 3)):
            yield {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    finally:
        closed.append(True)


@pytest.mark.parametrize("model", ["any", "observe"])
def test_a_stream_is_restored(guard: Guard, model: str) -> None:
    stream = guard.protect(lambda **request: chunks(request["messages"][0]["content"], []))
    parts = stream(**{**ask(f"Mail {MAIL}", stream=True), "model": model})
    said = "".join(c["delta"].get("content", "") for part in parts for c in part["choices"])
    assert said == f"Mail {MAIL}"


def test_a_stream_that_is_withheld_or_fails_is_raised(guard: Guard) -> None:
    with pytest.raises(WithheldError, match="no-weapons"):
        list(guard.protect(lambda **_: chunks("Buy a rifle.", []))(**ask("Hi", stream=True)))

    def broken() -> Iterator[dict[str, Any]]:
        yield from list(chunks("Hello there", []))[:2]
        raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        list(guard.protect(lambda **_: broken())(**{**ask("Hi", stream=True), "model": "observe"}))
    cut = list(chunks("Hello there", []))[:2]
    with pytest.raises(WithheldError, match="broke off"):
        list(guard.protect(lambda **_: iter(cut))(**{**ask("Hi", stream=True), "model": "observe"}))


def test_a_caller_that_stops_reading_is_on_record(guard: Guard) -> None:
    stream = guard.protect(lambda **_: chunks("Hello there", []))(**{**ask("Hi", stream=True), "model": "observe"})
    next(stream)
    stream.close()
    (row,) = SqliteReader(guard.service.store.path).list()
    assert row.outcome == "client_gone"


def test_a_blocked_mask_is_raised(tmp_path: Path) -> None:
    rules = policy(mask={"entities": {"CREDIT_CARD": "block"}})
    with Guard(start(tmp_path, "http://127.0.0.1:9", [rules])) as strict, pytest.raises(Blocked, match="CREDIT_CARD"):
        strict.mask(CARD)
