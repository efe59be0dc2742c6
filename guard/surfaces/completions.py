"""OpenAI completions, the older API without roles, which editors still use to finish code.

Source: the OpenAI API reference, "Completions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from guard.errors import RequestError
from guard.surfaces import words
from guard.surfaces.choices import FILTER_KEYS, FRAME, SEVERITY, Choices
from guard.surfaces.parts import Part
from guard.surfaces.surface import MODEL
from guard.surfaces.walk import Path, Vocabulary
from guard.types import Json

VOCABULARY = Vocabulary(
    keys=FILTER_KEYS
    | frozenset(
        """
        model prompt suffix best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop
        stream stream_options include_usage temperature top_p user metadata
        id object created choices index text finish_reason usage system_fingerprint prompt_tokens completion_tokens
        total_tokens prompt_tokens_details completion_tokens_details cached_tokens audio_tokens reasoning_tokens
        accepted_prediction_tokens rejected_prediction_tokens cache_write_tokens text_offset
        token_logprobs tokens top_logprobs
        """.split()  # noqa: SIM905 - fifty quoted words would be harder to read
    ),
    words={
        "object": re.compile("text_completion"),
        "finish_reason": re.compile("stop|length|content_filter"),
        "system_fingerprint": re.compile(r"fp_[a-f0-9]{10}"),
        "created": words.TIME,
        "severity": SEVERITY,
    },
    names=words.NAMES,
    fixed={"model": MODEL, "seed": re.compile(r"-?\d+")},
    free=words.FREE,
)


_PLAIN = frozenset({"index", "text", "finish_reason", "logprobs"})


class Completions(Choices):
    """Completions of a text."""

    name = "completions"
    path = "/v1/completions"
    vocabulary = VOCABULARY
    content = frozenset({("text",)})

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where the prompt is no text and no list."""
        if not isinstance(body.get("prompt"), str | list):
            raise RequestError("'prompt' must be a text or a list of texts.", param="prompt")

    def newest(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """The prompt."""
        del body
        yield ("prompt",)

    def opaque(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """Prompts given as numbers of tokens."""
        yield from tokens(body.get("prompt"), ("prompt",))
        yield from super().opaque(body)

    def is_piece(self, body: Mapping[str, Json], path: Path) -> bool:
        """Events and whole replies look alike, so a whole reply is a text in one piece."""
        del body
        return len(path) == 3

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The text of an event that brings nothing but text to one choice."""
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
        if not isinstance(choice, dict) or not (choice.keys() <= _PLAIN and body.keys() <= FRAME):
            return None
        index, text = choice.get("index"), choice.get("text")
        if type(index) is not int or not isinstance(text, str) or not text or body.get("usage"):
            return None
        if choice.get("finish_reason") or choice.get("logprobs"):
            return None
        return ("choices", 0, "text"), text, Part(index, (index, "text"), content=True, piece=True)


def tokens(value: Json, path: Path) -> Iterator[Path]:
    """Where a list holds numbers of tokens instead of words, which only a model's own tokenizer can read."""
    if isinstance(value, list) and any(not isinstance(item, str | dict) for item in value):
        yield path


COMPLETIONS = Completions()
