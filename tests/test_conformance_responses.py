"""The openai SDK's responses against guard, over sockets: a program must see what it would see without guard."""

import json
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from tests.conftest import OpenHouse
from tests.house import BOB, CARD, IBAN, MAIL, PHONE, PROMPT, TOKEN, House, leaks, policy
from tests.upstream import FakeUpstream

HOUR = "The meeting is at noon."
OBSERVE = policy("observe", review={"stream": "observe"}, applies_to={"models": ["observe/*"]}, precedence=1)


def same(response: Any) -> dict[str, Any]:
    """A response without what only the SDK's own parser adds."""
    plain: dict[str, Any] = response.model_dump()
    for item in plain["output"]:
        item.pop("parsed_arguments", None)
        for part in item.get("content") or ():
            part.pop("parsed", None)
    return plain


def streamed(house: House, **keys: Any) -> tuple[list[Any], Any]:
    """The events of a stream, and the response that the SDK's accumulator makes of them."""
    with house.openai().responses.stream(**keys) as stream:
        return list(stream), stream.get_final_response()


def post(house: House, model: str, content: Any = PROMPT, **keys: Any) -> httpx.Response:
    """Send one input without the SDK."""
    return httpx.post(f"{house.url}/v1/responses", json={"model": model, "input": content, **keys}, timeout=20)


def test_a_whole_reply_is_masked_on_the_way_out_and_restored_on_the_way_back(
    house: House, upstream: FakeUpstream
) -> None:
    keys: Any = {"instructions": f"For {MAIL}", "metadata": {"author": MAIL}, "input": PROMPT}
    reply = house.openai().responses.create(model="echo", **keys)
    assert reply.output_text == PROMPT
    assert (reply.instructions, reply.metadata) == (f"For {MAIL}", {"author": MAIL})  # which the API repeats
    assert (reply.status, reply.usage.total_tokens) == ("completed", 7)  # type: ignore[union-attr]
    assert leaks(upstream.seen[0]) == []
    assert json.loads(upstream.seen[0])["instructions"].startswith("For <EMAIL_ADDRESS_")


@pytest.mark.parametrize("model", ["echo", "split", "observe/echo", "observe/split"])
def test_a_stream_adds_up_to_the_whole_reply_however_it_is_cut(house: House, model: str) -> None:
    text = f"{PROMPT} <{MAIL}> {TOKEN}에게, IBAN {IBAN}; <PERSON_K7Q2M4XD> was never here. {PHONE}"
    keys: Any = {"model": model, "input": text, "instructions": f"For {MAIL}"}
    reply = house.openai().responses.create(**keys)
    events, final = streamed(house, **keys)
    assert same(final) == same(reply)
    assert final.output_text == text
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    assert "".join(event.delta for event in deltas) == deltas[-1].snapshot == text
    (done,) = [event for event in events if event.type == "response.output_text.done"]
    assert done.text == text
    assert [event.type for event in events[:4]] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))


@pytest.mark.parametrize("stream", [False, True])
async def test_the_async_client_sees_the_same(house: House, stream: bool) -> None:
    async with house.async_openai() as client:
        reply: Any = await client.responses.create(model="echo", stream=stream, input=PROMPT)
        if stream:
            events = [event async for event in reply]
            assert [event.type for event in events][-1] == "response.completed"
            reply = events[-1].response
        async with client.responses.stream(model="echo", input=PROMPT) as manager:
            assert same(await manager.get_final_response()) == same(reply)
    assert reply.output_text == PROMPT


TOOL: Any = {
    "type": "function",
    "name": "send",
    "strict": True,
    "description": f"Sends a mail. In doubt to {MAIL}.",
    "parameters": {"type": "object", "properties": {"to": {"type": "string", "default": MAIL}}},
}


@pytest.mark.parametrize("who", [BOB, MAIL, f"back\\slash <{MAIL}>\n\t\u2028 「안녕」 {CARD}"])
@pytest.mark.parametrize("mode", ["", "observe/"])
def test_tool_arguments_are_valid_json_with_the_value_in_them(
    open_house: OpenHouse, upstream: FakeUpstream, who: str, mode: str
) -> None:
    house = open_house(policy(), OBSERVE, names=[BOB])
    keys: Any = {"model": f"{mode}tool", "tools": [TOOL], "input": who}
    reply = house.openai().responses.create(**keys)
    call: Any = reply.output[0]
    assert (call.type, json.loads(call.arguments)) == ("function_call", {"to": who})
    assert reply.tools[0].description == TOOL["description"]  # type: ignore[union-attr]
    events, final = streamed(house, **keys)
    assert same(final) == same(reply)
    pieces = [event for event in events if event.type == "response.function_call_arguments.delta"]
    assert json.loads("".join(event.delta for event in pieces)) == json.loads(pieces[-1].snapshot) == {"to": who}
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert json.loads(done.arguments) == {"to": who}
    assert leaks(upstream.seen[-1]) == []


