"""Gemini without a server: what a path and a body may hold, and every kind of part of a reply."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args

import pytest
from google.genai import types

from guard.asks import Judge
from guard.errors import Blocked, Escalated, GuardError, RequestError, UpstreamError, UpstreamTimeout
from guard.surfaces.gemini import GEMINI
from guard.surfaces.gemini_others import GEMINI_EMBEDDINGS, GEMINI_TOKENS
from guard.surfaces.gemini_words import VOCABULARY, snake
from guard.surfaces.google import Google
from guard.surfaces.stream import write_event
from guard.surfaces.table import surface_at, surface_near
from tests.apis.api import replying
from tests.apis.gemini import Gemini, sign
from tests.dialogue import CARD, MAIL, Played, Tenant, body, constitution, plan, play
from tests.surfaces.sdk_words import fields_of

API = Gemini()
BAD = "Buy a rifle."
REVIEWED = plan(constitution=constitution())
HELLO: Any = {"contents": [{"parts": [{"text": "Hello"}]}]}


def asked(*parts: Any, **keys: Any) -> dict[str, Any]:
    return {"model": "m", "contents": [{"role": "user", "parts": list(parts) or [{"text": "Hello"}]}], **keys}


def ask(request: Mapping[str, Any], reply: Any = None, plan_: Any = None, **keys: Any) -> Played:
    return play(request, reply or replying(API), plan_, surface=GEMINI, **keys)


def reply(*parts: Any, finish: str | None = "STOP", **keys: Any) -> dict[str, Any]:
    ended = {"finishReason": finish} if finish else {}
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0, **ended, **keys}]}


def told(played: Played) -> list[dict[str, Any]]:
    return [json.loads(event.removeprefix(b"data: ")) for event in played.told.split(b"\n\n") if event[:1] == b"d"]


def said(bodies: list[dict[str, Any]]) -> str:
    return "".join(part.get("text", "") for body in bodies for part in body["candidates"][0]["content"]["parts"])


# --- paths ---


@pytest.mark.parametrize(
    ("path", "surface", "model", "stream"),
    [
        ("/v1beta/models/gemini-2.5-pro:generateContent", GEMINI, "gemini-2.5-pro", False),
        ("/v1/models/gemini-2.5-pro:generateContent", GEMINI, "gemini-2.5-pro", False),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", GEMINI, "m", True),
        ("/v1beta/models/google/gemma:3@1:countTokens", GEMINI_TOKENS, "google/gemma:3@1", False),
        ("/v1beta/models/m:batchEmbedContents", GEMINI_EMBEDDINGS, "m", False),
    ],
)
def test_a_path_says_which_surface_and_which_model_and_whether_to_stream(
    path: str, surface: Google, model: str, stream: bool
) -> None:
    assert surface_at(path.partition("?")[0]) is surface
    request = {"requests": []} if surface is GEMINI_EMBEDDINGS else HELLO
    call = surface.read(json.dumps(request).encode(), path)
    assert (call.surface, call.model, call.stream) == (surface, model, stream)
    assert surface.address(call.body, model, stream=stream) == path.replace("/v1/", "/v1beta/")


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models/m:predict", "/v1beta/models/:generateContent", "/v2/models/m:generateContent",
        "/v1beta/tunedModels/m:generateContent", "/v1beta/models/m", "/v1beta/files", "/v1/models",
    ],
)  # fmt: skip
def test_any_other_path_is_no_surfaces(path: str) -> None:
    assert surface_at(path) is None
    assert (surface_near(path) is GEMINI) == path.startswith("/v1beta/")


@pytest.mark.parametrize("model", ["", ".m", "a/../b", "a//b", "a/.b", "a/", "a b", "a?b", "a" * 201, "é", "-m"])
def test_no_name_of_a_model_leads_elsewhere(model: str) -> None:
    for surface in (GEMINI, GEMINI_TOKENS):
        with pytest.raises(RequestError):
            surface.read(json.dumps(HELLO).encode(), f"/v1beta/models/{model}:{surface.methods[0]}")


@pytest.mark.parametrize(
    ("method", "request_"), [("embedContent", {"requests": []}), ("batchEmbedContents", {"content": {}})]
)
def test_a_method_gets_the_body_that_is_its_own(method: str, request_: Any) -> None:
    with pytest.raises(RequestError, match="goes to batchEmbedContents"):
        GEMINI_EMBEDDINGS.read(json.dumps(request_).encode(), f"/v1beta/models/m:{method}")


@pytest.mark.parametrize("surface", [GEMINI, GEMINI_TOKENS, GEMINI_EMBEDDINGS], ids=lambda surface: surface.name)
@pytest.mark.parametrize("request_", [{}, {"contents": "Hello", "content": "Hello"}, {"messages": []}])
def test_a_body_without_contents_is_refused_by_the_name_of_the_field(surface: Google, request_: Any) -> None:
    with pytest.raises(RequestError) as caught:
        surface.recorded(json.dumps(request_).encode(), "m", stream=False)
    assert caught.value.param in {"contents", "content"}


def test_a_model_that_holds_a_value_is_refused() -> None:
    played = ask({**asked(), "model": MAIL})
    assert played.kinds[-1] == "Emit"
    assert "Send" not in played.kinds
    assert b"'model' holds a EMAIL_ADDRESS" in played.told
    assert MAIL.encode() not in played.told


@pytest.mark.parametrize("stream", [False, True])
def test_what_stays_in_the_house_is_asked_of_the_houses_model(stream: bool) -> None:
    rules = plan(mask={"entities": {"EMAIL_ADDRESS": "route"}}, route={"to": "house", "model": "gemma"})
    played = ask(asked({"text": MAIL}, **({"stream": True} if stream else {})), None, rules)
    assert played.request.path == (
        f"/v1beta/models/gemma:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"
    )
    assert MAIL.encode() in played.request.body
    batch = {"model": "m", "requests": [{"model": "models/m", "content": {"parts": [{"text": MAIL}]}}]}
    played = play(batch, b'{"embeddings": []}', rules, surface=GEMINI_EMBEDDINGS)
    assert played.request.path == "/v1beta/models/gemma:batchEmbedContents"
    assert played.sent["requests"][0]["model"] == "models/gemma"
    count = {"model": "m", "generateContentRequest": {"model": "models/m", "contents": [{"parts": [{"text": MAIL}]}]}}
    played = play(count, b'{"totalTokens": 1}', rules, surface=GEMINI_TOKENS)
    assert played.sent["generateContentRequest"]["model"] == "models/gemma"


@pytest.mark.parametrize("surface", [GEMINI, GEMINI_TOKENS, GEMINI_EMBEDDINGS], ids=lambda surface: surface.name)
def test_a_request_is_read_again_from_what_the_log_keeps(surface: Google) -> None:
    played = play(body(MAIL, surface), b"{}", surface=surface)
    opening = played.opening
    call = surface.recorded(opening.request.encode(), opening.model, stream=opening.stream)
    assert (call.model, call.stream, call.raw) == ("m", False, played.request.body)


# --- words ---


def _enums(kind: Any, found: dict[str, set[str]], name: str = "") -> dict[str, set[str]]:
    """The words of the SDK's closed sets, by field."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        found.setdefault(name, set()).update(word.value for word in kind)
    elif isinstance(kind, type) and hasattr(kind, "model_fields") and kind.__name__ not in found:
        found[kind.__name__] = set()
        for key, field in kind.model_fields.items():
            _enums(field.annotation, found, field.alias or key)
    for inner in get_args(kind):
        _enums(inner, found, name)
    return found


