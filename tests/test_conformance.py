"""The openai SDK against guard, over sockets: what a program sees must be what it would see without guard."""

import json
from typing import Any

import openai
import pytest

from tests.conftest import OpenHouse
from tests.house import BOB, CARD, IBAN, MAIL, PHONE, PROMPT, TOKEN, House, leaks, policy
from tests.upstream import FakeUpstream, raw

HOUR = "The meeting is at noon."


def said(content: str, **keys: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content, **keys}]}


def whole(stream: Any, choice: int = 0) -> str:
    """The words of a stream."""
    chosen = [c for chunk in stream for c in chunk.choices if c.index == choice]
    return "".join(c.delta.content or "" for c in chosen)


def test_a_whole_reply_is_masked_on_the_way_out_and_restored_on_the_way_back(
    house: House, upstream: FakeUpstream
) -> None:
    reply = house.openai().chat.completions.create(model="echo", **said(PROMPT))
    assert reply.choices[0].message.content == PROMPT
    assert reply.usage is not None
    assert reply.usage.total_tokens == 7
    assert leaks(upstream.seen[0]) == []
    assert b"<EMAIL_ADDRESS_" in upstream.seen[0]


@pytest.mark.parametrize("model", ["echo", "split", "observe/echo", "observe/split"])
def test_a_stream_is_restored_however_it_is_cut(house: House, upstream: FakeUpstream, model: str) -> None:
    text = f"{PROMPT} <{MAIL}> {TOKEN}에게, IBAN {IBAN}; <PERSON_K7Q2M4XD> was never here. {PHONE}"
    with house.openai().chat.completions.create(model=model, stream=True, **said(text)) as stream:
        assert whole(stream) == text


@pytest.mark.parametrize("stream", [False, True])
async def test_the_async_client_sees_the_same(house: House, upstream: FakeUpstream, stream: bool) -> None:
    async with house.async_openai() as client:
        reply: Any = await client.chat.completions.create(model="echo", stream=stream, **said(PROMPT))
        if stream:
            chunks = [chunk async for chunk in reply]
            assert whole(chunks) == PROMPT
            assert chunks[-1].choices[0].finish_reason == "stop"
        else:
            assert reply.choices[0].message.content == PROMPT


@pytest.mark.parametrize("model", ["echo", "split", "observe/split"])
def test_every_choice_is_restored(house: House, model: str) -> None:
    client = house.openai()
    reply = client.chat.completions.create(model=model, n=3, **said(PROMPT))
    expected = [PROMPT, f"1: {PROMPT}", f"2: {PROMPT}"]
    assert [choice.message.content for choice in reply.choices] == expected
    with client.chat.completions.create(model=model, n=3, stream=True, **said(PROMPT)) as stream:
        chunks = list(stream)
    assert [whole(chunks, choice) for choice in range(3)] == expected


TOOL: Any = {
    "type": "function",
    "function": {
        "name": "send",
        "description": f"Sends a mail. In doubt to {MAIL}.",
        "parameters": {"type": "object", "properties": {"to": {"type": "string", "default": MAIL}}},
    },
}


@pytest.mark.parametrize("who", [BOB, MAIL, f"back\\slash <{MAIL}>\n\t\u2028 「안녕」 {CARD}"])
@pytest.mark.parametrize("mode", ["", "observe/"])
def test_tool_arguments_are_valid_json_with_the_value_in_them(
    open_house: OpenHouse, upstream: FakeUpstream, who: str, mode: str
) -> None:
    house = open_house(
        policy(), policy("observe", review={"stream": "observe"}, applies_to={"models": ["observe/*"]}, precedence=1),
        names=[BOB],
    )  # fmt: skip
    client = house.openai()
    reply = client.chat.completions.create(model=f"{mode}tool", tools=[TOOL], **said(who))
    calls: Any = reply.choices[0].message.tool_calls
    assert json.loads(calls[0].function.arguments) == {"to": who}
    assert reply.choices[0].finish_reason == "tool_calls"
    with client.chat.completions.create(model=f"{mode}tool", tools=[TOOL], stream=True, **said(who)) as stream:
        pieces = [call for chunk in stream for c in chunk.choices for call in c.delta.tool_calls or ()]
    assert pieces[0].id == "call_1"
    arguments = "".join(piece.function.arguments or "" for piece in pieces if piece.function)
    assert json.loads(arguments) == {"to": who}
    tool = json.loads(upstream.seen[-1])["tools"][0]
    assert (tool["type"], tool["function"]["name"]) == ("function", "send")


