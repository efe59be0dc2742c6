"""The ASGI application: from a request to an exchange and back to the client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from guard.access import Caller, FindKey, identify
from guard.asks import HELD
from guard.audit.drawers import NotAtOnceError
from guard.audit.publishing import publisher_of
from guard.backends.upstreams import Line, Upstream
from guard.course import Incoming
from guard.drive import Answers, emitted
from guard.errors import AuditError, UpstreamError
from guard.exchange import exchange
from guard.fetching import fetched
from guard.proxy.client import Client, Presence
from guard.proxy.endpoints import Endpoint, health, unknown_route
from guard.proxy.requests import Headers, address_of, forwarded_of, headers_of, read_body
from guard.service import DAY_S, Service
from guard.surfaces.chat import CHAT
from guard.surfaces.gemini import GEMINI
from guard.surfaces.google import MODELS as GOOGLE_MODELS
from guard.surfaces.google import is_googles
from guard.surfaces.messages import MESSAGES
from guard.surfaces.model_lists import to_google
from guard.surfaces.surface import Surface
from guard.surfaces.table import SURFACES, surface_at
from guard.surfaces.walk import dump

CONSOLE = "/console"
# Headers of clients that are to be told of a held reply as their API tells it.
_SHAPES: Mapping[bytes, Surface] = {b"anthropic-version": MESSAGES, b"x-goog-api-key": GEMINI}


class Mounted(Protocol):
    """An ASGI application that ends with the proxy."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        ...

    def close(self) -> None:
        """Close what it keeps open."""
        ...


