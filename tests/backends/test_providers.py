"""Upstreams through litellm: every API, to a server that speaks it and to one that speaks another."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response as OpenAIResponse
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from guard.asks import Request, Response
from guard.backends.provider_calls import Target
from guard.backends.providers import LitellmUpstream
from guard.config import UpstreamConfig
from guard.errors import ConfigError, RouteError, UpstreamError, UpstreamTimeout
from tests.upstream import FakeUpstream, raw, serve_fake

# As litellm has it when it is imported; pytest begins every test anew.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier"),
    pytest.mark.filterwarnings("ignore:.*conflict with protected namespace"),
    pytest.mark.filterwarnings("ignore:Accessing the .* attribute on the instance is deprecated"),
]

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
COMPLETIONS, EMBEDDINGS, MODERATIONS = "/v1/completions", "/v1/embeddings", "/v1/moderations"

TEXT = "a text of several words"
SAID = [{"role": "user", "content": TEXT}]
BODIES: Mapping[str, dict[str, Any]] = {
    CHAT: {"messages": SAID},
    RESPONSES: {"input": TEXT},
    MESSAGES: {"messages": SAID, "max_tokens": 64},
    COMPLETIONS: {"prompt": TEXT},
    EMBEDDINGS: {"input": [TEXT, "b"]},
    MODERATIONS: {"input": [TEXT, "a rifle"]},
}
WHOLE: Mapping[str, Any] = {
    CHAT: ChatCompletion,
    RESPONSES: OpenAIResponse,
    MESSAGES: Message,
    COMPLETIONS: Completion,
    EMBEDDINGS: CreateEmbeddingResponse,
}
EVENT: Mapping[str, TypeAdapter[Any]] = {
    CHAT: TypeAdapter(ChatCompletionChunk),
    RESPONSES: TypeAdapter(ResponseStreamEvent),
    MESSAGES: TypeAdapter(RawMessageStreamEvent),
}
FUNCTION = {"name": "send", "description": "Send it", "parameters": {"type": "object", "properties": {"to": {}}}}
TOOLS: Mapping[str, Any] = {
    CHAT: [{"type": "function", "function": FUNCTION}],
    RESPONSES: [{"type": "function", "strict": False, **FUNCTION}],
    MESSAGES: [{"name": "send", "description": "Send it", "input_schema": FUNCTION["parameters"]}],
}
CALLED = '{"to": "a text of several words"}'

# Which API a caller speaks, and by what name litellm calls the server; None where it is a server of OpenAI's chat.
PAIRS = [
    (CHAT, "openai/*"), (CHAT, "anthropic/*"),
    (RESPONSES, "openai/*"), (RESPONSES, None), (RESPONSES, "anthropic/*"),
    (MESSAGES, None), (MESSAGES, "anthropic/*"),
    (COMPLETIONS, "openai/*"), (COMPLETIONS, "anthropic/*"),
]  # fmt: skip
# Of responses litellm streams those of models that it knows; of others it makes events of the whole.
STREAMED = [pair for pair in PAIRS if pair != (RESPONSES, "openai/*")]


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with serve_fake() as server:
        yield server


class Asker:
    """Makes upstreams, which are closed afterwards."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/v1"
        self.made: list[LitellmUpstream] = []

    def upstream(
        self,
        litellm: str | None = "openai/*",
        *,
        environ: Mapping[str, str] = {},
        reply_bytes: int = 10**6,
        drop_params: bool = False,
        **options: Any,
    ) -> LitellmUpstream:
        config = UpstreamConfig(name="it", litellm=litellm, **{"url": self.url, "timeout_s": 20, **options})
        self.made.append(LitellmUpstream(config, environ, reply_bytes=reply_bytes, drop_params=drop_params))
        return self.made[-1]


@pytest.fixture
async def ask(fake: FakeUpstream) -> AsyncIterator[Asker]:
    asker = Asker(fake.url)
    yield asker
    for upstream in asker.made:
        await upstream.close()


