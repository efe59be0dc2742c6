"""The google-genai SDK against guard, over sockets: what a program sees must be what it would see without guard."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types

from guard.backends.upstreams import HttpUpstream
from guard.config import UpstreamConfig
from tests.apis.gemini import sign
from tests.conftest import OpenHouse
from tests.house import BOB, IBAN, MAIL, PHONE, PROMPT, TOKEN, House, leaks, leaks_of_files, logged, policy
from tests.upstream import FakeUpstream, raw

HOUR = "The meeting is at noon."
TEXT = f"{PROMPT} <{MAIL}> {TOKEN}에게, IBAN {IBAN}; <PERSON_K7Q2M4XD> was never here. {PHONE}"
KEY = {"x-goog-api-key": "sk-caller"}
OBSERVE = policy("observe", review={"stream": "observe"}, applies_to={"models": ["observe/*"]}, precedence=1)
SEND = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="send",
            description=f"Ask {MAIL} first.",
            parameters=types.Schema(type=types.Type.OBJECT, properties={"to": types.Schema(type=types.Type.STRING)}),
        )
    ]
)
TOOLS: Any = types.GenerateContentConfig(tools=[SEND])


@pytest.fixture
def google(house: House) -> Iterator[genai.Client]:
    with genai.Client(api_key="sk-caller", http_options={"base_url": house.url}) as client:
        yield client


def post(
    house: House, model: str, content: str = PROMPT, method: str = "generateContent", **keys: Any
) -> httpx.Response:
    """Ask without the SDK."""
    body = {"contents": [{"role": "user", "parts": [{"text": content}]}], **keys}
    query = "?alt=sse" if method == "streamGenerateContent" else ""
    url = f"{house.url}/v1beta/models/{model}:{method}{query}"
    return httpx.post(url, json=body, headers=KEY, timeout=20)


def streamed(client: genai.Client, model: str, contents: Any, config: Any = None) -> list[Any]:
    return list(client.models.generate_content_stream(model=model, contents=contents, config=config))


def texts(chunks: Any) -> str:
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
    return "".join(part.text or "" for part in parts if not part.thought)


def calls(chunks: Any) -> list[Any]:
    return [call for chunk in chunks for call in chunk.function_calls or ()]


# --- masked and restored ---


def test_a_whole_reply_is_masked_on_the_way_out_and_restored_on_the_way_back(
    house: House, upstream: FakeUpstream, google: genai.Client
) -> None:
    config = types.GenerateContentConfig(system_instruction=f"For {MAIL}", candidate_count=2)
    reply = google.models.generate_content(model="echo", contents=PROMPT, config=config)
    assert [candidate.content.parts[0].text for candidate in reply.candidates] == [PROMPT, f"1: {PROMPT}"]  # type: ignore[union-attr, index]
    assert (reply.candidates[0].finish_reason, reply.usage_metadata.candidates_token_count) == ("STOP", 4)  # type: ignore[index, union-attr]
    assert reply.model_version == "echo"
    assert leaks(upstream.seen[0]) == []
    assert b"For <EMAIL_ADDRESS_" in upstream.seen[0]
    assert upstream.seen_headers[0]["x-goog-api-key"] == "sk-caller"
    assert "x-goog-api-client" not in upstream.seen_headers[0]
    recorded = house.newest()
    assert (recorded.opening.surface, recorded.opening.model, recorded.opening.stream) == ("gemini", "echo", False)
    assert {span.field for span in recorded.opening.spans} == {
        "contents[0].parts[0].text", "systemInstruction.parts[0].text",
    }  # fmt: skip
    assert recorded.closing is not None
    assert dict(recorded.closing.usage) == {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    assert recorded.closing.model == "echo"


@pytest.mark.parametrize("model", ["echo", "split", "observe/echo", "observe/split"])
def test_a_stream_adds_up_to_the_whole_reply_however_it_is_cut(google: genai.Client, model: str) -> None:
    assert texts([google.models.generate_content(model=model, contents=TEXT)]) == TEXT
    chunks = streamed(google, model, TEXT)
    assert texts(chunks) == TEXT
    assert [chunk.candidates[0].finish_reason for chunk in chunks[-2:]] == [None, "STOP"]


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")  # the SDK's own
async def test_the_async_client_sees_the_same(house: House) -> None:
    async with genai.Client(api_key="sk-caller", http_options={"base_url": house.url}).aio as client:
        reply = await client.models.generate_content(model="echo", contents=PROMPT)
        chunks = [c async for c in await client.models.generate_content_stream(model="echo", contents=PROMPT)]
        count = await client.models.count_tokens(model="echo", contents=PROMPT)
    assert reply.text == texts(chunks) == PROMPT
    assert count.total_tokens == 14


@pytest.mark.parametrize("text", [BOB, f'{BOB}\n"{MAIL}"', TEXT])
def test_a_tool_is_called_with_what_was_masked_and_its_history_is_masked_to_the_same_bytes(
    upstream: FakeUpstream, open_house: OpenHouse, text: str
) -> None:
    house = open_house(policy(), names=['Bob "Bo" Stone'])
    with genai.Client(api_key="sk-caller", http_options={"base_url": house.url}) as google:
        check_tools(upstream, google, text)


def check_tools(upstream: FakeUpstream, google: genai.Client, text: str) -> None:
    asked: list[Any] = [types.Content(role="user", parts=[types.Part(text=text)])]
    reply = google.models.generate_content(model="tool", contents=asked, config=TOOLS)
    (call,) = calls([reply])
    assert (call.name, call.args) == ("send", {"to": text})
    (again,) = calls(streamed(google, "tool", asked, TOOLS))
    assert again.args == call.args
    answered = types.Part.from_function_response(name="send", response={"output": f"sent to {text}"})
    history = [*asked, reply.candidates[0].content, types.Content(role="user", parts=[answered])]  # type: ignore[index]
    google.models.generate_content(model="echo", contents=history, config=TOOLS)
    google.models.generate_content(model="echo", contents=history, config=TOOLS)
    assert not any(map(leaks, upstream.seen))
    assert b"Ask <EMAIL_ADDRESS_" in upstream.seen[0]
    first, last = json.loads(upstream.seen[0]), json.loads(upstream.seen[-1])
    assert last["contents"][0] == first["contents"][0]
    assert last["contents"][1]["parts"][0]["functionCall"]["args"] == {"to": first["contents"][0]["parts"][0]["text"]}
    assert upstream.seen[-1] == upstream.seen[-2]


def test_a_signature_comes_and_goes_as_it_is(upstream: FakeUpstream, google: genai.Client) -> None:
    reply = google.models.generate_content(model="tool", contents=HOUR, config=TOOLS)
    said: Any = reply.candidates[0].content  # type: ignore[index]
    assert said.parts[0].thought_signature == base64.b64decode(sign(HOUR))
    google.models.generate_content(model="echo", contents=[HOUR, said, "Go on."], config=TOOLS)
    signed = json.loads(upstream.seen[1])["contents"][1]["parts"][0]["thoughtSignature"]
    assert base64.urlsafe_b64decode(signed) == said.parts[0].thought_signature


def test_thoughts_are_restored_and_told_apart(google: genai.Client) -> None:
    for chunks in ([google.models.generate_content(model="think", contents=TEXT)], streamed(google, "think", TEXT)):
        parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]  # type: ignore[union-attr, index]
        assert "".join(part.text for part in parts if part.thought) == TEXT
        assert texts(chunks) == "Done."


def test_a_picture_passes_and_the_log_says_that_nobody_judged_it(house: House, google: genai.Client) -> None:
    reply = google.models.generate_content(model="reviewed/draw", contents=MAIL)
    text, picture = reply.candidates[0].content.parts  # type: ignore[union-attr, index, misc]
    assert text.text == MAIL
    assert picture.inline_data.data.startswith(b"\x89PNG")  # type: ignore[union-attr]
    closing = house.newest().closing
    assert closing is not None
    assert closing.not_judged == ("candidates[0].content.parts[1].inlineData.data",)


@pytest.mark.parametrize(
    "part",
    [
        types.Part.from_bytes(data=b"%PDF-1.7", mime_type="application/pdf"),
        types.Part.from_uri(file_uri="https://example.com/a.pdf", mime_type="application/pdf"),
    ],
)
def test_what_guard_cannot_look_into_does_not_leave(upstream: FakeUpstream, google: genai.Client, part: Any) -> None:
    with pytest.raises(errors.ClientError, match=r"cannot look into them") as caught:
        google.models.generate_content(model="echo", contents=["Read this.", part])
    assert caught.value.details["error"]["details"][0]["metadata"] == {"param": "contents[0].parts[1]"}
    assert upstream.seen == []


def test_tokens_are_counted_and_vectors_made_of_masked_texts(
    house: House, upstream: FakeUpstream, google: genai.Client
) -> None:
    assert google.models.count_tokens(model="reviewed/echo", contents=PROMPT).total_tokens == 14
    assert house.newest().opening.surface == "gemini_tokens"
    vectors = google.models.embed_content(model="echo", contents=[PROMPT, HOUR])
    assert [len(each.values or ()) for each in vectors.embeddings or ()] == [4, 4]
    assert json.loads(upstream.seen[-1])["requests"][0]["model"] == "models/echo"
    one = httpx.post(
        f"{house.url}/v1beta/models/echo:embedContent", json={"content": {"parts": [{"text": PROMPT}]}}, headers=KEY
    )
    assert len(one.json()["embedding"]["values"]) == 4
    assert house.newest().opening.surface == "gemini_embeddings"
    assert len(upstream.seen) == 3
    assert not any(map(leaks, upstream.seen))


# --- bytes ---


@pytest.mark.parametrize("model", ["echo", "tool", "think", "draw", "observe/echo", "reviewed/echo"])
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent?alt=sse", "countTokens"])
def test_what_needed_no_change_is_the_same_bytes(house: House, upstream: FakeUpstream, model: str, method: str) -> None:
    body = b'{"contents":  [{"parts": [{"text": "hello  <b>&amp; \\u00e9 \xc3\xa9"}]}]}'
    path = f"/v1beta/models/{model}:{method}"
    direct = httpx.post(upstream.url + path, content=body, headers=KEY)
    through = httpx.post(house.url + path, content=body, headers=KEY)
    assert direct.status_code == through.status_code == 200
    assert through.content == direct.content
    assert upstream.seen == [body, body]


def test_a_stream_that_waits_says_so_in_a_way_that_the_sdk_passes_over(
    house: House, upstream: FakeUpstream, google: genai.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.proxy.client.KEEP_ALIVE_S", 0.02)
    stream = google.models.generate_content_stream(model="observe/gate", contents=PROMPT)
    told = [next(stream)]
    threading.Timer(0.3, upstream.gate.set).start()
    told.extend(stream)
    assert texts(told) == PROMPT
    upstream.gate.clear()
    body = {"contents": [{"parts": [{"text": PROMPT}]}]}
    url = f"{house.url}/v1beta/models/observe/gate:streamGenerateContent?alt=sse"
    with httpx.stream("POST", url, json=body, headers=KEY, timeout=20) as response:
        received = ""
        for piece in response.iter_text():
            received += piece
            if received.endswith("\n\n\n"):
                upstream.gate.set()
    assert all(line.startswith("data: {") for line in received.splitlines() if line)
    assert '"STOP"' in received


# --- keys ---


def test_a_key_in_the_query_is_the_callers_and_is_written_nowhere(
    house: House, upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"contents": [{"parts": [{"text": PROMPT}]}]}
    key = "AIzaSyQuery-0123456789"
    for method in ("generateContent", "streamGenerateContent", "nonsense"):
        url = f"{house.url}/v1beta/models/echo:{method}?key={key}&alt=sse&fields={MAIL}"
        response = httpx.post(url, json=body, timeout=20)
        assert response.status_code == (404 if method == "nonsense" else 200)
        assert key not in response.text
    assert httpx.get(f"{house.url}/v1beta/models?key={key}").status_code == 200
    assert [headers["x-goog-api-key"] for headers in upstream.seen_headers] == [key] * 3
    by_query = house.newest().opening.principal
    post(house, "echo")
    assert house.newest().opening.principal != by_query
    httpx.post(f"{house.url}/v1beta/models/echo:generateContent", json=body, headers={"x-goog-api-key": key})
    assert house.newest().opening.principal == by_query
    assert key.encode() not in logged(caplog.records)
    assert not [file for file in house.folder.rglob("*") if file.is_file() and key.encode() in file.read_bytes()]
    assert not leaks_of_files(house.folder)


def test_a_guard_key_stands_in_the_place_of_googles(house: House, upstream: FakeUpstream) -> None:
    key, _ = house.service.keys.create("ann", "sales", "mail")
    with genai.Client(api_key=key, http_options={"base_url": house.url}) as client, pytest.raises(errors.ClientError):
        client.models.generate_content(model="echo", contents=HOUR)  # the fake upstream wants a key of its own
    assert house.newest().opening.principal.user == "ann"
    assert key not in repr(upstream.seen_headers)


def test_an_upstream_of_googles_gets_its_own_key_in_googles_header() -> None:
    config = UpstreamConfig(
        name="google", url="https://generativelanguage.googleapis.com/v1beta", api="gemini", key_env="K"
    )
    upstream = HttpUpstream(config, {"K": "own"}, reply_bytes=9)
    assert upstream.headers({"x-goog-api-key": "theirs", "authorization": "Bearer theirs"}) == {
        "x-goog-api-key": "own", "content-type": "application/json",
    }  # fmt: skip
    path = "/v1beta/models/m:streamGenerateContent?alt=sse"
    assert upstream.url(path) == f"https://generativelanguage.googleapis.com{path}"
    assert (
        HttpUpstream(
            config.model_copy(update={"api": "openai", "url": "http://a.test/v1"}), {"K": "own"}, reply_bytes=9
        ).url(path)
        == f"http://a.test{path}"
    )


# --- refusals ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_an_error_of_the_upstream_comes_in_shape_and_restored(google: genai.Client, status: int) -> None:
    for ask in (google.models.generate_content, lambda **keys: streamed(google, keys["model"], keys["contents"])):
        with pytest.raises(errors.APIError) as caught:
            ask(model=f"status:{status}", contents=PROMPT)
        assert (caught.value.code, caught.value.message) == (status, f"no: {PROMPT}")
        assert caught.value.status != "OK"


@pytest.mark.parametrize(("model", "words"), [
    ("nonsense", "not valid JSON"), ("array", "no list of candidates"), ("empty", "not valid JSON"),
    ("html", "without saying why"), ("redirect", "redirect"),
])  # fmt: skip
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent"])
def test_an_answer_of_another_kind_is_an_error_in_shape(house: House, model: str, words: str, method: str) -> None:
    response = post(house, model, method=method)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (502, 502, "UNAVAILABLE")
    assert words in error["message"]
    assert set(error) == {"code", "message", "status", "details"}


@pytest.mark.parametrize("model", ["cut", "garbage", "error"])
def test_a_stream_that_breaks_off_ends_with_an_error(house: House, google: genai.Client, model: str) -> None:
    with pytest.raises(errors.ServerError):
        streamed(google, model, PROMPT)
    closing = house.newest().closing
    assert closing is not None
    assert closing.outcome == "upstream_error"


@pytest.mark.parametrize(
    ("model", "text", "principle"),
    [
        ("say:it", "Buy a rifle.", "no-weapons"),
        ("tool", "Buy a rifle.", "no-weapons"),
        ("think", "Buy a rifle.", "no-weapons"),
        ("tool", "Pay now, or else.", "no-threats"),  # what is no text cannot be mended
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_must_not_be_said_is_withheld_in_shape(
    house: House, upstream: FakeUpstream, google: genai.Client, model: str, text: str, principle: str, stream: bool
) -> None:
    upstream.replies["it"] = text
    ask: Any = google.models.generate_content_stream if stream else google.models.generate_content
    with pytest.raises(errors.ClientError) as caught:
        list(ask(model=f"reviewed/{model}", contents=f"{text} {MAIL}"))
    error = caught.value
    assert (error.code, error.status) == (403, "PERMISSION_DENIED")
    assert f"'{principle}'" in str(error.message)
    assert error.details["error"]["details"][0]["reason"] == "blocked_by_guard"
    assert text not in str(error)
    closing = house.newest().closing
    assert closing is not None
    assert (closing.outcome, closing.decision, closing.sent) == ("blocked", "block", "")


def test_what_offends_is_taken_out_and_the_stream_still_adds_up(upstream: FakeUpstream, google: genai.Client) -> None:
    upstream.replies["it"] = "Pay now, or else. Thanks."
    mended = "Pay now, [removed: no-threats]. Thanks."
    assert google.models.generate_content(model="reviewed/say:it", contents=PROMPT).text == mended
    assert texts(streamed(google, "reviewed/say:it", PROMPT)) == mended


def test_a_stream_that_has_begun_ends_with_an_error_where_the_rest_may_not_be_told(
    upstream: FakeUpstream, google: genai.Client
) -> None:
    stream = google.models.generate_content_stream(model="reviewed/gate", contents="Thanks\nBuy a rifle.")
    told = [next(stream)]
    upstream.gate.set()
    with pytest.raises(errors.ClientError) as caught:
        told.extend(stream)
    assert texts(told) == "Thanks\n"
    assert caught.value.code == 403


def test_a_prompt_that_google_refuses_is_told_as_it_tells_it(open_house: OpenHouse) -> None:
    """Through guard a caller sees Google's own refusal, whole and streamed."""
    told = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}, "modelVersion": "m"}
    data = json.dumps(told).encode()
    for kind, body, method in (
        (b"application/json", data, "generateContent"),
        (b"text/event-stream", b"data: " + data + b"\r\n\r\n", "streamGenerateContent"),
    ):
        head = b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\nconnection: close\r\n\r\n"
        with raw(head + body) as url:
            house = open_house(policy(), config={"upstreams": [{"name": "g", "url": f"{url}/v1beta", "api": "gemini"}]})
            response = post(house, "m", method=method)
        assert (response.status_code, response.content) == (200, body)
        assert house.closing(response).outcome == "completed"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("models/echo:streamGenerateContent", 400, "?alt=sse"),
        ("models/echo:streamGenerateContent?alt=json", 400, "?alt=sse"),
        ("models/alice@x.com/../echo:generateContent", 400, "name of a model"),
        ("models/.hidden:generateContent", 400, "name of a model"),
        (f"models/{MAIL}:generateContent", 400, "'model' holds a EMAIL_ADDRESS"),
        ("models/echo:predict", 404, "does not serve"),
        ("models/echo", 404, "does not serve"),
        ("cachedContents", 404, "does not serve"),
        ("tunedModels/echo:generateContent", 404, "does not serve"),
    ],
)
def test_a_route_that_is_not_served_is_refused_and_nothing_leaves(
    house: House, upstream: FakeUpstream, path: str, status: int, words: str
) -> None:
    body = json.dumps({"contents": [{"parts": [{"text": PROMPT}]}]}).encode()
    head = f"POST /v1beta/{path} HTTP/1.1\r\nhost: g\r\nx-goog-api-key: k\r\nconnection: close\r\n"
    with socket.create_connection(("127.0.0.1", int(house.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)  # as it is: clients tidy paths
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error["code"] == status
    assert words in error["message"]
    assert not leaks(answer)
    assert upstream.seen == []


@pytest.mark.parametrize("body", [{}, {"contents": "Hello"}, {"contents": {"parts": []}}])
def test_a_request_without_contents_is_refused(house: House, upstream: FakeUpstream, body: Any) -> None:
    response = httpx.post(f"{house.url}/v1beta/models/echo:generateContent", json=body, headers=KEY)
    assert (response.status_code, response.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert upstream.seen == []


def test_an_upstream_that_does_not_speak_it_is_said_to(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(policy(), config={"upstreams": [{"name": "o", "url": f"{upstream.url}/v1"}]})
    response = post(house, "echo")
    assert response.status_code == 404
    assert "does not speak this API, and guard does not translate it" in response.json()["error"]["message"]
    assert httpx.get(f"{house.url}/v1beta/models", headers=KEY).json() == {"models": []}
    assert upstream.seen == []


def test_a_held_reply_that_is_not_there_is_told_in_shape(house: House) -> None:
    response = httpx.get(f"{house.url}/v1/guard/held/none", headers=KEY)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (404, 404, "NOT_FOUND")


# --- models ---


def test_the_models_of_an_upstream_of_googles_are_listed_on_both_routes(
    open_house: OpenHouse, upstream: FakeUpstream
) -> None:
    google = {"name": "g", "url": f"{upstream.url}/v1beta", "api": "gemini"}
    openai = {"name": "o", "url": f"{upstream.url}/v1", "models": ["gpt-*", "named"]}
    house = open_house(policy(), config={"upstreams": [google, openai]})
    with genai.Client(api_key="sk-caller", http_options={"base_url": house.url}) as client:
        assert [model.name for model in client.models.list()] == ["models/echo"]
        assert [model.name for model in client.models.list(config={"http_options": {"api_version": "v1beta"}})] == [
            "models/echo"
        ]
    listed = httpx.get(f"{house.url}/v1/models", headers={"authorization": "Bearer sk-caller"}).json()["data"]
    assert [(model["id"], model["owned_by"]) for model in listed] == [("echo", "g")]
    assert upstream.seen_headers[0]["x-goog-api-key"] == "sk-caller"
    assert post(house, "echo").json()["candidates"][0]["content"]["parts"][0]["text"] == PROMPT
