"""OpenAI embeddings and moderations: texts go out, numbers come back, so there is nothing to restore or to judge.

Source: the OpenAI API reference, "Embeddings" and "Moderations".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from guard.errors import RequestError
from guard.surfaces import words
from guard.surfaces.completions import tokens
from guard.surfaces.fields import listed, word
from guard.surfaces.surface import MODEL, Surface
from guard.surfaces.walk import Leaf, Path, Vocabulary
from guard.types import Json, SurfaceName

VOCABULARY = Vocabulary(
    keys=frozenset(
        """
        model input dimensions encoding_format user metadata type text image_url url detail input_type truncate
        id object data embedding index usage prompt_tokens total_tokens results flagged categories category_scores
        category_applied_input_types harassment hate illicit violence
        """.split()  # noqa: SIM905 - thirty quoted words would be harder to read
    ),
    words={
        "object": re.compile("list|embedding"),
        "encoding_format": re.compile("float|base64"),
        "type": re.compile("text|image_url"),
        "input_type": re.compile("query|document|passage|search_query|search_document|classification|clustering"),
        "detail": words.LEVEL,
    },
    names=words.NAMES,
    fixed={"model": MODEL},
    free=words.FREE,
)


class Embeddings(Surface):
    """Vectors for texts."""

    name: ClassVar[SurfaceName] = "embeddings"
    path = "/v1/embeddings"
    vocabulary = VOCABULARY
    readable = frozenset({"text"})
    speaks = False
    streams = False

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where the input is no text and no list."""
        if not isinstance(body.get("input"), str | list):
            raise RequestError("'input' must be a text or a list of texts.", param="input")

    def opaque(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """Inputs given as numbers of tokens, and images."""
        yield from tokens(body.get("input"), ("input",))
        yield from super().opaque(body)

    def is_opaque(self, item: Mapping[str, Json], path: Path) -> bool:
        """Whether a part of the input is no text."""
        return path[:1] == ("input",) and word(item, "type") not in self.readable and "type" in item

    def reply_leaves(self, body: Json) -> Iterator[Leaf]:
        """Every string that may hold a placeholder: the vectors, thousands of numbers each, hold none."""
        data = listed(body, "data") if isinstance(body, dict) else []
        if not isinstance(body, dict) or not data:
            yield from super().reply_leaves(body)
            return
        others: list[Json] = [{key: value for key, value in item.items() if key != "embedding"} for item in data]
        yield from super().reply_leaves({**body, "data": others})

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is not a list of vectors."""
        return "" if isinstance(body.get("data"), list) else "it has no list of data"


class Moderations(Embeddings):
    """Whether texts are harmful, as the provider sees it."""

    name = "moderations"
    path = "/v1/moderations"
    default_model = "omni-moderation-latest"

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is not a list of results."""
        return "" if isinstance(body.get("results"), list) else "it has no list of results"


EMBEDDINGS = Embeddings()
MODERATIONS = Moderations()