# What the SDK adds itself, and does not send or receive.
OWN = {"sdkHttpResponse", "parsed", "automaticFunctionCallingHistory"}


def test_every_field_of_the_sdk_is_a_word_of_the_api_in_both_spellings() -> None:
    fields = fields_of(
        types.GenerateContentResponse, types.CountTokensResponse, types.EmbedContentResponse, types.Content,
        types.SafetySetting, types.FunctionDeclaration, types.FunctionCallingConfig, types.ThinkingConfig,
    ) - OWN  # fmt: skip
    assert fields - VOCABULARY.keys == set()
    assert {snake(field) for field in fields} - VOCABULARY.keys == set()


@pytest.mark.parametrize("kind", [types.GenerateContentResponse, types.Content, types.SafetySetting])
def test_every_word_of_the_sdk_is_known(kind: Any) -> None:
    missing = {
        (field, word)
        for field, words in _enums(kind, {}).items()
        if field in VOCABULARY.words
        for word in words
        if VOCABULARY.kind(field, word, free=False) is not None
    }
    assert missing == set()


@pytest.mark.parametrize("field", sorted({"role", "mimeType", "category", "threshold", "mode", "language", "outcome"}))
def test_a_value_in_the_place_of_a_word_is_masked(field: str) -> None:
    for key in {field, snake(field)}:
        played = ask(asked({"text": "Hello", "x": {key: MAIL}}))
        assert MAIL.encode() not in played.request.body


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "text/plain", "data": "aGk="}},
        {"inline_data": {"mime_type": "text/plain", "data": "aGk="}},
        {"fileData": {"fileUri": "https://a.test/b"}},
        {"file_data": {"file_uri": "https://a.test/b"}},
        {"functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {"data": "aGk="}}]}},
        {"x_new": {"mimeType": "text/plain", "data": "aGk="}},
        {"text": "data:text/plain;base64,aGk="},
    ],
)
def test_bytes_and_where_they_are_do_not_leave(part: Any) -> None:
    played = ask(asked({"text": "Read this."}, part))
    assert (played.kinds, played.head.status) == (["Emit"], 403)
    assert b"contents[0].parts[1]" in played.told