def request(path: str, model: str, *, stream: bool, headers: Mapping[str, str], **keys: Any) -> Request:
    body = {"model": model, **BODIES[path], **keys, **({"stream": True} if stream else {})}
    return Request("POST", path, headers, json.dumps(body).encode(), stream)


async def sent(
    upstream: LitellmUpstream,
    path: str,
    model: str = "echo",
    *,
    stream: bool = False,
    headers: Mapping[str, str] = {},
    events: list[bytes] | None = None,
    **keys: Any,
) -> tuple[Response, list[bytes]]:
    """What is answered to a call, and the events of its stream."""
    line = upstream.line(path)
    events = [] if events is None else events
    try:
        response = await line.send(request(path, model, stream=stream, headers=headers, **keys))
        assert response.streaming is (stream and response.status == 200)
        while response.streaming and (arrived := await line.next()):
            events += arrived
        assert await line.next() == []
    finally:
        await line.close()
    return response, events


async def told(upstream: LitellmUpstream, path: str, model: str = "echo", **keys: Any) -> dict[str, Any]:
    """The body of a whole reply, which has the shape of its API."""
    response, _ = await sent(upstream, path, model, **keys)
    assert response.status == 200, response.body
    body: dict[str, Any] = json.loads(response.body)
    if path in WHOLE and "encoding_format" not in keys:
        WHOLE[path].model_validate(body)
    return body


async def streamed(upstream: LitellmUpstream, path: str, model: str = "echo", **keys: Any) -> list[dict[str, Any]]:
    """The data of the events of a stream, each of which has the shape of its API."""
    response, events = await sent(upstream, path, model, stream=True, **keys)
    assert response.status == 200, response.body
    marked = path in {CHAT, COMPLETIONS}
    assert (events[-1] == b"data: [DONE]\n\n") is marked
    found = []
    for event in events[: -1 if marked else None]:
        *name, data, nothing, rest = event.decode().split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert [*name, nothing, rest] == [*([] if marked else [f"event: {found[-1]['type']}"]), "", ""]
        if path in EVENT and found[-1].get("type") != "ping":
            EVENT[path].validate_python(found[-1])
    return found


async def quoted(ask: Asker, path: str, **keys: Any) -> dict[str, Any]:
    """What the server says to the same call, asked without guard."""
    async with httpx.AsyncClient() as client:
        body: dict[str, Any] = (
            await client.post(ask.url + path.removeprefix("/v1"), json={**BODIES[path], **keys})
        ).json()
    return body


async def refused(upstream: LitellmUpstream, path: str, **keys: Any) -> dict[str, Any]:
    """The error in the answer to a call, in OpenAI's shape, with its status."""
    response, _ = await sent(upstream, path, **keys)
    error: dict[str, Any] = json.loads(response.body)["error"]
    assert list(error) == ["message", "type", "param", "code"]
    return {**error, "status": response.status}


def words(path: str, body: Mapping[str, Any]) -> str:
    """What a whole reply says: texts, and the arguments of tools."""
    match path:
        case "/v1/chat/completions":
            messages = [choice["message"] for choice in body["choices"]]
            calls = [call for message in messages for call in message.get("tool_calls") or ()]
            return "".join([*(m["content"] or "" for m in messages), *(c["function"]["arguments"] for c in calls)])
        case "/v1/completions":
            return "".join(choice["text"] for choice in body["choices"])
        case "/v1/responses":
            items = body["output"]
            texts = [part["text"] for item in items if item["type"] == "message" for part in item["content"]]
            return "".join([*texts, *(item["arguments"] for item in items if item["type"] == "function_call")])
    blocks = body["content"]
    return "".join(block["text"] if block["type"] == "text" else json.dumps(block["input"]) for block in blocks)


