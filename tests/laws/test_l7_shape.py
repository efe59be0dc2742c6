"""L7: whatever comes in, what goes out has OpenAI's shape and a fitting status: no traceback, no value, no disguise."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.asks import Ask, Bind, Judge, Next, Recognize, Record, Response, Send
from guard.audit.reading import SqliteReader
from guard.backends.upstreams import EventSplitter
from guard.errors import (
    AuditError,
    CriticError,
    GuardError,
    RecognizerError,
    RequestError,
    UpstreamError,
    UpstreamTimeout,
)
from guard.surfaces.table import BY_NAME
from guard.types import Closing, Opening
from tests.conftest import SHARED, OpenHouse
from tests.dialogue import (
    BOB,
    CARD,
    DIGITS,
    DONE,
    MAIL,
    NAME,
    SECRET,
    STOP,
    Played,
    body,
    completion,
    constitution,
    event,
    events,
    plan,
    play,
)
from tests.house import House, Scripted, leaks
from tests.upstream import FakeUpstream, raw

SHAPE = {"message", "type", "param", "code"}
PLANTED = (MAIL, CARD, SECRET, NAME, BOB)
MASKED = play(body(MAIL), completion("")).sent["messages"][0]["content"]

# --- what may come in ----------------------------------------------------------------------------------------------

FIELDS = """
    model messages role content name tool_calls tool_call_id id type function arguments text image_url url tools
    response_format stream stream_options logprobs metadata user stop choices index delta message finish_reason usage
    error code param refusal object created audio
""".split()  # noqa: SIM905 - forty quoted words would be harder to read
texts = st.sampled_from((*PLANTED, MASKED, "", "stop", "text", "user", "[DONE]", "or else", "rifle", "\ud800", "<A_B"))
numbers = st.sampled_from((0, 1, -1, 3, 0.5, 1e300, 10**30, 4111111111111111, float("nan")))
scalars = st.none() | st.booleans() | numbers | texts | st.text(max_size=5)
keys = st.sampled_from(FIELDS) | st.sampled_from(PLANTED) | st.text(max_size=3).filter(lambda key: key != "n")
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)

FUNCTION = {"name": "send", "arguments": json.dumps({"to": MASKED})}
CALL = {"index": 0, "id": "c1", "type": "function", "function": FUNCTION}
REQUEST = {
    "model": "echo",
    "messages": [
        {"role": "system", "content": f"Help {NAME}."},
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": BOB}}]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps([SECRET])},
        {"role": "user", "content": [{"type": "text", "text": f"Write to {MAIL}, card {CARD}."}]},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "stream": False,
    "user": MAIL,
}
TOKENS = {"content": [{"token": MASKED, "logprob": -1.0, "bytes": None, "top_logprobs": []}]}
REPLY = json.loads(completion(f"To {MASKED}, or else.", {"role": "assistant", "content": None, "tool_calls": [CALL]}))
REPLY |= {"usage": {"total_tokens": 7}, "created": 1700000000}
REPLY["choices"][0]["logprobs"] = TOKENS
ERROR = {"error": {"message": f"no {MASKED}", "type": "server_error", "param": None, "code": "x"}}
CHUNKS: tuple[Any, ...] = (
    *(json.loads(part[6:]) for part in (event({"role": "assistant"}), event(f"To {MASKED}"), event("rifle", 1), STOP)),
    json.loads(event({"tool_calls": [CALL]})[6:]),
    {**json.loads(event()[6:]), "choices": [], "usage": {"total_tokens": 7}},
)


def swept(value: Any) -> Iterator[Any]:
    """`value` with each of its items, itself included, in the place of which stands something odd."""
    yield from (None, 7, "text", [], {}, ["text"], {"a": {"b": "text"}}, [[{"a": "text"}]])
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: odd} for odd in swept(item))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], odd, *value[at + 1 :]] for odd in swept(item))


@st.composite
def place(draw: st.DrawFn, value: Any) -> tuple[Any, Any]:
    """A place in a JSON value, as its holder and its key there; the outer ones are as likely as the inner ones."""
    inner = list(value) if isinstance(value, dict) else range(len(value))
    key = draw(st.sampled_from(inner))
    deeper = isinstance(value[key], dict | list) and value[key] and draw(st.integers(0, 3))
    return draw(place(value[key])) if deeper else (value, key)


@st.composite
def mutated(draw: st.DrawFn, *wholes: Any) -> Any:
    """One of `wholes` with some items replaced, taken out, added or put one level deeper."""
    whole = copy.deepcopy(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(place(whole)) if whole else (whole, draw(keys))
        match draw(st.sampled_from(("replace", "replace", "add", "remove", "wrap"))):
            case "wrap" if holder:
                holder[key] = {draw(keys): holder[key]} if draw(st.booleans()) else [holder[key]]
            case "remove" if holder:
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(keys)] = draw(anything)
            case _:
                holder[key] = draw(anything)
    return whole


@st.composite
def scrambled(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were cut off, or of which some are others."""
    data = draw(whole)
    start, length = draw(st.integers(0, len(data))), draw(st.integers(0, 5))
    return data[:start] if draw(st.booleans()) else data[:start] + draw(st.binary(max_size=5)) + data[start + length :]


