"""guard as a guardrail of LiteLLM's proxy: one exchange around each chat completion, as guard's own proxy has it.

    guardrails:
      - guardrail_name: guard
        litellm_params:
          guardrail: guard.integrations.litellm.GuardGuardrail
          mode: [pre_call, post_call]
          default_on: true
          guard_config: guard.yaml

Before the call the request is masked, judged and recorded; after it the reply is reviewed and restored, whole or as the
policy tells streams. It runs for every call, whatever a caller's metadata say of guardrails. Calls of any other kind
are refused, because nothing of them would be masked. Importing this module keeps litellm from downloading its lists of
models and prices, where litellm is not there yet. Written against litellm 1.106.2.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException

from guard.backends.tamed import stay_local
from guard.errors import GuardError, RouteError
from guard.library import Guard
from guard.types import Principal
from guard.withheld import WithheldError

stay_local()

from litellm.integrations.custom_guardrail import CustomGuardrail  # noqa: E402 - not before it stays local
from litellm.types.guardrails import GuardrailEventHooks  # noqa: E402

CALLS = frozenset({"completion", "acompletion"})
HOOKS = (GuardrailEventHooks.pre_call, GuardrailEventHooks.post_call)
LONGEST_S = 3600.0  # after which an exchange whose reply never came is closed as one that its caller left
WITHHELD = [{"role": "user", "content": "(withheld by guard)"}]
_HOOKS = (
    "async_pre_call_hook", "async_post_call_success_hook", "async_post_call_streaming_iterator_hook",
    "async_post_call_failure_hook",
)  # fmt: skip
NAME = "guard_call"
RESTORED = frozenset({"served_output_texts"})
METADATA = ("metadata", "litellm_metadata")  # where litellm puts words of its own beside the caller's
WORDS = ("messages", "input", "prompt")  # what litellm logs as the words of a call
CALLER_IDS = ("litellm_trace_id", "litellm_session_id", "user")
CALLER_NAMED = frozenset({"user_api_key_end_user_id", "user_api_key_auth"})  # these hold the `user` of a request


@dataclass(slots=True)
class _Call:
    """One call under way: the masked request once it is there, what it is answered with, and what comes of that."""

    sent: asyncio.Future[dict[str, Any]]
    answer: asyncio.Future[Any]
    task: asyncio.Task[Any]
    chunks: AsyncGenerator[Any] | None = None
    timer: asyncio.TimerHandle | None = field(default=None)

    def close(self) -> None:
        """Stop waiting for an answer."""
        if self.timer is not None:
            self.timer.cancel()
        if not self.task.done():
            self.task.cancel()


class StreamWithheldError(Exception):
    """A failure inside a stream: litellm writes an event of its fields. At an HTTPException it would break off."""

    def __init__(self, failure: GuardError) -> None:
        super().__init__(failure.message)
        self.message = failure.message
        self.type = failure.code
        self.param = failure.param
        self.status_code = failure.status


class RefusedCallError(StreamWithheldError):
    """A call that guard does not serve. At an HTTPException litellm would log the request as it came in."""


class _Details(dict[str, Any]):
    """What litellm logs of a call, without the words that its caller was given: these are restored."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in RESTORED:
            super().__setitem__(key, value)


class GuardGuardrail(CustomGuardrail):  # type: ignore[misc] # litellm is read without its types
    """The guardrail. `guard_config` names the guard.yaml to start from; without one guard's defaults apply."""

    use_native_lifecycle_hooks = True

    def __init_subclass__(cls, **options: Any) -> None:
        """Litellm looks for some hooks in the very class, and would pass a stream by that inherits its own."""
        super().__init_subclass__(**options)
        for name in _HOOKS:
            if name not in vars(cls):
                setattr(cls, name, getattr(cls, name))

    def __init__(self, guard_config: str | None = None, guard: Guard | None = None, **options: Any) -> None:
        super().__init__(supported_event_hooks=list(HOOKS), **options)
        self.guard = guard or Guard.from_files(guard_config)
        self._calls: dict[str, _Call] = {}

    def should_run_guardrail(self, data: Any, event_type: GuardrailEventHooks) -> bool:
        """Always: a caller does not choose whether its values leave."""
        del data
        return event_type in HOOKS

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """`data` with what the caller wrote masked. Raises HTTPException, RefusedCallError."""
        del cache
        if call_type not in CALLS:
            _forget(data)
            raise RefusedCallError(
                RouteError("guard protects chat completions here. For other APIs put guard's own proxy in front.")
            )
        try:
            call = await self._begin(data, _principal(user_api_key_dict))
        except GuardError as failure:
            _forget(data)
            raise _told(failure) from failure
        self._keep(data, call)
        return data

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """The reviewed and restored reply. Raises HTTPException."""
        del user_api_key_dict
        call = self._of(data)
        call.answer.set_result(response)
        try:
            reply = await call.task
        except GuardError as failure:
            raise _told(failure) from failure
        finally:
            call.close()
        reply._hidden_params = getattr(response, "_hidden_params", {})
        return reply

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """The chunks that may be told, restored. Raises StreamWithheldError, HTTPException."""
        del user_api_key_dict
        call = self._of(request_data)
        call.answer.set_result(response)
        assert call.chunks is not None  # noqa: S101 - a stream was asked for
        try:
            yield await call.task
            async for chunk in call.chunks:
                yield chunk
        except StopAsyncIteration:
            return
        except GuardError as failure:
            raise StreamWithheldError(failure) from failure
        finally:
            call.close()
            await call.chunks.aclose()

    async def async_post_call_failure_hook(
        self, request_data: dict[str, Any], original_exception: Exception, user_api_key_dict: Any, *_: Any, **__: Any
    ) -> None:
        """Record that the model could not be asked; litellm tells its caller."""
        del user_api_key_dict
        call = self._take(request_data)
        if call is None or call.task.done():
            return
        if not call.answer.done():
            call.answer.set_exception(original_exception)
        await asyncio.wait([call.task])
        call.task.exception()
        call.close()

    async def _begin(self, data: dict[str, Any], principal: Principal) -> _Call:
        """Start the exchange and put the masked request into `data`. Raises GuardError."""
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[dict[str, Any]] = loop.create_future()
        answer: asyncio.Future[Any] = loop.create_future()

        async def ask(**request: Any) -> Any:
            sent.set_result(request)
            return await answer

        request = _request(data)
        protected = self.guard.protect(ask, principal=principal)
        chunks: AsyncGenerator[Any] | None = None
        if request.get("stream"):
            chunks = await protected(**request)
            task = asyncio.ensure_future(anext(chunks))
        else:
            task = asyncio.ensure_future(protected(**request))
        call = _Call(sent, answer, task, chunks)
        await asyncio.wait([sent, task], return_when=asyncio.FIRST_COMPLETED)
        if not sent.done():
            await task  # raises: nothing may leave
            raise GuardError("guard answered before the model was asked.")
        _replace(data, request, sent.result())
        return call

    def _keep(self, data: Mapping[str, Any], call: _Call) -> None:
        """File a call under a name that nobody guesses, in a place that is litellm's own and lasts to the end."""
        name = secrets.token_hex(16)
        data["proxy_server_request"][NAME] = name
        self._calls[name] = call

        def expire() -> None:
            self._calls.pop(name, None)
            call.close()

        call.timer = asyncio.get_running_loop().call_later(LONGEST_S, expire)

    def _take(self, data: Mapping[str, Any]) -> _Call | None:
        return self._calls.pop((data.get("proxy_server_request") or {}).get(NAME, ""), None)

    def _of(self, data: Mapping[str, Any]) -> _Call:
        """The call that `data` belongs to. Raises HTTPException where guard did not see its request."""
        call = self._take(data)
        if call is None:
            raise _told(GuardError("guard has not seen the request of this reply, so it does not go out."))
        return call