def said(path: str, events: list[dict[str, Any]]) -> str:
    """The same of the events of a stream."""
    text = ""
    for body in events:
        delta = body.get("delta", "")
        match path:
            case "/v1/chat/completions":
                for choice in body["choices"]:
                    calls = choice["delta"].get("tool_calls") or ()
                    text += (choice["delta"].get("content") or "") + "".join(
                        c["function"].get("arguments", "") for c in calls
                    )
            case "/v1/completions":
                text += "".join(choice["text"] for choice in body["choices"])
            case "/v1/responses":
                text += delta
            case _:
                text += (delta.get("text", "") + delta.get("partial_json", "")) if delta else ""
    return text


@pytest.mark.parametrize(("path", "litellm"), PAIRS)
async def test_a_whole_reply_has_the_shape_of_the_callers_api(ask: Asker, path: str, litellm: str | None) -> None:
    assert words(path, await told(ask.upstream(litellm), path)) == TEXT


@pytest.mark.parametrize(("path", "litellm"), PAIRS)
async def test_so_has_a_stream(ask: Asker, path: str, litellm: str | None) -> None:
    assert said(path, await streamed(ask.upstream(litellm), path)) == TEXT


@pytest.mark.parametrize(("path", "litellm"), [pair for pair in PAIRS if pair[0] in TOOLS])
async def test_so_have_the_calls_of_tools(ask: Asker, path: str, litellm: str | None) -> None:
    upstream = ask.upstream(litellm)
    assert words(path, await told(upstream, path, "tool", tools=TOOLS[path])).endswith(CALLED)
    events = await streamed(upstream, path, "tool", tools=TOOLS[path])
    if (path, litellm) == (RESPONSES, "openai/*"):  # made of the whole, the arguments come at once
        events = [{"delta": event["item"]["arguments"]} for event in events if event["type"].endswith("item.done")]
    assert said(path, events).endswith(CALLED)


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, EMBEDDINGS, MODERATIONS])
async def test_a_server_that_speaks_the_api_is_quoted_to_the_letter(ask: Asker, path: str) -> None:
    body = await told(ask.upstream(), path)
    if path == CHAT:
        assert body["choices"][0]["message"].pop("refusal") is None
    assert body == await quoted(ask, path, model="echo")


async def test_a_response_is_quoted_too_but_for_its_name(ask: Asker) -> None:
    body = await told(ask.upstream(), RESPONSES, metadata={"for": "it"})
    server = await quoted(ask, RESPONSES, model="echo", metadata={"for": "it"})
    assert body["usage"]["input_tokens_details"].pop("cache_write_tokens") == 0
    for said in (body, server, body["output"][0], server["output"][0]):
        assert said.pop("id")
    assert body == server


async def test_responses_that_are_streamed_go_on_as_they_come(ask: Asker) -> None:
    events = await streamed(ask.upstream(), RESPONSES, "gpt-4o")
    assert said(RESPONSES, events) == TEXT
    assert sum(event["type"].endswith(".delta") for event in events) > 2
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize(("path", "litellm"), [pair for pair in PAIRS if pair[0] != COMPLETIONS])
async def test_thoughts_have_the_shape_of_the_callers_api(ask: Asker, path: str, litellm: str | None) -> None:
    upstream = ask.upstream(litellm)
    body = await told(upstream, path, "think")
    assert [words in json.dumps(body) for words in (TEXT, "Done.")] == [True, True]
    events = await streamed(upstream, path, "think")
    assert "Done." in said(path, [event for event in events if "reasoning" not in event.get("type", "")])
    assert "provider_specific_fields" not in json.dumps([body, events])