def test_a_history_with_tool_calls_is_masked_inside_its_json(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "send", "arguments": json.dumps({"to": BOB, "cards": [int(CARD.replace(" ", ""))]})},
    }
    messages: Any = [
        {"role": "system", "content": f"You write for {BOB}."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps({"sent": [BOB, MAIL]})},
        {"role": "user", "content": f"Was it {BOB}?"},
    ]
    house = open_house(names=[BOB])
    reply = house.openai().chat.completions.create(model="echo", messages=messages)
    assert reply.choices[0].message.content == f"Was it {BOB}?"
    sent = json.loads(upstream.seen[0])["messages"]
    arguments = json.loads(sent[1]["tool_calls"][0]["function"]["arguments"])
    assert arguments["to"] == sent[3]["content"].removeprefix("Was it ").removesuffix("?")
    assert str(arguments["cards"][0]).startswith("<CREDIT_CARD_")
    assert json.loads(sent[2]["content"])["sent"][0] == arguments["to"]


def test_the_history_is_masked_to_the_same_bytes_every_turn(house: House, upstream: FakeUpstream) -> None:
    client = house.openai()
    first: Any = {"role": "user", "content": PROMPT}
    answer: Any = {"role": "assistant", "content": f"Dear {MAIL}"}
    second: Any = {"role": "user", "content": f"Now to {PHONE} too"}
    client.chat.completions.create(model="echo", messages=[first])
    client.chat.completions.create(model="echo", messages=[first, answer, second])
    beginning = upstream.seen[0].removesuffix(b'],"model":"echo"}').removesuffix(b"]}")
    assert upstream.seen[1].startswith(beginning[:-2])


def test_content_parts_names_metadata_and_unknown_fields_are_masked(house: House, upstream: FakeUpstream) -> None:
    parts: Any = [{"type": "text", "text": PROMPT}, {"type": "text", "text": TOKEN}]
    reply = house.openai().chat.completions.create(
        model="echo",
        messages=[{"role": "user", "content": parts, "name": MAIL}],
        user=MAIL,
        metadata={"author": MAIL, MAIL: "author"},
        extra_body={"vendor": {"notes": [{"about": f"both {MAIL}", CARD: True}]}, "count": 4111111111111111},
    )
    assert reply.choices[0].message.content == PROMPT + TOKEN
    sent = json.loads(upstream.seen[0])
    assert sent["messages"][0]["name"].startswith("EMAIL_ADDRESS_")
    assert sent["user"].startswith("<EMAIL_ADDRESS_")
    assert sent["metadata"]["author"].startswith("<EMAIL_ADDRESS_")
    assert b"4111111111111111" not in upstream.seen[0]


STATUSES = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (413, openai.APIStatusError),
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
        house.openai().chat.completions.create(model=f"status:{status}", stream=stream, **said(PROMPT))
    error: Any = caught.value
    assert error.status_code == status
    assert error.body["message"] == f"no: {PROMPT}"  # restored: the caller sees what the caller wrote
    assert (error.body["type"], error.code) == ("invalid_request_error", "nope")
    assert error.response.headers["x-guard-decision"] == "allow"
    assert error.response.headers.get("retry-after") == ("7" if status == 429 else None)
    closing = house.closing(error.response)
    assert (closing.outcome, closing.status) == ("refused", status)


@pytest.mark.parametrize(
    ("model", "words"),
    [("cut", "broke off before its end"), ("garbage", "not valid JSON"), ("error", "reported an error")],
)
def test_a_broken_stream_is_told_and_logged(house: House, model: str, words: str) -> None:
    with pytest.raises(openai.InternalServerError) as held:
        house.openai().chat.completions.create(model=model, stream=True, **said(PROMPT))
    assert words in held.value.message
    assert house.closing(held.value.response).outcome == "upstream_error"
    with pytest.raises(openai.APIError, match=words):
        list(house.openai().chat.completions.create(model=f"observe/{model}", stream=True, **said(PROMPT)))
    assert house.newest().closing.outcome == "upstream_error"  # type: ignore[union-attr]


