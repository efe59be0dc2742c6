"""Gemini: what a model generates, in candidates with parts: texts, thoughts, calls of tools as objects, and bytes.

Events of a stream and whole replies look alike. Source: the Gemini API reference, "Generating content".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from guard.errors import RequestError
from guard.surfaces.fields import index_of, listed, word
from guard.surfaces.gemini_words import VOCABULARY
from guard.surfaces.google import MODELS, STREAM, Google
from guard.surfaces.parts import Key, Part
from guard.surfaces.pictures import is_picture
from guard.surfaces.walk import Path, objects
from guard.types import Json, SurfaceName

# What an event may hold besides a text and still be read without walking it: nothing here can hold a placeholder.
_FRAME = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId"})
_PLAIN = frozenset({"content", "index"})
_SAID = frozenset({"parts", "role"})


class Gemini(Google):
    """Generated contents."""

    name: ClassVar[SurfaceName] = "gemini"
    path = f"{MODELS}/{{model}}:generateContent"
    methods = ("generateContent", STREAM)

    def method(self, body: Mapping[str, Json], *, stream: bool) -> str:
        """What a request asks of the model."""
        del body
        return self.methods[stream]

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where there are no contents."""
        if not isinstance(body.get("contents"), list):
            raise RequestError("'contents' must be a list of contents.", param="contents")

    # --- replies ---

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is no reply."""
        found = body.get("candidates")
        if found is None and _refused(body):
            return ""
        good = isinstance(found, list) and all(isinstance(candidate, dict) for candidate in found)
        return "" if good else "it has no list of candidates"

    def placed(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which text of a candidate stands at `path`: its content, its thoughts, or another, which comes whole."""
        match path:
            case ("candidates", int(place), "content", "parts", int(at), "text"):
                candidate = _candidate(body, place)
                index = index_of(candidate, place)
                part = candidate["content"]["parts"][at]
                if part.get("thought"):
                    return Part(index, (index, "thought"), piece=True)
                return Part(index, (index, "text"), content=True, piece=True)
            case ("candidates", int(place), *within):
                index = index_of(_candidate(body, place), place)
                return Part(index, (index, *within))
        return None

    def pictures(self, body: Mapping[str, Json]) -> Iterator[tuple[int, Path]]:
        """The parts that are pictures."""
        for place, candidate in objects(body.get("candidates")):
            for at, part in _parts(candidate):
                for key in ("inlineData", "inline_data"):
                    blob = part.get(key)
                    if isinstance(blob, dict) and is_picture(blob.get("data")):
                        path: Path = ("candidates", place, "content", "parts", at, key, "data")
                        yield index_of(candidate, place), path

    def begun(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The candidates of this body; one where the request was refused."""
        found = tuple(index_of(candidate, place) for place, candidate in objects(body.get("candidates")))
        return found or ((0,) if _refused(body) else ())

    def ended(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The candidates that end with this event."""
        candidates = objects(body.get("candidates"))
        found = tuple(index_of(candidate, place) for place, candidate in candidates if candidate.get("finishReason"))
        return found or ((0,) if _refused(body) else ())

    def finished(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The candidates whose texts end with this event."""
        return tuple((index,) for index in self.ended(body))

    def calls(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The calls of each candidate, which end with it."""
        found = objects(body.get("candidates"))
        return tuple(
            (index_of(candidate, place), "calls")
            for place, candidate in found
            if any("functionCall" in part or "toolCall" in part for _, part in _parts(candidate))
        )

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The text of an event that brings a piece of one candidate's text and nothing else."""
        candidates = body.get("candidates")
        candidate = candidates[0] if isinstance(candidates, list) and len(candidates) == 1 else None
        if not isinstance(candidate, dict) or not (candidate.keys() <= _PLAIN and body.keys() <= _FRAME):
            return None
        content, index = candidate.get("content"), candidate.get("index", 0)
        parts = content.get("parts") if isinstance(content, dict) and content.keys() <= _SAID else None
        part = parts[0] if isinstance(parts, list) and len(parts) == 1 else None
        if not isinstance(part, dict) or part.keys() != {"text"} or type(index) is not int:
            return None
        text = part["text"]
        if not isinstance(text, str) or not text or not _counts(body.get("usageMetadata")):
            return None
        place: Path = ("candidates", 0, "content", "parts", 0, "text")
        return place, text, Part(index, (index, "text"), content=True, piece=True)

    def without_tokens(self, body: dict[str, Json]) -> dict[str, Json]:
        """A reply or event without the tokens of its candidates; the same object where it has none."""
        candidates = listed(body, "candidates")
        if not any(self.tokens & candidate.keys() for candidate in candidates):
            return body
        kept: list[Json] = [{key: value for key, value in c.items() if key not in self.tokens} for c in candidates]
        return {**body, "candidates": kept}


def _refused(body: Mapping[str, Json]) -> bool:
    """Whether the provider says that it did not answer the prompt."""
    feedback = body.get("promptFeedback")
    return isinstance(feedback, dict) and bool(word(feedback, "blockReason"))


def _candidate(body: Mapping[str, Any], place: int) -> Any:
    found = body["candidates"][place]
    return found if isinstance(found, dict) else {}


def _parts(candidate: Mapping[str, Json]) -> Iterator[tuple[int, dict[str, Json]]]:
    content = candidate.get("content")
    yield from objects(content.get("parts") if isinstance(content, dict) else None)


def _counts(stated: Json) -> bool:
    """Whether these are counts of tokens, and the kinds of what was counted, and nothing else."""
    match stated:
        case None | int():
            return True
        case dict():
            kind = VOCABULARY.words["modality"]
            return (
                all(
                    (key == "modality" and isinstance(value, str) and bool(kind.fullmatch(value))) or _counts(value)
                    for key, value in stated.items()
                    if key in VOCABULARY.keys
                )
                and stated.keys() <= VOCABULARY.keys
            )
        case list():
            return all(_counts(item) for item in stated)
    return False


GEMINI = Gemini()
