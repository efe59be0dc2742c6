"""L6: unknown routes are refused, unknown fields are masked, and what guard cannot look into stays here."""

from __future__ import annotations

import copy
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.asks import Emit, Send
from tests.dialogue import BOB, CARD, MAIL, NAME, SECRET, Played, body, completion, plan, play
from tests.house import MAIL as PLANTED_MAIL
from tests.house import PROMPT, House, leaks
from tests.upstream import FakeUpstream

# --- routes --------------------------------------------------------------------------------------------------------

# Every route that guard serves, or may serve one day; all others are unknown.
NAMES = (
    "chat/completions",
    "responses",
    "messages",
    "messages/count_tokens",
    "completions",
    "embeddings",
    "moderations",
)
SERVED = {
    *(("POST", f"/v1/{name}") for name in NAMES),
    *(("GET", path) for path in ("/", "/v1/models", "/healthz", "/readyz")),
    ("HEAD", "/"),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND")
SEGMENTS = (
    "v1", "V1", "v2", "chat", "completions", "Completions", "models", "embeddings", "files", "responses", "images",
    "audio", "healthz", "docs", "openapi.json", "", ".", "..", "%2e%2e", "%2F", "chat%2Fcompletions", "completions%00",
    "completions;x=1", "completions%20", "v1%2Fchat", "http:", MAIL,
)  # fmt: skip

segments = st.sampled_from(SEGMENTS) | st.text("abz019-._~!$&'()*+,;=:@%", max_size=8)
paths = st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts))
known = st.sampled_from(sorted({path for _, path in SERVED}))
edited = st.tuples(known, segments, st.sampled_from(("{0}/{1}", "/{1}{0}", "{0}{1}", "/{1}/..{0}"))).map(
    lambda given: given[2].format(*given)
)
queries = st.sampled_from(("", "?", "?model=echo", f"?user={MAIL}", "#v1/chat/completions"))
SHAPE = {"message", "type", "param", "code"}
BODY = json.dumps(body(PROMPT, model="echo"))


def ask(house: House, method: str, path: str) -> tuple[int, bytes]:
    """Send a request whose path nothing tidies up."""
    with closing(http.client.HTTPConnection("127.0.0.1", int(house.url.rpartition(":")[2]), timeout=20)) as connection:
        connection.request(method, path, BODY, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(METHODS), path=paths | known | edited, query=queries)
def test_an_unknown_route_is_refused_in_shape_and_nothing_passes(
    house: House, upstream: FakeUpstream, method: str, path: str, query: str
) -> None:
    if (method, unquote(path)) in SERVED:
        return
    status, told = ask(house, method, path + query)
    assert status == 404
    if method != "HEAD":
        answer = json.loads(told)
        error = answer.pop("error")
        assert isinstance(error["message"], str)
        anthropic = unquote(path).startswith("/v1/messages")  # the shape of the API that the route looks like
        assert answer == ({"type": "error"} if anthropic else {})
        assert error["type"] == ("not_found_error" if anthropic else "invalid_request_error")
        assert anthropic or (error.keys(), error["code"]) == (SHAPE, "unknown_route")
    assert leaks(told) == []
    assert upstream.seen == upstream.seen_headers == []


@pytest.mark.parametrize(
    "line",
    [
        b"POST http://api.openai.com/v1/files HTTP/1.1",
        b"POST https://api.openai.com/v1/chat/completions/x HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT api.openai.com:443 HTTP/1.1",
        b"POST v1/chat/completions/ HTTP/1.1",
        b"POST /v1/chat/completions\\ HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"BREW /pot HTCPCP/1.0",
        b"post /v1/chat/completions HTTP/1.1",
        b"X-YZ /v1/chat/completions HTTP/1.1",
    ],
)
def test_no_form_of_a_request_line_makes_guard_a_way_out(house: House, upstream: FakeUpstream, line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(house.url.rpartition(":")[2])), timeout=20) as connection:
        length = str(len(BODY)).encode()
        connection.sendall(line + b"\r\nhost: api.openai.com\r\nconnection: close\r\ncontent-length: " + length)
        connection.sendall(b"\r\n\r\n" + BODY.encode())
        answer = connection.recv(65536)
    assert answer.split()[1][:1] == b"4"
    assert leaks(answer) == []
    assert upstream.seen == upstream.seen_headers == []


