"""The anthropic SDK against guard, over sockets: what a program sees must be what it would see without guard."""

import contextlib
import json
import re
from typing import Any

import anthropic
import httpx
import pytest

from tests.conftest import OpenHouse
from tests.house import BOB, CARD, IBAN, MAIL, PHONE, PROMPT, TOKEN, House, leaks, policy
from tests.upstream import FakeUpstream

HOUR = "The meeting is at noon."
OBSERVE = policy("observe", review={"stream": "observe"}, applies_to={"models": ["observe/*"]}, precedence=1)


def said(content: Any, **keys: Any) -> dict[str, Any]:
    return {"max_tokens": 100, "messages": [{"role": "user", "content": content}], **keys}


def same(message: Any) -> dict[str, Any]:
    """A message without its token counts, which a stream tells in other words."""
    plain: dict[str, Any] = message.model_dump(exclude={"usage"})
    for block in plain["content"]:
        block.pop("parsed_output", None)
    return plain


def post(house: House, model: str, content: Any = PROMPT, **keys: Any) -> httpx.Response:
    """Send one message without the SDK."""
    body = {"model": model, **said(content, **keys)}
    return httpx.post(f"{house.url}/v1/messages", json=body, headers={"x-api-key": "sk-caller"}, timeout=20)


def test_a_whole_reply_is_masked_on_the_way_out_and_restored_on_the_way_back(
    house: House, upstream: FakeUpstream
) -> None:
    reply = house.anthropic().messages.create(model="echo", system=f"For {MAIL}", **said(PROMPT))
    assert [block.text for block in reply.content if block.type == "text"] == [PROMPT]
    assert (reply.role, reply.stop_reason, reply.usage.output_tokens) == ("assistant", "end_turn", 4)
    assert leaks(upstream.seen[0]) == []
    assert b"For <EMAIL_ADDRESS_" in upstream.seen[0]
    assert upstream.seen_headers[0]["authorization"] == "Bearer sk-caller"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", upstream.seen_headers[0]["anthropic-version"])
    assert post(house, "echo").status_code == 200
    assert upstream.seen_headers[1]["x-api-key"] == "sk-caller"


@pytest.mark.parametrize("model", ["echo", "split", "observe/echo", "observe/split"])
def test_a_stream_adds_up_to_the_whole_reply_however_it_is_cut(house: House, model: str) -> None:
    text = f"{PROMPT} <{MAIL}> {TOKEN}에게, IBAN {IBAN}; <PERSON_K7Q2M4XD> was never here. {PHONE}"
    client = house.anthropic()
    reply = client.messages.create(model=model, **said(text))
    with client.messages.stream(model=model, **said(text)) as stream:
        assert "".join(stream.text_stream) == text
        assert same(stream.get_final_message()) == same(reply)
    events = list(client.messages.create(model=model, stream=True, **said(text)))
    assert [events[0].type, events[1].type, events[-2].type, events[-1].type] == [
        "message_start", "content_block_start", "message_delta", "message_stop",
    ]  # fmt: skip
    assert "".join(event.delta.text for event in events if event.type == "content_block_delta") == text  # type: ignore[union-attr]


async def test_the_async_client_sees_the_same(house: House) -> None:
    async with house.async_anthropic() as client:
        reply = await client.messages.create(model="echo", **said(PROMPT))
        async with client.messages.stream(model="echo", **said(PROMPT)) as stream:
            assert same(await stream.get_final_message()) == same(reply)
        events = [event async for event in await client.messages.create(model="echo", stream=True, **said(PROMPT))]
        count = await client.messages.count_tokens(model="echo", messages=said(PROMPT)["messages"])
    assert reply.content[0].text == PROMPT  # type: ignore[union-attr]
    assert events[-1].type == "message_stop"
    assert count.input_tokens == 14


TOOL: Any = {
    "name": "send",
    "description": f"Sends a mail. In doubt to {MAIL}.",
    "input_schema": {"type": "object", "properties": {"to": {"type": "string", "default": MAIL}}},
}


@pytest.mark.parametrize("who", [BOB, MAIL, f"back\\slash <{MAIL}>\n\t\u2028 「안녕」 {CARD}"])
@pytest.mark.parametrize("mode", ["", "observe/"])
def test_the_input_of_a_tool_holds_the_value(
    open_house: OpenHouse, upstream: FakeUpstream, who: str, mode: str
) -> None:
    client = open_house(policy(), OBSERVE, names=[BOB]).anthropic()
    reply = client.messages.create(model=f"{mode}tool", tools=[TOOL], **said(who))
    assert reply.content[1].input == {"to": who}  # type: ignore[union-attr]
    assert reply.stop_reason == "tool_use"
    with client.messages.stream(model=f"{mode}tool", tools=[TOOL], **said(who)) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        assert same(stream.get_final_message()) == same(reply)
    assert json.loads("".join(pieces)) == {"to": who}
    tool = json.loads(upstream.seen[-1])["tools"][0]
    assert (tool["name"], tool["input_schema"]["type"]) == ("send", "object")