def test_a_history_with_tool_calls_is_masked_inside_its_json(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "send"}
    items: Any = [
        {"role": "developer", "content": f"You write for {BOB}."},
        {**call, "arguments": json.dumps({"to": BOB, "cards": [int(CARD.replace(" ", ""))]})},
        {"type": "function_call_output", "call_id": "call_1", "output": json.dumps({"sent": [BOB, MAIL]})},
        {"role": "user", "content": [{"type": "input_text", "text": f"Was it {BOB}?"}]},
    ]
    reply = open_house(names=[BOB]).openai().responses.create(model="echo", input=items)
    assert reply.output_text == f"Was it {BOB}?"
    sent = json.loads(upstream.seen[0])["input"]
    arguments = json.loads(sent[1]["arguments"])
    assert arguments["to"] == sent[3]["content"][0]["text"].removeprefix("Was it ").removesuffix("?")
    assert str(arguments["cards"][0]).startswith("<CREDIT_CARD_")
    assert json.loads(sent[2]["output"])["sent"][0] == arguments["to"]
    assert (sent[1]["type"], sent[1]["call_id"], sent[2]["call_id"]) == ("function_call", "call_1", "call_1")


@pytest.mark.parametrize("model", ["think", "observe/think"])
def test_reasoning_is_restored_and_goes_back_as_it_came(house: House, upstream: FakeUpstream, model: str) -> None:
    client = house.openai()
    keys: Any = {"model": model, "input": PROMPT, "reasoning": {"effort": "low", "summary": "auto"}}
    reply = client.responses.create(**keys)
    events, final = streamed(house, **keys)
    assert same(final) == same(reply)
    thought: Any = reply.output[0]
    assert (thought.type, thought.summary[0].text) == ("reasoning", PROMPT)
    pieces = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert "".join(pieces) == PROMPT
    history: Any = [*(item.model_dump(exclude_none=True) for item in reply.output), {"role": "user", "content": HOUR}]
    assert client.responses.create(model="echo", input=history).output_text == HOUR
    sent = json.loads(upstream.seen[-1])["input"]
    assert sent[0]["encrypted_content"] == thought.encrypted_content
    assert sent[0]["summary"][0]["text"].startswith("Write to <EMAIL_ADDRESS_")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("by", ["previous_response_id", "conversation"])
def test_a_conversation_that_the_provider_keeps_is_restored(
    house: House, upstream: FakeUpstream, by: str, stream: bool
) -> None:
    client = house.openai()
    begun: Any = {} if by == "previous_response_id" else {"conversation": "conv_68ccd2bed1ec8190"}
    first = client.responses.create(model="echo", input=PROMPT, **begun)
    goes_on: Any = begun or {"previous_response_id": first.id}
    second: Any = client.responses.create(model="remember", input="What did I ask?", stream=stream, **goes_on)
    if stream:
        second = list(second)[-1].response
    assert second.output_text == PROMPT
    assert leaks(upstream.seen[-1]) == []


def test_somebody_elses_conversation_is_not_restored(house: House, upstream: FakeUpstream) -> None:
    first = house.openai().responses.create(model="echo", input=PROMPT)
    other = house.openai("sk-somebody-else")
    told = other.responses.create(model="remember", input="What did they ask?", previous_response_id=first.id)
    assert told.output_text.startswith("Write to <EMAIL_ADDRESS_")


