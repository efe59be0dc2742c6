"""Events as they are read, written and restored: the same however a text is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.errors import UpstreamError
from guard.mask.placeholders import Coder
from guard.mask.restore import StreamRestorer
from guard.mask.vault import Vault
from guard.surfaces.chat import CHAT
from guard.surfaces.completions import COMPLETIONS
from guard.surfaces.messages import MESSAGES
from guard.surfaces.parts import Choice
from guard.surfaces.reply import Gathered
from guard.surfaces.responses import RESPONSES
from guard.surfaces.stream import Event, EventRestorer, comment, read_event, write_event
from guard.surfaces.surface import Surface
from tests.apis.api import SAID, Streaming, replying
from tests.apis.chat import Chat
from tests.apis.completions import Completions
from tests.apis.messages import Messages
from tests.apis.responses import Responses
from tests.dialogue import BOB, CARD, KEY, MAIL, NAME, body, plan, play

APIS: list[tuple[Surface, Streaming]] = [
    (CHAT, Chat()), (RESPONSES, Responses()), (MESSAGES, Messages()), (COMPLETIONS, Completions()),
]  # fmt: skip
SPOKEN = [
    (surface, api, kind)
    for surface, api in APIS
    for kind in ("echo", "tool", "think")
    if api.path != "/v1/completions" or kind == "echo"
]
COMMENT = b": x-guard-decision: allow\n\n"
OBSERVE = plan(review={"constitution": None, "stream": "observe"})


# --- reading and writing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b'data: {"a": 1}\n\n',
        b'data:{"a": 1}\n\n',
        b'data: {"a": 1}\r\n\r\n',
        b'\xef\xbb\xbfdata: {"a": 1}\n\n',
        b'event: thing\nid: 7\ndata: {"a":\ndata: 1}\n\n',
        b': a comment\ndata: {"a": 1}\n\n',
    ],
)
def test_the_body_of_an_event_is_read_however_it_is_written(raw: bytes) -> None:
    assert read_event(raw) == Event(raw, {"a": 1})


@pytest.mark.parametrize("raw", [b": keep-alive\n\n", b"event: ping\n\n", b"retry: 100\n\n", b"\n\n"])
def test_an_event_without_data_has_no_body(raw: bytes) -> None:
    assert read_event(raw, b"[DONE]") == Event(raw)


@pytest.mark.parametrize("raw", [b"data: [DONE]\n\n", b"data:[DONE]\r\n\r\n", b"\xef\xbb\xbfdata: [DONE] \n\n"])
def test_the_end_is_no_json_where_the_surface_has_one(raw: bytes) -> None:
    assert read_event(raw, b"[DONE]") == Event(raw, done=True)
    with pytest.raises(UpstreamError):
        read_event(raw)


@pytest.mark.parametrize("data", [b"{not json", b"[1]", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff"])
def test_data_that_are_no_json_object_are_the_upstreams_error(data: bytes) -> None:
    with pytest.raises(UpstreamError, match="not valid JSON"):
        read_event(b"data: " + data + b"\n\n")


def test_another_body_keeps_the_name_of_the_event() -> None:
    event = read_event(b'\xef\xbb\xbfevent: thing\nid: 7\ndata: {"a":\ndata: 1}\n\n')
    assert event.saying(event.body or {}) is event
    assert event.saying({"b": 2}) == Event(b'event: thing\nid: 7\ndata: {"b":2}\n\n', {"b": 2})
    assert write_event({"b": 2}, "thing") == b'event: thing\ndata: {"b":2}\n\n'
    assert read_event(comment("hello")).body is None


# --- restoring ---------------------------------------------------------------------------------------------------


def said(surface: Surface, stream: bytes) -> Choice:
    """What a client is told, and that nothing is told twice in two ways."""
    reply = Gathered(surface)
    for raw in stream.split(b"\n\n"):
        event = read_event(raw, surface.done)
        if event.body is not None:
            reply.add(event.body)
    (choice,) = reply.choices()
    assert reply.finished
    return choice


def spoken(kind: str, text: str, choice: Choice) -> None:
    """The text came back, as content, as an argument, or as a thought."""
    if kind == "tool":
        arguments = next(line for line in choice.rest.split("\n") if line.startswith("{"))
        assert json.loads(arguments) == {"to": text}
        assert choice.rest.replace(arguments, "").strip() == "send"
    elif kind == "think":
        assert (choice.content, choice.rest) == (SAID, text)
    else:
        assert (choice.content, choice.rest) == (text, "")


PIECES = (
    MAIL,
    MAIL.upper(),
    NAME,
    BOB,
    CARD,
    "<PERSON_K7Q2M4XD>",
    "<",
    "&lt;",
    '"',
    "\\",
    "\\u003c",
    "한",
    "😀",
    "\n",
    " ",
)
texts = st.lists(st.sampled_from(PIECES) | st.text(st.characters(codec="utf-8"), max_size=3), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SPOKEN),
    st.sampled_from([plan(), OBSERVE]),
    texts.map("".join).filter(str.strip),
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
)
def test_what_was_masked_comes_back_however_the_text_is_cut(
    spoken_by: tuple[Surface, Streaming, str], mode: Any, text: str, sizes: list[int]
) -> None:
    surface, api, kind = spoken_by
    asked = body(text, surface, stream=True)
    played = play(asked, replying(api, kind, sizes=tuple(sizes)), mode, surface=surface)
    assert MAIL.encode() not in played.request.body
    spoken(kind, text, said(surface, played.told))


@pytest.mark.parametrize("mode", [plan(), OBSERVE])
@pytest.mark.parametrize(("surface", "api", "kind"), SPOKEN)
def test_a_stream_in_which_nothing_is_restored_keeps_its_bytes(
    surface: Surface, api: Streaming, kind: str, mode: Any
) -> None:
    # There is something to restore in the exchange, and the reply begins like a placeholder again and again.
    text = "a < b, <EMAIL_ <EMAIL_ADDRESS_ é 'x' <EMAIL_ADDRESS_00000000> "
    sent: list[bytes] = []

    def reply(request: Any) -> list[bytes]:
        sent.extend(replying(api, kind, text, (3,))(request))
        return sent

    played = play(body(f"Hello {MAIL}", surface, stream=True), reply, mode, surface=surface)
    assert played.told.replace(COMMENT, b"") == b"".join(sent)


@pytest.mark.parametrize(("surface", "api"), [APIS[1], APIS[2]])
def test_only_what_may_still_become_a_placeholder_is_held_back(surface: Surface, api: Streaming) -> None:
    vault = Vault(Coder(KEY))
    name = f"<{vault.name('EMAIL_ADDRESS', MAIL)}>"
    restorer = EventRestorer(surface, lambda: StreamRestorer(vault), idle=False, drop_tokens=False)

    class Asked:
        body = json.dumps({**body("x", surface), "stream": True})
        path = surface.path

    events = [read_event(raw) for raw in replying(api, "echo", f"Dear {name}, hello", (5, 4, len(name) - 4, 7))(Asked)]
    told = [restorer.feed(event) for event in events]
    assert restorer.flush() == b""
    held = [event.raw for event, out in zip(events, told, strict=True) if not out]
    assert len(held) == 1
    assert b"<EMA" in held[0]
    together = next(out for out, before in zip(told[1:], told, strict=False) if not before)
    assert together.count(b"data: ") == 2
    assert MAIL.encode() in b"".join(told)


def delta(index: int, text: str, kind: str = "text") -> Event:
    told = {"type": f"{kind}_delta", kind: text}
    return read_event(write_event({"type": "content_block_delta", "index": index, "delta": told}))


def block_stop(index: int) -> Event:
    return read_event(write_event({"type": "content_block_stop", "index": index}))


def test_texts_that_come_by_turns_do_not_mix() -> None:
    vault = Vault(Coder(KEY))
    name = f"<{vault.name('EMAIL_ADDRESS', MAIL)}>"
    restorer = EventRestorer(MESSAGES, lambda: StreamRestorer(vault), idle=False, drop_tokens=False)
    half = len(name) // 2
    events = [delta(0, name[:half]), delta(1, "other "), delta(0, name[half:]), delta(1, "words"), block_stop(0)]
    told = b"".join(map(restorer.feed, events)) + restorer.flush()
    bodies = [read_event(raw).body or {} for raw in told.split(b"\n\n") if raw]
    texts_of = {
        index: "".join(b["delta"]["text"] for b in bodies if b.get("index") == index and "delta" in b)  # type: ignore[index, call-overload, misc]
        for index in (0, 1)
    }
    assert texts_of == {0: MAIL, 1: "other words"}


def test_what_is_held_when_its_text_ends_goes_into_the_last_event_that_brought_some() -> None:
    vault = Vault(Coder(KEY))
    vault.name("EMAIL_ADDRESS", MAIL)
    restorer = EventRestorer(MESSAGES, lambda: StreamRestorer(vault), idle=False, drop_tokens=False)
    assert restorer.feed(delta(0, "a <EMAIL")) == b""
    assert restorer.feed(block_stop(0)) == delta(0, "a <EMAIL").raw + block_stop(0).raw
    assert restorer.feed(delta(0, "<EMAIL")) == b""
    assert restorer.flush() == delta(0, "<EMAIL").raw


def test_where_there_is_nothing_to_restore_every_event_passes_as_it_came() -> None:
    def never(_: int) -> Any:
        raise AssertionError

    restorer = EventRestorer(MESSAGES, never, idle=True, drop_tokens=False)
    odd = Event(b"data: anything\n\n", {"type": "unknown"})
    assert restorer.feed(odd) == odd.raw
    assert restorer.flush() == b""