def documents(*wholes: Any) -> st.SearchStrategy[bytes]:
    """JSON as bytes: close to one of `wholes`, or far from it, or not quite JSON, or nothing of the kind."""
    near = mutated(*wholes).map(lambda value: json.dumps(value).encode())
    return near | near | scrambled(near) | anything.map(lambda value: json.dumps(value).encode()) | st.binary()


FAILED = b"data: " + json.dumps(ERROR).encode() + b"\n\n"
junk = st.sampled_from(
    (b": ping\n\n", b"\n\n", b"event: error\n\n", b"data:\n\n", b"data\n\n", b"id: 1\r\r", b"\r", DONE, FAILED)
)
ends = st.sampled_from(("\n\n", "\n\n", "\r\n\r\n", "\r\r", "\n"))


@st.composite
def streamed(draw: st.DrawFn) -> list[Any]:
    """The events of a stream as they arrive: mutated, cut anywhere, at the end of which the connection may break."""
    told = st.tuples(documents(*CHUNKS, ERROR), ends).map(lambda one: b"data: " + one[0] + one[1].encode())
    good = st.sampled_from(CHUNKS).map(lambda chunk: b"data: " + json.dumps(chunk).encode() + b"\n\n")
    parts = draw(st.lists(good | good | told | junk, max_size=6))
    data = b"".join([*parts, *draw(st.sampled_from(((STOP, DONE), (STOP,), (DONE,), ())))])
    data = data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data
    splitter, size = EventSplitter(10**6), draw(st.integers(1, 200))
    batches: list[Any] = [splitter.feed(data[at : at + size]) for at in range(0, len(data), size)]
    batches.append([rest] if (rest := splitter.flush()) else [])
    failures = st.sampled_from(((), (), (UpstreamError("It broke off."),), (UpstreamTimeout("It was too slow."),)))
    return [batch for batch in batches if batch] + list(draw(failures))


# --- what may go out -----------------------------------------------------------------------------------------------


def assert_error(told: Any, *, own: bool = True) -> None:
    """An error in OpenAI's shape, and nothing else. The upstream's, passed on, may say less or more of itself."""
    assert isinstance(told["error"], dict)
    assert isinstance(told["error"].get("message"), str)
    assert "choices" not in told
    if own:
        assert set(told) == {"error"}
        assert set(told["error"]) == SHAPE
        assert all(isinstance(told["error"][key], str) for key in ("message", "type", "code"))
        assert leaks(json.dumps(told).encode(), PLANTED) == []
        assert "Traceback" not in told["error"]["message"]


def assert_reply(told: Any) -> None:
    assert all(isinstance(choice, dict) for choice in told["choices"])
    assert not told.get("error")


