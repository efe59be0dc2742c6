"""Anthropic messages: content in blocks, instructions apart, events with names, and errors of its own.

Source: the Anthropic API reference, "Messages", "Streaming messages" and "Errors".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from guard.errors import GuardError
from guard.surfaces.fields import check_messages, index_of, newest_of, word
from guard.surfaces.messages_words import VOCABULARY
from guard.surfaces.parts import Key, Part
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Path, dump
from guard.types import Json, SurfaceName

_READABLE = frozenset({
    "text", "tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use", "web_search_tool_result",
    "web_search_result", "search_result", "mcp_tool_use", "mcp_tool_result", "tool_reference", "browser_state",
    "tool_search_tool_result", "web_fetch_tool_result",
    "code_execution_tool_result", "bash_code_execution_tool_result", "text_editor_code_execution_tool_result",
})  # fmt: skip
_READ_SOURCES = frozenset({"text", "content"})  # sources of documents that are text
_ERROR_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
_UNSAID = frozenset({"id", "tool_use_id", "type", "role", "model"})


class Messages(Surface):
    """Messages."""

    name: ClassVar[SurfaceName] = "messages"
    path = "/v1/messages"
    vocabulary = VOCABULARY
    readable = _READABLE
    repeated = frozenset({"stop_sequence"})
    blank = "…"

    # --- requests ---

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there is no list of messages."""
        check_messages(body)

    def newest(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """The messages after the assistant's last one."""
        yield from newest_of(body.get("messages"), ("messages",), frozenset({"assistant"}))

    def is_opaque(self, item: Mapping[str, Json], path: Path) -> bool:
        """Whether a block is no text. A document may be one: its source says so."""
        source = item.get("source")
        if item.get("type") == "document" and isinstance(source, dict):
            return word(source, "type") not in _READ_SOURCES
        return super().is_opaque(item, path)

    # --- replies ---

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is not a message."""
        return "" if isinstance(body.get("content"), list) else "it has no list of content"

    def begun(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The one choice there is."""
        return () if body.get("type") == "ping" else (0,)

    def ended(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """Whether the message is complete."""
        return (0,) if body.get("type") == "message_stop" else ()

    def failed(self, body: Mapping[str, Json]) -> bool:
        """Whether an event says that the upstream failed."""
        return body.get("type") == "error"

    def placed(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which block the string at `path` belongs to."""
        match path:
            case ("content", int(block), *within) | ("message", "content", int(block), *within):
                return _inside(block, tuple(within))
            case ("content_block", *within):
                found = _inside(index_of(body, 0), tuple(within))
                # A block begins empty as a rule; what it begins with, its pieces go on from.
                begins = found is not None and path[1:] in {("text",), ("thinking",)}
                return Part(found.choice, found.key, found.content, begins) if found else None
            case ("delta", str(field), *_) if body.get("type") == "content_block_delta":
                return _piece(index_of(body, 0), field, path)
            case ("delta" | "message" | "usage" | "context_management", *_):
                return None
            case (str(field), *_) if "index" in body and field not in _UNSAID:
                return Part(0, (index_of(body, 0), *path))  # an event that guard does not know
        return None

    def calls(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The block that is begun, where it is a call."""
        block = body.get("content_block")
        called = isinstance(block, dict) and word(block, "type").endswith("tool_use")
        return ((index_of(body, 0),),) if called else ()

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The text of an event that brings a piece of a text and nothing else."""
        delta, index = body.get("delta"), body.get("index")
        if not isinstance(delta, dict) or delta.get("type") != "text_delta" or len(delta) > 2:
            return None
        if body.keys() != {"type", "index", "delta"}:
            return None
        text = delta.get("text")
        if not isinstance(text, str) or type(index) is not int:
            return None
        return ("delta", "text"), text, Part(0, (index, "text"), content=True, piece=True)

    def finished(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The block that ends with this event, and every block when the message is complete."""
        match body.get("type"):
            case "content_block_stop":
                return ((index_of(body, 0),),)
            case "message_delta" | "message_stop":
                return ((),)
        return ()

    def model_of(self, body: Mapping[str, Json]) -> str:
        """The model that the message names."""
        return super().model_of(_message(body))

    def usage(self, body: Mapping[str, Json]) -> dict[str, int]:
        """The token counts that a message states, and later an event of it."""
        return super().usage(_message(body))

    def is_sealed(self, place: Key) -> bool:
        """Whether a text is the thinking that a signature beside it covers."""
        return place[-1:] == ("thinking",)

    # --- errors ---

    def error(self, failure: GuardError) -> bytes:
        """A failure in Anthropic's shape."""
        kind = _error_type(failure.status)
        details: Json = {"error_code": failure.code}  # where Anthropic has it since version 2026-10-21
        told: dict[str, Json] = {
            "type": kind,
            "message": failure.message,
            "code": failure.code,
            "details": details,
        }
        if failure.param:
            told["param"] = failure.param
        return dump({"type": "error", "error": told})

    def error_body(self, raw: bytes, status: int) -> dict[str, Json] | None:
        """An upstream's error body in Anthropic's shape, also where a translated upstream has another."""
        body = super().error_body(raw, status)
        told = body.get("error") if body else None
        if body is None or body.get("type") == "error" or not isinstance(told, dict):
            return body
        return {"type": "error", "error": {"type": _error_type(status), "message": told["message"]}}

    def error_event(self, failure: GuardError) -> bytes:
        """A failure inside a stream that has begun."""
        return b"event: error\ndata: " + self.error(failure) + b"\n\n"


class CountTokens(Messages):
    """How many tokens a request would have: the same request, and a number for a reply."""

    name = "count_tokens"
    path = "/v1/messages/count_tokens"
    speaks = False
    streams = False

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is no count."""
        return "" if isinstance(body.get("input_tokens"), int) else "it has no count of tokens"


def _error_type(status: int) -> str:
    return _ERROR_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def _message(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """The message itself, alone or inside an event."""
    inner = body.get("message")
    return inner if isinstance(inner, dict) else body


def _inside(block: int, within: Path) -> Part | None:
    """The text at `within` a block."""
    match within:
        case ("text",):
            return Part(0, (block, "text"), content=True)
        case ("id" | "tool_use_id" | "type", *_):
            return None
    return Part(0, (block, *within))


def _piece(block: int, field: str, path: Path) -> Part | None:
    match field:
        case "text":
            return Part(0, (block, "text"), content=True, piece=True)
        case "thinking" | "partial_json":
            return Part(0, (block, field), piece=True)
        case "type" | "signature":
            return None
    # A kind of piece that guard does not know. What lies deeper comes whole, as citations do.
    return Part(0, (block, *path[1:]), piece=len(path) == 2)


MESSAGES = Messages()
COUNT_TOKENS = CountTokens()