class Proxy:
    """guard as an ASGI application: every surface, the list of models, and health checks.

    `upstreams` are by name, in the order in which they are asked for a model. `console` serves /console and what is
    below it; it ends with the proxy.
    """

    def __init__(self, service: Service, upstreams: Mapping[str, Upstream], console: Mounted | None = None) -> None:
        self.service = service
        self.upstreams = upstreams
        self.publisher = publisher_of(service.config, service.store, service.writer.record)
        self._console = console
        self._surfaces: Mapping[Surface, Endpoint] = {
            each: Endpoint(partial(self._exchange, each), each) for each in SURFACES
        }
        # Exact routes are looked up; what is not among them gets the answer that guard does not serve it.
        self._endpoints: Mapping[tuple[Any, Any], Endpoint] = {
            **{("POST", surface.path): endpoint for surface, endpoint in self._surfaces.items()},
            ("GET", "/v1/models"): Endpoint(self._models),
            ("GET", GOOGLE_MODELS): Endpoint(self._google_models, GEMINI),
            **{(method, "/"): Endpoint(health) for method in ("GET", "HEAD")},  # some clients knock before they call
            ("GET", "/healthz"): Endpoint(health),
            ("GET", "/readyz"): Endpoint(self._ready),
            **({("GET", "/metrics"): Endpoint(self._metrics)} if service.config.monitoring.metrics else {}),
        }
        self._fetch: Mapping[Surface, Endpoint] = {
            shape: Endpoint(self._held, shape) for shape in (CHAT, MESSAGES, GEMINI)
        }
        self._app = Starlette(exception_handlers={404: unknown_route}, lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        method, path = scope.get("method"), scope.get("path", "")
        if self._console is not None and (path == CONSOLE or path.startswith(f"{CONSOLE}/")):
            await self._console(scope, receive, send)
            return
        serve = self._endpoints.get((method, path)) or self._in_path(method, path)
        if method == "GET" and path.startswith(HELD):
            shapes = (_SHAPES[name] for name, _ in scope["headers"] if name in _SHAPES)
            serve = self._fetch[next(shapes, CHAT)]
        await serve(scope, receive, send)

    def _in_path(self, method: Any, path: Any) -> Any:
        """What serves a path that is no exact route: that of a surface whose path names the model, or nothing does."""
        surface = surface_at(path) if method == "POST" and is_googles(path) else None
        return self._app if surface is None else self._surfaces[surface]

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.publisher.run()), asyncio.create_task(_expire_daily(self.service))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for upstream in self.upstreams.values():
                await upstream.close()
            self.service.close()
            if self._console is not None:
                self._console.close()

    async def _exchange(self, surface: Surface, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        body = await read_body(receive, headers, self.service.config.limits.body_bytes)
        caller = await self._identify(headers)
        call = surface.read(body, address_of(scope))
        plan = self.service.plan(caller.principal, call.model, surface.name)
        incoming = Incoming(caller.principal, forwarded_of(headers, caller), call)
        client = Client(send, comments=surface.comments)
        answers = Answers(self.service, self)
        present = Presence(receive, answers)
        try:
            async for ask in emitted(exchange(incoming, plan), present):
                await client.emit(ask)
        finally:
            present.close()
            client.close()
            await answers.close()

    def line(self, upstream: str, path: str) -> Line:
        """A line to an upstream for one call."""
        return self.upstreams[upstream].line(path)

    async def _models(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The models of all upstreams; whoever brings a key as Google takes it gets Google's list."""
        if "x-goog-api-key" in headers_of(scope):
            await self._google_models(scope, receive, send)
            return
        listed = await self._listed(headers_of(scope), self.upstreams.values())
        body = dump({"object": "list", "data": listed})
        await Response(body, media_type="application/json")(scope, receive, send)

    async def _google_models(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The models that can be called on Gemini's routes, as Google lists them."""
        speaking = [upstream for upstream in self.upstreams.values() if upstream.config.speaks(GEMINI.name)]
        body = dump(to_google(await self._listed(headers_of(scope), speaking)))
        await Response(body, media_type="application/json")(scope, receive, send)

    async def _listed(self, headers: Headers, upstreams: Iterable[Upstream]) -> list[Any]:
        """The models of `upstreams`, each once. Raises UpstreamError where none of them lists any."""
        forwarded = forwarded_of(headers, await self._identify(headers))
        listed: dict[str, Any] = {}
        failures: list[UpstreamError] = []
        for upstream in upstreams:
            try:
                for model in await _served(upstream, forwarded):
                    listed.setdefault(model["id"], model)
            except UpstreamError as failure:
                failures.append(failure)
        if failures and not listed:
            raise failures[0]
        return list(listed.values())

    async def _held(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await self._identify(headers_of(scope))
        told = await asyncio.to_thread(fetched, self.service, caller.principal, scope["path"].removeprefix(HELD))
        await Response(told.body, told.status, told.headers, "application/json")(scope, receive, send)

    async def _ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.service.store.checkpoint()
        state: dict[str, Any] = {"status": "ready"}
        if self.publisher.failing:  # exchanges go on; the log of the process says why
            state["unpublished"] = sorted(place.name for place in self.publisher.failing)
        await Response(dump(state), media_type="application/json")(scope, receive, send)

    async def _metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self.service.monitor.page() or b""
        await Response(page, media_type="text/plain; version=0.0.4")(scope, receive, send)

    async def _identify(self, headers: Headers) -> Caller:
        """Who calls. A key is asked for in a thread where that waits for a network."""
        try:
            return self._caller(headers, partial(self.service.identify, at_once=True))
        except NotAtOnceError:
            return await asyncio.to_thread(self._caller, headers, self.service.identify)

    def _caller(self, headers: Headers, find_key: FindKey) -> Caller:
        service = self.service
        return identify(headers, find_key, service.tenant_key, require_key=service.config.access.require_key)


async def _expire_daily(service: Service) -> None:
    """Destroy the content whose time is over, once a day; the start of the service has done so already."""
    while True:
        await asyncio.sleep(DAY_S)
        with contextlib.suppress(AuditError):  # a log that cannot be written lets no exchange pass either
            await asyncio.to_thread(service.expire)


async def _served(upstream: Upstream, headers: Headers) -> list[dict[str, Any]]:
    """The models that an upstream serves: those the configuration names, else those it lists itself."""
    patterns = upstream.config.models
    if not any(c in pattern for pattern in patterns for c in "*?["):
        return [{"id": name, "object": "model", "created": 0, "owned_by": upstream.config.name} for name in patterns]
    return [m for m in await upstream.models(headers) if any(fnmatchcase(str(m["id"]), p) for p in patterns)]
