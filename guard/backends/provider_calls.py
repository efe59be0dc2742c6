"""How a request of each API is put to litellm: which function takes it, and which of its fields.

litellm's functions take a caller's fields and its own settings by the same door: an address, a key, a made-up answer,
other models to ask. So a field goes in by name only where the API has it. Others go along in `extra_body`, which
litellm puts into the provider's body, and where it does not they are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guard.errors import RequestError

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
COMPLETIONS = "/v1/completions"
EMBEDDINGS = "/v1/embeddings"
MODERATIONS = "/v1/moderations"


@dataclass(frozen=True)
class Api:
    """An API: the function of litellm that takes its requests, the fields it takes, those that must be there."""

    function: str
    required: tuple[str, ...]
    fields: frozenset[str]


def _api(function: str, required: str, optional: str) -> Api:
    return Api(function, tuple(required.split()), frozenset(f"{required} {optional}".split()))


APIS: Mapping[str, Api] = {
    CHAT: _api(
        "acompletion",
        "messages",
        "functions function_call temperature top_p n stream_options stop max_tokens max_completion_tokens modalities"
        " prediction audio presence_penalty frequency_penalty logit_bias user response_format seed tools tool_choice"
        " parallel_tool_calls logprobs top_logprobs reasoning_effort verbosity safety_identifier service_tier store"
        " prompt_cache_key prompt_cache_retention thinking web_search_options",
    ),
    RESPONSES: _api(
        "aresponses",
        "input",
        "include instructions max_output_tokens parallel_tool_calls previous_response_id reasoning store background"
        " temperature text tool_choice tools top_p truncation user service_tier safety_identifier prompt"
        " max_tool_calls prompt_cache_key prompt_cache_retention stream_options top_logprobs",
    ),
    MESSAGES: _api(
        "anthropic_messages",
        "messages max_tokens",
        "system metadata stop_sequences temperature thinking tool_choice tools top_k top_p container"
        " context_management mcp_servers output_config output_format inference_geo speed cache_control",
    ),
    COMPLETIONS: _api(
        "atext_completion",
        "prompt",
        "best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty stop stream_options suffix"
        " temperature top_p user",
    ),
    EMBEDDINGS: _api("aembedding", "input", "dimensions encoding_format user"),
    MODERATIONS: _api("amoderation", "input", ""),
}

# Where litellm may call MCP servers of its own in the place of the provider.
_GATEWAY = frozenset({CHAT, RESPONSES, MESSAGES})

# Providers into whose body litellm does not put `extra_body`.
_NO_EXTRAS = re.compile(r"anthropic|bedrock|vertex_ai.*|sagemaker.*|aiohttp_openai|nlp_cloud|oobabooga|.*-codestral")

# Providers that are called with the machine's credentials, not with a key that the caller could bring.
_AMBIENT = re.compile(r"bedrock.*|sagemaker.*|vertex_ai.*|watsonx.*|oci|sap|snowflake|github_copilot|gigachat")


@dataclass(frozen=True)
class Target:
    """Where a call goes: litellm's provider, the model as litellm names it, and how it is reached.

    With `chat_only` the provider is taken to speak chat completions and no other API of OpenAI's.
    """

    provider: str
    model: str
    url: str | None
    key: str | None
    chat_only: bool
    drop_params: bool
    timeout_s: float

    def api_key(self, headers: Mapping[str, str]) -> str | None:
        """The key to call with: the upstream's own, else the caller's; None where litellm has to find one.

        An upstream at an address of its own gets a stand-in, for litellm would send it a key of the environment.
        """
        if self.key is not None or _AMBIENT.fullmatch(self.provider):
            return self.key
        authorization = headers.get("authorization", "").split()
        given = headers.get("x-api-key") or (authorization[-1] if authorization else "")
        return given or ("none" if self.url else None)


def arguments(
    litellm: Any, path: str, body: Mapping[str, Any], headers: Mapping[str, str], target: Target
) -> dict[str, Any]:
    """What litellm's function is called with for a request, but for `stream`. Raises RequestError."""
    api = APIS[path]
    missing = next((name for name in api.required if name not in body), None)
    if missing:
        raise RequestError(f"'{missing}' is required.", param=missing)
    _refuse_what_litellm_would_answer(path, body, target)
    given = {name: value for name, value in body.items() if name in api.fields}
    if path == MESSAGES and isinstance(given.get("metadata"), dict):  # litellm has uses of its own for other keys
        given["metadata"] = {name: value for name, value in given["metadata"].items() if name == "user_id"}
    if path == EMBEDDINGS and given.get("encoding_format") == "base64":  # made of numbers here: few providers know it
        del given["encoding_format"]
    extras = {name: value for name, value in body.items() if name not in api.fields | {"model", "stream"}}
    if extras and _takes_extras(litellm, path, target):
        given["extra_body"] = extras
    elif extras and not target.drop_params:
        name = next(iter(extras))
        raise RequestError(f"litellm does not pass the field '{name}' on to {target.provider}.", param=name)
    return {**given, **_settings(path, headers, target)}


