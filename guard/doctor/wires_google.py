"""Google's APIs, whose paths name the model and what is asked of it; events and whole replies look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from guard.doctor.wires import MODEL, Parts, Silent, Streaming, Wire

_SIGNATURE = "c2lnbmVkIGJ5IG5vYm9keSBhdCBhbGwsIGZvciB0aGUgZG9jdG9y"


class _Google(Wire):
    """What the paths and the bodies of these APIs have in common."""

    methods: ClassVar[tuple[str, ...]]

    def serves(self, path: str) -> bool:
        """Whether a request to `path` is one of this API."""
        folder, _, method = path.rpartition(":")
        return folder.startswith(("/v1/models/", "/v1beta/models/")) and method in self.methods

    def target(self, model: str, body: Mapping[str, Any], *, stream: bool) -> str:
        """Where a request goes."""
        return f"/v1beta/models/{quote(model)}:{self.method(body, stream=stream)}"

    def method(self, body: Mapping[str, Any], *, stream: bool) -> str:
        """What a request asks of the model."""
        del body, stream
        return self.methods[0]

    def streams(self, path: str, body: Mapping[str, Any]) -> bool:
        """Whether a request asks for a stream."""
        del body
        return path.endswith(":streamGenerateContent")

    def request(self, model: str, body: Mapping[str, Any], *, stream: bool) -> dict[str, Any]:
        """The body of a request."""
        del model, stream
        return dict(body)


class Gemini(_Google, Streaming):
    """Generated contents."""

    surface = "gemini"
    path = "/v1beta/models/{model}:generateContent"
    methods = ("generateContent", "streamGenerateContent")

    def method(self, body: Mapping[str, Any], *, stream: bool) -> str:
        """What a request asks of the model, and in which form."""
        del body
        return "streamGenerateContent?alt=sse" if stream else "generateContent"

    def whole(self, parts: Parts) -> dict[str, Any]:
        """The body of a whole reply."""
        said: list[dict[str, Any]] = [{"text": parts.content}]
        if parts.reasoning:
            said.insert(0, {"text": parts.reasoning, "thought": True})
        if parts.argument:
            said.append(self._call(parts.argument))
        return self._reply(said, "STOP")

    def events(self, parts: Parts) -> Iterator[dict[str, Any]]:
        """The bodies of the events."""
        for piece in parts.reasoning:
            yield self._reply([{"text": piece, "thought": True}])
        for piece in parts.content:
            yield self._reply([{"text": piece}])
        if parts.argument:
            yield self._reply([self._call(parts.argument)])
        yield self._reply([{"text": ""}], "STOP")

    def read(self, body: Mapping[str, Any]) -> Parts:
        """What a whole reply says."""
        (said,) = self.join([body])
        return said

    def join(self, events: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
        """What the events say."""
        said = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
        calls = [part["functionCall"]["args"] for part in said if "functionCall" in part]
        joined = Parts(
            "".join(part.get("text", "") for part in said if not part.get("thought")),
            "".join(str(args.get("echo", "")) for args in calls),
            "".join(part.get("text", "") for part in said if part.get("thought")),
        )
        return (joined,)

    @staticmethod
    def _call(argument: str) -> dict[str, Any]:
        return {"functionCall": {"name": "echo", "args": {"echo": argument}}, "thoughtSignature": _SIGNATURE}

    @staticmethod
    def _reply(parts: list[dict[str, Any]], finish: str | None = None) -> dict[str, Any]:
        ended = {"finishReason": finish} if finish else {}
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **ended}
        usage = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODEL, "responseId": "r1"}


class GeminiTokens(_Google, Silent):
    """How many tokens a request has."""

    surface = "gemini_tokens"
    path = "/v1beta/models/{model}:countTokens"
    methods = ("countTokens",)
    reply: ClassVar[Mapping[str, Any]] = {"totalTokens": 14}


class GeminiEmbeddings(_Google, Silent):
    """Vectors, of one content or of several."""

    surface = "gemini_embeddings"
    path = "/v1beta/models/{model}:embedContent"
    methods = ("embedContent", "batchEmbedContents")
    reply: ClassVar[Mapping[str, Any]] = {"embedding": {"values": [0.5, -0.25]}}

    def method(self, body: Mapping[str, Any], *, stream: bool) -> str:
        """What a request asks of the model."""
        del stream
        return self.methods["requests" in body]
