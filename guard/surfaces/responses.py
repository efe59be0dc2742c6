"""OpenAI responses: items instead of messages, a name for every event, and texts that come in pieces and then whole.

Source: the OpenAI API reference, "Responses" and "Streaming events".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from guard.errors import GuardError, RequestError
from guard.surfaces import words
from guard.surfaces.surface import MODEL, Key, Part, Surface, newest_of
from guard.surfaces.walk import Leaf, Path, Vocabulary, dump
from guard.types import Json

_TYPE = re.compile(
    r"message|(input|output|summary|reasoning)_(text|image|file|audio)|text|refusal|reasoning|item_reference|compaction"
    r"|[a-z_]+_(call|call_output|calls?|citation|path|approval_request|approval_response|list_tools)"
    r"|(function|custom|mcp|shell|apply_patch|local_shell|code_interpreter|file_search|image_generation|computer)"
    r"|web_search(_preview)?(_\d{4}_\d\d_\d\d)?|computer_use_preview|computer_screenshot|allowed_tools|grammar"
    r"|approximate|auto|json_object|json_schema|search|open_page|find_in_page|exec|logs|image"
    rf"|(response|error)(\.[a-z_]+)*|{words.SCHEMA_TYPE}"
)

VOCABULARY = Vocabulary(
    keys=words.SCHEMA_KEYS
    | frozenset(
        """
        background content_index context_management conversation delta encrypted_content file_data file_id
        file_url filename function_call_output image_url include include_obfuscation incomplete_details input
        input_audio input_tokens input_tokens_details instructions item item_id logprobs max_output_tokens
        max_tool_calls metadata model object obfuscation output output_index output_text output_tokens
        output_tokens_details parallel_tool_calls part previous_response_id prompt prompt_cache_key
        prompt_cache_retention reasoning effort summary generate_summary response role content safety_identifier
        sequence_number service_tier status store stream stream_options temperature text verbosity tool_choice tools
        top_logprobs top_p truncation usage user total_tokens cached_tokens reasoning_tokens created_at completed_at
        error code message param id call_id name arguments annotations refusal detail data url strict parameters
        schema variables version action queries query results score result server_label server_url server_description
        connector_id allowed_tools require_approval approval_request_id approve reason authorization headers
        vector_store_ids max_num_results ranking_options ranker score_threshold filters search_context_size
        user_location city country region timezone approximate container container_id file_ids memory_limit
        display_width display_height environment background_color input_fidelity input_image_mask moderation
        output_compression output_format partial_images partial_image_index partial_image_b64 quality size
        pending_safety_checks acknowledged_safety_checks grammar syntax definition mode summary_index annotation
        annotation_index start_index end_index index tool_name token bytes logprob sources incomplete_reason
        custom phase compact_threshold
        """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
    ),
    words={
        "type": _TYPE,
        "role": words.ROLE,
        "object": re.compile("response|list|conversation"),
        "status": re.compile("in_progress|completed|incomplete|failed|cancelled|queued|searching|calling|generating"),
        "effort": words.LEVEL,
        "summary": words.LEVEL,
        "generate_summary": words.LEVEL,
        "verbosity": words.LEVEL,
        "detail": re.compile("auto|low|high|original"),
        "service_tier": words.TIER,
        "truncation": re.compile("auto|disabled"),
        "tool_choice": words.TOOL_CHOICE,
        "mode": words.TOOL_CHOICE,
        "search_context_size": words.LEVEL,
        "include": re.compile(r"[a-z_]+(\.[a-z_]+)+(\[\*\]\.[a-z_]+)*"),
        "syntax": re.compile("lark|regex"),
        "format": words.FORMAT,
        "prompt_cache_retention": re.compile("in[-_]memory|24h"),
        "require_approval": re.compile("always|never"),
        "phase": re.compile("commentary|final_answer"),
        "created_at": words.TIME,
        "completed_at": words.TIME,
    },
    names=words.NAMES | {"item_id", "approval_request_id"},
    fixed={
        "model": MODEL,
        "encrypted_content": words.SEALED,
        "previous_response_id": re.compile(r"[A-Za-z0-9_-]{1,200}"),
        "conversation": re.compile(r"conv_[A-Za-z0-9_-]{1,200}"),
    },
    free=words.FREE | {"variables"},
)

_OPAQUE = frozenset({"input_image", "input_file", "input_audio", "computer_screenshot", "image_generation_call"})
_READABLE = frozenset({
    "input_text", "output_text", "text", "refusal", "summary_text", "reasoning_text", "reasoning",
})  # fmt: skip
_INDEX_KEYS = ("output_index", "content_index", "summary_index")
_JSON_PIECES = re.compile(r"response\.(function|mcp)_call_arguments\.(delta|done)")
_WHOLE = frozenset({"text", "refusal", "arguments", "input", "code", "transcript"})


class Responses(Surface):
    """Responses."""

    name = "responses"
    path = "/v1/responses"
    vocabulary = VOCABULARY
    readable = _READABLE

    # --- requests ---

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there is no input, or the reply would not come back on this call."""
        if body.get("background"):
            raise RequestError("'background' replies come back by a route that guard does not serve. Leave it out.",
                               param="background")  # fmt: skip
        if not isinstance(body.get("input"), str | list) and not body.get("prompt"):
            raise RequestError("'input' must be a text or a list of items.", param="input")

    def wants_json(self, body: Mapping[str, Json]) -> bool:
        """Whether `text.format` asks for JSON."""
        text = body.get("text")
        wanted = text.get("format") if isinstance(text, dict) else None
        return isinstance(wanted, dict) and str(wanted.get("type")).startswith("json")

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
        """Whether an item or a part of its content is no text."""
        return item.get("type") in _OPAQUE or super().is_opaque(item, path)

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
        return (0,) if body.get("type") in {"response.completed", "response.incomplete"} else ()

    def failed(self, body: Mapping[str, Json]) -> bool:
        """Whether an event says that the upstream failed."""
        return body.get("type") in {"error", "response.failed"}

    def part(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which text of the output the string at `path` belongs to."""
        kind = body.get("type")
        match path:
            case ("response", "output", int(item), *within):
                return _inside(item, tuple(within))
            case ("output", int(item), *within):
                return _inside(item, tuple(within))
            case ("response", *_):
                return None
            case ("item", *within):
                return _inside(_number(body, "output_index"), tuple(within))
            case ("part", str(field)):
                place = _spoken(body)
                return Part(0, place, content=place[-1] == "text" and field == "text")
            case ("delta",) if isinstance(kind, str):
                place = _spoken(body)
                return Part(0, place, content=place[-1] == "text", piece=True)
            case (str(field),) if field in _WHOLE and isinstance(kind, str):
                place = _spoken(body)
                return Part(0, place, content=place[-1] == "text")
            case (str(field), *_) if isinstance(kind, str) and field not in {"item_id", "type", "obfuscation"}:
                return Part(0, (_number(body, "output_index"), *path))  # an event that guard does not know
        return None

    def reply_leaves(self, body: Json) -> Iterator[tuple[Leaf, bool]]:
        """Every string that may hold a placeholder; the arguments of functions are JSON, whole and in pieces."""
        kind = str(body.get("type")) if isinstance(body, dict) else ""
        pieces = _JSON_PIECES.fullmatch(kind) is not None
        for leaf, in_json in super().reply_leaves(body):
            yield leaf, in_json or (pieces and leaf.path in {("delta",), ("arguments",)})

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The content of an event that brings a piece of output text and nothing else."""
        delta = body.get("delta")
        if body.get("type") != "response.output_text.delta" or not isinstance(delta, str) or body.get("logprobs"):
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
        """A failure inside a stream that has begun."""
        told: Json = {"type": "error", "code": failure.code, "message": failure.message, "param": failure.param}
        return b"event: error\ndata: " + dump(told) + b"\n\n"


def _response(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """The response itself, alone or inside an event."""
    inner = body.get("response")
    return inner if isinstance(inner, dict) else body


def _number(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    return value if type(value) is int else 0


def _spoken(body: Mapping[str, Json]) -> Key:
    """The text that an event is about: its item, what kind of text, and which of that kind."""
    kind = str(body.get("type")).removeprefix("response.")
    if kind.startswith("content_part."):
        part = body.get("part")
        kind = str(part.get("type") if isinstance(part, dict) else "")
    stem = kind.rpartition(".")[0] or kind
    name = "text" if stem == "output_text" else stem
    place = [_number(body, key) for key in _INDEX_KEYS[1:] if key in body]
    return (_number(body, "output_index"), *place, name)


def _inside(item: int, within: Path) -> Part | None:
    """The text at `within` an item of the output."""
    match within:
        case ("content", int(index), "text"):
            return Part(0, (item, index, "text"), content=True)
        case ("id" | "call_id" | "type" | "status" | "role", *_):
            return None
    return Part(0, (item, *within))


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
