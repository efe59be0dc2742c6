"""Upstreams through litellm, which knows 160 providers: for those that do not speak the caller's API."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from guard.asks import Request, Response
from guard.backends import provider_calls as calls
from guard.backends import provider_events as events
from guard.backends import provider_replies as replies
from guard.backends import tamed
from guard.config import UpstreamConfig
from guard.errors import ConfigError, GuardError, RequestError, RouteError, UpstreamError, UpstreamTimeout
from guard.surfaces.walk import dump

# litellm's own limit comes after guard's, so that it is guard that says what happened.
_GRACE_S = 5.0
# What litellm calls the kinds of models that guard serves.
_MODES = frozenset({"chat", "completion", "responses", "embedding", "moderation"})


class LitellmUpstream:
    """A provider that litellm calls. `environ` holds the key that `key_env` names.

    `config.litellm` is `provider/model`, which then answers whatever model is asked for, or `provider/*`. Without it
    `config.url` is called in the API that `config.api` names. With `drop_params` fields that the provider does not
    know are left out; else they are refused.

    Without a key of its own an upstream is called with the caller's, and where that is none or the provider takes the
    machine's credentials, with what the provider's own environment variables say (AWS_…, GOOGLE_…, OPENAI_API_KEY …).
    """

    def __init__(
        self, config: UpstreamConfig, environ: Mapping[str, str], *, reply_bytes: int, drop_params: bool = False
    ) -> None:
        self.config = config
        self.reply_bytes = reply_bytes
        self._drop_params = drop_params
        self._name = config.litellm or f"{config.api}/*"
        self._provider = self._name.partition("/")[0]
        self._key = config.key(environ)
        if importlib.util.find_spec("litellm") is None:
            raise ConfigError(
                f"upstream '{config.name}': litellm is not installed. "
                "Install guard with it: pip install 'constitutional-guard[litellm]'."
            )
        self._url = config.url
        if config.url is not None and self._provider == "anthropic":  # to whose address litellm adds /v1/messages
            self._url = config.url.rstrip("/").removesuffix("/v1")
        tamed.enter(self)

    def line(self, path: str) -> LitellmLine:
        """A connection for one call. Raises RouteError."""
        if path not in calls.APIS:
            raise RouteError("The upstream that serves this model does not serve this route.")
        return LitellmLine(self)

    def target(self, requested: str) -> calls.Target:
        """Where a call for the model `requested` goes."""
        return calls.Target(
            provider=self._provider,
            model=self._name.removesuffix("*") + requested if self._name.endswith("/*") else self._name,
            url=self._url,
            key=self._key,
            chat_only=self.config.litellm is None,
            drop_params=self._drop_params,
            timeout_s=self.config.timeout_s + _GRACE_S,
        )

    async def models(self, headers: Mapping[str, str]) -> list[dict[str, object]]:
        """The one model it has, or those that litellm knows of the provider; nobody is asked. Raises UpstreamError."""
        del headers
        provider, _, model = self._name.partition("/")
        names: Iterable[str] = (model,)
        if model == "*":
            litellm = await _litellm()
            modes = {
                name: litellm.model_cost.get(name, {}).get("mode")
                for name in litellm.models_by_provider.get(provider, ())
            }
            names = sorted(name for name, mode in modes.items() if mode in _MODES)
        ids = dict.fromkeys(name.removeprefix(f"{provider}/") for name in names)
        return [{"id": name, "object": "model", "created": 0, "owned_by": self.config.name} for name in ids]

    async def close(self) -> None:
        """Close every connection that litellm holds."""
        await tamed.leave(self)


class LitellmLine:
    """One exchange with a provider through litellm."""

    def __init__(self, upstream: LitellmUpstream) -> None:
        self._upstream = upstream
        self._open: list[Any] = []
        self._items: AsyncIterator[Any] | None = None
        self._waiting: list[Any] = []
        self._events: events.Events | None = None

    async def send(self, request: Request) -> Response:
        """Send the request. Raises UpstreamError."""
        litellm = await _litellm()
        asked = json.loads(request.body)
        target = self._upstream.target(str(asked.get("model", "")))
        try:
            arguments = calls.arguments(litellm, request.path, asked, request.headers, target)
            function = getattr(litellm, calls.APIS[request.path].function)
            in_pieces = request.stream and calls.has_one_choice(request.path, asked)
            async with asyncio.timeout(self._upstream.config.timeout_s):
                with tamed.answers() as self._open:
                    result = await function(**arguments, **({"stream": True} if in_pieces else {}))
                    if in_pieces:
                        return await self._begin(request.path, result)
        except RequestError as failure:
            return replies.refusal(failure)
        except TimeoutError as error:
            raise UpstreamTimeout("The upstream did not answer in time.") from error
        except Exception as error:  # noqa: BLE001 - litellm raises what it likes
            return replies.answer(error)
        return self._whole(request, result, asked)

    async def _begin(self, path: str, stream: Any) -> Response:
        """A stream, once its first item is there: some providers answer with an error only then."""
        self._open.append(stream)
        self._items = aiter(stream)
        first = await anext(self._items, None)
        self._waiting = [] if first is None else [first]
        self._events = events.writer(path, self._upstream.reply_bytes)
        return Response(200, replies.headers(stream), b"", streaming=True)

    def _whole(self, request: Request, result: Any, asked: Mapping[str, Any]) -> Response:
        try:
            body = replies.whole(request.path, result, asked)
            data = dump(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UpstreamError(f"litellm made no reply of the upstream's ({type(error).__name__}).") from error
        if len(data) > self._upstream.reply_bytes:
            raise UpstreamError("The upstream's reply is over the limit limits.reply_bytes.")
        told = replies.headers(result)
        if not request.stream:
            return Response(200, told, data)
        self._events = events.writer(request.path, self._upstream.reply_bytes)
        self._waiting = list(events.pieces(body, asked))
        return Response(200, told, b"", streaming=True)

    async def next(self) -> Sequence[bytes]:
        """The events that have arrived; none at the end. Raises UpstreamError when the stream breaks."""
        while self._events is not None:
            item = self._waiting.pop(0) if self._waiting else await self._next_item()
            if item is None:
                writer, self._events = self._events, None
                return writer.flush()
            if arrived := self._events.feed(item):
                return arrived
        return []

    async def _next_item(self) -> Any:
        if self._items is None:
            return None
        try:
            async with asyncio.timeout(self._upstream.config.timeout_s):
                return await anext(self._items, None)
        except GuardError:
            raise
        except TimeoutError as error:
            raise UpstreamTimeout("The upstream took too long in the middle of its stream.") from error
        except Exception as error:
            raise UpstreamError("The upstream broke off in the middle of its stream.") from error

    async def close(self) -> None:
        """Break the connection off where the stream has not ended."""
        streams, self._open, self._items, self._events = self._open, [], None, None
        for stream in reversed(streams):
            with contextlib.suppress(Exception):  # what litellm makes of streams does not always have this
                await stream.aclose()


async def _litellm() -> Any:
    """litellm, which takes seconds to import the first time. Raises UpstreamError."""
    try:
        return await asyncio.to_thread(tamed.load)
    except ImportError as error:
        raise UpstreamError("litellm cannot be imported.") from error
