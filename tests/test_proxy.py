"""The proxy over a socket: routes, callers, policies, limits, and a client that leaves."""

import json
import logging
import socket
import threading
import time
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from guard.audit.acts import act_of
from guard.audit.reading import SqliteReader
from guard.cli import main
from tests.conftest import OpenHouse
from tests.house import CARD, MAIL, PROMPT, PROVIDER_KEY, TOKEN, House, leaks
from tests.upstream import FakeUpstream

SHAPE = {"message", "type", "param", "code"}


def log_size(house: House) -> int:
    return len(SqliteReader(house.data / "audit.db").list(10_000))


def body_of(model: str, content: str = PROMPT, **keys: Any) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": content}], **keys}).encode()


# --- routes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/images/generations"),
        ("POST", f"/v1/files?owner={MAIL}"),
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/v1/models/echo"),
        ("POST", "/v1/chat/completions/"),
        ("POST", "//v1/chat/completions"),
        ("POST", "/v1/Chat/completions"),
        ("OPTIONS", "/v1/chat/completions"),
        ("POST", "/"),
        ("GET", "/docs"),
    ],
)
def test_what_guard_does_not_serve_is_refused_in_shape(
    house: House, upstream: FakeUpstream, method: str, path: str
) -> None:
    response = httpx.request(method, house.url + path, content=body_of("echo"))
    assert response.status_code == 404
    assert set(response.json()["error"]) == SHAPE
    assert response.json()["error"]["code"] == "unknown_route"
    assert upstream.seen == upstream.seen_headers == []