async def test_thoughts_and_their_signatures_come_through(ask: Asker) -> None:
    upstream = ask.upstream("anthropic/*")
    body = await told(upstream, MESSAGES, "think")
    thought = body["content"][0]
    assert (thought["type"], thought["thinking"]) == ("thinking", TEXT)
    deltas = [event.get("delta", {}) for event in await streamed(upstream, MESSAGES, "think")]
    assert "".join(delta.get("thinking", "") for delta in deltas) == TEXT
    assert "".join(delta.get("signature", "") for delta in deltas) == thought["signature"]
    # The server refuses a thought that is not what it signed.
    history = [*SAID, {"role": "assistant", "content": body["content"]}, *SAID]
    assert words(MESSAGES, await told(upstream, MESSAGES, messages=history)) == TEXT


@pytest.mark.parametrize("litellm", ["openai/*", None])
async def test_what_begins_in_a_response_begins_empty(ask: Asker, litellm: str | None) -> None:
    events = await streamed(ask.upstream(litellm), RESPONSES)
    begun = [event.get("item") or event["part"] for event in events if event["type"].endswith(".added")]
    assert [one.get("content", one.get("text")) for one in begun] == [[], ""]


async def test_choices_that_are_streamed_all_come_to_their_ends(ask: Asker, fake: FakeUpstream) -> None:
    upstream = ask.upstream()
    for path, name in ((CHAT, "tool"), (COMPLETIONS, "echo")):
        events = await streamed(upstream, path, name, n=2, stream_options={"include_usage": True})
        choices = [choice for event in events for choice in event["choices"]]
        ends = {choice["index"]: choice["finish_reason"] for choice in choices if choice["finish_reason"]}
        assert ends == dict.fromkeys([0, 1], "tool_calls" if path == CHAT else "stop")
        assert (events[-1]["choices"], events[-1]["usage"]["total_tokens"]) == ([], 7)
    events = await streamed(upstream, COMPLETIONS, prompt=["one", "two"])
    assert [event["choices"][0]["text"] for event in events] == ["one", "two"]


async def test_usage_is_told_alone_and_only_where_it_was_asked_for(ask: Asker) -> None:
    upstream = ask.upstream()
    for path in (CHAT, COMPLETIONS):
        assert not any("usage" in event for event in await streamed(upstream, path))
        events = await streamed(upstream, path, stream_options={"include_usage": True})
        assert [event["usage"]["total_tokens"] for event in events if "usage" in event] == [7]
    assert events[-1]["choices"] == []


async def test_numbers_are_packed_here_for_providers_that_cannot(ask: Asker, fake: FakeUpstream) -> None:
    body = await told(ask.upstream(), EMBEDDINGS, encoding_format="base64")
    assert b"encoding_format" not in fake.seen[-1]
    assert body == await quoted(ask, EMBEDDINGS, model="echo", encoding_format="base64")


# What is asked of the provider.


@pytest.mark.parametrize("litellm", ["openai/gpt-x", "openai/*"])
async def test_the_model_is_the_configured_one_or_the_one_that_is_asked_for(
    ask: Asker, fake: FakeUpstream, litellm: str
) -> None:
    await told(ask.upstream(litellm), CHAT, "team/echo")
    assert json.loads(fake.seen[-1])["model"] == ("gpt-x" if litellm == "openai/gpt-x" else "team/echo")


async def test_what_a_caller_writes_does_not_steer_litellm(ask: Asker, fake: FakeUpstream) -> None:
    # To litellm each of these is a setting; to the server they are fields that it does not know.
    wishes = {
        "api_base": "http://127.0.0.1:9/v1", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-other",
        "mock_response": "made up", "custom_llm_provider": "anthropic", "fallbacks": ["openai/other"],
        "extra_headers": {"x-evil": "1"}, "metadata": {"a": "b"}, "extra_body": {"model": "other"}, "caching": True,
        "timeout": 0.001, "num_retries": 9, "model_list": [{"model_name": "echo"}], "drop_params": True,
    }  # fmt: skip
    for path, litellm in ((CHAT, "openai/*"), (RESPONSES, "openai/*"), (MESSAGES, None), (COMPLETIONS, "openai/*")):
        keys = {name: value for name, value in wishes.items() if (path, name) != (MESSAGES, "metadata")}
        fake.forget()
        assert words(path, await told(ask.upstream(litellm), path, **keys)) == TEXT
        asked = json.loads(fake.seen[0])
        assert {name: asked.get(name) for name in keys} == keys
        assert "x-evil" not in fake.seen_headers[0]
        assert len(fake.seen) == 1


