"""Google's APIs: the model and what is asked of it in the path, contents in parts, and errors of their own.

Sources: the Gemini API reference; Google's API design guide, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from guard.errors import GuardError, RequestError
from guard.surfaces.fields import newest_of
from guard.surfaces.gemini_words import MODEL, VOCABULARY
from guard.surfaces.surface import Call, Surface
from guard.surfaces.walk import Leaf, Path, dump, objects, parse
from guard.types import Json

PREFIX = "/v1beta/"
MODELS = f"{PREFIX}models"
STREAM = "streamGenerateContent"
_ADDRESS = re.compile(r"/v1(beta)?/models/(?P<model>.+):(?P<method>[A-Za-z]+)(\?alt=(?P<alt>[^&]*))?")
_OWN = re.compile(r"/v1beta/.*|/v1/models(/.*:.*)?", re.DOTALL)

# Where a request holds bytes, or says where they are.
_BLOBS = frozenset({"inlineData", "inline_data", "fileData", "file_data", "fileUri", "file_uri"})
_MIME = frozenset({"mimeType", "mime_type"})

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
        stream = match["method"] == STREAM
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


def _told(status: int, message: Json) -> dict[str, Json]:
    kind = _STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    return {"code": status, "message": message, "status": kind}