def test_inside_the_users_own_data_any_key_may_stand() -> None:
    args = {"mimeType": "a", "data": MAIL, "fileUri": MAIL, "inlineData": MAIL, "id": MAIL}
    played = ask(asked({"functionCall": {"name": "f", "args": args}}))
    assert played.head.status == 200
    assert MAIL.encode() not in played.request.body


def test_a_value_that_is_split_over_two_parts_does_not_leave() -> None:
    played = ask(asked({"text": f"Pay with {CARD[:12]}"}, {"text": f"{CARD[12:]} today."}))
    sent = "".join(part["text"] for part in played.sent["contents"][0]["parts"])
    assert not any(half in sent for half in (CARD[:9], CARD[-9:]))
    assert played.reply["candidates"][0]["content"]["parts"][0]["text"] == f"Pay with {CARD} today."


# --- replies ---


@pytest.mark.parametrize(
    "part",
    [
        {"text": BAD},
        {"text": BAD, "thought": True},
        {"functionCall": {"name": "f", "args": {"id": BAD}}},
        {"functionCall": {"name": "f", "args": {"logprobs": [{"logprobsResult": BAD}]}}},
        {"functionCall": {"name": "f", "args": {BAD: 1}}},
        {"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a", "stringValue": BAD}], "willContinue": True}},
        {"executableCode": {"language": "PYTHON", "code": BAD}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": BAD}},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": [BAD]}}},
        {"inlineData": {"mimeType": "text/plain", "data": base64.b64encode(f"{BAD} It is best.".encode()).decode()}},
        {"x_new": {"deep": [BAD]}},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_every_kind_of_part_is_judged(part: dict[str, Any], stream: bool) -> None:
    whole = reply({"text": "Well."}, part)
    answer: Any = [write_event(whole)] if stream else json.dumps(whole).encode()
    played = ask(asked(**({"stream": True} if stream else {})), answer, REVIEWED, critic=_critic)
    assert (played.head.status, played.closing.decision) == (403, "block")


def _critic(ask: Judge) -> Any:
    """A critic that also reads base64."""
    from dataclasses import replace

    from tests.dialogue import verdicts

    coded = base64.b64encode(BAD[:-1].encode()).decode()[:12]
    text = ask.dialogue.reply.replace(coded, BAD)
    return verdicts(replace(ask, dialogue=replace(ask.dialogue, reply=text)))


