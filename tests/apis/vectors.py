"""Embeddings and moderations, as OpenAI sends them: numbers for texts."""

from __future__ import annotations

import base64
import struct
from typing import Any

from tests.apis.api import Api, Turn, text_of


class Embeddings(Api):
    path = "/v1/embeddings"
    wrong = b'{"object": "list", "data": {"embedding": []}}'

    def said(self, body: dict[str, Any]) -> str:
        return "\n".join(inputs(body))

    def whole(self, turn: Turn) -> dict[str, Any]:
        coded = turn.body.get("encoding_format") == "base64"
        vectors = [vector(text) for text in inputs(turn.body)]
        data = [
            {"object": "embedding", "index": index, "embedding": base64_of(values) if coded else values}
            for index, values in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return {"object": "list", "data": data, "model": turn.body["model"], "usage": usage}


class Moderations(Embeddings):
    path = "/v1/moderations"
    wrong = b'{"id": "modr-1", "results": {"flagged": false}}'

    def whole(self, turn: Turn) -> dict[str, Any]:
        results = []
        for text in inputs(turn.body):
            bad = "rifle" in text
            results.append({
                "flagged": bad,
                "categories": {"violence": bad, "self-harm/intent": False},
                "category_scores": {"violence": 0.97 if bad else 1.2e-05, "self-harm/intent": 3.1e-07},
                "category_applied_input_types": {"violence": ["text"], "self-harm/intent": ["text"]},
            })  # fmt: skip
        return {"id": "modr-1", "model": turn.body.get("model", "omni-moderation-latest"), "results": results}


def inputs(body: dict[str, Any]) -> list[str]:
    """The texts to be turned into numbers: a text, a list of texts, of tokens, or of parts."""
    given = body["input"]
    if isinstance(given, str):
        return [given]
    if given and all(isinstance(item, int) for item in given):
        return [repr(given)]
    return [repr(item) if isinstance(item, list) else text_of([item]) for item in given]


def vector(text: str) -> list[float]:
    """A vector that tells texts apart; its numbers are exact in 32 bits."""
    return [len(text) / 4, sum(text.encode()) / 256, -0.5, 12345678.0]


def base64_of(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
