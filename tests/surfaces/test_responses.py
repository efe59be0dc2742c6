"""Responses without a server: what a request may hold, and every kind of item and event of a reply."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

from guard.asks import Judge, Recognize
from guard.errors import RequestError
from guard.surfaces.responses import RESPONSES
from guard.surfaces.stream import write_event
from guard.types import Principal
from tests.apis.api import replying
from tests.apis.responses import Responses
from tests.dialogue import (
    BOB,
    MAIL,
    NAME,
    Played,
    Tenant,
    body,
    constitution,
    incoming,
    plan,
    play,
    sse,
)
from tests.surfaces.sdk_words import words_of

API = Responses()
REVIEWED = plan(constitution=constitution())
WATCHED = plan(constitution=constitution(), review={"constitution": None, "stream": "observe"})


def asked(content: Any = "Hello", **keys: Any) -> dict[str, Any]:
    return body(content, RESPONSES, **keys)


def ask(request: Mapping[str, Any], reply: Any = None, plan_: Any = None, **keys: Any) -> Played:
    return play(request, reply or replying(API), plan_, surface=RESPONSES, **keys)


def output(*items: Any, **keys: Any) -> bytes:
    return json.dumps({"id": "resp_1", "object": "response", "model": "m", "output": items, **keys}).encode()


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": parts}


def text(words: str, **keys: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": [], **keys}


def told(played: Played) -> list[dict[str, Any]]:
    """The events that the client was told."""
    lines = [line for event in played.told.split(b"\n\n") for line in event.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line[6:]) for line in lines]


# --- requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"input": "x"}, "model"),
        ({"model": "m"}, "input"),
        ({"model": "m", "input": 7}, "input"),
        ({"model": "m", "input": "x", "background": True}, "background"),
        ({"model": "m", "input": "x", "stream": 1}, "stream"),
    ],
)
def test_what_is_no_request_is_refused_by_the_name_of_the_field(request_: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        RESPONSES.read(json.dumps(request_).encode())
    assert caught.value.param == param


@pytest.mark.parametrize(
    "request_",
    [
        {"model": "m", "input": "x", "background": False, "stream": None},
        {"model": "m", "input": []},
        {"model": "m", "prompt": {"id": "pmpt_1"}},
    ],
)
def test_what_is_a_request_is_read(request_: dict[str, Any]) -> None:
    assert RESPONSES.read(json.dumps(request_).encode()).stream is False


@pytest.mark.parametrize(
    ("keys", "thread"),
    [
        ({}, ""),
        ({"previous_response_id": "resp_1"}, "resp_1"),
        ({"conversation": "conv_1"}, "conv_1"),
        ({"conversation": {"id": "conv_1"}}, "conv_1"),
        ({"conversation": None, "previous_response_id": None}, ""),
    ],
)
def test_a_request_says_what_it_goes_on_from(keys: dict[str, Any], thread: str) -> None:
    assert RESPONSES.read(json.dumps(asked(**keys)).encode()).thread == thread


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "https://a.example/b.png"},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        {"type": "anything_new"},
        {"type": "input_text", "text": "data:image/png;base64,aGk="},
    ],
)
@pytest.mark.parametrize("place", ["message", "tool output"])
def test_what_guard_cannot_look_into_does_not_leave(part: dict[str, Any], place: str) -> None:
    items: dict[str, dict[str, Any]] = {
        "message": {"role": "user", "content": [{"type": "input_text", "text": "Look:"}, part]},
        "tool output": {"type": "function_call_output", "call_id": "call_1", "output": [part]},
    }
    item = items[place]
    played = ask(asked([item]))
    assert played.of(Judge) == []
    assert played.error["code"] == "forbidden_by_policy"
    assert played.error["param"].startswith("input[0].")
    allowed = ask(asked([item]), plan_=plan(opaque="allow"))
    assert allowed.opening.not_scanned == (played.error["param"],)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "computer_call_output", "call_id": "call_1",
         "output": {"type": "computer_screenshot", "image_url": "https://a.example/b.png"}},
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "aGk="},
    ],
)  # fmt: skip
def test_an_image_among_the_items_does_not_leave(item: dict[str, Any]) -> None:
    assert ask(asked([item])).error["code"] == "forbidden_by_policy"


def test_what_a_shell_printed_can_be_looked_into() -> None:
    printed = [{"stdout": MAIL, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
    played = ask(asked([{"type": "shell_call_output", "call_id": "call_1", "output": printed}]))
    assert played.sent["input"][0]["output"][0]["stdout"].startswith("<EMAIL_ADDRESS_")


def test_the_critic_reads_the_newest_turn_only() -> None:
    items = [
        {"role": "developer", "content": "instructions"},
        {"role": "user", "content": "first"},
        {"type": "function_call", "call_id": "call_1", "name": "send", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "sent"},
        {"role": "user", "content": [{"type": "input_text", "text": f"and to {MAIL}"}]},
    ]
    judged: Judge = ask(asked(items, instructions="more instructions"), plan_=REVIEWED).of(Judge)[0]
    first, second = judged.dialogue.prompt.split("\n")
    assert first == "sent"
    assert second.startswith("and to <EMAIL_ADDRESS_")
    assert ask(asked("hello"), plan_=REVIEWED).of(Judge)[0].dialogue.prompt == "hello"
    items[2] = {"type": "custom_tool_call", "call_id": "call_1", "name": "send", "input": "x"}
    assert ask(asked(items), plan_=REVIEWED).of(Judge)[0].dialogue.prompt == judged.dialogue.prompt


def test_every_field_and_type_of_the_sdk_is_a_word_of_the_api() -> None:
    words, vocabulary = words_of(ResponseCreateParamsStreaming), RESPONSES.vocabulary
    assert set(words) - vocabulary.keys == set()
    for field in ("type", "role", "status"):
        assert [word for word in words[field] if vocabulary.kind(field, word, free=False)] == []


@pytest.mark.parametrize("field", ["type", "status", "role", "include", "object", "detail", "phase"])
def test_a_value_in_the_place_of_a_word_is_masked(field: str) -> None:
    played = ask(asked([{"role": "user", "content": [{"type": "input_text", "text": "x", field: MAIL}]}]),
                 plan_=plan(opaque="allow"))  # fmt: skip
    assert MAIL.encode() not in played.request.body
    assert f"input[0].content[0].{field}" in {span.field for span in played.opening.spans}


@pytest.mark.parametrize("field", ["previous_response_id", "conversation"])
def test_a_value_in_the_name_of_a_conversation_is_masked_or_refused(field: str) -> None:
    played = ask(asked(**{field: MAIL}))
    assert MAIL.encode() not in (played.request.body if "Send" in played.kinds else b"")


# --- a conversation that the provider keeps ----------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_codes_of_an_earlier_reply_are_restored(stream: bool) -> None:
    tenant = Tenant()
    first = ask(asked(f"I am {NAME}, {MAIL}"), tenant=tenant)
    code = first.sent["input"].removeprefix("I am ")
    again = asked("Who am I?", previous_response_id=first.reply["id"], stream=stream)
    played = ask(again, replying(API, text=f"You are {code}"), tenant=tenant)
    reply = told(played)[-1]["response"] if stream else played.reply
    assert reply["output"][0]["content"][0]["text"] == f"You are {NAME}, {MAIL}"


def test_codes_go_on_from_reply_to_reply() -> None:
    tenant = Tenant()
    first = ask(asked(f"I am {NAME}"), tenant=tenant)
    code = first.sent["input"].removeprefix("I am ")
    second = ask(asked("Go on.", previous_response_id=first.reply["id"]), tenant=tenant)
    third = asked("Who am I?", previous_response_id=second.reply["id"])
    played = ask(third, replying(API, text=f"You are {code}"), tenant=tenant)
    assert played.reply["output"][0]["content"][0]["text"] == f"You are {NAME}"


def test_nobody_is_shown_the_values_of_another_by_naming_the_others_conversation() -> None:
    tenant = Tenant()
    first = ask(asked(f"I am {NAME}"), tenant=tenant)
    code = first.sent["input"].removeprefix("I am ")
    request = incoming(asked("Who?", previous_response_id=first.reply["id"]), surface=RESPONSES)
    other = type(request)(Principal("bob", "sales", "mail"), request.headers, request.call)
    played = play(other, replying(API, text=f"You are {code}"), tenant=tenant)
    assert played.reply["output"][0]["content"][0]["text"] == f"You are {code}"


# --- items -------------------------------------------------------------------------------------------------------

BAD = "Buy a rifle."

ITEMS = [
    message({"type": "refusal", "refusal": BAD}),
    message(text("fine", annotations=[{"type": "url_citation", "url": "https://a.example", "title": BAD}])),
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "send", "arguments": json.dumps({"a": BAD})},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": BAD, "arguments": "{}"},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "run", "input": BAD},
    {"type": "mcp_call", "id": "mcp_1", "name": "find", "server_label": "s", "arguments": "{}", "output": BAD},
    {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": BAD, "outputs": []},
    {"type": "code_interpreter_call", "id": "ci_1", "code": "", "outputs": [{"type": "logs", "logs": BAD}]},
    {"type": "file_search_call", "id": "fs_1", "queries": ["x"], "results": [{"text": BAD, "filename": "f"}]},
    {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": BAD}},
    {"type": "local_shell_call", "id": "ls_1", "call_id": "c", "action": {"type": "exec", "command": ["echo", BAD]}},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": BAD}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": BAD}]},
    {"type": "something_new", "words": {"deep": [BAD]}},
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: str(item["type"]))
def test_whatever_an_item_says_is_judged(item: dict[str, Any]) -> None:
    # The text before it is fine, so it is the item that is withheld.
    played = ask(asked(), output(message(text("fine")), item), REVIEWED)
    assert (played.head.status, played.error["code"]) == (403, "blocked_by_guard")
    passed = ask(asked(), output(message(text("fine"))), REVIEWED)
    assert passed.head.status == 200


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: str(item["type"]))
def test_whatever_an_item_holds_is_restored(item: dict[str, Any]) -> None:
    def reply(request: Any) -> bytes:
        code = json.loads(request.body)["input"]
        return output(json.loads(json.dumps(item).replace(BAD, code)))

    played = ask(asked(MAIL), reply)
    assert json.dumps(played.reply["output"]) == json.dumps([item]).replace(BAD, MAIL)


def test_a_thought_that_offends_is_not_mended() -> None:
    thought = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Pay, or else."}], "summary": []}
    assert ask(asked(), output(thought, message(text("fine"))), REVIEWED).error["code"] == "blocked_by_guard"
    mended = ask(asked(), output(message(text("Pay, or else."))), REVIEWED)
    assert mended.reply["output"][0]["content"][0]["text"] == "Pay, [removed: no-threats]."


def test_arguments_are_restored_inside_their_json() -> None:
    def reply(request: Any) -> bytes:
        code = json.loads(request.body)["input"]
        call = {"type": "function_call", "name": "send", "arguments": json.dumps({"to": code})}
        return output(call, {"type": "mcp_call", "name": "send", "arguments": json.dumps([code]), "output": code})

    first, second = ask(asked(BOB), reply).reply["output"]
    assert json.loads(first["arguments"]) == {"to": BOB}
    assert json.loads(second["arguments"]) == [BOB]
    assert second["output"] == BOB


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_response_repeats_of_the_request_is_restored_and_not_judged(stream: bool) -> None:
    tool = {"type": "function", "name": "send", "description": f"{BAD} {MAIL}", "parameters": {}}
    request = asked(instructions=f"{BAD} {MAIL}", tools=[tool], stream=stream)
    played = ask(request, replying(API, text="fine"), REVIEWED)
    for response in [event["response"] for event in told(played) if "response" in event] or [played.reply]:
        assert (response["instructions"], response["tools"]) == (f"{BAD} {MAIL}", [tool])
    assert played.closing.reply == "fine"


def test_text_that_a_server_repeats_beside_the_output_is_judged_too() -> None:
    played = ask(asked(), output(message(text("fine")), output_text=BAD), REVIEWED)
    assert played.error["code"] == "blocked_by_guard"


PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3).decode()


def drawn(result: str) -> dict[str, Any]:
    return {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": result}


def test_a_picture_passes_as_it_is_and_the_log_says_that_nobody_judged_it() -> None:
    played = ask(
        asked(MAIL), output({"type": "reasoning", "summary": []}, drawn(PICTURE), message(text("fine"))), REVIEWED
    )
    assert played.reply["output"][1] == drawn(PICTURE)
    assert played.closing.not_judged == ("output[1].result",)
    assert (played.closing.reply, played.closing.decision) == ("fine", "allow")
    assert PICTURE[:40] not in "".join(str(asked_) for asked_ in (*played.of(Judge), *played.of(Recognize)))


@pytest.mark.parametrize("plan_", [REVIEWED, WATCHED])
def test_a_picture_in_a_stream_passes_as_it_is(plan_: Any) -> None:
    partial = {"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "output_index": 0,
               "partial_image_index": 0, "partial_image_b64": PICTURE}  # fmt: skip
    done = {"type": "response.output_item.done", "output_index": 0, "item": drawn(PICTURE)}
    words = pieces("output_text", "fine", {"content_index": 0}, "text")
    played = ask(asked(MAIL, stream=True), streamed(partial, done, *words), plan_)
    assert told(played)[:2] == [partial, done]
    assert played.closing.not_judged == ("partial_image_b64", "item.result")
    assert played.closing.reply == "fine"


def test_words_beside_a_picture_are_judged_and_it_is_withheld_with_them() -> None:
    item = {**drawn(PICTURE), "revised_prompt": BAD}
    assert ask(asked(), output(item), REVIEWED).error["code"] == "blocked_by_guard"
    event = {"type": "response.output_item.done", "output_index": 0, "item": item}
    assert ask(asked(stream=True), streamed(event), REVIEWED).error["code"] == "blocked_by_guard"


@pytest.mark.parametrize(
    "item",
    [
        drawn(BAD),
        drawn(f"{PICTURE}{BAD}"),
        {**drawn(BAD), "partial_image_b64": BAD},
        {"type": "something_new", "result": BAD, "more": PICTURE},
    ],
)
def test_words_in_the_place_of_a_picture_are_judged(item: dict[str, Any]) -> None:
    assert ask(asked(), output("no item", item), REVIEWED).error["code"] == "blocked_by_guard"
    event = {"type": "response.image_generation_call.partial_image", "output_index": 0, "partial_image_b64": BAD}
    assert ask(asked(stream=True), streamed(event), REVIEWED).error["code"] == "blocked_by_guard"


# --- events ------------------------------------------------------------------------------------------------------


def streamed(*events: dict[str, Any]) -> list[bytes]:
    """A stream that holds these events and ends well."""
    ending = {"type": "response.completed", "response": {"id": "resp_1", "model": "m", "output": []}}
    return [write_event(event, event["type"]) for event in [*events, ending]]


def pieces(kind: str, words: str, where: Mapping[str, Any], done: str) -> list[dict[str, Any]]:
    """A text in pieces and then whole, as every kind of event brings it."""
    half = len(words) // 2
    place = {"item_id": "it_1", "output_index": 0, **where}
    cut = [{"type": f"response.{kind}.delta", **place, "delta": piece} for piece in (words[:half], words[half:])]
    return [*cut, {"type": f"response.{kind}.done", **place, done: words}]


KINDS: list[tuple[str, dict[str, int], str]] = [
    ("output_text", {"content_index": 0}, "text"),
    ("refusal", {"content_index": 0}, "refusal"),
    ("reasoning_text", {"content_index": 0}, "text"),
    ("reasoning_summary_text", {"summary_index": 0}, "text"),
    ("custom_tool_call_input", {}, "input"),
    ("code_interpreter_call_code", {}, "code"),
    ("shell_call_command", {"command_index": 0}, "command"),
]


@pytest.mark.parametrize("plan_", [REVIEWED, WATCHED])
@pytest.mark.parametrize(("kind", "where", "done"), KINDS)
def test_a_text_in_pieces_is_judged_once_and_restored(kind: str, where: dict[str, int], done: str, plan_: Any) -> None:
    def reply(request: Any) -> list[bytes]:
        return streamed(*pieces(kind, f"Dear {json.loads(request.body)['input']}!", where, done))

    played = ask(asked(MAIL, stream=True), reply, plan_)
    first, second, whole, *_ = told(played)
    assert first["delta"] + second["delta"] == whole[done] == f"Dear {MAIL}!"
    assert played.closing.reply.count("Dear") == 1
    blocked = ask(asked(MAIL, stream=True), streamed(*pieces(kind, BAD, where, done)), REVIEWED)
    assert blocked.error["code"] == "blocked_by_guard"


@pytest.mark.parametrize("kind", ["function_call_arguments", "mcp_call_arguments"])
def test_arguments_in_pieces_are_restored_inside_their_json(kind: str) -> None:
    def reply(request: Any) -> list[bytes]:
        return streamed(*pieces(kind, json.dumps({"to": json.loads(request.body)["input"]}), {}, "arguments"))

    first, second, whole, *_ = told(ask(asked(BOB, stream=True), reply))
    assert json.loads(first["delta"] + second["delta"]) == json.loads(whole["arguments"]) == {"to": BOB}


def test_two_commands_of_a_call_are_two_texts() -> None:
    cut: list[dict[str, Any]] = [
        {"type": "response.shell_call_command.delta", "output_index": 0, "command_index": at, "delta": words}
        for at, words in [(0, "ls"), (1, "pwd"), (0, " -l")]
    ]
    assert ask(asked(stream=True), streamed(*cut), REVIEWED).closing.reply == "\nls -l\npwd"


def test_what_a_command_prints_is_restored_over_its_pieces() -> None:
    def reply(request: Any) -> list[bytes]:
        code = json.loads(request.body)["input"]
        place = {"output_index": 0, "command_index": 0, "item_id": "it_1"}
        kind = "response.shell_call_output_content.delta"
        cut: list[dict[str, Any]] = [{"stdout": code[:9]}, {"stderr": "warning"}, {"stdout": code[9:]}]
        return streamed(*({"type": kind, **place, "delta": delta} for delta in cut))

    events = told(ask(asked(MAIL, stream=True), reply))
    assert "".join(event["delta"].get("stdout", "") for event in events[:3]) == MAIL
    assert events[1]["delta"] == {"stderr": "warning"}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_text.annotation.added", "output_index": 0, "annotation": {"title": BAD}},
        {"type": "response.something.new", "output_index": 0, "words": [{"deep": BAD}]},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "", "extra": BAD},
        {"type": "response.content_part.added", "output_index": 0, "content_index": 0,
         "part": {"type": "output_text", "text": "", "annotations": [{"title": BAD}]}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "new", "words": BAD}},
        {"type": "response.incomplete", "response": {"output": [message(text(BAD))]}},
        {"type": "response.something.new", "response": {}, "output": [{"stdout": BAD}]},
    ],
)  # fmt: skip
def test_whatever_an_event_says_is_judged_and_restored(event: dict[str, Any]) -> None:
    assert ask(asked(stream=True), streamed(event), REVIEWED).error["code"] in {"blocked_by_guard"}

    def reply(request: Any) -> list[bytes]:
        return streamed(json.loads(json.dumps(event).replace(BAD, json.loads(request.body)["input"])))

    played = ask(asked(MAIL, stream=True), reply)
    assert told(played)[0] == json.loads(json.dumps(event).replace(BAD, MAIL))


def test_a_response_that_ends_early_has_ended() -> None:
    ending = {"type": "response.incomplete", "response": {"id": "resp_1", "output": [message(text("So fa"))]}}
    played = ask(asked(stream=True), [write_event(ending, "response.incomplete")], WATCHED)
    assert (played.closing.outcome, played.closing.reply) == ("completed", "So fa")


@pytest.mark.parametrize("plan_", [REVIEWED, WATCHED])
def test_a_response_that_failed_is_an_upstream_error(plan_: Any) -> None:
    failed = {"type": "response.failed", "response": {"id": "resp_1", "error": {"code": "x", "message": MAIL}}}
    played = ask(
        asked(stream=True), [sse({"type": "response.created", "response": {"id": "resp_1"}}), sse(failed)], plan_
    )
    assert played.closing.outcome == "upstream_error"
    assert MAIL.encode() not in played.told


def test_tokens_that_would_show_what_was_masked_are_left_out() -> None:
    for stream in (False, True):
        plain = ask(asked("Hello", top_logprobs=1, stream=stream))
        assert plain.told.count(b'"token": "Hello"') == (5 if stream else 1)
        played = ask(asked(f"Hello {MAIL}", top_logprobs=1, stream=stream))
        assert b'"token"' not in played.told
        assert MAIL.encode() in played.told


def test_json_is_restored_as_json_where_the_request_asked_for_it() -> None:
    def reply(request: Any) -> Any:
        return replying(API, text=json.dumps({"name": json.loads(request.body)["input"]}), sizes=(5,))(request)

    form = {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}
    whole = ask(asked(BOB, text=form), reply).reply
    events = told(ask(asked(BOB, text=form, stream=True), reply))
    for response in (whole, events[-1]["response"]):
        assert json.loads(response["output"][0]["content"][0]["text"]) == {"name": BOB}
    cut = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert json.loads("".join(cut)) == {"name": BOB}