@pytest.mark.parametrize(
    "beside",
    [
        {"finishMessage": BAD},
        {"citationMetadata": {"citationSources": [{"uri": "https://a.test", "license": BAD}]}},
        {"groundingMetadata": {"webSearchQueries": [BAD]}},
        {"groundingMetadata": {"searchEntryPoint": {"renderedContent": f"<b>{BAD}</b>"}}},
        {"urlContextMetadata": {"urlMetadata": [{"retrievedUrl": f"https://a.test/{BAD}"}]}},
    ],
)
def test_what_stands_beside_the_parts_is_judged(beside: dict[str, Any]) -> None:
    played = ask(asked(), json.dumps(reply({"text": "Well."}, **beside)).encode(), REVIEWED)
    assert (played.head.status, played.closing.decision) == (403, "block")


def test_two_texts_in_one_event_are_one_text() -> None:
    """A placeholder that is cut between them, and between events, is restored."""

    def answer(request: Any) -> list[bytes]:
        code = json.loads(request.body)["contents"][0]["parts"][0]["text"]
        a, b, c = code[:5], code[5:12], code[12:]
        events = [
            reply({"text": "To "}, {"text": a}, finish=None),
            reply({"text": b}, {"text": c}),
        ]
        return [write_event(event) for event in events]

    for way in ("window", "observe", "hold"):
        rules = plan(constitution=constitution(), review={"constitution": None, "stream": way})
        played = ask(asked({"text": MAIL}, stream=True), answer, rules)
        bodies = told(played)
        assert said(bodies) == f"To {MAIL}"
        assert [len(body["candidates"][0]["content"]["parts"]) for body in bodies] == [2, 2]


def test_what_only_begins_like_a_placeholder_stays_where_it_stood() -> None:
    event = write_event(reply({"text": "To me "}, {"text": "and <EMAI"}))
    played = ask(asked({"text": MAIL}, stream=True), [event])
    assert played.told == event


def test_new_words_go_into_the_first_of_several_texts() -> None:
    offends = reply({"text": "Pay now, "}, {"text": "or else. "}, {"text": "Thanks."})
    played = ask(asked(), json.dumps(offends).encode(), REVIEWED)
    texts = [part["text"] for part in played.reply["candidates"][0]["content"]["parts"]]
    assert texts == ["Pay now, [removed: no-threats]. Thanks.", "", ""]
    assert played.closing.decision == "revise"


def test_a_call_is_not_told_before_its_candidate_ends() -> None:
    call = {"functionCall": {"name": "f", "args": {"to": "Ann."}}}
    events = [
        [write_event(reply(*parts, finish=finish))]
        for parts, finish in (
            ([{"text": "Fine.\n"}], None), ([call], None), ([{"text": "More.\n"}], None), ([{"text": BAD}], "STOP"),
        )
    ]  # fmt: skip
    rules = plan(constitution=constitution(), review={"constitution": None, "stream": "window"})
    played = ask(asked(stream=True), events, rules)
    assert b"Fine." in played.told
    assert b"functionCall" not in played.told
    assert played.closing.decision == "block"


def test_tokens_would_show_what_was_taken_out() -> None:
    tokens = {"chosenCandidates": [{"token": "<EMAIL"}], "topCandidates": []}
    whole = reply({"text": "Hello"}, logprobsResult=tokens, avgLogprobs=-0.1)
    raw = json.dumps(whole).encode()
    assert ask(asked(), raw).told == raw
    kept = ask(asked({"text": MAIL}), raw).reply["candidates"][0]
    assert "logprobsResult" not in kept
    assert kept["avgLogprobs"] == -0.1


def test_a_prompt_that_google_refused_is_a_reply_and_nothing_is_not() -> None:
    refused = json.dumps({"promptFeedback": {"blockReason": "SAFETY"}}).encode()
    assert ask(asked(), refused).told == refused
    event = b"data: " + refused + b"\r\n\r\n"
    assert ask(asked(stream=True), [event]).told == event
    for nothing in (b"{}", b'{"promptFeedback": {}}', b'{"candidates": [7]}', b'{"usageMetadata": {}}'):
        assert ask(asked(), nothing).head.status == 502
        assert ask(asked(stream=True), [b"data: " + nothing + b"\n\n"]).head.status == 502