def as_a_client_reads(stream: bytes) -> Iterator[str]:
    """The data of each event, as the standard of server-sent events has it."""
    data: list[str] = []
    for line in re.split("\r\n|\n|\r", stream.decode("utf-8", "replace").removeprefix("\ufeff")):
        if not line and data:
            yield "\n".join(data)
            data = []
        elif line == "data" or line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))


def finishes(chunk: Any) -> list[Any]:
    choices = chunk.get("choices") if isinstance(chunk.get("choices"), list) else []
    return [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)]


def assert_stream(stream: bytes, *, completed: bool) -> None:
    """Objects and, where the stream came to its end, perhaps [DONE]; else one error, which is the last of them."""
    data = [data.strip() for data in as_a_client_reads(stream)]
    told = [json.loads(text) for text in data if text not in {"", "[DONE]"}]
    assert all(isinstance(one, dict) for one in told)
    failed = [one for one in told if one.get("error")]
    assert bool(failed) != completed
    if completed:
        assert "[DONE]" in data or any(finish for one in told for finish in finishes(one))
    else:
        assert failed == told[-1:]
        assert data[-1] != "[DONE]"
        assert_error(failed[0])


def assert_shape(status: int, headers: Mapping[str, str], told: bytes, *, completed: bool, own: bool = True) -> None:
    assert 200 <= status <= 599
    if headers["content-type"].startswith("text/event-stream"):
        assert status < 400
        assert_stream(told, completed=completed)
    elif status >= 400:
        assert_error(json.loads(told), own=own)
    else:
        assert_reply(json.loads(told))
    if not headers["content-type"].startswith("text/event-stream"):
        assert completed == (status < 400)


def assert_told(played: Played) -> None:
    """What an exchange told its client; its entry, if it was opened, says the same."""
    heads = [emit.head for emit in played.asks if hasattr(emit, "head")]
    assert heads[1:] == [None] * len(heads[1:])
    closings = [ask.entry for ask in played.of(Record) if isinstance(ask.entry, Closing)]
    assert len(closings) == len([ask for ask in played.of(Record) if isinstance(ask.entry, Opening)])
    outcome = closings[0].outcome if closings else "refused by guard"
    headers = played.head.headers
    assert_shape(played.head.status, headers, played.told, completed=outcome == "completed", own=outcome != "refused")
    assert headers.get("content-length", str(len(played.told))) == str(len(played.told))


plans = st.sampled_from((
    {}, {}, {"opaque": "allow"}, {"mask": {"default": "redact"}}, {"mask": {"default": "block"}},
    {"constitution": constitution()}, {"review": {"constitution": None, "stream": "observe"}},
    {"constitution": constitution(), "review": {"constitution": "test", "stream": "observe"}},
))  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(REQUEST, REQUEST, body(MAIL), body(model=MAIL), body(seed=int(DIGITS))), plans)
def test_whatever_is_asked(request_: bytes, keys: dict[str, Any]) -> None:
    try:
        played = play(request_, completion("Done."), plan(**keys))
    except RequestError as refusal:  # which the proxy tells as any other
        assert 400 <= refusal.status < 500
        assert leaks(f"{refusal.message}{refusal.param}".encode(), PLANTED) == []
        return
    assert_told(played)
    assert (played.head.status == 200) == bool(played.of(Send))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from((200, 200, 200, 201)) | st.integers(400, 599), documents(REPLY, REPLY, ERROR, REPLY | ERROR), plans
)
def test_whatever_the_upstream_answers(status: int, reply: bytes, keys: dict[str, Any]) -> None:
    played = play(body(f"To {MAIL}"), Response(status, {}, reply), plan(**keys))
    assert_told(played)
    if played.of(Send) and played.closing.outcome in {"refused", "completed"}:
        assert played.head.status == status


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(streamed(), plans)
def test_whatever_the_upstream_streams(batches: list[Any], keys: dict[str, Any]) -> None:
    played = play(body(f"To {MAIL}", stream=True), batches, plan(**keys))
    assert_told(played)