@pytest.mark.parametrize("model", ["slow", "stall"])
@pytest.mark.parametrize("mode", ["", "observe/"])
def test_an_upstream_that_takes_too_long_is_a_timeout(
    open_house: OpenHouse, upstream: FakeUpstream, model: str, mode: str
) -> None:
    fake = {"name": "fake", "url": f"{upstream.url}/v1", "timeout_s": 0.2}
    rules = (policy(), policy("o", review={"stream": "observe"}, applies_to={"models": ["observe/*"]}, precedence=1))
    house = open_house(*rules, config={"upstreams": [fake]})
    with pytest.raises(openai.APIError) as caught:
        list(house.openai().chat.completions.create(model=f"{mode}{model}", stream=True, **said(PROMPT)))
    assert getattr(caught.value, "code", None) == "upstream_timeout"
    closing = house.newest().closing
    assert closing is not None
    assert (closing.outcome, closing.status) == ("upstream_error", 504)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        HEAD + b"application/json\r\ncontent-length: 100\r\n\r\n{",
        HEAD + b"application/json\r\ncontent-length: 1\r\n\r\n{",
        HEAD + b"application/json\r\ntransfer-encoding: chunked\r\n\r\nnot a number\r\n",
        HEAD + b"application/json\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nzzzz",
        HEAD + b"text/event-stream\r\ncontent-length: 1000\r\n\r\n" + EVENT,
        HEAD + b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"text/event-stream\r\n\r\n" + EVENT,
        HEAD + b"text/event-stream\r\n\r\n" + EVENT.rstrip(),
        HEAD + b"text/event-stream\r\n\r\n",
    ],
)
def test_a_server_that_breaks_the_protocol_is_an_upstream_error(open_house: OpenHouse, answer: bytes) -> None:
    with raw(answer) as address:
        house = open_house(address=address)
        response = house.post("any", PROMPT, stream=True)
        assert response.status_code == 502
        assert response.json()["error"]["code"] == "upstream_error"
        assert house.closing(response).outcome == "upstream_error"


def test_a_server_that_is_not_there_is_an_upstream_error(open_house: OpenHouse) -> None:
    with raw(b"") as address:
        pass
    house = open_house(address=address)
    with pytest.raises(openai.InternalServerError, match="could not be reached"):
        house.openai().chat.completions.create(model="any", **said(PROMPT))


def test_logprobs_would_show_placeholders_and_are_left_out(house: House) -> None:
    client = house.openai()
    reply = client.chat.completions.create(model="echo", logprobs=True, **said(PROMPT))
    assert reply.choices[0].logprobs is None
    plain = client.chat.completions.create(model="echo", logprobs=True, **said(HOUR))
    assert plain.choices[0].logprobs is not None
    with client.chat.completions.create(model="observe/echo", logprobs=True, stream=True, **said(PROMPT)) as stream:
        chunks = list(stream)
    assert whole(chunks) == PROMPT
    assert all(choice.logprobs is None for chunk in chunks for choice in chunk.choices)


def test_the_usage_of_a_stream_comes_through(house: House) -> None:
    options: Any = {"include_usage": True}
    with house.openai().chat.completions.create(
        model="echo", stream=True, stream_options=options, **said(PROMPT)
    ) as stream:
        last = list(stream)[-1]
    assert last.usage is not None
    assert last.usage.total_tokens == 7
    assert house.newest().closing.usage["total_tokens"] == 7  # type: ignore[union-attr]


def test_json_replies_are_restored_inside_their_strings(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(names=[BOB])
    text = json.dumps({"name": BOB, "mail": MAIL})
    reply = house.openai().chat.completions.create(model="echo", response_format={"type": "json_object"}, **said(text))
    assert json.loads(reply.choices[0].message.content or "") == {"name": BOB, "mail": MAIL}


def test_the_models_are_listed(house: House) -> None:
    assert [model.id for model in house.openai().models.list()] == ["echo"]