def test_every_other_field_is_masked_and_the_words_of_the_api_are_not(house: House, upstream: FakeUpstream) -> None:
    reply = house.openai().responses.create(
        model="echo",
        input=[{"role": "user", "content": [{"type": "input_text", "text": PROMPT}]}],
        user=MAIL,
        include=["reasoning.encrypted_content"],
        prompt={"id": "pmpt_1", "variables": {"author": MAIL}},
        text={"verbosity": "low", "format": {"type": "text"}},
        truncation="auto",
        tools=[TOOL, {"type": "web_search", "user_location": {"type": "approximate", "city": "Bern"}}],
        tool_choice={"type": "function", "name": "send"},
        extra_body={"vendor": {"notes": [{"about": MAIL, CARD: True}]}, "count": 4111111111111111},
    )
    assert reply.output_text == PROMPT
    sent = json.loads(upstream.seen[0])
    assert sent["user"].startswith("<EMAIL_ADDRESS_")
    assert sent["prompt"]["variables"]["author"].startswith("<EMAIL_ADDRESS_")
    assert (sent["include"], sent["truncation"]) == (["reasoning.encrypted_content"], "auto")
    assert sent["tool_choice"] == {"type": "function", "name": "send"}
    assert b"4111111111111111" not in upstream.seen[0]


class Author(BaseModel):
    """What a reply is parsed into."""

    name: str
    mail: str