# --- every surface -------------------------------------------------------------------------------------------------

SAID = {"type": "output_text", "text": f"To {MASKED}, or else."}
ITEM = {"type": "message", "id": "m1", "role": "assistant", "content": [SAID]}
COMPLETED = {"index": 0, "text": MASKED, "finish_reason": "stop", "logprobs": TOKENS}
# By surface: a request, a reply and the events of a stream.
APIS: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
    "chat": (REQUEST, REPLY, CHUNKS),
    "responses": (
        {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": MAIL}]}], "user": NAME},
        {"id": "r1", "object": "response", "status": "completed", "output": [ITEM]},
        (
            {"type": "response.output_item.added", "output_index": 0, "item": ITEM},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": MASKED},
            {"type": "response.completed", "response": {"id": "r1", "object": "response", "output": [ITEM]}},
        ),
    ),
    "messages": (
        {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": MAIL}]}]},
        {"type": "message", "role": "assistant", "content": [{"type": "text", "text": MASKED}], "stop_reason": "end"},
        (
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": MASKED}},
            {"type": "message_stop"},
        ),
    ),
    "completions": (
        {"model": "m", "prompt": [MAIL], "user": NAME},
        {"object": "text_completion", "choices": [COMPLETED]},
        ({"object": "text_completion", "choices": [{"index": 0, "text": MASKED}]}, {"choices": [COMPLETED]}),
    ),
    "embeddings": (
        {"model": "m", "input": [MAIL], "user": NAME},
        {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]},
        (),
    ),
    "moderations": (
        {"model": "m", "input": [{"type": "text", "text": MAIL}]},
        {"id": "m1", "results": [{"flagged": False, "categories": {"violence": False}}]},
        (),
    ),
}


def assert_typed(told: bytes, *, typed: bool) -> None:
    """An error of any API; Anthropic's errors, and the events of OpenAI's newer streams, say that they are one."""
    error = json.loads(told)
    assert isinstance(error["error"]["message"], str)
    assert error.get("type") == ("error" if typed else None)
    assert leaks(told, PLANTED) == []


def told_on(name: str, request: Any, reply: Any, mode: str = "hold") -> None:
    """Play an exchange on a surface; what it tells must have the surface's shape."""
    rules = plan(opaque="allow", review={"constitution": None, "stream": mode})
    try:
        played = play(json.dumps(request).encode(), reply, rules, surface=BY_NAME[name])
    except RequestError as refusal:
        assert 400 <= refusal.status < 500
        assert leaks(f"{refusal.message}{refusal.param}".encode(), PLANTED) == []
        return
    status, streams = played.head.status, played.head.headers["content-type"].startswith("text/event-stream")
    assert 200 <= status <= 599
    if status >= 400:
        assert_typed(played.told, typed=name == "messages")
    elif not streams:
        assert isinstance(json.loads(played.told), dict)
    elif played.closing.outcome != "completed":
        *_, last = as_a_client_reads(played.told)
        assert_typed(last.encode(), typed=name in {"messages", "responses"})


@pytest.mark.parametrize("name", APIS)
def test_something_odd_in_any_place_of_a_request(name: str) -> None:
    request, reply, _ = APIS[name]
    for asked in swept(request):
        told_on(name, asked, json.dumps(reply).encode())


@pytest.mark.parametrize("name", APIS)
def test_something_odd_in_any_place_of_a_reply(name: str) -> None:
    request, reply, _ = APIS[name]
    for answered in swept(reply):
        told_on(name, request, json.dumps(answered).encode())