def test_a_history_with_tools_is_masked_inside_its_inputs_and_results(
    open_house: OpenHouse, upstream: FakeUpstream
) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "send", "input": {"to": BOB, "cards": [4111111111111111]}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": f"Sent to {BOB}"}]}
    messages: Any = [
        {"role": "user", "content": f"Write to {BOB}"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result, {"type": "text", "text": f"Was it {BOB}?"}]},
    ]
    reply = open_house(names=[BOB]).anthropic().messages.create(model="echo", max_tokens=9, messages=messages)
    assert reply.content[0].text == f"Was it {BOB}?"  # type: ignore[union-attr]
    sent = json.loads(upstream.seen[0])["messages"]
    name = sent[0]["content"].removeprefix("Write to ")
    assert sent[1]["content"][0]["input"]["to"] == name
    assert sent[1]["content"][0]["id"] == sent[2]["content"][0]["tool_use_id"] == "toolu_1"
    assert sent[2]["content"][0]["content"][0]["text"] == f"Sent to {name}"


@pytest.mark.parametrize("model", ["think", "observe/think"])
def test_thinking_is_restored_and_goes_back_as_it_was_signed(house: House, upstream: FakeUpstream, model: str) -> None:
    client = house.anthropic()
    with client.messages.stream(model=model, **said(PROMPT)) as stream:
        events = list(stream)
        streamed = stream.get_final_message()
    reply = client.messages.create(model=model, **said(PROMPT))
    assert same(streamed) == same(reply)
    thought: Any = reply.content[0]
    assert (thought.type, thought.thinking) == ("thinking", PROMPT)
    assert "".join(event.thinking for event in events if event.type == "thinking") == PROMPT
    assert [event.signature for event in events if event.type == "signature"] == [thought.signature]
    # The upstream refuses a thought that its signature does not cover.
    history: Any = [
        *said(PROMPT)["messages"],
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in reply.content]},
        {"role": "user", "content": HOUR},
    ]
    again = client.messages.create(model="echo", max_tokens=9, messages=history)
    assert again.content[0].text == HOUR  # type: ignore[union-attr]
    history[1]["content"][0]["thinking"] = "Another thought."
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        client.messages.create(model="echo", max_tokens=9, messages=history)


def test_every_other_field_is_masked_and_the_words_of_the_api_are_not(house: House, upstream: FakeUpstream) -> None:
    parts: Any = [
        {"type": "text", "text": PROMPT, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": f"About {MAIL}"},
         "title": MAIL, "citations": {"enabled": True}},
    ]  # fmt: skip
    reply = house.anthropic().messages.create(
        model="echo",
        system=[{"type": "text", "text": f"For {MAIL}"}],
        metadata={"user_id": MAIL},
        stop_sequences=[MAIL],
        thinking={"type": "enabled", "budget_tokens": 1024},
        tool_choice={"type": "tool", "name": "send"},
        tools=[TOOL],
        extra_body={"vendor": {"notes": [{"about": MAIL, CARD: True}]}},
        **said(parts),
    )
    assert reply.content[0].text == PROMPT  # type: ignore[union-attr]
    sent = json.loads(upstream.seen[0])
    assert sent["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    document = sent["messages"][0]["content"][1]
    assert document["source"]["data"].startswith("About <EMAIL_ADDRESS_")
    assert (document["source"]["type"], document["source"]["media_type"]) == ("text", "text/plain")
    assert sent["metadata"]["user_id"].startswith("<EMAIL_ADDRESS_")
    assert (sent["tool_choice"], sent["thinking"]["type"]) == ({"type": "tool", "name": "send"}, "enabled")


STATUSES = [
    (400, anthropic.BadRequestError, "invalid_request_error"),
    (401, anthropic.AuthenticationError, "authentication_error"),
    (403, anthropic.PermissionDeniedError, "permission_error"),
    (404, anthropic.NotFoundError, "not_found_error"),
    (413, anthropic.RequestTooLargeError, "request_too_large"),
    (429, anthropic.RateLimitError, "rate_limit_error"),
    (500, anthropic.InternalServerError, "api_error"),
    (529, anthropic.OverloadedError, "overloaded_error"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "kind", "name"), STATUSES)
def test_an_upstream_error_reaches_the_client_in_shape(
    house: House, status: int, kind: type[anthropic.APIStatusError], name: str, stream: bool
) -> None:
    with pytest.raises(kind) as caught:
        house.anthropic().messages.create(model=f"status:{status}", stream=stream, **said(PROMPT))
    error = caught.value
    assert (error.status_code, error.type, error.api_message) == (status, name, f"no: {PROMPT}")
    assert error.response.headers["x-guard-decision"] == "allow"
    assert error.response.headers.get("retry-after") == ("7" if status == 429 else None)
    closing = house.recorded(error.response.headers["x-guard-exchange"]).closing
    assert closing is not None
    assert (closing.outcome, closing.status) == ("refused", status)


def test_the_sdk_tries_again_where_anthropic_is_overloaded(house: House, upstream: FakeUpstream) -> None:
    with pytest.raises(anthropic.OverloadedError):
        house.anthropic(max_retries=1).messages.create(model="status:529", **said(PROMPT))
    assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("model", "words"),
    [("cut", "broke off before its end"), ("garbage", "not valid JSON"), ("error", "reported an error")],
)
def test_a_broken_stream_is_told_and_logged(house: House, model: str, words: str) -> None:
    client = house.anthropic()
    with pytest.raises(anthropic.InternalServerError, match=words) as held:
        client.messages.create(model=model, stream=True, **said(PROMPT))
    assert held.value.type == "api_error"
    with pytest.raises(anthropic.APIStatusError, match=words) as observed:
        list(client.messages.create(model=f"observe/{model}", stream=True, **said(PROMPT)))
    assert observed.value.type == "api_error"
    assert house.newest().closing.outcome == "upstream_error"  # type: ignore[union-attr]


