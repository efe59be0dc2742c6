"""The two APIs whose replies are lists of items: Anthropic's messages and OpenAI's responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from guard.doctor.wires import (
    MODEL,
    Chat,
    Completions,
    CountTokens,
    Embeddings,
    Moderations,
    Parts,
    Streaming,
    Wire,
    argument_of,
    call,
)
from guard.doctor.wires_google import Gemini, GeminiEmbeddings, GeminiTokens

_SIGNATURE = "c2lnbmVkIGJ5IG5vYm9keSBhdCBhbGwsIGZvciB0aGUgZG9jdG9y"
# An item before anything of it has come.
_EMPTY: Mapping[str, Any] = {"content": [], "summary": [], "arguments": "", "status": "in_progress"}


class Messages(Streaming):
    """Messages."""

    surface = "messages"
    path = "/v1/messages"
    named = True

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a whole reply."""
        frame = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL}
        ending = {"stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 4}}
        return {**frame, "content": self._blocks(parts), **ending}

    def events(self, parts: Parts) -> Iterator[dict[str, Any]]:
        """The bodies of the events."""
        yield {"type": "message_start", "message": {**self.whole(parts), "content": [], "stop_reason": None}}
        for index, block in enumerate(self._blocks(parts)):
            empty = {key: "" if key in {"text", "thinking", "signature"} else item for key, item in block.items()}
            if "input" in block:
                empty["input"] = {}
            yield {"type": "content_block_start", "index": index, "content_block": empty}
            for delta in self._deltas(block):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        ending = {"stop_reason": "end_turn", "stop_sequence": None}
        yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 4}}
        yield {"type": "message_stop"}

    def read(self, body: Mapping[str, Any]) -> Parts:
        """What a whole reply says."""
        blocks = body["content"]
        return Parts(
            "".join(block.get("text", "") for block in blocks),
            "".join(str(block["input"].get("echo", "")) for block in blocks if "input" in block),
            "".join(block.get("thinking", "") for block in blocks),
        )

    def join(self, events: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
        """What the events say."""
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        content, arguments, reasoning = (
            "".join(delta.get(key, "") for delta in deltas) for key in ("text", "partial_json", "thinking")
        )
        return (Parts(content, argument_of(arguments), reasoning),)

    @staticmethod
    def _blocks(parts: Parts) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        if parts.reasoning:
            blocks.append({"type": "thinking", "thinking": parts.reasoning, "signature": _SIGNATURE})
        blocks.append({"type": "text", "text": parts.content})
        if parts.argument:
            blocks.append({"type": "tool_use", "id": "toolu_1", "name": "echo", "input": {"echo": parts.argument}})
        return blocks

    @staticmethod
    def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        match block["type"]:
            case "tool_use":
                for piece in call(block["input"]["echo"]):
                    yield {"type": "input_json_delta", "partial_json": piece}
            case "thinking":
                for piece in block["thinking"]:
                    yield {"type": "thinking_delta", "thinking": piece}
                yield {"type": "signature_delta", "signature": block["signature"]}
            case _:
                for piece in block["text"]:
                    yield {"type": "text_delta", "text": piece}


class Responses(Streaming):
    """Responses."""

    surface = "responses"
    path = "/v1/responses"
    named = True

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a whole reply."""
        return self._response("completed", self._items(parts))

    def events(self, parts: Parts) -> Iterator[dict[str, Any]]:
        """The bodies of the events, numbered."""
        numbers = count()
        for event in self._events(self._items(parts)):
            yield {**event, "sequence_number": next(numbers)}

    def read(self, body: Mapping[str, Any]) -> Parts:
        """What a whole reply says."""
        items = body["output"]
        return Parts(
            "".join(part.get("text", "") for item in items for part in item.get("content", ())),
            argument_of("".join(item.get("arguments", "") for item in items)),
            "".join(part["text"] for item in items for part in item.get("summary", ())),
        )

    def join(self, events: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
        """What the events say: in pieces, and as a whole at the end."""
        pieces = {"output_text": "", "function_call_arguments": "", "reasoning_summary_text": ""}
        for event in events:
            stem, _, ending = str(event["type"]).removeprefix("response.").rpartition(".")
            if stem in pieces and ending == "delta":
                pieces[stem] += event["delta"]
        content, arguments, reasoning = pieces.values()
        repeated = [self.read(event["response"]) for event in events if event["type"] == "response.completed"]
        return Parts(content, argument_of(arguments), reasoning), *repeated

    def _events(self, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        yield {"type": "response.created", "response": self._response("in_progress", [])}
        for index, item in enumerate(items):
            unfinished = {key: _EMPTY.get(key, value) for key, value in item.items()}
            yield {"type": "response.output_item.added", "output_index": index, "item": unfinished}
            yield from self._item_events(item, {"item_id": item["id"], "output_index": index})
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        yield {"type": "response.completed", "response": self._response("completed", items)}

    @staticmethod
    def _item_events(item: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        match item["type"]:
            case "message":
                stem, field, where, text = "output_text", "text", {"content_index": 0}, item["content"][0]["text"]
            case "reasoning":
                stem, field, where = "reasoning_summary_text", "text", {"summary_index": 0}
                text = item["summary"][0]["text"]
            case _:
                stem, field, where, text = "function_call_arguments", "arguments", {}, item["arguments"]
        for piece in text:
            yield {"type": f"response.{stem}.delta", **place, **where, "delta": piece}
        yield {"type": f"response.{stem}.done", **place, **where, field: text}

    @staticmethod
    def _items(parts: Parts) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if parts.reasoning:
            summary = [{"type": "summary_text", "text": parts.reasoning}]
            items.append({"id": "rs_1", "type": "reasoning", "summary": summary})
        content = [{"type": "output_text", "text": parts.content, "annotations": []}]
        plain = {"type": "message", "status": "completed", "role": "assistant"}
        items.append({"id": "msg_1", **plain, "content": content})
        if parts.argument:
            called = {"call_id": "call_1", "name": "echo", "arguments": call(parts.argument)}
            items.append({"id": "fc_1", "type": "function_call", "status": "completed", **called})
        return items

    @staticmethod
    def _response(status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
        frame = {"id": "resp_1", "object": "response", "created_at": 1741476777, "status": status, "model": MODEL}
        plain: dict[str, Any] = {
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "tools": [],
        }
        rules = {"tool_choice": "auto", "parallel_tool_calls": True, "temperature": 1.0, "top_p": 1.0}
        return {**frame, **plain, **rules, "output": output}


WIRES: tuple[Wire, ...] = (
    Chat(), Responses(), Messages(), CountTokens(), Completions(), Embeddings(), Moderations(),
    Gemini(), GeminiTokens(), GeminiEmbeddings(),
)  # fmt: skip
BY_SURFACE: Mapping[str, Wire] = {wire.surface: wire for wire in WIRES}


def wire_at(path: str) -> Wire | None:
    """The API that a request to `path` is one of; None where there is none."""
    return next((wire for wire in WIRES if wire.serves(path)), None)
