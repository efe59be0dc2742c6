"""Completions, as OpenAI sends them: whole replies and events look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.apis.api import Streaming, Turn

_USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


class Completions(Streaming):
    path = "/v1/completions"
    wrong = b'{"choices": {"index": 0}}'
    done = b"data: [DONE]\n\n"

    def said(self, body: dict[str, Any]) -> str:
        prompt = body["prompt"]
        return prompt if isinstance(prompt, str) else "\n".join(map(str, prompt))

    def has_words(self, event: Mapping[str, Any]) -> bool:
        return any(choice["text"] for choice in event["choices"])

    def whole(self, turn: Turn) -> dict[str, Any]:
        choices = [_choice(turn, index, text, "stop") for index, text in enumerate(_texts(turn))]
        return {**_frame(turn), "choices": choices, "usage": _USAGE}

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        texts = _texts(turn)
        for index, text in enumerate(texts):
            for piece in turn.cut(text):
                yield {**_frame(turn), "choices": [_choice(turn, index, piece, None)]}
        for index in range(len(texts)):
            yield {**_frame(turn), "choices": [_choice(turn, index, "", "stop")]}
        if turn.body.get("stream_options", {}).get("include_usage"):
            yield {**_frame(turn), "choices": [], "usage": _USAGE}


def _texts(turn: Turn) -> list[str]:
    prompt = turn.body["prompt"]
    echoed = isinstance(prompt, list) and turn.kind in {"echo", "split"}
    first, *others = map(str, prompt) if echoed else [turn.text]
    return [first, *others, *(f"{index}: {first}" for index in range(1, turn.body.get("n") or 1))]


def _choice(turn: Turn, index: int, text: str, finish: str | None) -> dict[str, Any]:
    tokens = None
    if turn.body.get("logprobs") is not None and text:
        tokens = {"tokens": [text], "token_logprobs": [-0.1], "top_logprobs": [{text: -0.1}], "text_offset": [0]}
    return {"text": text, "index": index, "logprobs": tokens, "finish_reason": finish}


def _frame(turn: Turn) -> dict[str, Any]:
    return {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": turn.body["model"]}