@pytest.mark.parametrize("model", ["slow", "stall"])
def test_an_upstream_that_takes_too_long_is_a_timeout(
    open_house: OpenHouse, upstream: FakeUpstream, model: str
) -> None:
    fake = {"name": "fake", "url": f"{upstream.url}/v1", "api": "anthropic", "timeout_s": 0.2}
    client = open_house(config={"upstreams": [fake]}).anthropic()
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model=model, stream=True, **said(PROMPT))
    assert (caught.value.status_code, caught.value.type) == (504, "timeout_error")


# --- guard's own errors ------------------------------------------------------------------------------------------


def test_guards_own_errors_have_anthropics_shape(house: House, upstream: FakeUpstream) -> None:
    client = house.anthropic()
    image: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
    with pytest.raises(anthropic.PermissionDeniedError, match="images") as opaque:
        client.messages.create(model="echo", **said([image]))
    assert opaque.value.type == "permission_error"
    with pytest.raises(anthropic.PermissionDeniedError, match="SECRET") as blocked:
        client.messages.create(model="block/echo", **said(TOKEN))
    assert blocked.value.error_code == "blocked_by_guard"
    with pytest.raises(anthropic.BadRequestError, match="messages") as unread:
        client.messages.create(model="echo", max_tokens=9, messages="hello")  # type: ignore[arg-type]
    assert (unread.value.type, unread.value.body["error"]["param"]) == ("invalid_request_error", "messages")  # type: ignore[index]
    with pytest.raises(anthropic.NotFoundError) as unknown:
        client.messages.batches.list()
    assert unknown.value.type == "not_found_error"
    assert upstream.seen == []


