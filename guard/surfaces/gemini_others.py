"""What else is asked of Google's models: how many tokens a request would have, and vectors for texts.

Source: the Gemini API reference, "Counting tokens" and "Embeddings".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from guard.errors import RequestError
from guard.surfaces.google import MODELS, Google
from guard.surfaces.walk import Leaf
from guard.types import Json, SurfaceName


class GeminiTokens(Google):
    """How many tokens a request would have: the same request, alone or in another, and a number for a reply."""

    name: ClassVar[SurfaceName] = "gemini_tokens"
    path = f"{MODELS}/{{model}}:countTokens"
    methods = ("countTokens",)
    speaks = False
    streams = False

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there is nothing to count."""
        if not (isinstance(body.get("contents"), list) or isinstance(body.get("generateContentRequest"), dict)):
            raise RequestError("'contents' must be a list of contents.", param="contents")

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is no count."""
        return "" if isinstance(body.get("totalTokens"), int) else "it has no count of tokens"


class GeminiEmbeddings(Google):
    """Vectors for one content, or for those of several requests."""

    name: ClassVar[SurfaceName] = "gemini_embeddings"
    path = f"{MODELS}/{{model}}:embedContent"
    methods = ("embedContent", "batchEmbedContents")
    speaks = False
    streams = False

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there is nothing to make vectors of."""
        if not (isinstance(body.get("content"), dict) or isinstance(body.get("requests"), list)):
            raise RequestError("'content' must be a content, or 'requests' a list of requests.", param="content")

    def method(self, body: Mapping[str, Json], *, stream: bool) -> str:
        """What a request asks of the model."""
        del stream
        return self.methods["requests" in body]

    def reply_leaves(self, body: Json) -> Iterator[Leaf]:
        """Every string that may hold a placeholder: the vectors, thousands of numbers each, hold none."""
        if isinstance(body, dict):
            body = {key: value for key, value in body.items() if key not in {"embedding", "embeddings"}}
        yield from super().reply_leaves(body)

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` holds no vectors."""
        found = isinstance(body.get("embedding"), dict) or isinstance(body.get("embeddings"), list)
        return "" if found else "it has no embedding"


GEMINI_TOKENS = GeminiTokens()
GEMINI_EMBEDDINGS = GeminiEmbeddings()
