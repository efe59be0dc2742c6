"""Google's Gemini: contents in parts, calls of tools as objects, and the model and the kind of reply in the path.

Events of a stream and whole replies look alike. Sources: the Gemini API reference, "Generating content"; Google's API
design guide, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from guard.errors import GuardError, RequestError
from guard.surfaces.fields import index_of, listed, newest_of, word
from guard.surfaces.gemini_words import MODEL, VOCABULARY
from guard.surfaces.parts import Key, Part
from guard.surfaces.pictures import is_picture
from guard.surfaces.surface import Call, Surface
from guard.surfaces.walk import Leaf, Path, dump, objects, parse
from guard.types import Json, SurfaceName

PREFIX = "/v1beta/"
MODELS = f"{PREFIX}models"
_ADDRESS = re.compile(r"/v1(beta)?/models/(?P<model>.+):(?P<method>[A-Za-z]+)(\?alt=(?P<alt>[^&]*))?")
_STREAM = "streamGenerateContent"
_OWN = re.compile(r"/v1beta/.*|/v1/models(/.*:.*)?", re.DOTALL)

# Where a request or a reply holds bytes, or says where they are.
_BLOBS = frozenset({"inlineData", "inline_data", "fileData", "file_data", "fileUri", "file_uri"})
_MIME = frozenset({"mimeType", "mime_type"})
# What an event may hold besides a text and still be read without walking it: nothing here can hold a placeholder.
_FRAME = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId"})
_PLAIN = frozenset({"content", "index"})
_SAID = frozenset({"parts", "role"})

_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    410: "FAILED_PRECONDITION", 413: "INVALID_ARGUMENT", 423: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def is_googles(path: str) -> bool:
    """Whether `path` looks like one of Google's; the list of models in version 1 has the same as OpenAI's."""
    return bool(_OWN.fullmatch(path))


class Google(Surface):
    """A surface whose path names the model and, after a colon, what is asked of it.

    `methods` are what may be asked; the first is the one of `path`. Version 1 of the API, in which less may be asked,
    is served like v1beta, and upstreams are asked in the version that their address names.
    """

    vocabulary = VOCABULARY
    comments = False  # Google's own SDK for Python takes a comment for an event
    tokens = frozenset({"logprobsResult", "logprobs_result"})
    counts = "usageMetadata"
    stated = "modelVersion"
    carried = frozenset({"data"})
    methods: ClassVar[tuple[str, ...]]

    # --- requests ---

    def serves(self, path: str) -> bool:
        """Whether `path` names one of the methods."""
        match = _ADDRESS.fullmatch(path)
        return match is not None and match["method"] in self.methods

    def method(self, body: Mapping[str, Json], *, stream: bool) -> str:
        """What a request asks of the model."""
        del body, stream
        return self.methods[0]

    def address(self, body: Mapping[str, Json], model: str, *, stream: bool) -> str:
        """The path at which an upstream takes a request."""
        return f"{MODELS}/{model}:{self.method(body, stream=stream)}{'?alt=sse' if stream else ''}"

    def read(self, raw: bytes, address: str = "") -> Call:
        """A request as a Call. Raises RequestError."""
        match = _ADDRESS.fullmatch(address)
        if match is None or match["method"] not in self.methods:
            raise RequestError(f"The path must be {MODELS}/MODEL:METHOD, with one of: {', '.join(self.methods)}.")
        stream = match["method"] == _STREAM
        if stream and match["alt"] != "sse":
            raise RequestError("guard streams server-sent events. Ask for them with '?alt=sse'.", param="alt")
        call = self.recorded(raw, match["model"], stream=stream)
        if match["method"] != self.method(call.body, stream=stream):
            raise RequestError("'requests' goes to batchEmbedContents, 'content' to embedContent.", param="requests")
        return call

    def recorded(self, raw: bytes, model: str, *, stream: bool) -> Call:
        """A request for `model`. Raises RequestError."""
        if not MODEL.fullmatch(model):
            raise RequestError("The path must hold the name of a model.", param="model")
        body = parse(raw)
        self.check(body)
        return Call(self, body, raw, model, stream, beside=(Leaf(("model",), model, "fixed"),))

    def renamed(self, body: Mapping[str, Json], model: str) -> dict[Path, str]:
        """Where a body names the model a second time."""
        inner = body.get("generateContentRequest")
        named: list[tuple[Path, Json]] = [(("requests", place), item) for place, item in objects(body.get("requests"))]
        named += [((), dict(body)), (("generateContentRequest",), inner)]
        return {(*path, "model"): f"models/{model}" for path, one in named if isinstance(one, dict) and "model" in one}

    def newest(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """The contents after the model's last one."""
        yield from newest_of(body.get("contents"), ("contents",), frozenset({"model"}))

    def is_opaque(self, item: Mapping[str, Json], path: Path) -> bool:
        """Whether an object holds bytes, or says where they are; inside the user's own data any key may stand."""
        if self.vocabulary.free.intersection(path):
            return False
        return not _BLOBS.isdisjoint(item) or ("data" in item and not _MIME.isdisjoint(item))

    # --- errors ---

    def error(self, failure: GuardError) -> bytes:
        """A failure in Google's shape."""
        info: dict[str, Json] = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": failure.code,
            "domain": "guard",
        }
        if failure.param:
            info["metadata"] = {"param": failure.param}
        return dump({"error": {**_told(failure.status, failure.message), "details": [info]}})

    def error_body(self, raw: bytes, status: int) -> dict[str, Json] | None:
        """An upstream's error body in Google's shape, also where the upstream has another."""
        body = super().error_body(raw, status)
        told = body.get("error") if body else None
        if not isinstance(told, dict):
            return None
        kept = {key: told[key] for key in ("status", "details") if isinstance(told.get(key), str | list)}
        return {"error": {**_told(status, told["message"]), **kept}}


class Gemini(Google):
    """Generated contents."""

    name: ClassVar[SurfaceName] = "gemini"
    path = f"{MODELS}/{{model}}:generateContent"
    methods = ("generateContent", _STREAM)

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


class GeminiTokens(Google):
    """How many tokens a request would have: the same request, alone or in another, and a number for a reply."""

    name = "gemini_tokens"
    path = f"{MODELS}/{{model}}:countTokens"
    methods = ("countTokens",)
    speaks = False
    streams = False

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is no count."""
        return "" if isinstance(body.get("totalTokens"), int) else "it has no count of tokens"


class GeminiEmbeddings(Google):
    """Vectors for one content, or for those of several requests."""

    name = "gemini_embeddings"
    path = f"{MODELS}/{{model}}:embedContent"
    methods = ("embedContent", "batchEmbedContents")
    speaks = False
    streams = False

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


def _told(status: int, message: Json) -> dict[str, Json]:
    kind = _STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    return {"code": status, "message": message, "status": kind}


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
GEMINI_TOKENS = GeminiTokens()
GEMINI_EMBEDDINGS = GeminiEmbeddings()