def test_a_key_that_is_not_known_is_told_in_shape(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(config={"access": {"require_key": True}})
    with pytest.raises(anthropic.AuthenticationError) as caught:
        house.anthropic().messages.create(model="echo", **said(HOUR))
    assert caught.value.type == "authentication_error"
    assert upstream.seen == []


def test_the_reason_of_an_upstream_without_a_key_comes_through(house: House) -> None:
    response = httpx.post(f"{house.url}/v1/messages", json={"model": "echo", **said(HOUR)})
    assert (response.status_code, response.json()["error"]["type"]) == (401, "authentication_error")


# --- bytes, headers and the end of a stream ----------------------------------------------------------------------


def test_every_reply_names_its_exchange_and_its_decision(house: House) -> None:
    response = post(house, "echo")
    assert response.headers["x-guard-decision"] == "allow"
    opening, closing = house.opening(response), house.closing(response)
    assert (opening.surface, opening.model, opening.stream) == ("messages", "echo", False)
    assert {span.field for span in opening.spans} == {"messages[0].content"}
    assert dict(closing.usage) == {"input_tokens": 3, "cache_read_input_tokens": 0, "output_tokens": 4}
    streamed = post(house, "echo", stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text.count(": x-guard-decision: allow\n\nevent: message_stop\n") == 1
    assert dict(house.closing(streamed).usage) == {"input_tokens": 3, "output_tokens": 4}
    assert house.closing(streamed).reply == closing.reply


def test_counting_tokens_is_masked_and_not_judged(house: House, upstream: FakeUpstream) -> None:
    client = house.anthropic()
    count = client.messages.count_tokens(
        model="reviewed/echo", system=MAIL, tools=[TOOL], messages=said(PROMPT)["messages"]
    )
    assert count.input_tokens == 14
    recorded = house.newest()
    assert (recorded.opening.surface, recorded.closing.not_judged) == ("count_tokens", ())  # type: ignore[union-attr]
    assert leaks(upstream.seen[0]) == []


# --- review ------------------------------------------------------------------------------------------------------

THREAT = "Pay now, or else. Thanks."
MENDED = "Pay now, [removed: no-threats]. Thanks."


def test_what_offends_is_taken_out_and_the_stream_still_adds_up(house: House, upstream: FakeUpstream) -> None:
    upstream.replies["it"] = THREAT
    client = house.anthropic()
    reply = client.messages.create(model="reviewed/say:it", **said(PROMPT))
    assert [block.text for block in reply.content] == [MENDED]  # type: ignore[union-attr]
    with client.messages.stream(model="reviewed/say:it", **said(PROMPT)) as stream:
        assert "".join(stream.text_stream) == MENDED
        assert same(stream.get_final_message()) == same(reply)
    raw = post(house, "reviewed/say:it", stream=True)
    assert raw.headers["x-guard-decision"] == "revise"
    assert ": x-guard-decision: revise\n\nevent: message_stop" in raw.text
    assert "or else" not in raw.text
    assert house.closing(raw).sent == MENDED


@pytest.mark.parametrize(("text", "principle"), [("Buy a rifle.", "no-weapons"), (THREAT, "no-threats")])
def test_a_call_that_must_not_be_made_ends_a_stream_that_has_begun(house: House, text: str, principle: str) -> None:
    client, told = house.anthropic(), []
    for _ in range(20):  # where all of the reply arrived before any of it was told, it is refused as a whole
        with contextlib.suppress(anthropic.PermissionDeniedError):
            stream = client.messages.create(model="reviewed/tool", stream=True, **said(f"{text} {MAIL}"))
            break
    else:
        pytest.fail("no stream began")
    with pytest.raises(anthropic.APIStatusError) as caught:
        told.extend(event.to_json() for event in stream)
    assert f"'{principle}'" in str(caught.value)
    assert told
    assert text not in "".join(told)
    closing = house.newest().closing
    assert closing is not None
    assert (closing.outcome, closing.decision) == ("blocked", "block")


@pytest.mark.parametrize(
    ("model", "text", "principle", "stream"),
    [
        ("say:it", "Buy a rifle.", "no-weapons", False),
        ("say:it", "Buy a rifle.", "no-weapons", True),
        ("tool", "Buy a rifle.", "no-weapons", False),
        ("think", "Buy a rifle.", "no-weapons", False),
        ("think", "Buy a rifle.", "no-weapons", True),
        ("tool", THREAT, "no-threats", False),  # what is no text cannot be mended
        ("think", THREAT, "no-threats", False),
        ("think", THREAT, "no-threats", True),
    ],
)
def test_what_must_not_be_said_is_withheld_in_shape(
    house: House, upstream: FakeUpstream, model: str, text: str, principle: str, stream: bool
) -> None:
    upstream.replies["it"] = text
    with pytest.raises(anthropic.PermissionDeniedError) as caught:
        house.anthropic().messages.create(model=f"reviewed/{model}", stream=stream, **said(f"{text} {MAIL}"))
    error = caught.value
    assert f"'{principle}'" in error.message
    assert text not in error.message
    assert error.response.headers["x-guard-decision"] == "block"
    closing = house.recorded(error.response.headers["x-guard-exchange"]).closing
    assert closing is not None
    assert (closing.outcome, closing.decision, closing.sent) == ("blocked", "block", "")


@pytest.mark.parametrize("model", ["say:it", "tool", "think"])
def test_observe_changes_nothing_and_records_what_it_saw(house: House, upstream: FakeUpstream, model: str) -> None:
    upstream.replies["it"] = text = f"{THREAT} Buy a rifle. {MAIL}"
    client = house.anthropic()
    with client.messages.stream(model=f"watched/{model}", **said(text)) as stream:
        final = stream.get_final_message()
    assert text in json.dumps(same(final), ensure_ascii=False)
    closing = house.newest().closing
    assert closing is not None
    assert (closing.outcome, closing.decision) == ("completed", "allow")
    assert closing.reason == "observed: no-threats, no-weapons"
