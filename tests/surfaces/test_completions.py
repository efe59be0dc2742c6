"""Completions without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guard.asks import Judge
from guard.errors import RequestError
from guard.mask.placeholders import Coder
from guard.mask.restore import StreamRestorer
from guard.mask.vault import Vault
from guard.surfaces.completions import COMPLETIONS
from guard.surfaces.stream import EventRestorer, read_event
from tests.apis.api import replying
from tests.apis.completions import Completions
from tests.dialogue import DONE, KEY, MAIL, NAME, Played, body, constitution, plan, play, sse

API = Completions()
BAD = "Buy a rifle."
REVIEWED = plan(constitution=constitution())


def asked(prompt: Any = "Hello", **keys: Any) -> dict[str, Any]:
    return body(prompt, COMPLETIONS, **keys)


def ask(request: dict[str, Any], reply: Any = None, plan_: Any = None) -> Played:
    return play(request, reply or replying(API), plan_, surface=COMPLETIONS)


def completion(text: str, **keys: Any) -> bytes:
    choice = {"index": 0, "text": text, "finish_reason": "stop", **keys}
    return json.dumps({"id": "cmpl-1", "object": "text_completion", "model": "m", "choices": [choice]}).encode()


@pytest.mark.parametrize("prompt", [None, 7, {"text": "x"}, True])
def test_a_prompt_is_a_text_or_a_list(prompt: Any) -> None:
    with pytest.raises(RequestError) as caught:
        COMPLETIONS.read(json.dumps(asked(prompt)).encode())
    assert caught.value.param == "prompt"


@pytest.mark.parametrize("prompt", [[1, 2], [[1, 2], [3]], ["x", 1], ["x", [1]], [True]])
def test_tokens_do_not_leave(prompt: Any) -> None:
    assert (ask(asked(prompt)).error["code"], ask(asked(prompt)).error["param"]) == ("forbidden_by_policy", "prompt")
    assert ask(asked(prompt), plan_=plan(opaque="allow")).opening.not_scanned == ("prompt",)


def test_every_prompt_of_a_list_is_masked_and_judged_with_the_reply() -> None:
    played = ask(asked([MAIL, f"I am {NAME}"]), plan_=REVIEWED)
    assert [text.split("_")[0] for text in played.sent["prompt"]] == ["<EMAIL", "I am <PERSON"]
    assert played.of(Judge)[0].dialogue.prompt == "\n".join(played.sent["prompt"])
    assert [choice["text"] for choice in played.reply["choices"]] == [MAIL, f"I am {NAME}"]


def test_whatever_else_a_choice_says_is_judged_and_restored() -> None:
    assert ask(asked(), completion("fine", notes=[{"deep": BAD}]), REVIEWED).error["code"] == "blocked_by_guard"

    def reply(request: Any) -> bytes:
        return completion("fine", notes=[{"deep": json.loads(request.body)["prompt"]}])

    assert ask(asked(MAIL), reply).reply["choices"][0]["notes"] == [{"deep": MAIL}]


def test_a_text_that_guard_does_not_know_is_judged_and_restored_over_its_pieces() -> None:
    def pieces(words: str) -> list[bytes]:
        cut = [{"index": 0, "text": "", "note": words[:5]}, {"index": 0, "text": "", "note": words[5:]}]
        end = {"index": 0, "text": "", "finish_reason": "stop"}
        return [*(sse({"choices": [choice]}) for choice in [*cut, end]), DONE]

    assert ask(asked(stream=True), pieces("a rifle"), REVIEWED).error["code"] == "blocked_by_guard"
    played = ask(asked(MAIL, stream=True), lambda request: pieces(json.loads(request.body)["prompt"]))
    told = [json.loads(raw[6:])["choices"][0] for raw in played.told.split(b"\n\n") if raw.startswith(b"data: {")]
    assert "".join(choice.get("note", "") for choice in told) == MAIL


def test_a_reply_that_echoes_the_prompt_is_restored() -> None:
    def reply(request: Any) -> bytes:
        return completion(f"{json.loads(request.body)['prompt']} and more")

    assert ask(asked(f"Dear {NAME}", echo=True), reply).reply["choices"][0]["text"] == f"Dear {NAME} and more"


def test_a_code_that_spans_events_and_choices_that_come_by_turns_are_restored() -> None:
    def reply(request: Any) -> list[bytes]:
        code = json.loads(request.body)["prompt"]
        cut = [(0, code[:5]), (1, "x"), (0, code[5:]), (1, code)]
        choices = [{"index": index, "text": text, "finish_reason": None} for index, text in cut]
        ends = [{"index": index, "text": "", "finish_reason": "stop"} for index in (0, 1)]
        return [*(sse({"choices": [choice]}) for choice in [*choices, *ends]), DONE]

    played = ask(asked(MAIL, stream=True), reply)
    events = [json.loads(raw[6:]) for raw in played.told.split(b"\n\n") if raw.startswith(b"data: {")]
    texts = dict.fromkeys((0, 1), "")
    for choice in (choice for event in events for choice in event["choices"]):
        texts[choice["index"]] += choice["text"]
    assert texts == {0: MAIL, 1: f"x{MAIL}"}


def test_what_is_held_back_of_a_choice_goes_out_when_the_choice_ends() -> None:
    vault = Vault(Coder(KEY))
    vault.name("EMAIL_ADDRESS", MAIL)
    restorer = EventRestorer(COMPLETIONS, lambda: StreamRestorer(vault), idle=False, drop_tokens=False)
    text = read_event(sse({"choices": [{"index": 1, "text": "a <EMAIL", "finish_reason": None}]}))
    ends = [read_event(sse({"choices": [{"index": at, "text": "", "finish_reason": "stop"}]})) for at in (0, 1)]
    assert [restorer.feed(text), restorer.feed(ends[0])] == [b"", b""]
    assert restorer.feed(ends[1]) == text.raw + ends[0].raw + ends[1].raw


@pytest.mark.parametrize("reply", [b"{}", b'{"choices": {}}', b'{"choices": ["x"]}'])
def test_what_is_no_list_of_choices_is_no_reply(reply: bytes) -> None:
    assert ask(asked(), reply).error["code"] == "upstream_error"
