"""OpenAI chat completions: where its strings are, whole and streamed.

Source: the OpenAI API reference, "Chat Completions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from guard.surfaces import words
from guard.surfaces.choices import FILTER_KEYS, FRAME, SEVERITY, Choices
from guard.surfaces.citations import Citation, citations
from guard.surfaces.fields import check_messages, index_of, listed, newest_of
from guard.surfaces.parts import Key, Part
from guard.surfaces.surface import MODEL
from guard.surfaces.walk import Path, Vocabulary, objects
from guard.types import Json

_TYPE = re.compile(
    r"text|image_url|input_audio|file|refusal|function|custom|content|approximate|allowed_tools|grammar|url_citation"
    rf"|json_object|json_schema|{words.SCHEMA_TYPE}"
)
_PLAIN = frozenset({"index", "delta", "finish_reason", "logprobs"})

VOCABULARY = Vocabulary(
    keys=words.SCHEMA_KEYS
    | FILTER_KEYS
    | frozenset(
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
        cache_write_tokens categories category_applied_input_types category_scores code flagged moderation output
        results token bytes logprob url_citation start_index end_index title obfuscation transcript expires_at
        """.split()  # noqa: SIM905 - eighty quoted words would be harder to read
    ),
    words={
        **words.SCHEMA_WORDS,
        "role": words.ROLE,
        "type": _TYPE,
        "object": re.compile(r"chat\.completion(\.chunk)?|list|model"),
        "finish_reason": re.compile(r"stop|length|tool_calls|content_filter|function_call"),
        "detail": words.LEVEL,
        "format": words.FORMAT,
        "reasoning_effort": words.LEVEL,
        "verbosity": words.LEVEL,
        "service_tier": words.TIER,
        "search_context_size": words.LEVEL,
        "tool_choice": words.TOOL_CHOICE,
        "function_call": re.compile("auto|none"),
        "modalities": re.compile("text|audio"),
        "mode": re.compile("auto|required"),
        "syntax": re.compile("lark|regex"),
        "system_fingerprint": re.compile(r"fp_[a-f0-9]{10}"),
        "prompt_cache_retention": re.compile("in[-_]memory|24h"),
        "created": words.TIME,
        "severity": SEVERITY,
    },
    names=words.NAMES,
    fixed={"model": MODEL, "seed": re.compile(r"-?\d+")},
    free=words.FREE,
)


class Chat(Choices):
    """Chat completions."""

    name = "chat"
    path = "/v1/chat/completions"
    vocabulary = VOCABULARY
    readable = frozenset({"text", "refusal"})
    content = frozenset({("message", "content"), ("delta", "content")})

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there is no list of messages."""
        check_messages(body)

    def newest(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """The messages after the assistant's last one."""
        yield from newest_of(body.get("messages"), ("messages",), frozenset({"assistant"}))

    def is_opaque(self, item: Mapping[str, Json], path: Path) -> bool:
        """Whether a part of a message is no text; a content that is one part, and not a list of them, is never read."""
        return super().is_opaque(item, path) or (path[0] == "messages" and path[-1] == "content")

    def is_piece(self, body: Mapping[str, Json], path: Path) -> bool:
        """Events bring a `delta` of each text."""
        del body
        return path[2] == "delta"

    def citations(self, body: Mapping[str, Json]) -> Iterator[Citation]:
        """The annotations of each choice; those of an event count its content so far."""
        for place, choice in objects(body.get("choices")):
            for name in ("message", "delta"):
                said = choice.get(name)
                if isinstance(said, dict) and said.get("annotations"):
                    path: Path = ("choices", place, name)
                    text = (*path, "content") if name == "message" else None
                    key = (index_of(choice, place), name, "content")
                    yield from citations(said["annotations"], (*path, "annotations"), text, key)

    def calls(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The calls in the `delta` of a choice, which end with the choice."""
        deltas = [
            (index_of(choice, place), choice.get("delta")) for place, choice in enumerate(listed(body, "choices"))
        ]
        return tuple(
            (index, "calls")
            for index, delta in deltas
            if isinstance(delta, dict) and (delta.get("tool_calls") or delta.get("function_call"))
        )

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The content of an event that brings nothing but content to one choice."""
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
        delta = choice.get("delta") if isinstance(choice, dict) and choice.keys() <= _PLAIN else None
        if not isinstance(choice, dict) or not isinstance(delta, dict) or delta.keys() != {"content"}:
            return None
        index, content = choice.get("index"), delta["content"]
        if type(index) is not int or not isinstance(content, str) or not content or choice.get("logprobs"):
            return None
        if choice.get("finish_reason") or body.get("usage") or not body.keys() <= FRAME:
            return None
        return ("choices", 0, "delta", "content"), content, Part(index, (index, "delta", "content"), True, True)


CHAT = Chat()