# --- fields --------------------------------------------------------------------------------------------------------

VALUES = (MAIL, CARD, SECRET, NAME, BOB)
WORDS = ("x_internal", "notes", "키", "Straße", "X-Y", "$odd", "extra body", "cache_control", "thought_signature", "0")

CALL = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": '{"to": ["all"]}'}}
WHOLE = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "ann", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": ""}]},
        {"role": "assistant", "content": None, "refusal": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "[1, 2]"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "send",
                "description": "Sends.",
                "strict": True,
                "parameters": {"type": "object", "properties": {"to": {"type": "array", "items": {"type": "string"}}}},
            },
        }
    ],
    "metadata": {"ticket": "T-1"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": {"type": "object"}}},
    "stream_options": {"include_usage": True},
    "temperature": 0.5,
}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a body, the outermost first."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(item)


def unknown(value: str) -> st.SearchStrategy[Any]:
    """Any JSON that holds `value`, in a text or as a key."""
    holding = st.sampled_from((value, f"to {value}님께", f"{value}, and {value}"))
    fillings = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.sampled_from(("", "hi", "<b>"))
    keys = st.sampled_from(WORDS)
    return st.recursive(
        holding | st.dictionaries(st.just(value), fillings, min_size=1),
        lambda inner: st.tuples(fillings, inner).map(list) | st.dictionaries(keys, inner, min_size=1, max_size=2),
        max_leaves=4,
    )


