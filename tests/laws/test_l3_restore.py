"""L3: restore(mask(x)) == x, byte for byte, however a stream is cut; what needed no change is not changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.masker import Masker
from guard.mask.placeholders import Coder
from guard.mask.restore import StreamRestorer, restore
from guard.mask.text import Text, read
from guard.mask.vault import Vault
from guard.surfaces.chat import CHAT
from guard.surfaces.stream import EventRestorer, read_event
from tests.dialogue import (
    BOB,
    CARD,
    DIGITS,
    DONE,
    KEY,
    MAIL,
    NAME,
    SECRET,
    STOP,
    body,
    completion,
    event,
    events,
    joined,
    plan,
    play,
    recognized,
)

# The longest thing that may be held back: opening bracket, name of 120 characters, closing bracket.
BOUND = 140

PIECES = (
    "<", "&lt;", "\\u003c", "\\<", "%3c", ">", "&gt;", "\\u003e", " ", "PERSON_K7Q2M4XD", "<PERSON_K7Q2M4XD>",
    "person_k7q2m4xd", "PERSON\\_K7Q2M4XD_7F2K", "<LITERAL_0A1B2C3D>", "_", MAIL, MAIL.upper(), NAME, NAME.upper(), BOB, CARD,
    DIGITS, SECRET, "님께서", "さんへ", "A", "&", "%3", "\\", '\\"', "\\n", "é", "\n", '"', "PER", "MAX_PASSWORD", "\\u00e9",
    "\ud800", "😀", "[EMAIL_ADDRESS]", "＜", "\x00", "\u200b",
)  # fmt: skip

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)
documents = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-999, 999) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
jsons = st.builds(
    json.dumps, documents, ensure_ascii=st.booleans(), indent=st.sampled_from((None, 2)), sort_keys=st.just(False)
)  # fmt: skip
inputs = (
    texts
    | jsons
    | jsons.map(json.dumps)
    | st.lists(jsons, max_size=3).map("\n".join)
    | st.builds(str.__add__, texts, jsons)
)


def masked(text: str, vault: Vault) -> str:
    """`text` masked."""
    given = read(text)
    spans = recognized(reading for leaf in given.leaves() for reading in leaf.readings)
    return Masker(vault, {}).mask(given, spans, "f").text


@settings(max_examples=300, deadline=None)
@given(inputs, st.data())
def test_what_was_masked_comes_back_however_it_is_cut(text: str, data: st.DataObject) -> None:
    vault = Vault(Coder(KEY))
    result = masked(text, vault)
    assert not [value for value in (MAIL, CARD, SECRET, NAME) if value in result]
    assert restore(result, vault) == text
    restorer = StreamRestorer(vault)
    told, at = "", 0
    while at < len(result):
        size = data.draw(st.integers(1, 7))
        told += restorer.feed(result[at : at + size])
        at += size
        assert len(result[:at]) - len(result) <= 0
        assert len(restorer._held) <= BOUND
    assert told + restorer.flush() == text


@settings(max_examples=100, deadline=None)
@given(inputs)
def test_what_was_masked_comes_back_cut_at_every_place(text: str) -> None:
    vault = Vault(Coder(KEY))
    result = masked(text, vault)
    for cut in range(len(result) + 1):
        restorer = StreamRestorer(vault)
        assert restorer.feed(result[:cut]) + restorer.feed(result[cut:]) + restorer.flush() == text


@settings(max_examples=150, deadline=None)
@given(texts)
def test_a_text_without_finds_is_the_same_object(text: str) -> None:
    vault = Vault(Coder(KEY))
    result = Masker(vault, {}).mask(Text(text), [()], "f")
    if not len(vault):
        assert result.text is text
        assert restore(text, vault) == text


# Through events


def arguments(text: str, index: int = 0, **keys: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": text}, **keys}]}


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces, at = [], 0
    for size in [*sizes, len(text)]:
        pieces.append(text[at : at + size])
        at += size
    return [piece for piece in pieces if piece]


sizes = st.lists(st.integers(1, 9), max_size=30)


@settings(max_examples=200, deadline=None)
@given(st.tuples(texts, texts), sizes, sizes, st.booleans())
def test_contents_and_tool_arguments_come_back_through_events(
    said: tuple[str, str], sizes: list[int], other: list[int], with_end: bool
) -> None:
    vault = Vault(Coder(KEY))
    contents = [masked(text, vault) if read(text).inner is None else NAME for text in said]
    given = [restore(text, vault) for text in contents]
    inner = json.dumps({"to": BOB, NAME: [said[0]], "n": 1}, ensure_ascii=False)
    call = masked(inner, vault)
    restorer = EventRestorer(CHAT, lambda: StreamRestorer(vault), idle=False, drop_tokens=True)
    parts: list[bytes] = []
    pieces = [cut(contents[0], sizes), cut(contents[1], other), cut(call, sizes)]
    for at in range(max(map(len, pieces))):
        parts += [event(piece[at], index) for index, piece in enumerate(pieces[:2]) if at < len(piece)]
        if at < len(pieces[2]):
            parts.append(event(arguments(pieces[2][at]), 1))
    if with_end:
        parts += [event(index=0, finish="stop"), event(index=1, finish="tool_calls")]
    told = b"".join(restorer.feed(read_event(part, CHAT.done)) for part in parts) + restorer.flush()
    assert [joined(told, index=0), joined(told, index=1)] == given
    if call.startswith("{"):
        back = joined(told, "tool_calls", "0", "function", "arguments", index=1)
        assert back == inner
        assert json.loads(back)["to"] == BOB


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=6), st.booleans())
def test_a_reply_that_needs_no_change_is_byte_identical(contents: list[str], stream: bool) -> None:
    request = body(f"I am {NAME}, {MAIL}.", stream=stream)
    if stream:
        parts = [b": ping\n\n", *events(*contents)]
        told = play(request, parts).told
        assert told == b"".join(parts[:-1]) + b": x-guard-decision: allow\n\n" + DONE
    else:
        spaced = json.dumps(json.loads(completion(*contents)), indent=3).encode()
        assert play(request, spaced).told == spaced


@pytest.mark.parametrize("ending", [[STOP, DONE], [STOP], [DONE], [event("", finish="stop"), DONE]])
def test_an_echo_comes_back_through_a_whole_exchange(ending: list[bytes]) -> None:
    text = f"{BOB}, {NAME}님 and {MAIL} <PERSON_K7Q2M4XD>"

    def echo(request: Any) -> list[bytes]:
        words = json.loads(request.body)["messages"][0]["content"]
        assert NAME not in words
        return [*map(event, words), *ending]

    for mode in ("hold", "observe"):
        told = play(body(text, stream=True), echo, plan(review={"constitution": None, "stream": mode})).told
        assert joined(told) == text


def test_a_value_with_quotes_comes_back_as_valid_json_in_tool_arguments() -> None:
    def reply(request: Any) -> bytes:
        name = json.loads(request.body)["messages"][0]["content"]
        call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": json.dumps({"who": name})}}
        return completion({"role": "assistant", "content": None, "tool_calls": [call]})

    (call,) = play(body(BOB), reply).reply["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"who": BOB}


def test_a_json_reply_that_was_asked_for_stays_json() -> None:
    def reply(request: Any) -> bytes:
        return completion(json.dumps({"who": json.loads(request.body)["messages"][0]["content"]}))

    played = play(body(BOB, response_format={"type": "json_object"}), reply)
    assert json.loads(played.content) == {"who": BOB}
