"""OpenAI responses: items instead of messages, a name for every event, and texts that come in pieces and then whole.

Source: the OpenAI API reference, "Responses" and "Streaming events".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from guard.errors import GuardError, RequestError
from guard.surfaces.citations import Citation, citation, citations
from guard.surfaces.fields import newest_of, word
from guard.surfaces.parts import Key, Part
from guard.surfaces.pictures import is_picture
from guard.surfaces.responses_words import VOCABULARY
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Path, dump, objects
from guard.types import Json

_OPAQUE = frozenset({"input_image", "input_file", "input_audio", "computer_screenshot", "image_generation_call"})
_READABLE = frozenset({
    "input_text", "output_text", "text", "refusal", "summary_text", "reasoning_text", "reasoning",
})  # fmt: skip
# Where an item has several texts, which of them an event is about.
_INDEX_KEYS = ("content_index", "summary_index", "command_index")
# What an event may hold besides a piece of text and still be read without walking it: no words stand there.
_PLAIN = frozenset({"type", "sequence_number", "item_id", "output_index", "content_index", "logprobs", "obfuscation"})
_OF_CALL = re.compile(r"response\.\w+_call_\w+\.delta")
_WHOLE = frozenset({"text", "refusal", "arguments", "input", "code", "command", "transcript"})


class Responses(Surface):
    """Responses."""

    name = "responses"
    path = "/v1/responses"
    vocabulary = VOCABULARY
    readable = _READABLE
    repeated = frozenset({"instructions", "metadata", "prompt", "text", "tools"})

    # --- requests ---

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there is no input, or the reply would not come back on this call."""
        if body.get("background"):
            raise RequestError("'background' replies come back by a route that guard does not serve. Leave it out.",
                               param="background")  # fmt: skip
        if not isinstance(body.get("input"), str | list) and not body.get("prompt"):
            raise RequestError("'input' must be a text or a list of items.", param="input")

    def thread_of(self, body: Mapping[str, Json]) -> str:
        """The reply or the conversation that the request goes on from."""
        conversation = body.get("conversation")
        named = conversation.get("id") if isinstance(conversation, dict) else conversation
        return str(body.get("previous_response_id") or named or "")

    def newest(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """The items after the model's last one."""
        if isinstance(body.get("input"), str):
            yield ("input",)
        else:
            replies = frozenset({"assistant", "function_call", "reasoning", "custom_tool_call"})
            yield from newest_of(body.get("input"), ("input",), replies)

    def is_opaque(self, item: Mapping[str, Json], path: Path) -> bool:
        """Whether an item, a part of its content or a part of a tool's output is no text."""
        kind = word(item, "type")
        of_output = path[-2:-1] == ("output",) and isinstance(path[-1], int) and "type" in item
        return kind in _OPAQUE or (of_output and kind not in self.readable) or super().is_opaque(item, path)

    # --- replies ---

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is not a response."""
        return "" if isinstance(body.get("output"), list) else "it has no list of output"

    def begun(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The one choice there is."""
        del body
        return (0,)

    def ended(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """Whether the response is complete."""
        return (0,) if word(body, "type") in {"response.completed", "response.incomplete"} else ()

    def failed(self, body: Mapping[str, Json]) -> bool:
        """Whether an event says that the upstream failed."""
        return word(body, "type") in {"error", "response.failed"}

    def placed(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which text of the output the string at `path` belongs to."""
        match path:
            case ("response", "output", int(place), *within) | ("output", int(place), *within):
                holder: Any = body["response"] if path[0] == "response" else body
                return _inside(place, holder["output"][place], tuple(within))
            case ("item", *within):
                return _inside(_number(body, "output_index"), body["item"], tuple(within))
            case ("response", "output_text") | ("output_text",):  # which some servers add; clients read it first
                return Part(0, path)
            case ("response", *_):
                return None
        return None if isinstance(body.get("output"), list) else _told(body, path)

    def pictures(self, body: Mapping[str, Json]) -> Iterator[tuple[int, Path]]:
        """The pictures that the model has made, whole or as far as they have come."""
        if is_picture(body.get("partial_image_b64")):
            yield 0, ("partial_image_b64",)
        for path, item in _items(body):
            if item.get("type") == "image_generation_call" and is_picture(item.get("result")):
                yield 0, (*path, "result")

    def citations(self, body: Mapping[str, Json]) -> Iterator[Citation]:
        """The annotations of each text, beside it or in an event of their own, which counts the text so far."""
        if "annotation" in body:
            place = [_number(body, key) for key in _INDEX_KEYS if key in body]
            text: Key = (_number(body, "output_index"), *place, "text")
            yield from citation(body["annotation"], ("annotation",), None, text)
        part = body.get("part")
        parts: list[tuple[Path, dict[str, Json]]] = [(("part",), part)] if isinstance(part, dict) else []
        for path, item in _items(body):
            parts += [((*path, "content", at), part) for at, part in objects(item.get("content"))]
        for path, part in parts:
            if part.get("annotations"):
                yield from citations(part["annotations"], (*path, "annotations"), (*path, "text"))

    def calls(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The item that is begun or gone on with, where it is a call."""
        if _OF_CALL.fullmatch(word(body, "type")):
            return ((_number(body, "output_index"),),)
        item = body.get("item")
        begun = word(body, "type") == "response.output_item.added" and isinstance(item, dict)
        called = begun and isinstance(item, dict) and word(item, "type").endswith("_call")
        return ((_number(body, "output_index"),),) if called else ()

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The content of an event that brings a piece of output text and nothing else."""
        delta = body.get("delta")
        if body.get("type") != "response.output_text.delta" or not isinstance(delta, str) or body.get("logprobs"):
            return None
        if not body.keys() - {"delta"} <= _PLAIN:
            return None
        return ("delta",), delta, Part(0, _spoken(body), content=True, piece=True)

    def finished(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The text that an event repeats as a whole, and every text when the response is complete."""
        kind = str(body.get("type"))
        if kind.startswith("response.output_item."):
            return ((_number(body, "output_index"),),) if kind.endswith("done") else ()
        if kind.endswith(".done"):
            return (_spoken(body),)
        return ((),) if self.ended(body) else ()

    def without_tokens(self, body: dict[str, Json]) -> dict[str, Json]:
        """A reply or event without the tokens of its texts; the same object where it has none."""
        cleared = _cleared(body)
        return body if cleared is body or not isinstance(cleared, dict) else cleared

    def model_of(self, body: Mapping[str, Json]) -> str:
        """The model that the response names."""
        return super().model_of(_response(body))

    def usage(self, body: Mapping[str, Json]) -> dict[str, int]:
        """The token counts that the response states."""
        return super().usage(_response(body))

    def reply_thread(self, body: Mapping[str, Json]) -> str:
        """The name of the response, from which a later request may go on."""
        named = _response(body).get("id")
        return named if isinstance(named, str) else ""

    def error_event(self, failure: GuardError) -> bytes:
        """A failure inside a stream that has begun.

        The event as OpenAI documents it, with the error once more as an object: the SDK takes an event without one
        for a part of the reply, and would end as if nothing had happened.
        """
        told: dict[str, Json] = {"code": failure.code, "message": failure.message, "param": failure.param}
        body: Json = {"type": "error", **told, "sequence_number": 0, "error": {"type": "server_error", **told}}
        return b"event: error\ndata: " + dump(body) + b"\n\n"


def _response(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """The response itself, alone or inside an event."""
    inner = body.get("response")
    return inner if isinstance(inner, dict) else body


def _items(body: Mapping[str, Json]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """The items of a response, or the one that an event brings, each with its place."""
    item = body.get("item")
    if isinstance(item, dict):
        yield ("item",), item
    response = _response(body)
    path: Path = ("output",) if response is body else ("response", "output")
    yield from (((*path, place), each) for place, each in objects(response.get("output")))


def _number(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    return value if type(value) is int else 0


def _told(body: Mapping[str, Json], path: Path) -> Part | None:
    """The text at `path` of an event that is about a part of an item."""
    place = _spoken(body)
    content = place[-1] == "text"
    match path:
        case ("item_id" | "type" | "obfuscation", *_):
            return None
        case ("part", "text" | "refusal"):
            return Part(0, place, content)
        case ("delta",):
            return Part(0, place, content, piece=True)
        case ("delta", str(field)):
            return Part(0, (*place, field), piece=True)
        case (str(field),) if field in _WHOLE:
            return Part(0, place, content)
    return Part(0, (_number(body, "output_index"), *path))  # an event that guard does not know


def _spoken(body: Mapping[str, Json]) -> Key:
    """The text that an event is about: its item, what kind of text, and which of that kind."""
    kind = str(body.get("type")).removeprefix("response.")
    if kind.startswith("content_part."):
        part = body.get("part")
        kind = str(part.get("type") if isinstance(part, dict) else "")
    stem = kind.rpartition(".")[0] or kind
    name = "text" if stem == "output_text" else stem
    place = [_number(body, key) for key in _INDEX_KEYS if key in body]
    return (_number(body, "output_index"), *place, name)


def _inside(place: int, item: Any, within: Path) -> Part | None:
    """The text at `within` an item of the output."""
    match within:
        case ("content", int(index), "text"):
            kind = str(item["content"][index].get("type"))
            content = kind in {"output_text", "text"}
            return Part(0, (place, index, "text" if content else kind), content)
        case ("id" | "call_id" | "type" | "status" | "role", *_):
            return None
    return Part(0, (place, *within))


def _cleared(value: Json) -> Json:
    """`value` without the tokens of its texts; the same object where it has none."""
    match value:
        case dict():
            changed = {key: [] if key == "logprobs" and item else _cleared(item) for key, item in value.items()}
            return changed if any(changed[key] is not item for key, item in value.items()) else value
        case list():
            items = [_cleared(item) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


RESPONSES = Responses()