def test_a_websocket_is_refused(house: House) -> None:
    with socket.create_connection(("127.0.0.1", int(house.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(
            b"GET /v1/chat/completions HTTP/1.1\r\nhost: guard\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert connection.recv(4096).split()[1] in {b"403", b"404"}


def test_the_numbers_of_what_happened_are_a_page(house: House) -> None:
    def numbers() -> dict[str, float]:
        page = httpx.get(f"{house.url}/metrics")
        assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert leaks(page.content) == []
        samples = (line.rpartition(" ") for line in page.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    before = numbers()
    house.post("echo", PROMPT)
    after = numbers()
    for name in (
        'guard_exchanges_total{decision="allow",outcome="completed",surface="chat"}',
        'guard_entities_total{entity="EMAIL_ADDRESS",operator="placeholder",side="prompt"}',
    ):
        assert after[name] == before.get(name, 0) + 1
    assert after["guard_exchanges_open"] == before["guard_exchanges_open"]


def test_what_a_command_does_with_the_log_is_counted_by_the_proxy_that_serves(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acts() -> dict[str, float]:
        samples = (line.rpartition(" ") for line in httpx.get(f"{house.url}/metrics").text.splitlines())
        return {name: float(value) for name, _, value in samples if name.startswith("guard_acts_total")}

    house = open_house()
    assert house.post("echo", PROMPT).status_code == 200
    (row,) = house.service.store.list(1)
    monkeypatch.chdir(house.folder)
    erased = CliRunner().invoke(main, ["audit", "erase", "--user", row.user, "--reason", "asked"])
    assert erased.exit_code == 0, erased.output
    house.service.writer.record(act_of("ann", "operator", "publish", "a place"))
    end = time.monotonic() + 20
    while len(acts()) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert acts() == {'guard_acts_total{action="erase"}': 1, 'guard_acts_total{action="publish"}': 1}


def test_where_nobody_counts_there_is_no_page(open_house: OpenHouse) -> None:
    house = open_house(config={"monitoring": {"metrics": False}})
    assert httpx.get(f"{house.url}/metrics").status_code == 404
    assert house.post("echo", PROMPT).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/healthz", "alive"), ("/readyz", "ready")])
def test_health(house: House, path: str, status: str) -> None:
    response = httpx.get(house.url + path)
    assert (response.status_code, response.json()) == (200, {"status": status})


@pytest.mark.parametrize(("method", "told"), [("HEAD", b""), ("GET", b'{"status":"alive"}')])
def test_a_client_that_knocks_hears_that_guard_is_there(
    house: House, upstream: FakeUpstream, method: str, told: bytes
) -> None:
    before = log_size(house)
    with httpx.Client(base_url=house.url) as client:
        knocked = client.request(method, "/", headers={"authorization": f"Bearer {PROVIDER_KEY}"})
        assert (knocked.status_code, knocked.content, knocked.headers["content-length"]) == (200, told, "18")
        assert client.get("/healthz").json() == {"status": "alive"}  # on the same connection: nothing was left over
    assert upstream.seen == upstream.seen_headers == []
    assert log_size(house) == before


def test_guard_is_not_ready_without_its_log(open_house: OpenHouse) -> None:
    house = open_house()
    (house.data / "audit.db").rename(house.data / "moved.db")
    response = httpx.get(f"{house.url}/readyz")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "audit_unavailable")


def test_models_come_from_the_configuration_and_from_the_upstreams(
    open_house: OpenHouse, upstream: FakeUpstream
) -> None:
    url = f"{upstream.url}/v1"
    upstreams = [
        {"name": "named", "url": "http://127.0.0.1:1/v1", "models": ["small", "large"]},
        {"name": "dead", "url": "http://127.0.0.1:1/v1", "models": ["other-*"]},
        {"name": "fake", "url": url, "models": ["e*"]},
        {"name": "again", "url": url},
    ]
    house = open_house(config={"upstreams": upstreams})
    listed = httpx.get(f"{house.url}/v1/models", headers={"authorization": f"Bearer {PROVIDER_KEY}"}).json()
    assert [model["id"] for model in listed["data"]] == ["small", "large", "echo"]
    assert upstream.seen_headers[0]["authorization"] == f"Bearer {PROVIDER_KEY}"


def test_models_of_an_upstream_that_is_not_there(open_house: OpenHouse) -> None:
    house = open_house(address="http://127.0.0.1:1")
    response = httpx.get(f"{house.url}/v1/models")
    assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_error")


# --- what comes in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b'{"model": "echo", "model": "echo", "messages": []}', None),
        (b'{"model": "echo", "messages": [], "metadata": {"a": 1, "a": 2}}', None),
        (b'{"model": "echo", "messages": [], "temperature": NaN}', None),
        (b"[" * 100_000, None),
        (b'{"messages": []}', "model"),
        (json.dumps({"model": f"no model {MAIL}", "messages": []}).encode(), "model"),
        (b'{"model": "echo", "messages": {}}', "messages"),
        (b'{"model": "echo", "messages": ["hello"]}', "messages"),
        (b'{"model": "echo", "messages": [], "stream": "yes"}', "stream"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    house: House, upstream: FakeUpstream, body: bytes, param: str | None
) -> None:
    response = httpx.post(f"{house.url}/v1/chat/completions", content=body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert (set(error), error["type"], error["param"]) == (SHAPE, "invalid_request_error", param)
    assert leaks(response.content) == []
    assert upstream.seen == []


def test_a_value_in_the_name_of_a_model_does_not_leave(house: House, upstream: FakeUpstream) -> None:
    response = house.post(f"ft:{MAIL}", "hello")
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "model"
    assert leaks(response.content) == []
    assert upstream.seen == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(open_house: OpenHouse, upstream: FakeUpstream, chunked: bool) -> None:
    house = open_house(config={"limits": {"body_bytes": 1000}})
    body = body_of("echo", "x" * 1000)
    content: Any = iter([body[:700], body[700:]]) if chunked else body
    response = httpx.post(f"{house.url}/v1/chat/completions", content=content)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
    assert house.post("echo", "short").status_code == 200


def test_a_reply_over_the_limit_is_an_upstream_error(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(config={"limits": {"reply_bytes": 2000}})
    upstream.replies["long"] = "word " * 1000
    for stream in (False, True):
        response = house.post("say:long", "hello", stream=stream)
        assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_error")
        assert house.closing(response).outcome == "upstream_error"


def test_a_failure_of_guard_itself_shows_no_traceback_and_no_value(
    house: House, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(PROMPT)

    monkeypatch.setattr(type(house.service), "plan", fail)
    # The checker of the layers, run by another test in this process, switches off every logger that it finds.
    monkeypatch.setattr(logging.getLogger("guard"), "disabled", False)
    response = house.post("echo", PROMPT)
    assert (response.status_code, response.json()["error"]["code"]) == (500, "guard_error")
    assert leaks(response.content) == []
    assert "internal error: RuntimeError at" in caplog.text


# --- headers and the end of a stream -----------------------------------------------------------------------------


def test_every_reply_names_its_exchange_and_its_decision(house: House) -> None:
    response = house.post("echo", PROMPT)
    assert response.headers["x-guard-decision"] == "allow"
    opening, closing = house.opening(response), house.closing(response)
    assert (opening.model, opening.surface, opening.stream, opening.upstream) == ("echo", "chat", False, "fake")
    assert {span.entity for span in opening.spans} == {"EMAIL_ADDRESS", "CREDIT_CARD", "PHONE_NUMBER"}
    assert (closing.outcome, closing.decision, closing.status) == ("completed", "allow", 200)
    assert closing.usage["total_tokens"] == 7
    assert closing.reply == closing.sent
    assert "<EMAIL_ADDRESS_" in closing.reply
    assert {"recognize", "mask", "upstream"} <= closing.timings_ms.keys()


@pytest.mark.parametrize("model", ["echo", "observe/echo"])
def test_a_stream_ends_with_its_decision_as_a_comment(house: House, model: str) -> None:
    response = house.post(model, PROMPT, stream=True)
    assert response.text.endswith("\n\n: x-guard-decision: allow\n\ndata: [DONE]\n\n")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert house.closing(response).outcome == "completed"
    assert ("x-guard-decision" in response.headers) == (model == "echo")  # `observe` does not know it yet


def test_a_reply_that_needed_no_change_is_the_same_bytes(house: House, upstream: FakeUpstream) -> None:
    body = body_of("echo", "hello  <b>&amp; \\u00e9 é")
    direct = httpx.post(f"{upstream.url}/v1/chat/completions", content=body)
    through = httpx.post(f"{house.url}/v1/chat/completions", content=body)
    assert through.content == direct.content
    assert upstream.seen == [body, body]


def test_of_the_callers_headers_only_identifiers_go_on(house: House, upstream: FakeUpstream) -> None:
    headers = {
        "authorization": f"Bearer {PROVIDER_KEY}",
        "openai-organization": "org-a1",
        "openai-project": f"{MAIL}",
        "x-user": MAIL,
        "cookie": f"card={CARD}",
        "user-agent": MAIL,
    }
    house.post("echo", "hello", headers=headers)
    seen = upstream.seen_headers[0]
    assert seen["openai-organization"] == "org-a1"
    assert seen["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert not {"openai-project", "x-user", "cookie", "user-agent"} & seen.keys()


@pytest.mark.parametrize(
    ("name", "value", "passes"),
    [
        ("openai-project", "proj_Xy12", True),
        ("openai-beta", "assistants=v2, realtime=v1", True),
        ("anthropic-version", "2023-06-01", True),
        ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14, context-1m-2025-08-07", True),
        ("anthropic-beta", "max-tokens-3-5-sonnet-2024-07-15", True),
        ("anthropic-beta", f"{TOKEN}-2025-05-14", False),
        ("anthropic-beta", f"a-{CARD.replace(' ', '-')}-2025-05-14", False),
        ("openai-organization", CARD.replace(" ", ""), False),
        ("openai-organization", f"org-{CARD.replace(' ', '')}", False),
        ("openai-beta", "assistants=v4111111111111111", False),
    ],
)
def test_a_header_goes_on_in_its_own_shape_alone(
    house: House, upstream: FakeUpstream, name: str, value: str, passes: bool
) -> None:
    house.post("echo", "hello", headers={name: value})
    assert (upstream.seen_headers[0].get(name) == value) is passes


# --- hold, observe, and a client that leaves ---------------------------------------------------------------------


def test_observe_lets_the_first_words_through_before_the_upstream_has_finished(
    house: House, upstream: FakeUpstream
) -> None:
    with house.connect(body_of("observe/gate", stream=True)) as connection:
        received = b""
        while b"Write" not in received:
            received += connection.recv(65536)
        assert not upstream.gate.is_set()
        upstream.gate.set()
        while b"[DONE]" not in received:
            received += connection.recv(65536)
    assert b"alice.meyer" in received


def test_a_stream_that_waits_says_that_it_is_alive(
    house: House, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.proxy.client.KEEP_ALIVE_S", 0.05)
    with house.connect(body_of("observe/gate", stream=True)) as connection:
        received = b""
        while received.count(b": keep-alive\n\n") < 3:
            received += connection.recv(65536)
        upstream.gate.set()
        while b"[DONE]" not in received:
            received += connection.recv(65536)
    told = received.split(b"\r\n\r\n", 1)[1]
    assert told.count(b"alice.meyer") == 1
    assert told.rindex(b"keep-alive") < told.index(b"[DONE]")


def test_hold_lets_nothing_through_before_the_upstream_has_finished(house: House, upstream: FakeUpstream) -> None:
    with house.connect(body_of("hold/gate", stream=True)) as connection:
        assert upstream.begun.wait(20)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        upstream.gate.set()
        connection.settimeout(20)
        received = b""
        while b"[DONE]" not in received:
            received += connection.recv(65536)
    assert b"alice.meyer" in received


@pytest.mark.parametrize("mode", ["", "observe/"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_is_logged_and_the_upstream_is_let_go(
    house: House, upstream: FakeUpstream, mode: str, stream: bool
) -> None:
    model = f"{mode}gate" if stream else f"{mode}slow"
    connection = house.connect(body_of(model, stream=stream))
    if stream:
        assert upstream.begun.wait(20)
    else:
        while not upstream.seen:
            time.sleep(0.005)
    if stream and mode:
        connection.recv(1)
    connection.close()
    closing = house.newest().closing
    assert closing is not None
    assert (closing.outcome, closing.status) == ("client_gone", 499)
    assert upstream.gone.acquire(timeout=20)


def test_a_client_that_leaves_before_its_request_is_complete(
    house: House, upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    before = log_size(house)
    house.connect(body_of("echo"), length=10_000).close()
    assert house.post("echo", "hello").status_code == 200
    assert log_size(house) == before + 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_many_exchanges_at_once_keep_their_values_apart(house: House, upstream: FakeUpstream) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        text = f"Write to user{number}@example.com and {MAIL}."
        model = ("echo", "observe/echo")[number % 2]
        answers[number] = house.post(model, text).json()["choices"][0]["message"]["content"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"Write to user{number}@example.com and {MAIL}." for number in range(24)}