@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
async def test_a_field_that_litellm_would_lose_is_refused_or_dropped(ask: Asker, fake: FakeUpstream, path: str) -> None:
    error = await refused(ask.upstream("anthropic/*"), path, model="echo", zork=1)
    assert (error["status"], error["param"], fake.seen) == (400, "zork", [])
    assert words(path, await told(ask.upstream("anthropic/*", drop_params=True), path, zork=1)) == TEXT
    assert b"zork" not in fake.seen[-1]


async def test_a_parameter_that_the_provider_does_not_have_is_refused_or_dropped(
    ask: Asker, fake: FakeUpstream
) -> None:
    error = await refused(ask.upstream("anthropic/*"), CHAT, logit_bias={"1": 1})
    assert (error["status"], "logit_bias" in error["message"], fake.seen) == (400, True, [])
    await told(ask.upstream("anthropic/*", drop_params=True), CHAT, logit_bias={"1": 1})
    assert b"logit_bias" not in fake.seen[-1]


@pytest.mark.parametrize(
    ("path", "litellm", "keys", "param"),
    [
        (MESSAGES, None, {"max_tokens": ...}, "max_tokens"),
        (MODERATIONS, "anthropic/*", {}, "model"),  # litellm would ask OpenAI
        (MODERATIONS, "openai/*", {"zork": 1}, "zork"),
        (RESPONSES, None, {"previous_response_id": "resp_1"}, "previous_response_id"),
        (RESPONSES, "anthropic/*", {"conversation": "conv_1"}, "conversation"),
        (RESPONSES, None, {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, "tools"),
        (RESPONSES, None, {"input": [{"type": "additional_tools", "tools": [{"type": "file_search"}]}]}, "tools"),
        (MESSAGES, None, {"tools": [{"type": "advisor_20260301", "name": "advisor", "model": "other"}]}, "tools"),
    ],
)
async def test_what_litellm_would_answer_by_asking_others_is_refused(
    ask: Asker, fake: FakeUpstream, path: str, litellm: str | None, keys: dict[str, Any], param: str
) -> None:
    line = ask.upstream(litellm).line(path)
    body = {name: value for name, value in {"model": "echo", **BODIES[path], **keys}.items() if value is not ...}
    response = await line.send(Request("POST", path, {}, json.dumps(body).encode(), False))
    assert (response.status, json.loads(response.body)["error"]["param"], fake.seen) == (400, param, [])


async def test_an_earlier_response_is_gone_on_from_where_the_provider_keeps_it(ask: Asker) -> None:
    upstream = ask.upstream()
    first = await told(upstream, RESPONSES)
    again = await told(upstream, RESPONSES, "remember", input="and?", previous_response_id=first["id"])
    assert words(RESPONSES, again) == TEXT


async def test_mcp_servers_are_the_providers_to_call(ask: Asker, fake: FakeUpstream) -> None:
    tools = [{"type": "mcp", "server_label": "it", "server_url": "litellm_proxy/mcp/it", "require_approval": "never"}]
    await told(ask.upstream(), RESPONSES, tools=tools)
    assert json.loads(fake.seen[-1])["tools"] == tools


async def test_what_a_message_links_to_is_not_fetched(ask: Asker, fake: FakeUpstream) -> None:
    # To Anthropic litellm sends an image itself where the link is not https.
    image = {"type": "image_url", "image_url": {"url": f"{fake.url}/v1/models"}}
    error = await refused(ask.upstream("anthropic/*"), CHAT, messages=[{"role": "user", "content": [image]}])
    assert (error["status"], fake.seen_headers) == (400, [])


# Keys.


@pytest.mark.parametrize(
    ("path", "litellm", "name", "form"),
    [(CHAT, "openai/*", "authorization", "Bearer {}"), (MESSAGES, "anthropic/*", "x-api-key", "{}")],
)
async def test_the_upstreams_own_key_goes_first_then_the_callers(
    ask: Asker, fake: FakeUpstream, path: str, litellm: str, name: str, form: str
) -> None:
    own = ask.upstream(litellm, key_env="KEY", environ={"KEY": "sk-own"})
    others = ask.upstream(litellm)
    for given in ({"authorization": "Bearer sk-caller"}, {"x-api-key": "sk-caller"}):
        await told(own, path, headers=given)
        assert (fake.seen_headers[-1][name], "sk-caller" in str(fake.seen_headers[-1])) == (
            form.format("sk-own"),
            False,
        )
        await told(others, path, headers=given)
        assert fake.seen_headers[-1][name] == form.format("sk-caller")


async def test_a_key_of_the_environment_goes_to_no_address_of_ones_own(
    ask: Asker, fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-machine")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-machine")
    await told(ask.upstream(), CHAT)
    await told(ask.upstream("anthropic/*"), MESSAGES)
    assert "sk-of-the-machine" not in str(fake.seen_headers)


def test_a_provider_that_takes_the_machines_credentials_is_not_given_the_callers() -> None:
    target = Target("bedrock", "bedrock/m", None, None, chat_only=False, drop_params=False, timeout_s=1)
    assert target.api_key({"authorization": "Bearer sk-caller"}) is None


async def test_headers_that_the_provider_knows_go_along(ask: Asker, fake: FakeUpstream) -> None:
    given = {"anthropic-beta": "context-1m-2025-08-07", "openai-organization": "org-1", "x-other": "1"}
    await told(ask.upstream("anthropic/*"), MESSAGES, headers=given)
    assert "context-1m-2025-08-07" in fake.seen_headers[-1]["anthropic-beta"]
    assert {"openai-organization", "x-other"}.isdisjoint(fake.seen_headers[-1])
    await told(ask.upstream(), CHAT, headers=given)
    assert fake.seen_headers[-1]["openai-organization"] == "org-1"
    assert {"anthropic-beta", "x-other"}.isdisjoint(fake.seen_headers[-1])


# What goes wrong.


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "litellm"), [*PAIRS, (EMBEDDINGS, "openai/*"), (MODERATIONS, "openai/*")])
async def test_an_error_is_the_providers_own_in_one_shape(
    ask: Asker, fake: FakeUpstream, path: str, litellm: str | None, stream: bool
) -> None:
    if stream and path in {EMBEDDINGS, MODERATIONS}:
        stream = False
    upstream = ask.upstream(litellm)
    for status in (400, 401, 404, 429, 500, 503):
        response, _ = await sent(upstream, path, f"status:{status}", stream=stream)
        error = json.loads(response.body)["error"]
        assert (response.status, "no: a text" in error["message"], "litellm" in error["message"]) == (
            status,
            True,
            False,
        )
        assert response.headers.get("retry-after") == ("7" if status == 429 else None)
    assert len(fake.seen) == 6  # each was asked once


