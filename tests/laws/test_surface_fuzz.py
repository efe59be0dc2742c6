"""L1 and L7: whatever comes in, from a client or from an upstream, nothing leaks and every answer has its shape.

Requests and replies are those of the matrix with values planted in them, odd JSON grafted on, and bytes changed; streams
lose, repeat and swap events, and break off. For many more examples: GUARD_FUZZ=long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.asks import Emit, Send
from guard.backends.upstreams import EventSplitter
from guard.errors import RequestError
from guard.surfaces.google import Google
from guard.surfaces.surface import Surface
from guard.surfaces.table import SURFACES
from guard.surfaces.walk import dump
from tests.dialogue import BOB, CARD, DIGITS, MAIL, Played, addressed, constitution, plan, play
from tests.dialogue import body as request
from tests.laws.test_l1_nothing_leaves import VALUES, holds, plain, written
from tests.matrix import REPLIES, REQUESTS, SILENT
from tests.matrix.templates import bodies, filled, has_choices, steps, whole, wire

fuzzed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SPEAKING = [surface for surface in SURFACES if surface.speaks]
CODES = ("<EMAIL_ADDRESS_XH9SKVTC>", "EMAIL_ADDRESS_XH9SKVTC", "<PERSON_K7Q2M4XD>", "<PERS")

every = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
speaking = pytest.mark.parametrize("surface", SPEAKING, ids=lambda surface: surface.name)


# --- what is sent ---


def odd(surface: Surface, texts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """JSON of a surface's words in any order, with `texts` in it."""
    keys = st.sampled_from((*sorted(surface.vocabulary.keys), "x_note", "é")) | st.sampled_from(VALUES)
    words = st.sampled_from(
        ("message", "output_text", "text", "tool_use", "input_text", "thinking", "response.x.delta")
    )
    numbers = st.sampled_from((int(DIGITS), float(DIGITS), -1, 0, 1, 10**30))
    return st.recursive(
        plain | words | texts | numbers,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=6,
    )


def grafted(draw: st.DrawFn, body: Any, strange: st.SearchStrategy[Any], keys: Sequence[str]) -> Any:
    """`body` with something strange in a few places, or without what stood there."""
    for _ in range(draw(st.integers(0, 3))):
        containers = list(_containers(body))
        if not containers:
            break
        held = draw(st.sampled_from(containers))
        if isinstance(held, dict):
            key = draw(st.sampled_from(sorted(held))) if held and draw(st.booleans()) else draw(st.sampled_from(keys))
            held[key] = draw(strange)
            if draw(st.integers(0, 4)) == 4:
                del held[key]
        else:
            held.insert(draw(st.integers(0, len(held))), draw(strange))
    return body


def _containers(value: Any) -> Any:
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)


@st.composite
def broken(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with a few changed, left out or put in."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        put = draw(
            st.sampled_from((b"", b'"', b"{", b"]", b"\\", b"\n", b"\n\n", b"\xff", b"0", b"NaN", b"\xef\xbb\xbf"))
        )
        changed[at : at + draw(st.integers(0, 3))] = put
    return bytes(changed)


@st.composite
def requests(draw: st.DrawFn, surface: Surface) -> tuple[str, dict[str, Any]]:
    """A value, and a request in which it stands somewhere."""
    value = draw(st.sampled_from(VALUES))
    template = draw(st.sampled_from([each for row in REQUESTS[surface.name].values() for each in row]))
    body = filled(template, draw(written(value)))
    body = grafted(draw, body, odd(surface, written(value)), sorted(surface.vocabulary.keys - {"stream"}))
    stream = {"stream": True} if surface.streams and draw(st.booleans()) else {}
    return value, {"model": "m", **body, **stream}


def done(surface: Surface, request: Any) -> Any:
    """A reply in which nothing of the request comes back."""
    if surface.name in SILENT:
        return SILENT[surface.name]
    (reply, *_), texts = REPLIES[surface.name]["text"], ["Done."]
    stream = isinstance(request, dict) and request.get("stream")
    return wire(surface.name, steps(reply, texts)) if stream else whole(surface.name, reply, texts)


# --- what is told ---


def check_error(surface: Surface, body: Any) -> None:
    error = body["error"]
    assert isinstance(error["message"], str)
    if isinstance(surface, Google):
        assert {"code", "message", "status"} <= error.keys() <= {"code", "message", "status", "details"}
        assert isinstance(error["code"], int)
        return
    assert isinstance(error["type"], str)
    assert error["code"]
    if surface.name in {"messages", "count_tokens"}:
        assert body["type"] == "error"
    else:
        assert error.keys() == {"message", "type", "param", "code"}


def check_told(surface: Surface, played: Played) -> None:
    """An answer is a reply of the surface, or an error in its shape, and never one in the guise of the other."""
    emits = played.of(Emit)
    assert [emit.last for emit in emits] == [False] * (len(emits) - 1) + [True]
    assert [emit.head is not None for emit in emits] == [True] + [False] * (len(emits) - 1)
    told, status = played.told, played.head.status
    if played.head.headers["content-type"] != "application/json":
        check_events(surface, told)
    elif status == 200:
        body = json.loads(told)
        assert surface.reply_problem(body) == ""
    else:
        assert 400 <= status < 600
        check_error(surface, json.loads(told))


def check_events(surface: Surface, told: bytes) -> None:
    told_bodies = bodies(told)
    failed = b"event: error\n" in told or any(body.get("error") for body in told_bodies)
    assert failed or (b": x-guard-decision: " in told if surface.comments else any(map(surface.ended, told_bodies)))
    if failed and surface.name == "messages":
        check_error(surface, told_bodies[-1])


# --- requests ---


