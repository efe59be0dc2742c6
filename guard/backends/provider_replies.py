"""What litellm gives, put back into the shape of the API that was asked: whole replies, chunks, and errors."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from guard.asks import Response
from guard.backends.provider_calls import CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, MODERATIONS, RESPONSES
from guard.errors import GuardError, UpstreamError, UpstreamTimeout
from guard.surfaces.walk import dump

# litellm writes the names of OpenAI's categories as Python would.
_CATEGORIES = {
    "harassment_threatening": "harassment/threatening",
    "hate_threatening": "hate/threatening",
    "illicit_violent": "illicit/violent",
    "self_harm": "self-harm",
    "self_harm_instructions": "self-harm/instructions",
    "self_harm_intent": "self-harm/intent",
    "sexual_minors": "sexual/minors",
    "violence_graphic": "violence/graphic",
}

_USAGE_DETAILS = {
    "input_tokens_details": ("cached_tokens", "cache_write_tokens"),
    "output_tokens_details": ("reasoning_tokens",),
}

_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
# litellm's own words before those of the provider: "litellm.RateLimitError: RateLimitError: OpenAIException - "
_OWN_WORDS = re.compile(r"\A(?:(?:litellm\.)?[A-Za-z_]\w*(?:Error|Exception)(?::| -) )+")
_LONGEST_MESSAGE = 4000

_LINK_HEADER = "llm_provider-"


def whole(path: str, result: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a whole reply to the request `asked`."""
    return _WHOLE[path](plain(result), asked)


def headers(result: Any) -> dict[str, str]:
    """The provider's headers, as far as litellm hands them on."""
    told = (getattr(result, "_hidden_params", None) or {}).get("additional_headers") or {}
    return {str(name).lower().removeprefix(_LINK_HEADER): str(value) for name, value in told.items()}


def plain(result: Any) -> dict[str, Any]:
    """What litellm gave as a JSON object."""
    found: dict[str, Any] = (
        dict(result) if isinstance(result, Mapping) else result.model_dump(mode="json", warnings=False)
    )
    return found


def bare(value: Any) -> Any:
    """`value` without what litellm adds of its own: empty fields, and a bag for what has no field."""
    match value:
        case dict():
            kept = {k: v if k == "logprobs" else bare(v) for k, v in value.items() if v is not None}
            return {k: v for k, v in kept.items() if v or k != "provider_specific_fields"}
        case list():
            return [bare(item) for item in value]
    return value


