"""The openai SDK's completions, embeddings and moderations against guard, over sockets."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.apis.vectors import vector
from tests.conftest import OpenHouse
from tests.house import BOB, IBAN, MAIL, PHONE, PROMPT, TOKEN, House, leaks
from tests.upstream import FakeUpstream

HOUR = "The meeting is at noon."
THREAT = "Pay now, or else. Thanks."
MENDED = "Pay now, [removed: no-threats]. Thanks."
ROUTES = {
    "/v1/completions": {"prompt": PROMPT},
    "/v1/embeddings": {"input": PROMPT},
    "/v1/moderations": {"input": PROMPT},
}


def whole(chunks: Any, choice: int = 0) -> str:
    """The words of a stream of completions."""
    return "".join(c.text for chunk in chunks for c in chunk.choices if c.index == choice)


# --- completions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["echo", "split", "observe/echo", "observe/split"])
def test_a_completion_is_restored_whole_and_however_it_is_cut(house: House, upstream: FakeUpstream, model: str) -> None:
    text = f"{PROMPT} <{MAIL}> {TOKEN}에게, IBAN {IBAN}; <PERSON_K7Q2M4XD> was never here. {PHONE}"
    client = house.openai()
    reply = client.completions.create(model=model, prompt=text)
    assert (reply.choices[0].text, reply.choices[0].finish_reason) == (text, "stop")
    assert reply.usage.total_tokens == 7  # type: ignore[union-attr]
    with client.completions.create(model=model, prompt=text, stream=True) as stream:
        chunks = list(stream)
    assert whole(chunks) == text
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_the_async_client_sees_the_same(house: House) -> None:
    async with house.async_openai() as client:
        reply = await client.completions.create(model="echo", prompt=PROMPT)
        stream = await client.completions.create(model="echo", prompt=PROMPT, stream=True)
        chunks = [chunk async for chunk in stream]
        embedded = await client.embeddings.create(model="echo", input=HOUR)
        moderated = await client.moderations.create(input=HOUR)
    assert reply.choices[0].text == whole(chunks) == PROMPT
    assert embedded.data[0].embedding == vector(HOUR)
    assert not moderated.results[0].flagged


@pytest.mark.parametrize("model", ["echo", "split", "observe/split"])
def test_every_choice_is_restored(house: House, model: str) -> None:
    client = house.openai()
    expected = [PROMPT, f"1: {PROMPT}", f"2: {PROMPT}"]
    reply = client.completions.create(model=model, prompt=PROMPT, n=3)
    assert [choice.text for choice in reply.choices] == expected
    with client.completions.create(model=model, prompt=PROMPT, n=3, stream=True) as stream:
        chunks = list(stream)
    assert [whole(chunks, choice) for choice in range(3)] == expected


def test_every_prompt_of_a_list_and_every_other_field_is_masked(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    reply = open_house(names=[BOB]).openai().completions.create(
        model="echo", prompt=[PROMPT, f"From {BOB}"], suffix=MAIL, stop=[MAIL], user=MAIL, logit_bias={"50256": -100},
        extra_body={"vendor": {MAIL: [MAIL]}},
    )  # fmt: skip
    assert [choice.text for choice in reply.choices] == [PROMPT, f"From {BOB}"]
    sent = json.loads(upstream.seen[0])
    assert sent["suffix"] == sent["stop"][0] == sent["user"]
    assert sent["logit_bias"] == {"50256": -100}


def test_logprobs_would_show_placeholders_and_are_left_out(house: House) -> None:
    client = house.openai()
    assert client.completions.create(model="echo", prompt=PROMPT, logprobs=1).choices[0].logprobs is None
    assert client.completions.create(model="echo", prompt=HOUR, logprobs=1).choices[0].logprobs is not None
    with client.completions.create(model="observe/echo", prompt=PROMPT, logprobs=1, stream=True) as stream:
        chunks = list(stream)
    assert whole(chunks) == PROMPT
    assert all(choice.logprobs is None for chunk in chunks for choice in chunk.choices)


def test_the_usage_of_a_stream_comes_through(house: House) -> None:
    options: Any = {"include_usage": True}
    client = house.openai()
    with client.completions.create(model="echo", prompt=PROMPT, stream=True, stream_options=options) as stream:
        assert list(stream)[-1].usage.total_tokens == 7  # type: ignore[union-attr]
    assert house.newest().closing.usage["total_tokens"] == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("model", "words"),
    [("cut", "broke off before its end"), ("garbage", "not valid JSON"), ("error", "reported an error")],
)
def test_a_broken_stream_is_told_and_logged(house: House, model: str, words: str) -> None:
    client = house.openai()
    with pytest.raises(openai.InternalServerError, match=words) as held:
        client.completions.create(model=model, prompt=PROMPT, stream=True)
    assert house.closing(held.value.response).outcome == "upstream_error"
    with pytest.raises(openai.APIError, match=words):
        list(client.completions.create(model=f"observe/{model}", prompt=PROMPT, stream=True))


def test_what_offends_is_taken_out_of_a_completion(house: House, upstream: FakeUpstream) -> None:
    upstream.replies["it"] = THREAT
    client = house.openai()
    assert client.completions.create(model="reviewed/say:it", prompt=PROMPT).choices[0].text == MENDED
    with client.completions.create(model="reviewed/say:it", prompt=PROMPT, stream=True) as stream:
        assert whole(stream) == MENDED
    body = {"model": "reviewed/say:it", "prompt": PROMPT, "stream": True}
    raw = httpx.post(f"{house.url}/v1/completions", json=body)
    assert raw.headers["x-guard-decision"] == "revise"
    assert ": x-guard-decision: revise\n\ndata: [DONE]" in raw.text
    assert "or else" not in raw.text


@pytest.mark.parametrize("stream", [False, True])
def test_what_must_not_be_said_is_withheld(house: House, upstream: FakeUpstream, stream: bool) -> None:
    upstream.replies["it"] = f"Buy a rifle. {MAIL}"
    with pytest.raises(openai.PermissionDeniedError) as caught:
        house.openai().completions.create(model="reviewed/say:it", prompt=PROMPT, stream=stream)
    assert (caught.value.code, "rifle" in caught.value.message) == ("blocked_by_guard", False)
    assert house.closing(caught.value.response).outcome == "blocked"


def test_observe_changes_nothing_and_records_what_it_saw(house: House, upstream: FakeUpstream) -> None:
    upstream.replies["it"] = f"{THREAT} Buy a rifle."
    with house.openai().completions.create(model="watched/say:it", prompt=PROMPT, stream=True) as stream:
        assert whole(stream) == f"{THREAT} Buy a rifle."
    assert house.newest().closing.reason == "observed: no-threats, no-weapons"  # type: ignore[union-attr]


# --- embeddings and moderations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}])
def test_a_text_is_embedded_with_its_placeholders(house: House, upstream: FakeUpstream, form: dict[str, Any]) -> None:
    reply = house.openai().embeddings.create(model="echo", input=[PROMPT, HOUR], user=MAIL, **form)
    sent = json.loads(upstream.seen[0])
    assert sent["encoding_format"] == form.get("encoding_format", "base64")  # which is what the SDK asks for
    assert sent["input"][0].startswith("Write to <EMAIL_ADDRESS_")
    assert sent["input"][1] == HOUR
    vectors: list[Any] = [item.embedding for item in reply.data]
    if form.get("encoding_format") != "base64":
        assert vectors == [vector(sent["input"][0]), vector(HOUR)]
    assert reply.usage.total_tokens == 3


def test_one_value_is_embedded_alike_every_time(house: House) -> None:
    client = house.openai()
    first = client.embeddings.create(model="echo", input=f"about {MAIL}").data[0].embedding
    assert client.embeddings.create(model="echo", input=[HOUR, f"about {MAIL}"]).data[1].embedding == first


def test_nothing_of_an_embedding_is_judged(house: House) -> None:
    response = httpx.post(f"{house.url}/v1/embeddings", json={"model": "reviewed/echo", "input": PROMPT})
    assert response.headers["x-guard-decision"] == "allow"
    opening, closing = house.opening(response), house.closing(response)
    assert (opening.surface, closing.outcome, closing.not_judged, closing.verdicts) == (
        "embeddings", "completed", (), (),
    )  # fmt: skip
    assert {span.field for span in opening.spans} == {"input"}


@pytest.mark.parametrize("route", ["/v1/completions", "/v1/embeddings"])
@pytest.mark.parametrize("tokens", [[791, 6574, 374], [[791, 6574], [374]]])
def test_tokens_cannot_be_looked_into_and_do_not_leave(
    house: House, upstream: FakeUpstream, route: str, tokens: list[Any]
) -> None:
    key = "prompt" if route == "/v1/completions" else "input"
    response = httpx.post(house.url + route, json={"model": "echo", key: tokens})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden_by_policy")
    assert response.json()["error"]["param"] == key
    assert upstream.seen == []
    allowed = httpx.post(house.url + route, json={"model": "opaque/echo", key: tokens})
    assert allowed.status_code == 200
    assert house.opening(allowed).not_scanned == (key,)


def test_a_text_is_moderated_with_its_placeholders(house: House, upstream: FakeUpstream) -> None:
    client = house.openai()
    reply = client.moderations.create(input=[PROMPT, "Buy a rifle."])
    assert [result.flagged for result in reply.results] == [False, True]
    assert reply.results[1].category_scores.violence == 0.97
    assert leaks(upstream.seen[0]) == []
    assert house.newest().opening.model == "omni-moderation-latest"
    parts: Any = [{"type": "text", "text": PROMPT}]
    assert not client.moderations.create(model="echo", input=parts).results[0].flagged
    image: Any = [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]
    with pytest.raises(openai.PermissionDeniedError, match="images"):
        client.moderations.create(model="echo", input=image)


# --- all of them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", list(ROUTES))
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, openai.BadRequestError), (404, openai.NotFoundError), (429, openai.RateLimitError),
     (503, openai.InternalServerError)],
)  # fmt: skip
def test_an_upstream_error_reaches_the_client_in_shape(
    house: House, route: str, status: int, kind: type[openai.APIStatusError]
) -> None:
    client, body = house.openai(), {"model": f"status:{status}", **ROUTES[route]}
    with pytest.raises(kind) as caught:
        client.post(route.removeprefix("/v1"), body=body, cast_to=object)
    error: Any = caught.value
    assert (error.body["message"], error.code) == (f"no: {PROMPT}", "nope")
    assert house.closing(error.response).outcome == "refused"


@pytest.mark.parametrize("route", ["/v1/embeddings", "/v1/moderations"])
def test_what_says_nothing_does_not_stream(house: House, upstream: FakeUpstream, route: str) -> None:
    response = httpx.post(house.url + route, json={"model": "echo", "stream": True, **ROUTES[route]})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "stream")
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("route", "body", "param"),
    [
        ("/v1/completions", {"model": "echo"}, "prompt"),
        ("/v1/completions", {"prompt": HOUR}, "model"),
        ("/v1/embeddings", {"model": "echo", "input": 7}, "input"),
        ("/v1/embeddings", {"input": HOUR}, "model"),
        ("/v1/moderations", {"input": None}, "input"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    house: House, upstream: FakeUpstream, route: str, body: dict[str, Any], param: str
) -> None:
    response = httpx.post(house.url + route, json=body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)
    assert upstream.seen == []