@pytest.mark.parametrize(("path", "litellm"), [(CHAT, "openai/*"), (CHAT, "anthropic/*"), (MESSAGES, "anthropic/*")])
@pytest.mark.parametrize("model", ["nonsense", "empty", "html", "redirect"])
async def test_what_is_no_answer_is_a_failure(
    ask: Asker, fake: FakeUpstream, path: str, litellm: str, model: str
) -> None:
    try:
        status = (await refused(ask.upstream(litellm), path, model=model))["status"]
    except UpstreamError as failure:
        status = failure.status
    assert status in {500, 502}
    assert len(fake.seen_headers) == 1  # the redirect was not followed


async def test_a_server_that_cannot_be_reached_is_a_failure(ask: Asker) -> None:
    for path, litellm in PAIRS:
        with pytest.raises(UpstreamError, match="could not be asked"):
            await sent(ask.upstream(litellm, url="http://127.0.0.1:9/v1"), path)


@pytest.mark.parametrize(("path", "litellm"), PAIRS)
async def test_time_runs_out(ask: Asker, path: str, litellm: str | None) -> None:
    began = time.monotonic()
    with pytest.raises(UpstreamTimeout, match="in time"):
        await sent(ask.upstream(litellm, timeout_s=0.5), path, "slow")
    assert time.monotonic() - began < 5  # litellm's own limit comes later


