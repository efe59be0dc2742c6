"""OpenAI chat completions: where its strings are, whole and streamed, and how it says "error".

Source: the OpenAI API reference, "Chat Completions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from guard.errors import GuardError, RequestError, UpstreamError
from guard.surfaces.walk import Leaf, Path, Vocabulary, dump, leaves, parse, rebuild
from guard.types import Json

NAME = "chat"
PATH = "/v1/chat/completions"
DONE = "[DONE]"

_ROLE = re.compile(r"system|developer|user|assistant|tool|function")
_TYPE = re.compile(
    r"text|image_url|input_audio|file|refusal|function|custom|content|approximate|allowed_tools|grammar|url_citation"
    r"|json_object|json_schema|object|string|number|integer|boolean|array|null"
)
_OBJECT = re.compile(r"chat\.completion(\.chunk)?|list|model")
_FINISH = re.compile(r"stop|length|tool_calls|content_filter|function_call")
_FORMAT = re.compile(
    r"wav|mp3|flac|opus|aac|pcm16|text|date-time|date|time|duration|email|hostname|ipv4|ipv6|uri|uuid|regex"
)
_LEVEL = re.compile(r"auto|none|minimal|low|medium|high|xhigh")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,199}")

VOCABULARY = Vocabulary(
    keys=frozenset(
        """
        model messages role content name tool_calls tool_call_id function_call refusal audio id type function
        arguments text image_url url detail input_audio data format file file_data file_id filename tools
        description parameters strict tool_choice parallel_tool_calls response_format json_schema schema stream
        stream_options include_usage include_obfuscation n temperature top_p max_tokens max_completion_tokens stop
        seed user metadata store logprobs top_logprobs logit_bias presence_penalty frequency_penalty modalities
        voice prediction service_tier reasoning_effort verbosity functions web_search_options search_context_size
        user_location approximate city country region timezone safety_identifier prompt_cache_key
        prompt_cache_retention reasoning_content reasoning reasoning_details thinking custom grammar syntax
        definition allowed_tools mode
        object created choices index message delta finish_reason usage system_fingerprint prompt_tokens
        completion_tokens total_tokens prompt_tokens_details completion_tokens_details annotations
        cached_tokens audio_tokens reasoning_tokens accepted_prediction_tokens rejected_prediction_tokens
        token bytes logprob url_citation start_index end_index title obfuscation transcript expires_at
        properties required items enum additionalProperties anyOf oneOf allOf not const default examples minimum
        maximum minLength maxLength minItems maxItems uniqueItems pattern $ref $defs $schema definitions nullable
        propertyNames patternProperties exclusiveMinimum exclusiveMaximum multipleOf
        """.split()  # noqa: SIM905 - eighty quoted words would be harder to read
    ),
    words={
        "role": _ROLE,
        "type": _TYPE,
        "object": _OBJECT,
        "finish_reason": _FINISH,
        "detail": _LEVEL,
        "format": _FORMAT,
        "reasoning_effort": _LEVEL,
        "verbosity": _LEVEL,
        "service_tier": re.compile("auto|default|flex|scale|priority"),
        "search_context_size": _LEVEL,
        "tool_choice": re.compile("auto|none|required"),
        "function_call": re.compile("auto|none"),
        "modalities": re.compile("text|audio"),
        "mode": re.compile("auto|required"),
        "syntax": re.compile("lark|regex"),
        "system_fingerprint": re.compile(r"fp_[a-f0-9]{10}"),
        "prompt_cache_retention": re.compile("in[-_]memory|24h"),
        "created": re.compile(r"1[5-9]\d{8}"),  # Unix seconds, of the years 2017 to 2033
    },
    names=frozenset({"name", "id", "tool_call_id", "required"}),
    fixed={"model": _MODEL, "seed": re.compile(r"-?\d+")},
    free=frozenset({"metadata", "arguments", "default", "examples", "enum", "const"}),
)

# Parts of a message that hold words; every other type of part holds what guard cannot look into.
READABLE_PARTS = frozenset({"text", "refusal"})


@dataclass(frozen=True)
class Call:
    """A request: its body and what the exchange needs to know of it."""

    body: dict[str, Json]
    raw: bytes
    model: str
    stream: bool
    json_reply: bool
    logprobs: bool

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every string that may hold a value."""
        return tuple(leaves(self.body, VOCABULARY))

    @cached_property
    def opaque(self) -> tuple[Path, ...]:
        """Where the body holds what guard cannot look into."""
        return tuple(_opaque(self.body, ()))

    def prompt_paths(self) -> tuple[Path, ...]:
        """The messages of the newest turn: those after the assistant's last one, without instructions."""
        messages = self.body["messages"]
        newest: list[Path] = []
        for index, message in reversed(list(enumerate(messages if isinstance(messages, list) else []))):
            role = message.get("role") if isinstance(message, dict) else None
            if role == "assistant":
                break
            if role not in {"system", "developer"}:
                newest.append(("messages", index))
        return tuple(reversed(newest))

    def masked(self, changes: Mapping[tuple[Path, bool], str]) -> bytes:
        """The body with the changed leaves; the very bytes that came where nothing changed."""
        return dump(rebuild(self.body, changes)) if changes else self.raw


@dataclass(frozen=True, slots=True)
class Choice:
    """The words of one choice of a reply: its content, which may be revised, and the rest, which may not."""

    index: int
    content: str
    rest: str = ""

    @property
    def text(self) -> str:
        """What is judged: the content first."""
        return f"{self.content}\n{self.rest}" if self.rest else self.content


