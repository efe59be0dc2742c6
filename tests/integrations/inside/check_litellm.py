"""guard inside LiteLLM's own proxy, on a socket, in front of a model server on another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["LITELLM_MODE"] = "PRODUCTION"

# Before litellm, which it keeps from downloading anything.
from guard.integrations.litellm import RefusedCallError, StreamWithheldError  # isort: skip

import httpx
import litellm
import pytest
import yaml
from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth
from litellm.types.utils import ModelResponseStream

from guard.audit.reading import Recorded, SqliteReader
from guard.library import Guard
from tests.house import CARD, MAIL, PROMPT, Scripted, leaks, policy, start
from tests.integrations.inside.rail import Rail
from tests.test_proxy_review import NEW, THREAT, WEAPON, told
from tests.upstream import FakeUpstream, serve

RULES = (
    policy(review={"constitution": "test"}),
    policy("held", applies_to={"models": ["held/*"]}, precedence=1, review={"constitution": "test", "stream": "hold"}),
    policy("strict", applies_to={"models": ["strict/*"]}, precedence=1, mask={"entities": {"CREDIT_CARD": "block"}}),
)


KEY = "sk-" + "k3Yq9" * 8
EXAMPLE = Path(__file__).parents[3] / "examples" / "integrations" / "litellm.yaml"
CALLER = {"authorization": f"Bearer {KEY}"}


@dataclass(frozen=True)
class Place:
    url: str
    folder: Path

    def post(self, model: str, content: str, path: str = "/v1/chat/completions", **keys: Any) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": content}], **keys}
        return httpx.post(f"{self.url}{path}", json=body, headers=CALLER, timeout=30)

    def recorded(self) -> Recorded:
        reader = SqliteReader(self.folder / "guard-data" / "audit.db")
        found = reader.show(reader.list(1)[0].exchange)
        assert found is not None
        return found


class Kept(litellm.integrations.custom_logger.CustomLogger):  # type: ignore[name-defined]
    """What litellm would hand to a place where calls are logged."""

    seen: list[str] = []  # noqa: RUF012

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.seen.append(repr(kwargs) + repr(response_obj))

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.seen.append(repr(kwargs) + repr(response_obj))


@pytest.fixture(scope="module")
def _place(_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    from litellm.proxy import proxy_server

    folder = tmp_path_factory.mktemp("litellm")
    config = yaml.safe_load(EXAMPLE.read_text())
    config["guardrails"][0]["litellm_params"]["guardrail"] = "tests.integrations.inside.rail.Rail"
    config |= {"router_settings": {"num_retries": 0}, "general_settings": {"master_key": KEY}}
    os.environ |= {"GUARD_EXAMPLE_UPSTREAM": f"{_upstream.url}/v1", "OPENAI_API_KEY": "sk-provider"}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    os.environ["CONFIG_FILE_PATH"] = str(folder / "config.yaml")
    Rail.made = Guard(start(folder, "http://127.0.0.1:9", RULES, critic=Scripted()))
    with Rail.made, serve(proxy_server.app) as url:
        litellm.logging_callback_manager.add_litellm_callback(Kept())
        yield Place(url, folder)


@pytest.fixture
def place(_place: Place, upstream: FakeUpstream) -> Iterator[Place]:
    Kept.seen.clear()
    yield _place
    assert [leak for body in upstream.seen for leak in leaks(body)] == []
    files = [file for file in (_place.folder / "guard-data").iterdir() if file.is_file()]
    assert [file.name for file in files if leaks(file.read_bytes())] == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["echo", "split", "held/echo"])
def test_what_is_sent_is_masked_and_what_comes_back_restored(place: Place, model: str, stream: bool) -> None:
    response = place.post(model, PROMPT, stream=stream)
    assert response.status_code == 200, response.text
    assert told(response) == PROMPT
    recorded = place.recorded()
    assert recorded.closing is not None
    assert (recorded.closing.outcome, recorded.opening.principal.application) == ("completed", "litellm")


@pytest.mark.parametrize("stream", [False, True])
def test_what_offends_is_mended_or_withheld(place: Place, upstream: FakeUpstream, stream: bool) -> None:
    upstream.replies["it"] = THREAT
    assert told(place.post("say:it", "Hello", stream=stream)) == "Pay now, [removed: no-threats]. Thanks."
    upstream.replies["it"] = NEW
    assert "new.person" not in place.post("say:it", "Hello", stream=stream).text
    upstream.replies["it"] = WEAPON
    refused = place.post("say:it", "Hello", stream=stream)
    assert "rifle" not in refused.text
    assert "blocked_by_guard" in refused.text
    assert refused.status_code == (200 if stream else 403)  # LiteLLM has begun the stream by then
    closing = place.recorded().closing
    assert closing is not None
    assert (closing.outcome, closing.decision) == ("blocked", "block")


async def test_a_stream_is_told_window_by_window_and_no_further(place: Place) -> None:
    """The hooks as litellm calls them, so that it can be seen what was asked for when something was told."""
    (rail,) = litellm.logging_callback_manager.get_custom_loggers_for_type(Rail)
    message = {"role": "user", "content": f"Hello {MAIL}"}
    body = {"model": "m", "stream": True, "messages": [message]}
    data: dict[str, Any] = {**body, "proxy_server_request": {"body": dict(body)}}
    caller = UserAPIKeyAuth(user_id="ann", team_id="sales")
    assert await rail.async_pre_call_hook(caller, None, data, "acompletion") is data
    assert leaks(repr(data).encode()) == []
    asked: list[str] = []

    async def chunks() -> AsyncIterator[Any]:
        for text in (f"To {data['messages'][0]['content'][6:]}.\n", "Buy a ", "rifle.\n", ""):
            asked.append(text)
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": None if text else "stop"}
            yield ModelResponseStream(choices=[choice])

    told: list[tuple[str, int]] = []
    stream = rail.async_post_call_streaming_iterator_hook(caller, chunks(), data)
    told.append(((await anext(stream)).choices[0].delta.content, len(asked)))
    with pytest.raises(StreamWithheldError, match="no-weapons"):
        await anext(stream)
    assert told == [(f"To {MAIL}.\n", 1)]
    with pytest.raises(HTTPException, match="has not seen"):
        await rail.async_post_call_success_hook(data, caller, None)


def test_tools_are_restored_inside_their_json(place: Place) -> None:
    for stream in (False, True):
        response = place.post("tool", MAIL, stream=stream)
        assert MAIL in response.text.replace('"}}', "") or MAIL in "".join(arguments(response))


def arguments(response: httpx.Response) -> Iterator[str]:
    for line in response.text.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line[6:])["choices"]:
                for call in choice["delta"].get("tool_calls") or ():
                    yield call["function"].get("arguments") or ""


def test_what_may_not_leave_does_not(place: Place, upstream: FakeUpstream) -> None:
    refused = place.post("strict/echo", f"Card {CARD}")
    assert (refused.status_code, "CREDIT_CARD" in refused.text, CARD in refused.text) == (403, True, False)
    assert upstream.seen == []


def test_a_caller_cannot_switch_it_off(place: Place) -> None:
    for more in (
        {"metadata": {"disable_global_guardrails": True}},
        {"guardrails": []},
        {"disable_global_guardrails": 1},
    ):
        place.post("echo", PROMPT, **more)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"input": PROMPT}),
        ("/v1/completions", {"prompt": PROMPT}),
        ("/v1/responses", {"input": PROMPT}),
        ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": PROMPT}]}),
        ("/v1/moderations", {"input": PROMPT}),
    ],
)
def test_other_apis_are_refused(place: Place, upstream: FakeUpstream, path: str, body: dict[str, Any]) -> None:
    refused = httpx.post(f"{place.url}{path}", json={"model": "echo", **body}, headers=CALLER, timeout=30)
    assert (refused.status_code, "guard's own proxy" in refused.text) == (404, True), refused.text
    assert upstream.seen == []


def test_a_model_that_fails_is_on_record(place: Place) -> None:
    failed = place.post("status:400", PROMPT)
    assert failed.status_code == 400
    assert MAIL not in failed.text
    closing = place.recorded().closing
    assert closing is not None
    assert closing.outcome == "upstream_error"


def test_what_litellm_logs_is_masked(place: Place) -> None:
    place.post("echo", PROMPT, metadata={"asked_by": MAIL}, user=MAIL)
    place.post("echo", PROMPT, stream=True)
    place.post("strict/echo", PROMPT)
    place.post("status:400", PROMPT)
    for _ in range(100):
        if len(Kept.seen) >= 3:
            break
        time.sleep(0.05)
    assert Kept.seen
    assert [leak for text in Kept.seen for leak in leaks(text.encode())] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"input": [PROMPT]}),
        ("/v1/completions", {"prompt": PROMPT}),
        ("/v1/responses", {"input": PROMPT, "instructions": PROMPT}),
        ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": PROMPT}]}),
        ("/v1/moderations", {"input": PROMPT}),
        ("/v1/chat/completions", {"model": "strict/echo", "messages": [{"role": "user", "content": f"Card {CARD}"}]}),
    ],
)
def test_nothing_of_what_was_refused_is_logged(place: Place, path: str, body: dict[str, Any]) -> None:
    words = {
        "user": MAIL,
        "tags": [MAIL],
        "litellm_session_id": MAIL,
        "metadata": {"asked_by": MAIL, "tags": [MAIL], "session_id": MAIL},
        "litellm_metadata": {"asked_for": MAIL, "spend_logs_metadata": {"who": MAIL}},
    }
    refused = httpx.post(f"{place.url}{path}", json={"model": "echo", **words, **body}, headers=CALLER, timeout=30)
    assert refused.status_code >= 400, refused.text
    chat = path == "/v1/chat/completions"
    for _ in range(100 if chat else 10):
        if Kept.seen:
            break
        time.sleep(0.05)
    assert bool(Kept.seen) == chat
    assert [leak for text in Kept.seen for leak in leaks(text.encode())] == []


def test_importing_it_contacts_nobody() -> None:
    """In a process of its own, with every address and every connection on record."""
    program = """
import socket, sys
def told(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print(event, args[0] if event == "socket.getaddrinfo" else args[1], flush=True)
sys.addaudithook(told)
import guard.integrations.litellm
"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM_")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


async def test_a_call_without_a_model_is_refused_like_any_other(place: Place) -> None:
    (rail,) = litellm.logging_callback_manager.get_custom_loggers_for_type(Rail)
    body: dict[str, Any] = {"input": PROMPT, "metadata": {"asked_by": MAIL}}
    for more in ({}, {"messages": [{"role": "user", "content": PROMPT}]}):
        for kind in ("aembedding", "acompletion"):
            sent = {**body, **more}
            data: dict[str, Any] = {**sent, "proxy_server_request": {"body": dict(sent)}}
            with pytest.raises((HTTPException, RefusedCallError)) as refused:
                await rail.async_pre_call_hook(UserAPIKeyAuth(), None, data, kind)
            assert refused.value.status_code in {400, 404}
            assert leaks(repr(data).encode()) == []