def test_a_stream_says_nothing_that_is_no_event() -> None:
    """Google's own SDK would take a comment for one."""
    for rules in (plan(), REVIEWED, plan(review={"constitution": None, "stream": "hold"})):
        played = ask(asked({"text": MAIL}, stream=True), None, rules)
        assert said(told(played)) == MAIL
        assert all(line.startswith(b"data: {") for line in played.told.splitlines() if line)


def test_usage_and_model_are_on_record() -> None:
    for stream in (False, True):
        closing = ask(asked(**({"stream": True} if stream else {}))).closing
        assert (closing.model, closing.usage["promptTokenCount"], closing.usage["totalTokenCount"]) == ("m", 3, 7)


@pytest.mark.parametrize("beside", [{"usageMetadata": {"promptTokenCount": BAD}}, {"usageMetadata": {"x": BAD}}])
def test_no_words_hide_beside_a_plain_piece(beside: Any) -> None:
    event = {**reply({"text": "Well."}, finish=None), **beside}
    assert GEMINI.plain(event) is None
    assert GEMINI.plain({**event, "usageMetadata": {"promptTokenCount": 3}}) is not None
    played = ask(asked(stream=True), [write_event(event), write_event(reply({"text": ""}))], REVIEWED)
    assert played.closing.decision == "block"


def test_what_was_signed_comes_back_with_its_signature_to_the_same_bytes() -> None:
    tenant = Tenant()
    first = ask(asked({"text": MAIL}), replying(API, "tool"), tenant=tenant)
    said_ = first.reply["candidates"][0]["content"]
    assert said_["parts"][0]["functionCall"]["args"] == {"to": MAIL}
    history = [*asked({"text": MAIL})["contents"], said_, {"role": "user", "parts": [{"text": "Go on."}]}]
    again = ask({"model": "m", "contents": history}, tenant=tenant)
    code = first.sent["contents"][0]["parts"][0]["text"]
    assert again.sent["contents"][1]["parts"][0]["functionCall"]["args"] == {"to": code}
    assert again.sent["contents"][1]["parts"][0]["thoughtSignature"] == sign(code)
    assert sign(code) not in first.closing.reply  # it is no word of the model's, and nobody judges it


# --- errors ---


@pytest.mark.parametrize(
    ("failure", "code", "status"),
    [
        (RequestError("no", param="contents"), 400, "INVALID_ARGUMENT"),
        (Blocked("no"), 403, "PERMISSION_DENIED"),
        (Escalated("no"), 423, "FAILED_PRECONDITION"),
        (UpstreamTimeout("no"), 504, "DEADLINE_EXCEEDED"),
        (UpstreamError("no"), 502, "UNAVAILABLE"),
        (GuardError("no"), 500, "INTERNAL"),
    ],
)
def test_an_error_has_googles_shape_whole_and_in_a_stream(failure: GuardError, code: int, status: str) -> None:
    error = json.loads(GEMINI.error(failure))["error"]
    assert (error["code"], error["message"], error["status"]) == (code, "no", status)
    (info,) = error["details"]
    assert (info["@type"], info["reason"]) == ("type.googleapis.com/google.rpc.ErrorInfo", failure.code)
    assert info.get("metadata") == ({"param": failure.param} if failure.param else None)
    assert GEMINI.error_event(failure) == b"data: " + GEMINI.error(failure) + b"\n\n"
    assert GEMINI.error(failure).startswith(b'{"error":')  # how the SDK knows one in a stream


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": [{"a": 1}], "x": 1}, "y": 1},
            {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": [{"a": 1}]},
        ),
        ({"error": {"message": "m", "type": "t"}}, {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}),
        ({"error": {"message": 7}}, None),
        ({"error": "m"}, None),
        ([{"error": {"message": "m"}}], None),
    ],
)  # fmt: skip
def test_an_upstreams_error_has_googles_shape(body: Any, expected: Any) -> None:
    found = GEMINI.error_body(json.dumps(body).encode(), 429)
    assert (found and found["error"]) == expected