def _chat(body: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    del asked
    told = _with_usage(bare(body))
    return {**told, "choices": [_choice(choice) for choice in told["choices"]]}


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = dict(choice["message"])
    refusal = message.pop("provider_specific_fields", {}).get("refusal")  # what else lies there is said twice
    calls = [{k: v for k, v in call.items() if k != "index"} for call in message.get("tool_calls", [])]
    said = {"content": None, "refusal": refusal, **message}
    return {
        "index": choice["index"],
        "message": {**said, "tool_calls": calls} if calls else said,
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice["finish_reason"],
    }


def chunk(body: dict[str, Any]) -> dict[str, Any]:
    """A chunk of a chat completion."""
    told = _with_usage(bare(body))
    return _told_alone({**told, "choices": [_piece(choice) for choice in told.get("choices", [])]})


def _told_alone(body: dict[str, Any]) -> dict[str, Any]:
    """`body` without choices that say nothing, where it tells of usage: OpenAI sends that alone."""
    if "usage" not in body:
        return body
    spoken = [c for c in body["choices"] if c.get("delta") or c.get("text") or c["finish_reason"]]
    return {**body, "choices": spoken}


def _piece(choice: dict[str, Any]) -> dict[str, Any]:
    delta = {name: value for name, value in choice["delta"].items() if name != "provider_specific_fields"}
    if "role" in delta:
        delta.setdefault("content", None)
    for call in delta.get("tool_calls", []):
        if "id" not in call:  # only the first piece of a call says what it is
            call.pop("type", None)
    return {
        "index": choice["index"],
        "delta": delta,
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice.get("finish_reason"),
    }


def _with_usage(body: dict[str, Any]) -> dict[str, Any]:
    """`body` with the counts of its usage alone; without any where none was told."""
    usage = {k: v for k, v in (body.get("usage") or {}).items() if v != {}}
    rest = {k: v for k, v in body.items() if k != "usage"}
    return {**rest, "usage": usage} if any(usage.values()) else rest


def completion(body: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """A text completion, or a chunk of one."""
    del asked
    told = _with_usage(bare(body))
    choices = [
        {
            "index": choice["index"],
            "text": choice.get("text") or "",
            "logprobs": choice.get("logprobs"),
            "finish_reason": choice.get("finish_reason"),
        }
        for choice in told["choices"]
    ]
    return _told_alone({**told, "choices": choices})


def _embeddings(body: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    packed = asked.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": _packed(item["embedding"]) if packed else item["embedding"],
        }
        for place, item in enumerate(body["data"])
    ]
    usage = {name: (body.get("usage") or {}).get(name) or 0 for name in ("prompt_tokens", "total_tokens")}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


def _packed(numbers: Any) -> Any:
    """Numbers as OpenAI packs them: 32-bit floats, little end first, in base64."""
    if not isinstance(numbers, list):
        return numbers
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _moderations(body: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    del asked
    results = [
        {k: {_CATEGORIES.get(n, n): x for n, x in v.items()} if isinstance(v, dict) else v for k, v in result.items()}
        for result in bare(body["results"])
    ]
    return {**body, "results": results}


def response_of(body: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """A response, as it is told whole and inside events."""
    del asked
    usage = body.get("usage")
    counts = None if usage is None else _response_usage(usage)
    output = [item_of(item) for item in body.get("output") or []]
    rest = {name: value for name, value in body.items() if name != "provider_specific_fields"}
    return {**rest, "output": output, "usage": counts}


def item_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of a response. Of a thought litellm makes a message; OpenAI tells a summary."""
    told: dict[str, Any] = bare(dict(item))
    if told.get("type") != "reasoning":
        return told
    said = [part for part in told.pop("content", []) if part.get("text")]
    told.pop("role", None)
    summary = [{"type": "summary_text", "text": part["text"]} for part in said]
    return {**told, "summary": told.get("summary") or summary}


def _response_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: usage.get(name) or 0 for name in ("input_tokens", "output_tokens", "total_tokens")}
    details = {group: dict.fromkeys(names, 0) | bare(usage.get(group) or {}) for group, names in _USAGE_DETAILS.items()}
    return {**counts, **details}


def _message(body: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    del asked
    content = [
        {**block, "signature": block["signature"] or ""} if "signature" in block else block for block in body["content"]
    ]
    return {**{name: value for name, value in body.items() if not name.startswith("_")}, "content": content}


_WHOLE: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
    CHAT: _chat,
    RESPONSES: response_of,
    MESSAGES: _message,
    COMPLETIONS: completion,
    EMBEDDINGS: _embeddings,
    MODERATIONS: _moderations,
}


def refusal(failure: GuardError) -> Response:
    """What guard refuses to put to litellm, as if the provider had refused it."""
    return _error(failure.status, {}, failure.message, "invalid_request_error", failure.param, failure.code)


def answer(error: Exception) -> Response:
    """What a provider answered that litellm has made an exception of. Raises UpstreamError where none answered."""
    while isinstance(inner := getattr(error, "original_exception", None), Exception):
        error = inner
    status = getattr(error, "status_code", None)
    response = getattr(error, "response", None)
    told = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    if _timed_out(error):
        raise UpstreamTimeout("The upstream did not answer in time.") from error
    if not isinstance(status, int) or not (400 <= status < 500 or (status >= 500 and told)):
        if isinstance(status, int) and 300 <= status < 400:
            raise UpstreamError("The upstream answered with a redirect, which guard does not follow.") from error
        raise UpstreamError(f"The upstream could not be asked through litellm ({type(error).__name__}).") from error
    passed = {str(name).lower(): str(value) for name, value in told.items()}
    body = getattr(error, "body", None)
    message = _OWN_WORDS.sub("", str(getattr(error, "message", "")))
    said = body if isinstance(body, dict) else _json_in(message)
    said = said["error"] if isinstance(said.get("error"), dict) else said
    kind = said.get("type") or _ERROR_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = said.get("message") or message or f"The upstream answered {status} without saying why."
    return _error(status, passed, message, kind, said.get("param"), said.get("code"))


def _error(status: int, told: Mapping[str, str], message: Any, kind: Any, param: Any, code: Any) -> Response:
    error = {"message": str(message)[:_LONGEST_MESSAGE], "type": kind, "param": param, "code": code}
    return Response(status, told, dump({"error": error}))


def _timed_out(error: Exception) -> bool:
    import openai

    return isinstance(error, TimeoutError | openai.APITimeoutError)


def _json_in(message: str) -> dict[str, Any]:
    """The JSON object that a message ends with, which may be written as Python writes bytes."""
    start, end = message.find("{"), message.rfind("}")
    try:
        found = json.loads(message[start : end + 1])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
