"""The events of a stream, put together as the whole reply that the API would have given without one.

A reply that is held for a person is given out whole, however it was asked for. Sources: the API references of OpenAI,
Anthropic and Google on streaming.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from guard.errors import RequestError, UpstreamError
from guard.surfaces.reply import Gathered, gathered
from guard.surfaces.surface import Surface
from guard.surfaces.walk import parse
from guard.types import Json

_SAID_AGAIN = frozenset({"role", "type", "id", "index"})  # words of the API that a server may repeat with every event
_FIELDS: Mapping[str, str] = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
_WHOLE: Mapping[str, str] = {"chat.completion.chunk": "chat.completion"}


def assembled(surface: Surface, bodies: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """The whole reply of a stream's `bodies`, in the shape of `surface`.

    Raises UpstreamError where they do not add up to a reply with the same words.
    """
    said = Gathered(surface)
    try:
        whole = _put_together(surface, _copies(bodies, said))
        sound = not surface.reply_problem(whole) and _contents(gathered(surface, whole)) == _contents(said)
    except (LookupError, TypeError, AttributeError, ValueError, RequestError) as error:
        raise UpstreamError("The upstream's stream does not add up to a reply, so it cannot be held.") from error
    if not sound:
        raise UpstreamError("The upstream's stream does not add up to a reply, so it cannot be held.")
    return whole


def _copies(bodies: Iterable[Mapping[str, Json]], said: Gathered) -> Iterator[dict[str, Any]]:
    """Each of the bodies, to be taken apart, with its words gathered in `said`."""
    for body in bodies:
        said.add(body)
        yield deepcopy(dict(body))


def _contents(reply: Gathered) -> dict[int, str]:
    return {choice.index: choice.content for choice in reply.choices()}


def _put_together(surface: Surface, bodies: Iterator[dict[str, Any]]) -> dict[str, Json]:
    match surface.name:
        case "messages":
            return _message(bodies)
        case "responses":
            whole: dict[str, Json] = deque((body for body in bodies if surface.ended(body)), maxlen=1).pop()["response"]
            return whole
        case "gemini":
            return _candidates(bodies)
    return _choices(bodies)


def _choices(bodies: Iterable[dict[str, Any]]) -> dict[str, Json]:
    """Completions: what is said beside the choices as it was said last, and each choice by its index."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for body in bodies:
        for choice in body.pop("choices", ()):
            said = choices.setdefault(choice.get("index", 0), {})
            delta = choice.pop("delta", None)
            if delta is not None:
                choice["message"] = delta
            _merge(said, choice)
        whole.update({key: value for key, value in body.items() if value is not None or key not in whole})
    for choice in choices.values():
        if "message" in choice:
            message = {"role": "assistant", "content": None, **choice["message"]}
            if "tool_calls" in message:
                message["tool_calls"] = [_without_index(call) for call in message["tool_calls"]]
            choice["message"] = message
    kind = whole.get("object")
    named = {"object": _WHOLE.get(kind, kind)} if isinstance(kind, str) else {}
    return {**whole, **named, "choices": [choices[index] for index in sorted(choices)]}


def _candidates(bodies: Iterable[dict[str, Any]]) -> dict[str, Json]:
    """Gemini: each candidate by its index, with its texts joined; all else as it was said last."""
    whole: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for body in bodies:
        for place, candidate in enumerate(body.pop("candidates", ())):
            said = candidates.setdefault(candidate.get("index", place), {"content": {"parts": []}})
            content = candidate.pop("content", {})
            parts = said["content"]["parts"]
            for part in content.pop("parts", ()):
                _join(parts, part)
            said["content"] |= content
            said |= candidate
        whole |= body
    return {**whole, **({"candidates": [candidates[index] for index in sorted(candidates)]} if candidates else {})}


def _join(parts: list[dict[str, Any]], part: dict[str, Any]) -> None:
    """Add a part: a text goes on, up to its signature; any other is whole."""
    last = parts[-1] if parts else {}
    goes_on = last.keys() == part.keys() - {"thoughtSignature"} <= {"text", "thought"} and "text" in last
    if goes_on and last.get("thought") == part.get("thought"):
        parts[-1] = {**part, "text": last["text"] + part["text"]}
    elif part != {"text": ""}:
        parts.append(part)


def _merge(said: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add one event's part of an object: texts go on, lists get longer or go on by the `index` of their items."""
    for key, value in more.items():
        before = said.get(key)
        if before is None or (value is not None and type(value) is not type(before)):
            said[key] = _begun(value)
        elif isinstance(value, dict):
            _merge(before, value)
        elif isinstance(value, list):
            _extend(before, value)
        elif isinstance(value, str) and key not in _SAID_AGAIN and key != "finish_reason":
            del before  # see there
            _go_on(said, key, value)
        elif value is not None:
            said[key] = value


def _go_on(texts: dict[Any, Any], key: Any, more: str) -> None:
    """Add to one of `texts`. Nobody else may hold it: CPython makes such a string longer in place."""
    text = texts.get(key, "")
    texts[key] = ""
    text += more
    texts[key] = text


def _begun(value: Any) -> Any:
    """A value that is said for the first time; a list may hold several parts of one item already."""
    if isinstance(value, list):
        return _extend([], value)
    return value


def _extend(items: list[Any], more: Sequence[Any]) -> list[Any]:
    for item in more:
        index = item.get("index") if isinstance(item, dict) else None
        known = [one for one in items if isinstance(one, dict) and one.get("index") == index]
        if type(index) is int and known:
            _merge(known[0], item)
        else:
            items.append(item)
    return items


def _without_index(call: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in call.items() if key != "index"}


def _message(bodies: Iterable[dict[str, Any]]) -> dict[str, Json]:
    """A message of Anthropic's: its frame, its blocks, and what its end says."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for body in bodies:
        match body.get("type"):
            case "message_start":
                whole = body["message"]
            case "content_block_start":
                blocks[body["index"]] = body["content_block"]
            case "content_block_delta":
                _add(blocks[body["index"]], body["delta"], body["index"], inputs)
            case "message_delta":
                usage = {**(whole.get("usage") or {}), **(body.get("usage") or {})}
                rest = {key: value for key, value in body.items() if key not in {"type", "delta", "usage"}}
                whole = {**whole, **body["delta"], **rest, "usage": usage}
    for index, written in inputs.items():
        if written:
            blocks[index]["input"] = parse(written.encode())
    return {**whole, "content": [blocks[index] for index in sorted(blocks)]}


def _add(block: dict[str, Any], delta: Mapping[str, Any], index: int, inputs: dict[int, str]) -> None:
    kind = delta["type"]
    match kind:
        case "input_json_delta":
            _go_on(inputs, index, delta["partial_json"])
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        case _ if kind in _FIELDS:
            field = _FIELDS[kind]
            _go_on(block, field, delta[field])
        case _:
            raise ValueError(kind)  # a kind of piece that guard does not know
