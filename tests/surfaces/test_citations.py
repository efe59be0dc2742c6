"""Citations count the characters of a reply: after restoring, those of the words that the client reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.surfaces.chat import CHAT
from guard.surfaces.messages import MESSAGES
from guard.surfaces.responses import RESPONSES
from guard.surfaces.stream import write_event
from guard.surfaces.surface import Surface
from tests.dialogue import DONE, MAIL, NAME, STOP, body, completion, event, plan, play

URL = "https://a.example/x"
OBSERVE = plan(review={"constitution": None, "stream": "observe"})
HOLD = plan()


def sentence(code: str, mail: str) -> str:
    return f"Write to {code} at {mail} ({URL}), says {URL}."


def counts(text: str) -> list[tuple[int, int]]:
    """Where the address stands, both times."""
    first = text.index(URL)
    second = text.index(URL, first + 1)
    return [(first, first + len(URL)), (second, second + len(URL))]


def cited(text: str) -> list[dict[str, Any]]:
    """What the client is told of the citations of a text."""
    return [{"type": "url_citation", "url": URL, "start_index": start, "end_index": end} for start, end in counts(text)]


def in_chat(text: str) -> list[dict[str, Any]]:
    """The same as chat completions have it."""
    rest = [{key: value for key, value in each.items() if key != "type"} for each in cited(text)]
    return [{"type": "url_citation", "url_citation": each} for each in rest]


def codes(request: Any) -> tuple[str, str]:
    """The placeholders of the name and of the address in the request."""
    sent = json.loads(request.body)
    said = sent["input"] if "input" in sent else sent["messages"][0]["content"]
    code, mail = said.split(", ")
    return code, mail


def asked(surface: Surface, **keys: Any) -> dict[str, Any]:
    return body(f"{NAME}, {MAIL}", surface, **keys)


def told(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.split(b"\n"):
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


def cut(text: str, sizes: Sequence[int]) -> list[str]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    return [*filter(None, pieces), text[at:]]


CLEAR = sentence(NAME, MAIL)


def test_the_counts_of_a_completion_are_those_of_the_restored_text() -> None:
    def reply(request: Any) -> bytes:
        text = sentence(*codes(request))
        return completion({"role": "assistant", "content": text, "annotations": in_chat(text)}, "Another.")

    message = play(asked(CHAT), reply).reply["choices"][0]["message"]
    assert message == {"role": "assistant", "content": CLEAR, "annotations": in_chat(CLEAR)}


def test_the_counts_of_a_response_are_those_of_each_restored_text() -> None:
    def reply(request: Any) -> bytes:
        text = sentence(*codes(request))
        content = [{"type": "output_text", "text": said, "annotations": cited(text)} for said in (text, text)]
        return json.dumps({"id": "r", "object": "response", "model": "m", "output": [{"content": content}]}).encode()

    content = play(asked(RESPONSES), reply, surface=RESPONSES).reply["output"][0]["content"]
    assert content == [{"type": "output_text", "text": CLEAR, "annotations": cited(CLEAR)}] * 2


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 20), max_size=12), plan_=st.sampled_from([OBSERVE, HOLD]))
def test_the_counts_of_streamed_chat_are_those_of_the_restored_text(sizes: list[int], plan_: Any) -> None:
    def reply(request: Any) -> list[bytes]:
        text = sentence(*codes(request))
        return [*map(event, cut(text, sizes)), event({"annotations": in_chat(text)}), STOP, DONE]

    deltas = [each["choices"][0]["delta"] for each in told(play(asked(CHAT, stream=True), reply, plan_).told)]
    assert "".join(delta.get("content", "") for delta in deltas) == CLEAR
    assert [delta["annotations"] for delta in deltas if "annotations" in delta] == [in_chat(CLEAR)]


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 20), max_size=12), plan_=st.sampled_from([OBSERVE, HOLD]), early=st.booleans())
def test_the_counts_of_a_streamed_response_are_those_of_the_restored_text(
    sizes: list[int], plan_: Any, early: bool
) -> None:
    """An annotation comes as soon as what it counts has come, or at the end; and then once more with each whole."""
    place = {"item_id": "m", "output_index": 0, "content_index": 0}

    def events(text: str) -> Iterator[dict[str, Any]]:
        part = {"type": "output_text", "text": text, "annotations": cited(text)}
        item = {"type": "message", "id": "m", "content": [part]}
        noted = [
            (end, {"type": "response.output_text.annotation.added", **place, "annotation": each})
            for each, (_, end) in zip(cited(text), counts(text), strict=True)
        ]
        came = 0
        for piece in cut(text, sizes):
            came += len(piece)
            yield {"type": "response.output_text.delta", **place, "delta": piece}
            if early:
                yield from (note for _, note in noted if _ <= came)
                noted = [(end, note) for end, note in noted if end > came]
        yield from (note for _, note in noted)
        yield {"type": "response.content_part.done", **place, "part": part}
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
        yield {"type": "response.completed", "response": {"id": "r", "model": "m", "output": [item]}}

    def reply(request: Any) -> list[bytes]:
        return [write_event(each, each["type"]) for each in events(sentence(*codes(request)))]

    came = list(told(play(asked(RESPONSES, stream=True), reply, plan_, surface=RESPONSES).told))
    assert [each["annotation"] for each in came if "annotation" in each] == cited(CLEAR)
    assert came[-3:] == list(events(CLEAR))[-3:]


def test_a_reply_in_which_nothing_is_restored_keeps_its_bytes() -> None:
    text = sentence("them", "once")
    reply = json.dumps(
        json.loads(completion({"role": "assistant", "content": text, "annotations": in_chat(text)})), indent=1
    )
    assert play(asked(CHAT), reply.encode()).told == reply.encode()


@pytest.mark.parametrize(
    "annotations",
    [
        None,
        {},
        "none",
        [None, 7, "x", []],
        [{"start_index": None, "end_index": "3"}],
        [{"start_index": True, "end_index": 1.5}],
        [{"url_citation": [{"start_index": 3}]}],
        [{"deep": {"deeper": {"start_index": 3}}}],
    ],
)
@pytest.mark.parametrize("content", [None, "", "code"])
def test_what_counts_nothing_stays_as_it_is(annotations: Any, content: str | None) -> None:
    def reply(request: Any) -> bytes:
        words = codes(request)[0] if content else content
        return completion({"role": "assistant", "content": words, "annotations": annotations, "x": codes(request)[1]})

    message = play(asked(CHAT), reply).reply["choices"][0]["message"]
    assert message["annotations"] == annotations
    assert message["x"] == MAIL


def test_counts_beyond_the_text_move_with_its_end() -> None:
    def reply(request: Any) -> bytes:
        code = codes(request)[0]
        note = {"start_index": len(code) + 5, "end_index": -1}
        return completion({"role": "assistant", "content": code, "annotations": [note]})

    message = play(asked(CHAT), reply).reply["choices"][0]["message"]
    assert message["annotations"] == [{"start_index": len(NAME) + 5, "end_index": -1}]


def test_counts_in_the_documents_of_messages_are_not_of_the_reply() -> None:
    citation = {
        "type": "char_location",
        "cited_text": "x",
        "document_index": 0,
        "start_char_index": 90,
        "end_char_index": 99,
    }

    def reply(request: Any) -> bytes:
        text = sentence(*codes(request))
        content = [{"type": "text", "text": text, "citations": [citation]}]
        return json.dumps(
            {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content}
        ).encode()

    assert play(asked(MESSAGES), reply, surface=MESSAGES).reply["content"][0] == {
        "type": "text", "text": CLEAR, "citations": [citation],
    }  # fmt: skip
