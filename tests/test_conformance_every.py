"""What is the same on every route: bytes, answers of another kind, and retries of the SDKs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.house import PROMPT, House
from tests.upstream import FakeUpstream

OPENAI = {"message", "type", "param", "code"}
ANTHROPIC = OPENAI - {"param"} | {"details"}
KEY = {"x-api-key": "sk-caller"}  # without which Anthropic's routes of the fake upstream answer 401
COMMENT = b": x-guard-decision: allow\n\n"


@dataclass(frozen=True)
class Route:
    """A route: the field that says something, what a reply of another shape lacks, and the models that it knows."""

    path: str
    field: str
    lacks: str
    models: tuple[str, ...] = ("echo", "observe/echo", "reviewed/echo")
    streams: bool = True

    def body(self, content: str, model: str, **keys: Any) -> dict[str, Any]:
        if self.field == "messages":
            return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": content}], **keys}
        return {"model": model, self.field: content, **keys}

    @property
    def is_anthropics(self) -> bool:
        return self.path.startswith("/v1/messages")


TALKING = ("echo", "tool", "think", "observe/echo", "reviewed/echo")
ROUTES = (
    Route("/v1/chat/completions", "messages", "no list of choices", TALKING),
    Route("/v1/responses", "input", "no list of output", TALKING),
    Route("/v1/messages", "messages", "no list of content", TALKING),
    Route("/v1/messages/count_tokens", "messages", "no count of tokens", streams=False),
    Route("/v1/completions", "prompt", "no list of choices"),
    Route("/v1/embeddings", "input", "not one of this route", streams=False),
    Route("/v1/moderations", "input", "not one of this route", streams=False),
)
STREAMING = [(route, stream) for route in ROUTES for stream in (False, True) if route.streams or not stream]


def ids(value: Any) -> str | None:
    return value.path.removeprefix("/v1/") if isinstance(value, Route) else None


@pytest.mark.parametrize(
    ("route", "model", "stream"),
    [(route, model, stream) for route, stream in STREAMING for model in route.models],
    ids=ids,
)
def test_what_needed_no_change_is_the_same_bytes(
    house: House, upstream: FakeUpstream, route: Route, model: str, stream: bool
) -> None:
    body = json.dumps(route.body("hello  <b>&amp; \\u00e9 é", model, stream=stream)).encode()
    direct = httpx.post(f"{upstream.url}{route.path}", content=body, headers=KEY)
    through = httpx.post(f"{house.url}{route.path}", content=body, headers=KEY)
    assert direct.status_code == through.status_code == 200
    assert through.content.replace(COMMENT, b"") == direct.content
    assert through.content.count(COMMENT) == stream
    assert upstream.seen == [body, body]


@pytest.mark.parametrize(("route", "stream"), STREAMING, ids=ids)
@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("nonsense", "not valid JSON"),
        ("array", "not one of this route"),
        ("empty", "not valid JSON"),
        ("html", "without saying why"),
        ("redirect", "redirect"),
    ],
)
def test_an_answer_of_another_kind_is_an_error_in_shape(
    house: House, upstream: FakeUpstream, route: Route, model: str, words: str, stream: bool
) -> None:
    keys = {"stream": True} if stream else {}
    response = httpx.post(house.url + route.path, json=route.body(PROMPT, model, **keys), headers=KEY, timeout=20)
    told = response.json()
    error = told["error"]
    assert (response.status_code, set(error)) == (502, ANTHROPIC if route.is_anthropics else OPENAI)
    assert (told.get("type"), error["type"]) == (
        ("error", "api_error") if route.is_anthropics else (None, "server_error")
    )
    assert words in error["message"]
    assert route.lacks in error["message"] or model != "array"
    assert house.closing(response).outcome == ("refused" if model == "html" else "upstream_error")
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("route", ROUTES, ids=ids)
@pytest.mark.parametrize(("model", "calls"), [("flaky", 2), ("status:429", 3)])
def test_the_sdk_retries_as_told(house: House, upstream: FakeUpstream, route: Route, model: str, calls: int) -> None:
    client: Any = house.anthropic(max_retries=2) if route.is_anthropics else house.openai(max_retries=2)
    path = route.path if route.is_anthropics else route.path.removeprefix("/v1")
    body = route.body(PROMPT, model)
    if model == "flaky":
        client.post(path, body=body, cast_to=object)
    else:
        with pytest.raises((openai.RateLimitError, anthropic.RateLimitError)):
            client.post(path, body=body, cast_to=object)
    assert len(upstream.seen) == calls