def read(raw: bytes) -> Call:
    """A request body as a Call. Raises RequestError, which names the field at fault."""
    body = parse(raw)
    model, messages, stream = body.get("model"), body.get("messages"), body.get("stream") or False
    if not isinstance(model, str) or not _MODEL.fullmatch(model):
        raise RequestError("'model' must be the name of a model.", param="model")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise RequestError("'messages' must be a list of messages.", param="messages")
    if not isinstance(stream, bool):
        raise RequestError("'stream' must be true or false.", param="stream")
    wanted = body.get("response_format")
    return Call(
        body=body,
        raw=raw,
        model=model,
        stream=stream,
        json_reply=isinstance(wanted, dict) and str(wanted.get("type")).startswith("json"),
        logprobs=bool(body.get("logprobs")),
    )


def _opaque(value: Json, path: Path) -> Iterator[Path]:
    """Where the body holds what guard cannot look into: images, audio, files, and data inside URLs."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _opaque(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                kind = item.get("type") if isinstance(item, dict) else None
                if path[-1:] == ("content",) and isinstance(item, dict) and kind not in READABLE_PARTS:
                    yield (*path, index)
                else:
                    yield from _opaque(item, (*path, index))
        case str() if value[:5].lower() == "data:" and ";base64," in value[:200]:
            yield path


def read_reply(raw: bytes) -> dict[str, Json]:
    """The body of a whole reply. Raises UpstreamError where it is not one."""
    try:
        body = parse(raw)
    except RequestError as error:
        raise UpstreamError("The upstream's reply is not valid JSON.") from error
    choices = body.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise UpstreamError("The upstream's reply is not a chat completion: it has no list of choices.")
    return body


def choices(body: Mapping[str, Json]) -> tuple[Choice, ...]:
    """The words of each choice of a whole reply."""
    found = body["choices"]
    return tuple(
        Choice(index_of(choice, place), *_words(choice))
        for place, choice in enumerate(found if isinstance(found, list) else [])
        if isinstance(choice, dict)
    )


def index_of(choice: Mapping[str, Any], place: int) -> int:
    """Which choice this is: what it says, else its place in the list."""
    index = choice.get("index", place)
    return index if type(index) is int else place


def _words(choice: dict[str, Any]) -> tuple[str, str]:
    """The content of a choice and, line by line, every other string of it."""
    content, rest = "", []
    for leaf in leaves({k: v for k, v in choice.items() if k != "logprobs"}, VOCABULARY):
        if leaf.path == ("message", "content"):
            content = leaf.text
        elif leaf.path[-1] not in {"id", "tool_call_id"}:
            rest.append(leaf.text)
    message = choice.get("message")
    if isinstance(message, dict) and isinstance(message.get("content"), str):
        content = message["content"]
    return content, "\n".join(rest)


def reply_leaves(body: Json) -> Iterator[tuple[Leaf, bool]]:
    """Every string of a reply or of one of its events that may hold a placeholder, and whether it is inside JSON."""
    for leaf in leaves(body, VOCABULARY):
        if leaf.kind != "fixed" and "logprobs" not in leaf.path:
            yield leaf, leaf.path[-1] == "arguments"


def with_content(body: dict[str, Json], contents: Mapping[int, str]) -> dict[str, Json]:
    """A whole reply in which the choices named by index have new contents."""
    changes: dict[tuple[Path, bool], str] = {}
    found = body["choices"]
    for place, choice in enumerate(found if isinstance(found, list) else []):
        if isinstance(choice, dict) and index_of(choice, place) in contents:
            changes[("choices", place, "message", "content"), False] = contents[index_of(choice, place)]
    rebuilt = rebuild(body, changes)
    return rebuilt if isinstance(rebuilt, dict) else body


def without_logprobs(body: dict[str, Json]) -> dict[str, Json]:
    """A reply or event without the tokens of its choices, which would show what stood before it was changed.

    The same object where it has none.
    """
    found = body.get("choices")
    if not isinstance(found, list):
        return body
    if not any(isinstance(choice, dict) and choice.get("logprobs") for choice in found):
        return body
    plain = [{**c, "logprobs": None} if isinstance(c, dict) and c.get("logprobs") else c for c in found]
    return {**body, "choices": plain}


def model_of(body: Mapping[str, Json]) -> str:
    """The model that a reply or event names; empty where that is no name of a model."""
    stated = body.get("model")
    return stated if isinstance(stated, str) and _MODEL.fullmatch(stated) else ""


def usage(body: Mapping[str, Json]) -> dict[str, int]:
    """The token counts that a reply or event states."""
    stated = body.get("usage")
    counts = stated if isinstance(stated, dict) else {}
    return {key: value for key, value in counts.items() if type(value) is int}


def error(failure: GuardError) -> bytes:
    """A failure in this surface's shape. The message of a GuardError never holds a value."""
    kind = "invalid_request_error" if failure.status < 500 else "server_error"
    body: Json = {"error": {"message": failure.message, "type": kind, "param": failure.param, "code": failure.code}}
    return dump(body)


def error_body(raw: bytes) -> dict[str, Json] | None:
    """An upstream's error body, when it has this surface's shape."""
    try:
        body = parse(raw)
    except RequestError:
        return None
    return body if isinstance(body.get("error"), dict) else None