@pytest.mark.parametrize("name", [name for name, (_, _, events) in APIS.items() if events])
@pytest.mark.parametrize("mode", ["hold", "observe"])
def test_something_odd_in_any_place_of_an_event(name: str, mode: str) -> None:
    request, _, parts = APIS[name]
    for at in range(len(parts)):
        for odd in swept(parts[at]):
            told = [json.dumps(one).encode() for one in (*parts[:at], odd, *parts[at + 1 :])]
            told_on(name, {**request, "stream": True}, [b"data: " + one + b"\n\n" for one in told], mode)


# --- failures ------------------------------------------------------------------------------------------------------

# What fails, and the status that the client is told.
FAILURES: Sequence[tuple[type[Ask], GuardError, int]] = (
    (Recognize, RecognizerError("the recognizer failed"), 503),
    (Bind, AuditError("the vault cannot be written"), 503),
    (Record, AuditError("the log cannot be written"), 503),
    (Send, UpstreamError("The upstream could not be reached."), 502),
    (Send, UpstreamTimeout("The upstream did not answer in time."), 504),
    (Next, UpstreamTimeout("The upstream took too long."), 504),
    (Judge, CriticError("the critic took longer than 30 s"), 403),
    (Judge, GuardError("guard failed while answering this request (ValueError)."), 500),
)


@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("mode", ["whole", "hold", "observe"])
@pytest.mark.parametrize(("at", "failure", "status"), FAILURES)
def test_a_part_that_fails_is_told_with_its_status(
    at: Any, failure: GuardError, status: int, mode: str, nth: int
) -> None:
    asked = 0

    def fail(ask: Ask) -> GuardError | None:
        nonlocal asked
        asked += isinstance(ask, at)
        return failure if isinstance(ask, at) and asked >= nth else None

    stream = mode != "whole"
    rules = plan(constitution=constitution(), review={"constitution": "test", "stream": mode if stream else "hold"})
    played = play(body(MAIL, stream=stream), events("Do", "ne.") if stream else completion("Done."), rules, fail=fail)
    failed = asked >= nth
    if played.head.status != 200:
        assert failed
        assert played.head.status == status
        assert_error(json.loads(played.told))
    elif failed:  # a stream had begun; that nobody judged it is only noted
        assert mode == "observe"
        assert_stream(played.told, completed=isinstance(failure, CriticError))


# --- over sockets --------------------------------------------------------------------------------------------------

MODELS = ("echo", "split", "observe/echo", "reviewed/echo", "block/echo", "redact/echo", "opaque/tool", "status:429")
ONE_HOUSE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@dataclass(frozen=True)
class Door:
    """The way in to a house; `answer` is what its upstream answers, byte for byte, where that is a loose one."""

    house: House
    client: httpx.Client
    answer: bytearray

    def knock(self, request: bytes) -> httpx.Response:
        """Send a body; the answer must have a shape, and be what its entry in the log says it was."""
        answer = self.client.post("/v1/chat/completions", content=request)
        name = answer.headers.get("x-guard-exchange", "")
        recorded = SqliteReader(self.house.data / "audit.db").show(name)
        outcome = recorded.closing.outcome if recorded and recorded.closing else "refused by guard"
        assert_shape(
            answer.status_code,
            answer.headers,
            answer.content,
            completed=outcome == "completed",
            own=outcome != "refused",
        )
        return answer

    def ask(self, answer: bytes, model: str = "echo", *, stream: bool = False) -> httpx.Response:
        """Ask an upstream that answers so."""
        self.answer[:] = answer
        return self.knock(json.dumps(body(f"To {MAIL}", model=model, stream=stream)).encode())


@contextmanager
def door(house: House, answer: bytearray) -> Iterator[Door]:
    with httpx.Client(base_url=house.url, timeout=20) as client:
        yield Door(house, client, answer)


@pytest.fixture
def busy(open_house: OpenHouse) -> Iterator[Door]:
    """A house that knows the names of the requests, with a policy for every model."""
    with door(open_house(*SHARED, critic=Scripted(), names=[NAME, BOB]), bytearray()) as busy:
        yield busy