def _principal(key: Any) -> Principal:
    """Who calls, as litellm knows it."""
    user = key.user_id or key.key_alias or (key.token and f"key-{key.token[:16]}") or "anonymous"
    return Principal(str(user), str(key.team_alias or key.team_id or ""), "litellm")


def _request(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of `data` the caller wrote. What litellm added stays out of it."""
    body = (data.get("proxy_server_request") or {}).get("body") or {}
    request = {key: data[key] for key in body if key in data and key not in METADATA}
    metadata = {key: body[key] for key in METADATA if body.get(key)}
    return {**request, **metadata, **{key: data[key] for key in ("model", "messages") if key in data}}


def _replace(data: dict[str, Any], request: Mapping[str, Any], masked: Mapping[str, Any]) -> None:
    """Put the masked request into `data`, also where litellm keeps copies of the caller's words."""
    data.update({key: value for key, value in masked.items() if key not in METADATA})
    for key in METADATA:
        kept, own = data.get(key), request.get(key)
        if isinstance(kept, dict):
            for name, value in (own or {}).items() if isinstance(own, dict) else ():
                if kept.get(name) == value:
                    kept[name] = masked[key].get(name)
            if "requester_metadata" in kept:
                kept["requester_metadata"] = masked.get("metadata", {})
    if isinstance(data.get("proxy_server_request"), dict):
        data["proxy_server_request"]["body"] = dict(masked)
    _log(data, masked["messages"])


def _forget(data: dict[str, Any]) -> None:
    """Leave nothing of a refused request for what litellm logs of it, whatever API it was for."""
    asked = data.get("proxy_server_request")
    body = (asked.get("body") if isinstance(asked, dict) else None) or {}
    for key in {*body, *WORDS} - {*METADATA, "model", "stream"}:
        data.pop(key, None)
    for key in METADATA:
        kept = data.get(key)
        if isinstance(kept, dict):
            for name in [name for name in kept if not _of_the_key(name)]:
                del kept[name]
        elif key in data:
            data[key] = {}
    data["messages"] = WITHHELD
    if isinstance(asked, dict):
        asked["body"] = {}
    _log(data, WITHHELD)
    log = data.get("litellm_logging_obj")
    if log is not None:
        log.litellm_trace_id = log.litellm_call_id
        for kept in (log.model_call_details, log.model_call_details.get("litellm_params"), log.litellm_params):
            for key in CALLER_IDS if isinstance(kept, dict) else ():
                kept.pop(key, None)


def _of_the_key(name: str) -> bool:
    """Whether this of the metadata says whose key was used, which litellm knows and its caller does not write."""
    return name.startswith("user_api_key") and name not in CALLER_NAMED


def _log(data: Mapping[str, Any], messages: Any) -> None:
    log = data.get("litellm_logging_obj")
    if log is not None:
        log.update_messages(messages)
        log.model_call_details = _Details(log.model_call_details)
        log.model_call_details["input"] = messages


def _told(failure: GuardError) -> HTTPException:
    """A failure as LiteLLM's proxy tells it."""
    error = failure.body.get("error") if isinstance(failure, WithheldError) else None
    told = error or {"message": failure.message, "code": failure.code, "param": failure.param}
    return HTTPException(failure.status, detail=told)
