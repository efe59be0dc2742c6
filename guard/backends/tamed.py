"""litellm as guard wants it: it calls the provider and nobody else, asks once, keeps nothing and logs nothing.

Written against the version that is pinned in pyproject.toml. What litellm has a setting for is set; the rest of this
page replaces the few functions that it has none for, and tests/backends/test_providers.py fails where one no longer
fits.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from guard.backends import message_stream

# Read while litellm is imported.
_LOCAL = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it downloads prices
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # … a list of headers
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
}
_ENVIRONMENT = {
    **_LOCAL,
    "LITELLM_MODE": "PRODUCTION",  # else a .env file of the working folder gets into the environment
    "LITELLM_RUST": "False",  # what is replaced below is Python
    "DEFAULT_MAX_RETRIES": "0",  # whether to ask again is for guard to say
    "MAX_IMAGE_URL_DOWNLOAD_SIZE_MB": "0",
}

_SETTINGS: dict[str, Any] = {
    "telemetry": False,
    "set_verbose": False,
    "suppress_debug_info": True,
    "turn_off_message_logging": True,
    "log_raw_request_response": False,
    "disable_streaming_logging": True,
    "disable_hf_tokenizer_download": True,
    "user_url_validation": True,
    "num_retries": None,
    "DEFAULT_MAX_RETRIES": 0,
    "cache": None,
    "drop_params": False,
    "modify_params": False,
    "model_fallbacks": None,
    # An `openai/` provider with a URL of its own speaks chat completions, and seldom more.
    "use_chat_completions_url_for_anthropic_messages": True,
    "strip_anthropic_total_tokens": True,
}

_CALLBACKS = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "service_callback",
    "_async_input_callback",
    "_async_success_callback",
    "_async_failure_callback",
)

# Loggers that write down what is sent and said: litellm's own at every level, the others when they debug.
_SILENT = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "LiteLLM Proxy.stdout")
_QUIET = ("openai", "httpx", "httpcore", "botocore", "boto3", "aiohttp")

# What litellm does after a call: its record of the call, with prompt and reply, for whoever called back.
_AFTERWARDS: Mapping[str, Any] = {
    "success_handler": None,
    "failure_handler": None,
    "handle_sync_success_callbacks_for_async_calls": None,
    "claim_async_success_log": False,
}
_AFTERWARDS_AWAITED = (
    "async_success_handler",
    "async_failure_handler",
    "dispatch_success_handlers",
    "dispatch_failure_handlers",
)

_MESSAGE_STREAM = "litellm.llms.anthropic.pass_through.messages.streaming_iterator"

_lock = threading.Lock()
_owners: set[object] = set()
_answers: ContextVar[list[Any]] = ContextVar("answers")


def stay_local() -> None:
    """Let litellm take the lists that it would download from its own package. To be called before it is imported."""
    os.environ.update(_LOCAL)


def load() -> Any:
    """litellm, imported on the first call, which takes seconds. Raises ImportError."""
    with _lock:
        return _loaded()


@functools.cache
def _loaded() -> Any:
    os.environ.update(_ENVIRONMENT)
    sys.modules.setdefault(_MESSAGE_STREAM, message_stream)
    for name in _SILENT:
        logging.getLogger(name).disabled = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    import litellm

    for name, value in _SETTINGS.items():
        setattr(litellm, name, value)
    for name in _CALLBACKS:
        setattr(litellm, name, [])
    _record_nothing()
    _fetch_nothing()
    _follow_no_redirects(litellm)
    _warm(litellm)
    _invent_no_ends(litellm.CustomStreamWrapper)
    return litellm


def _warm(litellm: Any) -> None:
    """Let litellm import what it puts off until it is asked: it would do so on the event loop, for seconds."""
    asked: dict[str, Any] = {"model": "openai/-", "messages": [{"role": "user", "content": "-"}], "mock_response": "-"}
    litellm.completion(**asked)
    for _ in litellm.completion(**asked, stream=True):
        pass
    for name in ("litellm.responses.main", "openai.resources.chat", "openai.resources.completions"):
        importlib.import_module(name)


@contextlib.contextmanager
def answers() -> Iterator[list[Any]]:
    """The HTTP responses that come in for what litellm is asked inside: it has no way to close all of them."""
    arrived: list[Any] = []
    token = _answers.set(arrived)
    try:
        yield arrived
    finally:
        _answers.reset(token)


async def _note(response: Any) -> None:
    _answers.get([]).append(response)


def enter(owner: object) -> None:
    """Note that `owner` uses litellm."""
    _owners.add(owner)


async def leave(owner: object) -> None:
    """Note that `owner` no longer does; the last one closes the connections that litellm keeps."""
    _owners.discard(owner)
    if not _owners and _loaded.cache_info().currsize:
        litellm = load()
        await litellm.close_litellm_async_clients()
        await litellm.aclient_session.aclose()
        await litellm.module_level_aclient.close()
        litellm.in_memory_llm_clients_cache.flush_cache()
        _use_own_sessions(litellm)


def _record_nothing() -> None:
    from litellm.litellm_core_utils.litellm_logging import Logging

    async def awaited(*_: Any, **__: Any) -> None:
        pass

    for name, value in _AFTERWARDS.items():
        setattr(Logging, name, lambda *_, value=value, **__: value)
    for name in _AFTERWARDS_AWAITED:
        setattr(Logging, name, awaited)


def _fetch_nothing() -> None:
    """For some providers litellm fetches the images and files that a message links to; guard's host is not for that."""
    from litellm.litellm_core_utils import url_utils

    def refuse(url: str) -> tuple[str, str]:
        del url
        raise url_utils.SSRFError("guard fetches nothing that a message links to")

    url_utils.validate_url = refuse


def _follow_no_redirects(litellm: Any) -> None:
    """A redirect would carry the prompt to a server that nobody named."""
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler, HTTPHandler

    setattr(AsyncHTTPHandler, "create_client", _staying(AsyncHTTPHandler.create_client, [_note]))  # noqa: B010
    setattr(HTTPHandler, "create_client", _staying(HTTPHandler.create_client, []))  # noqa: B010 - for mypy
    _use_own_sessions(litellm)


def _use_own_sessions(litellm: Any) -> None:
    """Sessions that litellm keeps beside those that it makes for each provider."""
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler, HTTPHandler

    litellm.aclient_session = AsyncHTTPHandler().client
    litellm.client_session = HTTPHandler().client
    litellm.module_level_aclient = AsyncHTTPHandler(timeout=litellm.request_timeout)
    litellm.module_level_client = HTTPHandler(timeout=litellm.request_timeout)


def _staying(create_client: Callable[..., Any], noted: list[Any]) -> Callable[..., Any]:
    @functools.wraps(create_client)
    def create(handler: Any, *args: Any, **options: Any) -> Any:
        handler.follow_redirects = False
        client = create_client(handler, *args, **options)
        client.event_hooks["response"] += noted
        return client

    return create


def _invent_no_ends(stream: Any) -> None:
    """A stream that broke off litellm ends with a `stop` of its own, which would pass for a whole reply."""
    end = stream.finish_reason_handler

    @functools.wraps(end)
    def ended(self: Any) -> Any:
        if self.received_finish_reason is None and self.intermittent_finish_reason is None:
            raise ConnectionError("the stream broke off")
        return end(self)

    stream.finish_reason_handler = ended
