"""A stream adds up to the reply that the API gives without one."""

from typing import Any

import pytest

from guard.errors import UpstreamError
from guard.surfaces.assembling import assembled
from guard.surfaces.chat import CHAT
from guard.surfaces.messages import MESSAGES
from guard.surfaces.stream import read_event
from guard.surfaces.surface import Surface
from guard.surfaces.table import SURFACES
from tests.apis import APIS
from tests.apis.api import Streaming, Turn
from tests.dialogue import body as request_body

BY_PATH = {surface.path: surface for surface in SURFACES}
STREAMED = [(api, BY_PATH[api.path]) for api in APIS if isinstance(api, Streaming) and BY_PATH[api.path].streams]


def bodies(api: Streaming, turn: Turn, surface: Surface) -> list[dict[str, Any]]:
    events = [read_event(api.write(event), surface.done).body for event in api.events(turn)]
    return [body for body in events if body is not None]


@pytest.mark.parametrize(("api", "surface"), STREAMED, ids=lambda each: getattr(each, "name", ""))
@pytest.mark.parametrize("kind", ["echo", "split", "tool", "think"])
@pytest.mark.parametrize("text", ['Say "no", 나중에.', "x"])
def test_a_stream_adds_up_to_the_whole(api: Streaming, surface: Surface, kind: str, text: str) -> None:
    asked = request_body("Hi", surface, stream=True, stream_options={"include_usage": True})
    turn = Turn(asked, kind, text, sizes=(1,))
    whole = assembled(surface, bodies(api, turn, surface))
    assert said({**whole, "usage": None}) == said({**api.whole(turn), "usage": None})


def said(value: Any) -> Any:
    """`value` without the fields that say nothing; streams leave them out."""
    if isinstance(value, dict):
        return {key: said(item) for key, item in value.items() if item is not None}
    return [said(item) for item in value] if isinstance(value, list) else value


def chunk(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": index, "delta": delta}]}


def test_two_choices_and_two_calls_are_kept_apart() -> None:
    def call(index: int, arguments: str, **keys: Any) -> dict[str, Any]:
        return {"index": index, "function": {"arguments": arguments}, **keys}

    whole = assembled(
        CHAT,
        [
            chunk(1, role="assistant", content="b"),
            chunk(0, role="assistant", tool_calls=[call(0, "{", id="x"), call(1, "[", id="y")]),
            chunk(1, role="assistant", content="c"),
            chunk(0, tool_calls=[call(1, "]"), call(0, "}")]),
            chunk(0, content=None),
        ],
    )
    first, second = (choice["message"] for choice in whole["choices"])  # type: ignore[union-attr, call-overload, index]
    assert second == {"role": "assistant", "content": "bc"}
    assert first["tool_calls"] == [  # type: ignore[index, call-overload]
        {"id": "x", "function": {"arguments": "{}"}},
        {"id": "y", "function": {"arguments": "[]"}},
    ]


@pytest.mark.parametrize(
    "odd",
    [
        [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}],
        [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "song_delta", "song": "x"}},
        ],
        [{"type": "message_start", "message": "x"}],
        [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}},
        ],
    ],
)
def test_what_does_not_add_up_is_said_so(odd: list[dict[str, Any]]) -> None:
    with pytest.raises(UpstreamError, match="cannot be held"):
        assembled(MESSAGES, odd)


def test_what_a_whole_would_not_say_is_not_held() -> None:
    with pytest.raises(UpstreamError, match="cannot be held"):
        assembled(CHAT, [{"choices": [{"index": 0, "text": "aside", "delta": {"content": ["x"]}}, {"index": "a"}]}])


def test_words_that_would_be_lost_are_not_lost_in_silence() -> None:
    def begin() -> dict[str, Any]:
        return {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}

    def say(text: str) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}

    assert assembled(MESSAGES, [begin(), say("a"), say("b")])["content"] == [{"type": "text", "text": "ab"}]
    with pytest.raises(UpstreamError, match="cannot be held"):
        assembled(MESSAGES, [begin(), say("a"), begin(), say("b")])