@pytest.mark.parametrize(("path", "litellm"), STREAMED)
@pytest.mark.parametrize("fault", ["cut", "error", "stall"])
async def test_a_stream_that_breaks_off_is_not_passed_off_as_whole(
    ask: Asker, path: str, litellm: str | None, fault: str
) -> None:
    upstream = ask.upstream(litellm, timeout_s=1 if fault == "stall" else 20)
    events: list[bytes] = []
    with pytest.raises(UpstreamTimeout if fault == "stall" else UpstreamError):
        await sent(upstream, path, fault, stream=True, events=events)
    ends = (b'"finish_reason":"', b"message_stop", b"response.completed", b"[DONE]")
    assert not any(end in event for event in events for end in ends)


async def test_nor_is_a_response_that_breaks_off(ask: Asker) -> None:
    begun = {
        "type": "response.created",
        "sequence_number": 0,
        "response": {"id": "resp_1", "output": [], "created_at": 1},
    }
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    answer = head + b"event: response.created\ndata: " + json.dumps(begun).encode() + b"\n\n"
    with raw(answer) as url, pytest.raises(UpstreamError, match="broke off"):
        await sent(ask.upstream(url=f"{url}/v1"), RESPONSES, "gpt-4o", stream=True)


@pytest.mark.parametrize(("path", "litellm"), STREAMED)
async def test_a_line_that_is_closed_breaks_off_its_stream(
    ask: Asker, fake: FakeUpstream, path: str, litellm: str | None
) -> None:
    line = ask.upstream(litellm).line(path)
    assert (await line.send(request(path, "gate", stream=True, headers={}))).streaming
    assert await line.next() != []
    await line.close()
    assert await asyncio.to_thread(fake.gone.acquire, timeout=10)
    assert await line.next() == []


async def test_a_reply_over_the_limit_is_a_failure(ask: Asker) -> None:
    with pytest.raises(UpstreamError, match=r"limits\.reply_bytes"):
        await sent(ask.upstream(reply_bytes=50), CHAT)
    with pytest.raises(UpstreamError, match=r"limits\.reply_bytes"):
        await sent(ask.upstream("anthropic/*", reply_bytes=50), MESSAGES, "split", stream=True)


def test_a_route_that_litellm_has_no_function_for_is_refused(ask: Asker) -> None:
    with pytest.raises(RouteError):
        ask.upstream("anthropic/*").line("/v1/messages/count_tokens")


async def test_the_models_are_the_one_or_those_that_litellm_knows(ask: Asker) -> None:
    one = await ask.upstream("anthropic/claude-x").models({})
    assert one == [{"id": "claude-x", "object": "model", "created": 0, "owned_by": "it"}]
    names = [str(model["id"]) for model in await ask.upstream("gemini/*").models({})]
    assert "gemini-2.5-flash" in names
    assert not any("/" in name or "imagen" in name for name in names)


def test_without_litellm_the_configuration_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(ConfigError, match="upstream 'it': litellm is not installed"):
        LitellmUpstream(UpstreamConfig(name="it", litellm="openai/*"), {}, reply_bytes=1)
