"""Messages without a server: what a request may hold, and every kind of block and event of a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from anthropic.types.content_block_param import ContentBlockParam
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsStreaming

from guard.asks import Judge
from guard.errors import Blocked, GuardError, RequestError, UpstreamTimeout
from guard.surfaces.messages import COUNT_TOKENS, MESSAGES
from guard.surfaces.stream import write_event
from tests.apis.api import replying
from tests.apis.messages import Messages
from tests.dialogue import BOB, MAIL, Played, Tenant, body, constitution, plan, play
from tests.surfaces.sdk_words import kinds_of, words_of

API = Messages()
BAD = "Buy a rifle."
REVIEWED = plan(constitution=constitution())
WATCHED = plan(constitution=constitution(), review={"constitution": None, "stream": "observe"})


def asked(content: Any = "Hello", **keys: Any) -> dict[str, Any]:
    return body(content, MESSAGES, **keys)


def ask(request: Mapping[str, Any], reply: Any = None, plan_: Any = None, **keys: Any) -> Played:
    return play(request, reply or replying(API), plan_, surface=MESSAGES, **keys)


def message(*blocks: dict[str, Any], **keys: Any) -> bytes:
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": blocks, **keys}
    return json.dumps(whole).encode()


def streamed(*events: dict[str, Any]) -> list[bytes]:
    """A stream that holds these events and ends well."""
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "content": []}}
    return [write_event(event, event["type"]) for event in [start, *events, {"type": "message_stop"}]]


def told(played: Played) -> list[dict[str, Any]]:
    """The events that the client was told, without the first and the last."""
    lines = [line for event in played.told.split(b"\n\n") for line in event.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line[6:]) for line in lines][1:-1]


# --- requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", [MESSAGES, COUNT_TOKENS])
@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"messages": []}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": ["hello"]}, "messages"),
        ({"model": "m", "messages": [], "stream": "yes"}, "stream"),
    ],
)
def test_what_is_no_request_is_refused_by_the_name_of_the_field(
    surface: Messages, request_: dict[str, Any], param: str
) -> None:
    with pytest.raises(RequestError) as caught:
        surface.read(json.dumps(request_).encode())  # type: ignore[attr-defined]
    assert caught.value.param == param


def test_counting_does_not_stream() -> None:
    with pytest.raises(RequestError, match="does not stream"):
        COUNT_TOKENS.read(json.dumps(asked(stream=True)).encode())


def image(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "image", "source": source}


def document(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "document", "source": source}


BYTES = {"type": "base64", "media_type": "application/pdf", "data": "aGVsbG8="}
OPAQUE = [
    image(BYTES),
    image({"type": "url", "url": "https://a.example/b.png"}),
    image({"type": "file", "file_id": "file_1"}),
    document(BYTES),
    document({"type": "url", "url": "https://a.example/b.pdf"}),
    document({"type": "file", "file_id": "file_1"}),
    document({"type": "content", "content": [image(BYTES)]}),
    {"type": "container_upload", "file_id": "file_1"},
    {"type": "anything_new", "text": "x"},
    {"type": "tool_result", "tool_use_id": "t", "content": [image(BYTES)]},
    {"type": "web_fetch_tool_result", "tool_use_id": "t",
     "content": {"type": "web_fetch_result", "content": document(BYTES), "url": "https://a.example"}},
]  # fmt: skip


@pytest.mark.parametrize("block", OPAQUE, ids=lambda block: json.dumps(block)[9:40])
@pytest.mark.parametrize("surface", [MESSAGES, COUNT_TOKENS])
def test_what_guard_cannot_look_into_does_not_leave(surface: Any, block: dict[str, Any]) -> None:
    request = asked([{"type": "text", "text": "Look:"}, block])
    played = play(request, b'{"input_tokens": 1}', surface=surface)
    assert (played.reply["type"], played.error["type"]) == ("error", "permission_error")
    assert played.error["param"].startswith("messages[0].content[1]")
    allowed = play(request, b'{"input_tokens": 1}', plan(opaque="allow"), surface=surface)
    assert allowed.opening.not_scanned == (played.error["param"],)


READ = [
    document({"type": "text", "media_type": "text/plain", "data": MAIL}),
    document({"type": "content", "content": [{"type": "text", "text": MAIL}]}),
    {"type": "tool_result", "tool_use_id": "t", "content": MAIL},
    {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": MAIL}]},
    {"type": "tool_use", "id": "t", "name": "send", "input": {"to": [{"deep": MAIL}]}},
    {"type": "search_result", "source": MAIL, "title": MAIL, "content": [{"type": "text", "text": MAIL}]},
    {"type": "web_fetch_tool_result", "tool_use_id": "t",
     "content": {"type": "web_fetch_result", "url": "u", "content": document({"type": "text", "data": MAIL})}},
    {"type": "bash_code_execution_tool_result", "tool_use_id": "t",
     "content": {"type": "bash_code_execution_result", "stdout": MAIL, "stderr": MAIL, "return_code": 0, "content": []}},
    {"type": "thinking", "thinking": MAIL, "signature": "A" * 40},
]  # fmt: skip


@pytest.mark.parametrize("block", READ, ids=lambda block: json.dumps(block)[9:40])
def test_what_guard_can_look_into_is_masked(block: dict[str, Any]) -> None:
    played = ask(asked([block, {"type": "text", "text": "Read it."}]), message())
    assert MAIL.encode() not in played.request.body
    name = json.loads(ask(asked(MAIL)).request.body)["messages"][0]["content"]
    sent = json.dumps(played.sent["messages"][0]["content"][0])
    assert sent.replace(json.dumps(name)[1:-1], MAIL) == json.dumps(block)


def test_what_is_sealed_goes_as_it_is_and_a_value_in_its_place_does_not() -> None:
    sealed = {"type": "redacted_thinking", "data": "A1b2/+==" * 5}
    thought = {"type": "thinking", "thinking": "fine", "signature": "Zz9/+==" * 6}
    history = [{"role": "assistant", "content": [sealed, thought]}, {"role": "user", "content": MAIL}]
    request = {**asked(), "messages": history}
    assert ask(request, message()).sent["messages"][0]["content"] == [sealed, thought]
    history[0]["content"] = [{**thought, "signature": MAIL}]
    assert MAIL.encode() not in ask(request, message()).request.body


def test_the_critic_reads_the_newest_turn_only() -> None:
    history = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "send", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "sent"}, {"type": "text", "text": f"and to {MAIL}"},
        ]},
    ]  # fmt: skip
    played = ask({**asked(system="instructions"), "messages": history}, plan_=REVIEWED)
    first, second = played.of(Judge)[0].dialogue.prompt.split("\n")
    assert first == "sent"
    assert second.startswith("and to <EMAIL_ADDRESS_")


@pytest.mark.parametrize("params", [MessageCreateParamsStreaming, MessageCountTokensParams])
def test_every_field_and_type_of_the_sdk_is_a_word_of_the_api(params: Any) -> None:
    words, vocabulary = words_of(params), MESSAGES.vocabulary
    assert set(words) - vocabulary.keys == set()
    for field in ("type", "role", "ttl", "effort", "service_tier", "display", "speed"):
        assert [word for word in words.get(field, ()) if vocabulary.kind(field, word, free=False)] == []


def test_every_block_of_the_sdk_is_read_or_known_to_be_opaque() -> None:
    assert kinds_of(ContentBlockParam) - MESSAGES.readable == {"image", "document", "container_upload"}


@pytest.mark.parametrize("field", ["type", "role", "media_type", "ttl", "stop_reason", "service_tier", "effort"])
def test_a_value_in_the_place_of_a_word_is_masked(field: str) -> None:
    played = ask(asked([{"type": "text", "text": "x", "cache_control": {field: MAIL}}]))
    assert MAIL.encode() not in played.request.body


# --- blocks ------------------------------------------------------------------------------------------------------

BLOCKS = [
    {"type": "text", "text": BAD},
    {"type": "text", "text": "fine", "citations": [{"type": "char_location", "cited_text": BAD, "document_index": 0}]},
    {"type": "thinking", "thinking": BAD, "signature": "A" * 40},
    {"type": "tool_use", "id": "t", "name": "send", "input": {"to": [{"deep": BAD}]}},
    {"type": "tool_use", "id": "t", "name": "send", "input": {"id": BAD, "logprobs": [BAD]}},
    {"type": "tool_use", "id": "t", "name": BAD, "input": {}},
    {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {"query": BAD}},
    {"type": "web_search_tool_result", "tool_use_id": "t",
     "content": [{"type": "web_search_result", "title": BAD, "url": "https://a.example", "encrypted_content": "A" * 40}]},
    {"type": "bash_code_execution_tool_result", "tool_use_id": "t",
     "content": {"type": "bash_code_execution_result", "stdout": BAD, "stderr": "", "return_code": 0, "content": []}},
    {"type": "something_new", "words": {"deep": [BAD]}},
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block["type"]))
def test_whatever_a_block_says_is_judged(block: dict[str, Any]) -> None:
    played = ask(asked(), message({"type": "text", "text": "fine"}, block), REVIEWED)
    assert (played.head.status, played.error["code"]) == (403, "blocked_by_guard")
    assert "rifle" not in played.told.decode()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block["type"]))
def test_whatever_a_block_holds_is_restored(block: dict[str, Any]) -> None:
    def reply(request: Any) -> bytes:
        code = json.loads(request.body)["messages"][0]["content"]
        return message(json.loads(json.dumps(block).replace(BAD, code)))

    played = ask(asked(MAIL), reply)
    assert json.dumps(played.reply["content"]) == json.dumps([block]).replace(BAD, MAIL)


def test_the_end_of_a_text_that_was_asked_for_is_not_judged_and_is_restored() -> None:
    def reply(request: Any) -> bytes:
        return message({"type": "text", "text": "fine"}, stop_sequence=json.loads(request.body)["stop_sequences"][0])

    played = ask(asked(stop_sequences=[f"{BAD} {MAIL}"]), reply, REVIEWED)
    assert played.reply["stop_sequence"] == f"{BAD} {MAIL}"


# --- events ------------------------------------------------------------------------------------------------------


def start(index: int = 0, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(kind: str, index: int = 0, **told_: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **told_}}


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


@pytest.mark.parametrize("plan_", [REVIEWED, WATCHED])
@pytest.mark.parametrize(
    ("kind", "field"), [("text_delta", "text"), ("thinking_delta", "thinking"), ("input_json_delta", "partial_json")]
)
def test_a_block_in_pieces_is_judged_once_and_restored(kind: str, field: str, plan_: Any) -> None:
    def reply(request: Any) -> list[bytes]:
        code = json.loads(request.body)["messages"][0]["content"]
        return streamed(
            *(delta(kind, **{field: piece}) for piece in ('{"to": "Dear ', code[:7], code[7:], '!"}')), stop()
        )

    played = ask(asked(BOB, stream=True), reply, plan_)
    words = "".join(event["delta"][field] for event in told(played)[:-1])
    assert json.loads(words) == {"to": f"Dear {BOB}!"}
    assert played.closing.reply.count("Dear") == 1
    bad = streamed(delta(kind, **{field: BAD[:5]}), delta(kind, **{field: BAD[5:]}), stop())
    assert ask(asked(stream=True), bad, REVIEWED).error["code"] == "blocked_by_guard"


def test_what_a_block_begins_with_its_pieces_go_on_from() -> None:
    def reply(request: Any) -> list[bytes]:
        code = json.loads(request.body)["messages"][0]["content"]
        return streamed(start(type="text", text=code[:7]), delta("text_delta", text=code[7:]), stop())

    played = ask(asked(MAIL, stream=True), reply, WATCHED)
    first, second, _ = told(played)
    assert first["content_block"]["text"] + second["delta"]["text"] == MAIL
    assert played.closing.reply.startswith("<EMAIL_ADDRESS_")


def test_a_signature_is_neither_judged_nor_changed() -> None:
    signature = "Zz9"  # too short for one, so that it is not known by its shape
    events = streamed(start(type="thinking", thinking="", signature=""), delta("thinking_delta", thinking="fine"),
                      delta("signature_delta", signature=signature), stop())  # fmt: skip
    played = ask(asked(MAIL, stream=True), events, REVIEWED)
    assert played.closing.reply == "\nfine"
    assert told(played)[2] == delta("signature_delta", signature=signature)


@pytest.mark.parametrize(
    "event",
    [
        delta("citations_delta", citation={"type": "char_location", "cited_text": BAD}),
        delta("something_new", words=[{"deep": BAD}]),
        start(type="server_tool_use", id="t", name="web_search", input={"query": BAD}),
        start(type="web_search_tool_result", tool_use_id="t", content=[{"type": "web_search_result", "title": BAD}]),
        start(type="something_new", words=BAD),
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ""}, "extra": BAD},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "", "extra": BAD}},
        {"type": "something_new", "index": 0, "words": BAD},
    ],
    ids=lambda event: str(event)[:80],
)
def test_whatever_an_event_says_is_judged_and_restored(event: dict[str, Any]) -> None:
    assert ask(asked(stream=True), streamed(event), REVIEWED).error["code"] == "blocked_by_guard"

    def reply(request: Any) -> list[bytes]:
        code = json.loads(request.body)["messages"][0]["content"]
        return streamed(json.loads(json.dumps(event).replace(BAD, code)))

    assert told(ask(asked(MAIL, stream=True), reply)) == [json.loads(json.dumps(event).replace(BAD, MAIL))]


def test_pings_pass_and_begin_nothing() -> None:
    events = [write_event({"type": "ping"}, "ping"), *streamed(delta("text_delta", text="fine"), stop())]
    played = ask(asked(stream=True), events, REVIEWED)
    assert played.told.startswith(events[0])
    assert ask(asked(stream=True), events[:1], REVIEWED).closing.outcome == "upstream_error"


def test_json_is_restored_as_json_where_the_request_asked_for_it() -> None:
    def reply(request: Any) -> Any:
        name = json.loads(request.body)["messages"][0]["content"]
        return replying(API, text=json.dumps({"name": name}), sizes=(5,))(request)

    form = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    for keys in ({"output_config": form}, {"output_format": form["format"]}):
        whole = ask(asked(BOB, **keys), reply).reply["content"][0]["text"]
        events = told(ask(asked(BOB, stream=True, **keys), reply))
        cut = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
        assert json.loads(whole) == json.loads("".join(cut)) == {"name": BOB}


def test_a_thought_goes_back_to_the_provider_as_it_was_signed() -> None:
    tenant = Tenant()
    thought = ask(asked(MAIL), replying(API, "think"), tenant=tenant).reply["content"][0]
    assert thought["thinking"] == MAIL
    history = [{"role": "assistant", "content": [thought]}, {"role": "user", "content": "Go on."}]
    # The upstream raises Refused where the signature does not cover the thought.
    again = ask({**asked(), "messages": history}, replying(API), tenant=tenant)
    assert again.reply["content"][0]["text"] == "Go on."


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (RequestError("no", param="messages"), "invalid_request_error"),
        (Blocked("no"), "permission_error"),
        (UpstreamTimeout("no"), "timeout_error"),
        (GuardError("no"), "api_error"),
    ],
)
def test_an_error_has_anthropics_shape_whole_and_in_a_stream(failure: GuardError, kind: str) -> None:
    told_ = json.loads(MESSAGES.error(failure))
    assert (told_["type"], told_["error"]["type"], told_["error"]["message"]) == ("error", kind, "no")
    assert told_["error"]["details"] == {"error_code": failure.code}
    assert ("param" in told_["error"]) == (failure.param is not None)
    name, data, *rest = MESSAGES.error_event(failure).split(b"\n")
    assert (name, json.loads(data.removeprefix(b"data: ")), rest) == (b"event: error", told_, [b"", b""])