def has_one_choice(path: str, body: Mapping[str, Any]) -> bool:
    """Whether litellm can stream the reply: of several choices it would lose the ends of all but the first."""
    prompt = body.get("prompt")
    prompts = isinstance(prompt, list) and len(prompt) > 1 and not isinstance(prompt[0], int)
    return path not in {CHAT, COMPLETIONS} or not (prompts or (body.get("n") or 1) != 1)


def _settings(path: str, headers: Mapping[str, str], target: Target) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "model": target.model,
        "api_base": target.url,
        "api_key": target.api_key(headers),
        "timeout": target.timeout_s,
        "num_retries": 0,
        "drop_params": target.drop_params,
        "extra_headers": _passed_on(path, headers, target),
        "_skip_mcp_handler": True if path in _GATEWAY else None,
        "use_chat_completions_api": True if path == RESPONSES and target.chat_only else None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _passed_on(path: str, headers: Mapping[str, str], target: Target) -> dict[str, str] | None:
    """The caller's headers that mean something to the provider."""
    prefix = "anthropic-" if path == MESSAGES else "openai-" if target.provider == "openai" else None
    return {name: value for name, value in headers.items() if prefix and name.startswith(prefix)} or None


def _takes_extras(litellm: Any, path: str, target: Target) -> bool:
    if path == MODERATIONS or (path == MESSAGES and speaks_messages(litellm, target)):
        return False
    return not _NO_EXTRAS.fullmatch(target.provider)


def speaks_messages(litellm: Any, target: Target) -> bool:
    """Whether the provider takes Anthropic's messages as they are."""
    from litellm.utils import ProviderConfigManager

    try:
        model, provider, _, _ = litellm.get_llm_provider(target.model)
        config = ProviderConfigManager.get_provider_anthropic_messages_config(
            model=model, provider=litellm.LlmProviders(provider)
        )
    except (ValueError, litellm.BadRequestError):
        return False
    return config is not None


def _refuse_what_litellm_would_answer(path: str, body: Mapping[str, Any], target: Target) -> None:
    """Some of a request litellm answers itself, and for that asks models, stores and servers that nobody named."""
    if path == MODERATIONS and target.provider != "openai":  # it would ask OpenAI
        raise RequestError(f"litellm has no moderations of {target.provider}.", param="model")
    for kind in _tool_kinds(body):
        if (kind.startswith("advisor") and target.provider != "anthropic") or (
            kind == "file_search" and not _keeps_conversations(target)
        ):
            raise RequestError(f"{target.provider} has no tool of the type '{kind}'.", param="tools")
    if path == RESPONSES and not _keeps_conversations(target):
        for name in ("previous_response_id", "conversation"):
            if body.get(name) is not None:
                raise RequestError(
                    f"{target.provider} keeps no conversations. Send the whole of it as 'input'.", param=name
                )


def _keeps_conversations(target: Target) -> bool:
    """Whether the provider has OpenAI's responses, with the conversations and stores behind them."""
    from litellm.responses.main import provider_stores_the_conversation

    kwargs = {"api_base": target.url, "use_chat_completions_api": target.chat_only}
    return bool(provider_stores_the_conversation(target.model, None, kwargs))


def _tool_kinds(body: Mapping[str, Any]) -> list[str]:
    """The types of the tools that a request brings, wherever an API lets it bring them."""
    items = body.get("input")
    places = [body, *(items if isinstance(items, list) else [])]
    tools = [tool for place in places if isinstance(place, dict) for tool in _list(place.get("tools"))]
    return [str(tool["type"]) for tool in tools if isinstance(tool, dict) and "type" in tool]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