@pytest.fixture
def loose(open_house: OpenHouse) -> Iterator[Door]:
    """A house whose upstream answers with whatever bytes it is given."""
    answer = bytearray()
    with raw(answer) as url, door(open_house(*SHARED, address=url, critic=Scripted()), answer) as loose:  # type: ignore[arg-type]
        yield loose


@settings(max_examples=60, deadline=None, suppress_health_check=ONE_HOUSE)
@given(request_=documents(*({**REQUEST, "model": model} for model in MODELS)))
def test_whatever_is_sent_to_a_socket(busy: Door, upstream: FakeUpstream, request_: bytes) -> None:
    before = len(upstream.seen)
    answer = busy.knock(request_)
    assert answer.status_code != 500 or len(upstream.seen) > before


HEADS = st.builds(
    "HTTP/1.1 {} {}\r\n{}{}\r\n".format,
    st.sampled_from((200, 200, 200, 201, 204, 304, 307, 400, 429, 500, 503, 599, 666, 999, 99, "OK")),
    st.sampled_from(("OK", "", "é")),
    st.sampled_from(("application/json", "text/event-stream", "text/html", "text/event-stream; charset=x", "")).map(
        "content-type: {}\r\n".format
    ),
    st.sampled_from((
        "", "", "", "content-length: 5\r\n", "content-length: 100000\r\n", "transfer-encoding: chunked\r\n",
        "content-encoding: gzip\r\n", "retry-after: 7\r\n", "x-request-id: 키\r\n", "x-request-id: a\x01b\r\n", "odd\r\n",
    )),
)  # fmt: skip
streams = streamed().map(
    lambda batches: b"".join(part for batch in batches if isinstance(batch, list) for part in batch)
)
answers = st.builds(lambda head, told: head.encode() + told, HEADS, documents(REPLY, ERROR) | streams | streams)


@settings(max_examples=80, deadline=None, suppress_health_check=ONE_HOUSE)
@given(answer=answers | answers | st.binary(), mode=st.sampled_from(("", "observe/")), stream=st.booleans())
def test_whatever_an_upstream_sends_to_a_socket(loose: Door, answer: bytes, mode: str, stream: bool) -> None:
    loose.ask(answer, f"{mode}echo", stream=stream)


class Broken:
    """A part of guard that fails in a way that nobody has thought of, with a value in its message."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(MAIL)


@pytest.mark.parametrize("part", ["policies", "recognizers", "coder", "vault", "writer"])
def test_a_failure_that_nobody_has_thought_of_has_a_shape_too(
    loose: Door, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(loose.house.service, part, Broken())
        answer = loose.ask(GIVEN % (b"200", b""))
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "guard_error"


REFUSED = b"HTTP/1.1 %b No\r\ncontent-type: application/json\r\n\r\n" + json.dumps(ERROR).encode()
GIVEN = b"HTTP/1.1 %b OK\r\n%bcontent-type: application/json\r\n\r\n" + completion("Done.")


@pytest.mark.parametrize("status", [b"400", b"429", b"599", b"600", b"999"])
def test_an_upstreams_error_has_a_status_that_clients_know(loose: Door, status: bytes) -> None:
    answer = loose.ask(REFUSED % status)
    assert answer.status_code == int(status) or (answer.status_code == 502 and int(status) > 599)
    assert loose.house.closing(answer).status == answer.status_code


@pytest.mark.parametrize("status", [b"204", b"205", b"304", b"100", b"000"])
def test_a_status_without_a_body_is_no_reply(loose: Door, status: bytes) -> None:
    answer = loose.ask(GIVEN % (status, b""))
    assert answer.status_code == 502
    assert loose.house.closing(answer).outcome == "upstream_error"


@pytest.mark.parametrize("header", ["x-request-id: 키", "x-request-id: a\x01b", "retry-after: 7"])
def test_an_odd_header_of_the_upstream_does_not_cost_the_reply(loose: Door, header: str) -> None:
    answer = loose.ask(GIVEN % (b"200", header.encode() + b"\r\n"))
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Done."
