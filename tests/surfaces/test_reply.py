"""What a reply adds up to, whole and from its events, and how other words are put into it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import openai.types.chat
import openai.types.responses
import pytest

from guard.surfaces.chat import CHAT
from guard.surfaces.completions import COMPLETIONS
from guard.surfaces.gemini import GEMINI
from guard.surfaces.messages import MESSAGES
from guard.surfaces.parts import Choice
from guard.surfaces.reply import Gathered, Revised, gathered
from guard.surfaces.responses import RESPONSES
from guard.surfaces.stream import read_event
from guard.surfaces.surface import Surface
from tests.apis.api import SAID, Streaming, Turn
from tests.apis.chat import Chat
from tests.apis.completions import Completions
from tests.apis.gemini import Gemini
from tests.apis.messages import Messages, sign
from tests.apis.responses import Responses
from tests.dialogue import body
from tests.surfaces.sdk_words import fields_of

SPOKEN: list[tuple[Surface, Streaming]] = [
    (CHAT, Chat()), (RESPONSES, Responses()), (MESSAGES, Messages()), (COMPLETIONS, Completions()), (GEMINI, Gemini()),
]  # fmt: skip
THINKING = [*SPOKEN[:3], SPOKEN[4]]


def turn(surface: Surface, kind: str = "echo", text: str = "Good morning.", **keys: Any) -> Turn:
    return Turn(body("hello", surface, **keys), kind, text, sizes=(3, 1, 5))


def bodies(surface: Surface, api: Streaming, asked: Turn) -> list[dict[str, Any]]:
    read = [read_event(api.write(event), surface.done).body for event in api.events(asked)]
    return [body for body in read if body is not None]


def of_events(surface: Surface, events: list[dict[str, Any]]) -> Gathered:
    reply = Gathered(surface)
    for event in events:
        reply.add(event)
    return reply


# --- gathering ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("surface", "api"), SPOKEN)
def test_a_stream_says_what_the_whole_reply_says(surface: Surface, api: Streaming) -> None:
    asked = turn(surface)
    whole, stream = gathered(surface, api.whole(asked)), of_events(surface, bodies(surface, api, asked))
    assert whole.choices() == stream.choices() == (Choice(0, "Good morning."),)
    assert (whole.model, stream.model) == ("m", "m")
    assert whole.thread == stream.thread
    assert stream.finished


@pytest.mark.parametrize(("surface", "api"), [SPOKEN[0], SPOKEN[1], SPOKEN[3]])
def test_the_tokens_of_a_text_are_not_judged_beside_it(surface: Surface, api: Streaming) -> None:
    asked = turn(surface, logprobs=1, top_logprobs=1)
    whole, *events = api.whole(asked), *bodies(surface, api, asked)
    assert "-0.1" in json.dumps(whole)
    assert "-0.1" in json.dumps(events)
    assert gathered(surface, whole).choices() == of_events(surface, events).choices() == (Choice(0, "Good morning."),)


@pytest.mark.parametrize(("surface", "api"), SPOKEN)
def test_a_stream_is_not_finished_before_its_last_event(surface: Surface, api: Streaming) -> None:
    events = bodies(surface, api, turn(surface))
    assert [of_events(surface, events[:end]).finished for end in range(len(events))] == [False] * len(events)


@pytest.mark.parametrize(("surface", "api"), [SPOKEN[0], SPOKEN[3]])
def test_every_choice_is_gathered_and_has_to_end(surface: Surface, api: Streaming) -> None:
    asked = turn(surface, n=3)
    expected = (Choice(0, "Good morning."), Choice(1, "1: Good morning."), Choice(2, "2: Good morning."))
    events = bodies(surface, api, asked)
    assert gathered(surface, api.whole(asked)).choices() == expected
    assert of_events(surface, events).choices() == expected
    assert not of_events(surface, events[:-1]).finished


@pytest.mark.parametrize(("surface", "api"), THINKING)
def test_thoughts_are_judged_with_the_content_and_are_not_content(surface: Surface, api: Streaming) -> None:
    asked = turn(surface, "think")
    for reply in (gathered(surface, api.whole(asked)), of_events(surface, bodies(surface, api, asked))):
        (choice,) = reply.choices()
        assert (choice.content, choice.rest) == (SAID, "Good morning.")
        assert choice.text == f"{SAID}\nGood morning."


@pytest.mark.parametrize(("surface", "api"), THINKING)
def test_what_a_tool_is_called_with_is_judged_and_is_not_content(surface: Surface, api: Streaming) -> None:
    asked = turn(surface, "tool")
    for reply in (gathered(surface, api.whole(asked)), of_events(surface, bodies(surface, api, asked))):
        (choice,) = reply.choices()
        assert choice.content in {"", SAID}
        assert "send" in choice.rest
        assert "Good morning." in choice.rest
        assert "call_" not in choice.rest
        assert "toolu_" not in choice.rest


def test_what_a_stream_repeats_otherwise_than_it_said_it_is_judged_too() -> None:
    events = bodies(RESPONSES, Responses(), turn(RESPONSES))
    events[-1]["response"]["output"][0]["content"][0]["text"] = "Something else."
    (choice,) = of_events(RESPONSES, events).choices()
    assert (choice.content, choice.rest) == ("Good morning.", "Something else.")


def test_content_that_is_repeated_where_no_other_words_would_be_put_is_judged_there_too() -> None:
    events = bodies(RESPONSES, Responses(), turn(RESPONSES))
    events.insert(-1, {"type": "response.snapshot", "output_index": 0, "result": "Good morning."})
    (choice,) = of_events(RESPONSES, events).choices()
    assert (choice.content, choice.rest) == ("Good morning.", "Good morning.")


def test_a_key_that_is_not_the_apis_is_judged() -> None:
    called = {"type": "tool_use", "id": "toolu_1", "name": "send", "input": {"Good morning.": 1}}
    (choice,) = gathered(MESSAGES, {"content": [called]}).choices()
    assert choice.rest == "send\nGood morning."


@pytest.mark.parametrize(
    ("surface", "kinds"),
    [
        (CHAT, [openai.types.chat.ChatCompletion, openai.types.chat.ChatCompletionChunk]),
        (RESPONSES, [openai.types.responses.Response, openai.types.responses.ResponseStreamEvent]),
        (MESSAGES, [anthropic.types.Message, anthropic.types.RawMessageStreamEvent]),
        (COMPLETIONS, [openai.types.Completion]),
    ],
)
def test_the_keys_of_the_api_are_not(surface: Surface, kinds: list[Any]) -> None:
    # Of chat, `input` is a key of what a moderation adds beside the choices, which is not judged.
    assert fields_of(*kinds) - surface.vocabulary.keys == ({"input"} if surface is CHAT else set())


@pytest.mark.parametrize(("surface", "api"), [SPOKEN[0], SPOKEN[3]])
def test_what_azure_says_of_its_filter_is_not(surface: Surface, api: Streaming) -> None:
    passed = {"filtered": False, "severity": "safe"}
    whole = api.whole(turn(surface))
    whole["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": {"hate": passed}}]
    whole["choices"][0]["content_filter_results"] = {"hate": passed, "self_harm": passed, "sexual": passed}
    assert gathered(surface, whole).choices() == (Choice(0, "Good morning."),)


def test_of_events_that_name_the_same_place_every_one_is_judged() -> None:
    events: list[dict[str, Any]] = [
        {"type": "response.new_thing", "output_index": 0, "result": words} for words in ("one", "two", "two", "three")
    ]
    (choice,) = of_events(RESPONSES, events).choices()
    assert choice.rest == "one\ntwo\nthree"
    notes: list[Any] = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "note_delta", "text_of_note": words}}
        for words in ("Good mor", "ning.")
    ]
    (choice,) = of_events(MESSAGES, notes).choices()
    assert "Good morning." in choice.rest  # as a text in pieces
    citations: list[dict[str, Any]] = [
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "citations_delta", "citation": {"cited_text": it}},
        }
        for it in ("first", "second")
    ]
    (choice,) = of_events(MESSAGES, citations).choices()
    assert choice.rest == "first\nsecond"


def test_the_tokens_that_events_state_are_put_together() -> None:
    events = bodies(MESSAGES, Messages(), turn(MESSAGES))
    assert of_events(MESSAGES, events).usage == {"input_tokens": 3, "output_tokens": 4}
    events = bodies(RESPONSES, Responses(), turn(RESPONSES))
    assert of_events(RESPONSES, events).usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.parametrize(
    ("surface", "event"),
    [
        (CHAT, {"error": {"message": "no"}}),
        (COMPLETIONS, {"error": {"message": "no"}}),
        (GEMINI, {"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}),
        (RESPONSES, {"type": "error", "message": "no"}),
        (RESPONSES, {"type": "response.failed", "response": {"id": "resp_1", "status": "failed"}}),
        (MESSAGES, {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}),
    ],
)
def test_an_event_says_that_the_upstream_failed(surface: Surface, event: dict[str, Any]) -> None:
    assert of_events(surface, [event]).failed


def test_what_is_signed_is_told_apart() -> None:
    asked = turn(MESSAGES, "think")
    assert sign("Good morning.") in json.dumps(Messages().whole(asked))
    assert gathered(MESSAGES, Messages().whole(asked)).sealed() == ("Good morning.",)
    assert of_events(MESSAGES, bodies(MESSAGES, Messages(), asked)).sealed() == ("Good morning.",)
    assert gathered(RESPONSES, Responses().whole(turn(RESPONSES, "think"))).sealed() == ()


# --- other words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("surface", "api"), SPOKEN)
@pytest.mark.parametrize("words", ["Other words.", ""])
def test_other_words_take_the_place_of_the_content(surface: Surface, api: Streaming, words: str) -> None:
    asked = turn(surface)
    whole = Revised(surface, {0: words}).apply(api.whole(asked))
    revised = Revised(surface, {0: words})
    events = [revised.apply(event) for event in bodies(surface, api, asked)]
    assert gathered(surface, whole).choices() == of_events(surface, events).choices() == (Choice(0, words),)
    assert "morning" not in json.dumps([whole, events])


@pytest.mark.parametrize(("surface", "api"), THINKING)
@pytest.mark.parametrize("kind", ["think", "tool"])
def test_what_is_not_content_stays_as_it_is(surface: Surface, api: Streaming, kind: str) -> None:
    asked = turn(surface, kind)
    before = api.whole(asked)
    after = Revised(surface, {0: "Other words."}).apply(before)
    (old,), (new,) = gathered(surface, before).choices(), gathered(surface, after).choices()
    assert new.rest == old.rest
    assert new.content == ("Other words." if old.content else "")


@pytest.mark.parametrize(("surface", "api"), SPOKEN)
def test_a_choice_that_was_not_changed_is_the_same_object(surface: Surface, api: Streaming) -> None:
    whole = api.whole(turn(surface))
    assert Revised(surface, {}).apply(whole) is whole
    assert Revised(surface, {1: "Other words."}).apply(whole) is whole


def test_of_several_texts_the_first_says_it_all() -> None:
    def reply(*texts: str) -> dict[str, Any]:
        return {"type": "message", "content": [{"type": "text", "text": text} for text in texts]}

    revised = Revised(MESSAGES, {0: "All of it."}).apply(reply("One.", "Two."))
    assert [block["text"] for block in revised["content"]] == ["All of it.", "…"]  # type: ignore[union-attr, index, call-overload]
    items = [{"type": "message", "content": [{"type": "output_text", "text": text}]} for text in ("One.", "Two.")]
    answer = Revised(RESPONSES, {0: "All of it."}).apply({"output": items})
    assert [item["content"][0]["text"] for item in answer["output"]] == ["All of it.", ""]  # type: ignore[union-attr, index, call-overload]


def test_of_several_texts_in_a_stream_the_first_says_it_all_in_its_first_piece() -> None:
    def deltas(index: int, *pieces: str) -> list[dict[str, Any]]:
        return [
            {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ]

    revised = Revised(MESSAGES, {0: "All of it."})
    events: list[Any] = [revised.apply(event) for event in [*deltas(0, "On", "e."), *deltas(1, "Tw", "o.")]]
    assert [event["delta"]["text"] for event in events] == ["All of it.", "", "…", ""]
