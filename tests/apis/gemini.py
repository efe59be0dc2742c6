"""Gemini, as Google sends it: parts, the model and the kind of reply in the path, and lines that end with CR LF."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.apis.api import SAID, Api, Streaming, Turn, text_of

_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class _Google(Api):
    """What Google's routes have in common."""

    def said(self, body: dict[str, Any]) -> str:
        users = [content for content in body["contents"] if content.get("role", "user") == "user"]
        return text_of(users[-1]["parts"]) if users else ""

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"code": status, "message": message, "status": _STATUSES.get(status, "UNKNOWN")}}


class Gemini(_Google, Streaming):
    path = "/v1beta/models/{model}:generateContent"
    wrong = b'{"candidates": {"index": 0}}'
    broken = b'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\r\n\r\n'

    def has_words(self, event: Mapping[str, Any]) -> bool:
        return any(part.get("text") for candidate in event["candidates"] for part in candidate["content"]["parts"])

    def write(self, event: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps(event).encode() + b"\r\n\r\n"

    def whole(self, turn: Turn) -> dict[str, Any]:
        return _reply(turn, [_candidate(at, parts, "STOP") for at, parts in enumerate(_candidates(turn))])

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        for at, parts in enumerate(_candidates(turn)):
            *pieces, last = [piece for part in parts for piece in _pieces(turn, part)]
            for piece in pieces:
                yield _reply(turn, [_candidate(at, [piece])])
            yield _reply(turn, [_candidate(at, [last], "STOP")])


class GeminiTokens(_Google):
    path = "/v1beta/models/{model}:countTokens"
    wrong = b'{"totalTokens": "many"}'

    def whole(self, turn: Turn) -> dict[str, Any]:
        return {"totalTokens": 14, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 14}]}


class GeminiEmbeddings(_Google):
    path = "/v1beta/models/{model}:embedContent"
    wrong = b'{"embedding": [0.5]}'

    def said(self, body: dict[str, Any]) -> str:
        return "\n".join(text_of(content["parts"]) for content in _embedded(body))

    def whole(self, turn: Turn) -> dict[str, Any]:
        vectors: list[Any] = [_vector(text_of(content["parts"])) for content in _embedded(turn.body)]
        return {"embeddings": vectors} if "requests" in turn.body else {"embedding": vectors[0]}


class GeminiBatch(GeminiEmbeddings):
    path = "/v1beta/models/{model}:batchEmbedContents"


def sign(text: str) -> str:
    """The signature of a thought."""
    return base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


def _candidates(turn: Turn) -> list[list[dict[str, Any]]]:
    count = turn.body.get("generationConfig", {}).get("candidateCount", 1)
    return [_parts(turn, at) for at in range(count)]


def _parts(turn: Turn, at: int) -> list[dict[str, Any]]:
    text = turn.text if at == 0 else f"{at}: {turn.text}"
    match turn.kind:
        case "tool":
            call = {"id": turn.name("call"), "name": "send", "args": {"to": text}}
            return [{"functionCall": call, "thoughtSignature": sign(text)}]
        case "think":
            return [{"text": text, "thought": True}, {"text": SAID, "thoughtSignature": sign(text)}]
        case "draw":
            return [{"text": text}, {"inlineData": {"mimeType": "image/png", "data": _PNG}}]
    return [{"text": text}]


def _pieces(turn: Turn, part: dict[str, Any]) -> list[dict[str, Any]]:
    """A part in pieces: Google sends texts so, and a signature with the last of them."""
    if "text" not in part:
        return [part]
    plain = {key: value for key, value in part.items() if key != "thoughtSignature"}
    texts = turn.cut(part["text"]) or [""]
    return [*({**plain, "text": text} for text in texts[:-1]), {**part, "text": texts[-1]}]


def _candidate(at: int, parts: list[dict[str, Any]], finish: str | None = None) -> dict[str, Any]:
    plain = {"content": {"parts": parts, "role": "model"}, **({"finishReason": finish} if finish else {})}
    rated = {"safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}]} if finish else {}
    return {**plain, "index": at, **rated}


def _reply(turn: Turn, candidates: list[dict[str, Any]]) -> dict[str, Any]:
    usage = {
        "promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3}],
    }  # fmt: skip
    frame = {"modelVersion": turn.body["model"], "responseId": turn.name("r")}
    return {"candidates": candidates, "usageMetadata": usage, **frame}


def _embedded(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [request["content"] for request in body["requests"]] if "requests" in body else [body["content"]]


def _vector(text: str) -> dict[str, Any]:
    return {"values": [byte / 256 for byte in hashlib.sha256(text.encode()).digest()[:4]]}