@st.composite
def grown(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A request to which fields were added that no API has, anywhere in it; they hold a value."""
    value = draw(st.sampled_from(VALUES))
    request = copy.deepcopy(WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        places = list(objects(request))
        place = places[draw(st.integers(0, len(places) - 1))]
        place[draw(st.sampled_from(WORDS) | st.text(min_size=1))] = draw(unknown(value))
    return value, request


def outline(value: Any) -> Any:
    """What of a body masking may not change: its objects, their order, and all that is no text."""
    if isinstance(value, dict):
        return [outline(item) for item in value.values()], len(value)
    if isinstance(value, list):
        return [outline(item) for item in value]
    return "" if isinstance(value, str) else repr(value)


def echo(request: Any) -> bytes:
    """A reply that holds the masked request in a field which no API has."""
    return completion("Done.", echo=json.loads(request.body))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(grown())
def test_unknown_fields_are_masked_and_restored_and_otherwise_left_alone(planted: tuple[str, dict[str, Any]]) -> None:
    value, request = planted
    played = play(request, echo)
    assert leaks(played.request.body, [value]) == []
    assert leaks(played.entries, [value]) == []
    assert outline(played.sent) == outline(request)
    assert json.dumps(played.reply["echo"]) == json.dumps(request)


@settings(max_examples=60, deadline=None)
@given(grown(), st.sampled_from(("redact", "hash")))
def test_unknown_fields_obey_the_other_operators(planted: tuple[str, dict[str, Any]], operator: str) -> None:
    value, request = planted
    played = play(request, completion("Done."), plan(mask={"default": operator}))
    assert leaks(played.request.body + played.entries, [value]) == []


# --- what guard cannot look into -----------------------------------------------------------------------------------

URL = "data:image/png;base64,iVBORw0KGgo="
PARTS = (
    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    {"type": "image_url", "image_url": {"url": URL}},
    {"type": "input_image", "image_url": URL},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    {"type": "file", "file": {"file_id": "file-1"}},
    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
    {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
    {"type": "hologram", "text": "Hello"},
    {"type": "Text", "text": "Hello"},
    {"type": None, "text": "Hello"},
    {"type": 5, "text": "Hello"},
    {"type": ["text"], "text": "Hello"},
    {"type": {"text": 1}, "text": "Hello"},
    {"text": "Hello"},
    {},
)
TEXT = {"type": "text", "text": f"Look, {MAIL}:"}


def refused(played: Played) -> str | None:
    """Assert that an exchange was refused before anything was sent; the place that it names."""
    assert not played.of(Send)
    assert isinstance(played.asks[-1], Emit)
    assert (played.head.status, played.error["code"]) == (403, "forbidden_by_policy")
    assert leaks(played.told, VALUES) == []
    place: str | None = played.error["param"]
    return place


@pytest.mark.parametrize("part", PARTS, ids=json.dumps)
def test_a_part_that_is_no_text_leaves_only_where_the_policy_says_so(part: dict[str, Any]) -> None:
    for role in ("system", "assistant", "tool", "user"):
        request = {"model": "m", "messages": [{"role": role, "content": [TEXT, part]}]}
        assert refused(play(request)) == "messages[0].content[1]"
    played = play(request, completion("Done."), plan(opaque="allow"))
    assert "messages[0].content[1]" in played.opening.not_scanned
    assert leaks(played.request.body, VALUES) == []
    assert played.sent["messages"][0]["content"][1].keys() == part.keys()


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1).filter(lambda kind: kind not in {"text", "refusal"}), unknown(MAIL))
def test_a_part_of_any_other_type_is_refused_and_its_words_are_masked(kind: str, held: Any) -> None:
    request = body([TEXT, {"type": kind, "held": held}])
    assert refused(play(request)) == "messages[0].content[1]"
    played = play(request, completion("Done."), plan(opaque="allow"))
    assert leaks(played.request.body, VALUES) == []
    assert "messages[0].content[1]" in played.opening.not_scanned


@pytest.mark.parametrize(
    "content", [PARTS[0], [[PARTS[0]]], [[TEXT], [TEXT, PARTS[4]]]], ids=["alone", "deep", "deeper"]
)
def test_a_part_that_stands_where_none_is_expected_is_refused_too(content: Any) -> None:
    assert (refused(play(body(content))) or "").startswith("messages[0].content")


# Where a body may hold data in a URL. `{}` is the URL.
PLACES: dict[str, Any] = {
    "messages[0].content": body("{}"),
    "messages[0].content[0].text": body([{"type": "text", "text": "{}"}]),
    "user": body(user="{}"),
    "metadata.*": body(metadata={"picture": "{}"}),
    "tools[0].function.description": body(tools=[{"type": "function", "function": {"name": "f", "description": "{}"}}]),
    "*.*[1]": body(x_unknown={"deep": ["", "{}"]}),
    "messages[0].tool_calls[0].function.arguments": {
        "model": "m",
        "messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{}"}}]}],
    },
}
WRITTEN = {
    "alone": URL,
    "in capitals": "DATA:Image/PNG;BASE64,iVBORw0KGgo=",
    "with a long type": f"data:image/png;name={'x' * 200};base64,iVBORw0KGgo=",
    "after a space": f" {URL}",
    "after a line": f"\n{URL}",
    "in prose": f"Look: {URL} Nice?",
    "in Markdown": f"![a cat]({URL})",
    "in HTML": f"<img src='{URL}'>",
    "in JSON": json.dumps({"image": URL}),
}


def filled(value: Any, text: str) -> Any:
    return json.loads(json.dumps(value).replace("{}", json.dumps(text)[1:-1]))


@pytest.mark.parametrize("written", WRITTEN)
def test_data_in_a_url_leave_only_where_the_policy_says_so(written: str) -> None:
    for place, pattern in PLACES.items():
        request = filled(pattern, WRITTEN[written])
        assert refused(play(request)) == place
        played = play(request, completion("Done."), plan(opaque="allow"))
        assert played.sent == request
        assert place in played.opening.not_scanned


@pytest.mark.parametrize("text", ["data: 5 rows", "metadata:x;base64,y", "data:", "The data:image/png scheme", "data"])
def test_words_that_look_like_such_a_url_may_leave(text: str) -> None:
    played = play(body(text), completion("Done."))
    assert played.sent == body(text)
    assert played.opening.not_scanned == ()


def test_a_picture_stays_here_over_a_socket(house: House, upstream: FakeUpstream) -> None:
    for part in PARTS:
        response = house.post("echo", [{"type": "text", "text": PLANTED_MAIL}, part])
        assert (response.status_code, response.json()["error"]["param"]) == (403, "messages[0].content[1]")
    assert upstream.seen == []