@every
@fuzzed
@given(st.data())
def test_nothing_that_was_planted_anywhere_gets_out(surface: Surface, data: st.DataObject) -> None:
    value, request = data.draw(requests(surface))
    try:
        played = play(dump(request), done(surface, request), plan(opaque="allow"), surface=surface)
    except RequestError as error:
        assert not holds(error.message.encode() + (error.param or "").encode(), value)
        check_error(surface, json.loads(surface.error(error)))
        return
    check_told(surface, played)
    for send in played.of(Send):
        assert not holds(send.request.body + repr(dict(send.request.headers)).encode(), value)
    assert not holds(played.entries, value)
    if not played.of(Send):
        assert not holds(played.told, value)


@every
@fuzzed
@given(st.data())
def test_a_request_of_broken_bytes_is_refused_or_served(surface: Surface, data: st.DataObject) -> None:
    _, request = data.draw(requests(surface))
    raw = data.draw(broken(dump(request)) | st.binary(max_size=40))
    try:
        call = surface.read(*addressed(surface, raw))
    except RequestError as error:
        assert MAIL not in error.message
        check_error(surface, json.loads(surface.error(error)))
        return
    check_told(surface, play(raw, done(surface, call.body), plan(opaque="allow"), surface=surface))


# --- replies ---


def written_down(played: Played) -> bool:
    """Whether the log holds a value. That of quotes counts with its quotes: in a broken reply they may be lost."""
    with_quotes = re.escape(BOB.encode()).replace(b'"', rb'\\*"')
    return any(holds(played.entries, value) for value in VALUES if value != BOB) or bool(
        re.search(with_quotes, played.entries)
    )


def asking(surface: Surface, *, stream: bool = False) -> dict[str, Any]:
    """A request that holds values, so that there is something to restore."""
    said = request(f"{MAIL}, {CARD}", surface)
    return {**said, "stream": True} if stream else said


def judging(stream: str) -> Any:
    return plan(constitution=constitution(), review={"constitution": None, "stream": stream})


@st.composite
def said(draw: st.DrawFn) -> str:
    """What a model may say: codes that guard knows, codes that it does not, and values."""
    return "".join(draw(st.lists(st.sampled_from((*CODES, *VALUES, " ", "or else", '"', "\\", "é")), max_size=4)))


@st.composite
def replies(draw: st.DrawFn, surface: Surface) -> Any:
    """A whole reply with odd things in it."""
    if surface.name in SILENT:
        body = json.loads(SILENT[surface.name])
    else:
        reply = draw(st.sampled_from([each for row in REPLIES[surface.name].values() for each in row]))
        texts = [draw(said()) for _ in range(draw(st.integers(1, 2)) if has_choices(surface.name, reply) else 1)]
        body = json.loads(whole(surface.name, reply, texts))
    return grafted(draw, body, odd(surface, said()), sorted(surface.vocabulary.keys))


@every
@fuzzed
@given(st.data())
def test_a_whole_reply_of_any_kind_is_told_in_shape(surface: Surface, data: st.DataObject) -> None:
    body = data.draw(replies(surface) | odd(surface, said()))
    raw = data.draw(st.just(dump(body)) | broken(dump(body)))
    played = play(asking(surface), raw, judging("hold"), surface=surface)
    check_told(surface, played)
    assert not written_down(played)
    assert played.closing.decision == (
        "allow" if not surface.speaks and played.head.status == 200 else played.closing.decision
    )


@st.composite
def streams(draw: st.DrawFn, surface: Surface) -> list[bytes]:
    """A stream in which events are lost, repeated, swapped, changed, or of another kind."""
    reply = draw(st.sampled_from([each for row in REPLIES[surface.name].values() for each in row]))
    texts = [draw(said()) for _ in range(draw(st.integers(1, 2)) if has_choices(surface.name, reply) else 1)]
    events = wire(surface.name, steps(reply, texts, draw(st.integers(1, 30))))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(events) - 1)))
        match draw(st.sampled_from(("lose", "repeat", "swap", "break off", "change", "graft", "strange", "comment"))):
            case "lose":
                del events[at : at + 1]
            case "repeat":
                events.insert(at, events[at] if events else b": ping\n\n")
            case "swap":
                events[at : at + 2] = reversed(events[at : at + 2])
            case "break off":
                del events[at:]
            case "change":
                events[at : at + 1] = [draw(broken(event)) for event in events[at : at + 1]]
            case "graft":
                events[at : at + 1] = [_grafted_event(draw, surface, event) for event in events[at : at + 1]]
            case "strange":
                events.insert(at, b"data: " + dump(draw(odd(surface, said()))) + b"\n\n")
            case "comment":
                events.insert(at, draw(st.sampled_from((b": ping\n\n", b"event: x\n\n", b"data:\n\n", b"\n\n"))))
    return events


def _grafted_event(draw: st.DrawFn, surface: Surface, event: bytes) -> bytes:
    head, found, data = event.partition(b"data: ")
    try:
        body = json.loads(data)
    except ValueError:
        return event
    return head + found + dump(grafted(draw, body, odd(surface, said()), sorted(surface.vocabulary.keys))) + b"\n\n"


@speaking
@fuzzed
@given(st.data(), st.sampled_from(("hold", "observe")))
def test_a_stream_of_any_kind_is_told_in_shape(surface: Surface, data: st.DataObject, stream: str) -> None:
    splitter = EventSplitter(10**6)
    events = [*splitter.feed(b"".join(data.draw(streams(surface)))), *filter(None, [splitter.flush()])]
    played = play(asking(surface, stream=True), events, judging(stream), surface=surface)
    check_told(surface, played)
    assert not written_down(played)