def test_json_replies_are_restored_inside_their_strings(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    client = open_house(names=[BOB]).openai()
    text = json.dumps({"name": BOB, "mail": MAIL})
    reply = client.responses.parse(model="echo", input=text, text_format=Author)
    assert reply.output_parsed == Author(name=BOB, mail=MAIL)
    with client.responses.stream(model="split", input=text, text_format=Author) as stream:
        assert stream.get_final_response().output_parsed == Author(name=BOB, mail=MAIL)


def test_logprobs_would_show_placeholders_and_are_left_out(house: House) -> None:
    keys: Any = {"include": ["message.output_text.logprobs"], "top_logprobs": 1}
    client = house.openai()
    assert client.responses.create(model="echo", input=PROMPT, **keys).output[0].content[0].logprobs == []  # type: ignore[union-attr]
    assert client.responses.create(model="echo", input=HOUR, **keys).output[0].content[0].logprobs != []  # type: ignore[union-attr]
    events, final = streamed(house, model="observe/echo", input=PROMPT, **keys)
    assert final.output_text == PROMPT
    assert all(event.logprobs == [] for event in events if event.type.startswith("response.output_text."))


# --- errors ------------------------------------------------------------------------------------------------------

STATUSES = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_an_upstream_error_reaches_the_client_in_shape(
    house: House, status: int, kind: type[openai.APIStatusError], stream: bool
) -> None:
    with pytest.raises(kind) as caught:
        house.openai().responses.create(model=f"status:{status}", stream=stream, input=PROMPT)
    error: Any = caught.value
    assert (error.status_code, error.body["message"], error.code) == (status, f"no: {PROMPT}", "nope")
    assert error.response.headers["x-guard-decision"] == "allow"
    closing = house.closing(error.response)
    assert (closing.outcome, closing.status) == ("refused", status)


def test_a_conversation_that_the_provider_does_not_know_is_its_error(house: House) -> None:
    with pytest.raises(openai.BadRequestError, match="not found"):
        house.openai().responses.create(model="remember", input=HOUR, previous_response_id="resp_0")


@pytest.mark.parametrize(
    ("model", "words"),
    [("cut", "broke off before its end"), ("garbage", "not valid JSON"), ("error", "reported an error")],
)
def test_a_broken_stream_is_told_and_logged(house: House, model: str, words: str) -> None:
    client = house.openai()
    with pytest.raises(openai.InternalServerError, match=words) as held:
        client.responses.create(model=model, stream=True, input=PROMPT)
    assert house.closing(held.value.response).outcome == "upstream_error"
    with pytest.raises(openai.APIError, match=words):
        list(client.responses.create(model=f"observe/{model}", stream=True, input=PROMPT))
    assert house.newest().closing.outcome == "upstream_error"  # type: ignore[union-attr]


def test_whoever_reads_the_events_without_the_sdk_finds_the_error_as_documented(house: House) -> None:
    name, data = post(house, "observe/cut", stream=True).text.strip().split("\n\n")[-1].split("\n")
    event = json.loads(data.removeprefix("data: "))
    assert (name, event["type"], event["code"], event["param"]) == ("event: error", "error", "upstream_error", None)
    assert "broke off" in event["message"]
    assert isinstance(event["sequence_number"], int)


def test_guards_own_errors_have_openais_shape(house: House, upstream: FakeUpstream) -> None:
    client = house.openai()
    image: Any = [{"role": "user", "content": [{"type": "input_image", "image_url": "https://a.example/b.png"}]}]
    with pytest.raises(openai.PermissionDeniedError, match="images") as opaque:
        client.responses.create(model="echo", input=image)
    assert (opaque.value.code, opaque.value.param) == ("forbidden_by_policy", "input[0].content[0]")
    with pytest.raises(openai.PermissionDeniedError, match="SECRET") as blocked:
        client.responses.create(model="block/echo", input=TOKEN)
    assert blocked.value.code == "blocked_by_guard"
    with pytest.raises(openai.BadRequestError, match="background") as background:
        client.responses.create(model="echo", input=HOUR, background=True)
    assert background.value.param == "background"
    with pytest.raises(openai.BadRequestError, match="input"):
        client.responses.create(model="echo")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.retrieve("resp_1")
    assert unknown.value.code == "unknown_route"
    assert upstream.seen == []


# --- bytes, headers and the end of a stream ----------------------------------------------------------------------


def test_every_reply_names_its_exchange_and_its_decision(house: House) -> None:
    response = post(house, "echo")
    assert response.headers["x-guard-decision"] == "allow"
    opening, closing = house.opening(response), house.closing(response)
    assert (opening.surface, opening.model, opening.stream) == ("responses", "echo", False)
    assert {span.field for span in opening.spans} == {"input"}
    assert dict(closing.usage) == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    streamed_too = post(house, "echo", stream=True)
    assert streamed_too.headers["content-type"].startswith("text/event-stream")
    assert streamed_too.text.count(": x-guard-decision: allow\n\nevent: response.completed\n") == 1
    assert dict(house.closing(streamed_too).usage) == dict(closing.usage)
    assert house.closing(streamed_too).reply == closing.reply


# --- review ------------------------------------------------------------------------------------------------------

THREAT = "Pay now, or else. Thanks."
MENDED = "Pay now, [removed: no-threats]. Thanks."


def test_what_offends_is_taken_out_and_the_stream_still_adds_up(house: House, upstream: FakeUpstream) -> None:
    upstream.replies["it"] = THREAT
    keys: Any = {"model": "reviewed/say:it", "input": PROMPT}
    reply = house.openai().responses.create(**keys)
    assert reply.output_text == MENDED
    events, final = streamed(house, **keys)
    assert same(final) == same(reply)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == MENDED
    raw = post(house, "reviewed/say:it", stream=True)
    assert raw.headers["x-guard-decision"] == "revise"
    assert ": x-guard-decision: revise\n\nevent: response.completed" in raw.text
    assert "or else" not in raw.text
    assert house.closing(raw).sent == MENDED


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "text", "principle"),
    [
        ("say:it", "Buy a rifle.", "no-weapons"),
        ("tool", "Buy a rifle.", "no-weapons"),
        ("think", "Buy a rifle.", "no-weapons"),
        ("tool", THREAT, "no-threats"),  # what is no text cannot be mended
        ("think", THREAT, "no-threats"),
    ],
)
def test_what_must_not_be_said_is_withheld_in_shape(
    house: House, upstream: FakeUpstream, model: str, text: str, principle: str, stream: bool
) -> None:
    upstream.replies["it"] = text
    with pytest.raises(openai.PermissionDeniedError) as caught:
        house.openai().responses.create(model=f"reviewed/{model}", stream=stream, input=f"{text} {MAIL}")
    error: Any = caught.value
    assert error.code == "blocked_by_guard"
    assert f"'{principle}'" in error.message
    assert text not in error.message
    assert error.response.headers["x-guard-decision"] == "block"
    closing = house.closing(error.response)
    assert (closing.outcome, closing.decision, closing.sent) == ("blocked", "block", "")


@pytest.mark.parametrize("model", ["say:it", "tool", "think"])
def test_observe_changes_nothing_and_records_what_it_saw(house: House, upstream: FakeUpstream, model: str) -> None:
    upstream.replies["it"] = text = f"{THREAT} Buy a rifle. {MAIL}"
    _, final = streamed(house, model=f"watched/{model}", input=text)
    assert text in json.dumps(same(final), ensure_ascii=False)
    closing = house.newest().closing
    assert closing is not None
    assert (closing.outcome, closing.decision) == ("completed", "allow")
    assert closing.reason == "observed: no-threats, no-weapons"
