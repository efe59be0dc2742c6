"""The ASGI application: from a request to an exchange and back to the client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import traceback
from collections.abc import AsyncIterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Protocol, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from guard.access import Caller, identify
from guard.asks import Ask, Bind, Emit, Hold, Note, Record
from guard.audit.publishing import publisher_of
from guard.backends.upstreams import Line, Upstream
from guard.course import Incoming
from guard.drive import Answers, emitted
from guard.errors import AuditError, ClientGone, GuardError, RouteError, TooLargeError, UpstreamError
from guard.exchange import exchange
from guard.fetching import fetched
from guard.inbound import HELD
from guard.service import DAY_S, Service
from guard.surfaces.chat import CHAT
from guard.surfaces.messages import MESSAGES
from guard.surfaces.stream import comment
from guard.surfaces.surface import Surface
from guard.surfaces.table import SURFACES, surface_near
from guard.surfaces.walk import dump

logger = logging.getLogger("guard")

Headers: TypeAlias = Mapping[str, str]

CONSOLE = "/console"
KEEP_ALIVE_S = 15.0  # how long a stream may be silent while the upstream or the critic thinks

# Headers of the caller that an upstream may see, each in the one shape that its API gives it: nothing else passes.
_DATE = r"20\d\d-?\d\d-?\d\d"
_BETA = rf"[a-z]+(-([a-z]+[0-9.]{{0,4}}|\d{{1,2}}[a-z]?))*-{_DATE}"
FORWARDED: Mapping[str, re.Pattern[str]] = {
    "openai-organization": re.compile(r"org-(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,40}"),
    "openai-project": re.compile(r"proj_(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,40}"),
    "openai-beta": re.compile(r"[a-z_]+=v\d{1,2}(, ?[a-z_]+=v\d{1,2})*"),
    "anthropic-version": re.compile(_DATE),
    "anthropic-beta": re.compile(rf"{_BETA}(, ?{_BETA})*"),
}


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
        # Exact routes are looked up; what is not among them gets the answer that guard does not serve it.
        self._endpoints: Mapping[tuple[Any, Any], _Endpoint] = {
            **{("POST", surface.path): _Endpoint(partial(self._exchange, surface), surface) for surface in SURFACES},
            ("GET", "/v1/models"): _Endpoint(self._models),
            **{(method, "/"): _Endpoint(_health) for method in ("GET", "HEAD")},  # some clients knock before they call
            ("GET", "/healthz"): _Endpoint(_health),
            ("GET", "/readyz"): _Endpoint(self._ready),
            **({("GET", "/metrics"): _Endpoint(self._metrics)} if service.config.monitoring.metrics else {}),
        }
        self._fetch = (_Endpoint(self._held), _Endpoint(self._held, MESSAGES))
        self._app = Starlette(exception_handlers={404: _unknown_route}, lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        method, path = scope.get("method"), scope.get("path", "")
        if self._console is not None and (path == CONSOLE or path.startswith(f"{CONSOLE}/")):
            await self._console(scope, receive, send)
            return
        serve = self._endpoints.get((method, path), self._app)
        if method == "GET" and path.startswith(HELD):
            serve = self._fetch[any(name == b"anthropic-version" for name, _ in scope["headers"])]
        await serve(scope, receive, send)

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
        headers = _headers(scope)
        body = await read_body(receive, headers, self.service.config.limits.body_bytes)
        caller = self._identify(headers)
        call = surface.read(body)
        plan = self.service.plan(caller.principal, call.model, surface.name)
        incoming = Incoming(caller.principal, _forwarded(headers, caller), call)
        client = _Client(send)
        answers = Answers(self.service, self)
        present = _Presence(receive, answers)
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
        headers = _headers(scope)
        forwarded = _forwarded(headers, self._identify(headers))
        listed: dict[str, Any] = {}
        failures: list[UpstreamError] = []
        for upstream in self.upstreams.values():
            try:
                for model in await _served(upstream, forwarded):
                    listed.setdefault(model["id"], model)
            except UpstreamError as failure:
                failures.append(failure)
        if failures and not listed:
            raise failures[0]
        body = dump({"object": "list", "data": list(listed.values())})
        await Response(body, media_type="application/json")(scope, receive, send)

    async def _held(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = self._identify(_headers(scope))
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

    def _identify(self, headers: Headers) -> Caller:
        service = self.service
        return identify(headers, service.identify, service.tenant_key, require_key=service.config.access.require_key)


class _Endpoint:
    """An ASGI endpoint whose failures reach the client in the surface's shape, and the log without a value."""

    def __init__(self, serve: Any, surface: Surface = CHAT) -> None:
        self._serve = serve
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._serve(scope, receive, noting)
        except GuardError as failure:
            if not begun:
                await error_response(failure, self._surface)(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - a traceback would show values
            logger.error("internal error: %s at %s", type(error).__name__, _place(error))  # noqa: TRY400
            if not begun:
                unknown = GuardError("guard failed while answering. Its operator finds the place in the log.")
                await error_response(unknown, self._surface)(scope, receive, send)


class _Client:
    """The client's side of one exchange. A stream that has begun and is silent for long says that it is alive."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._told = 0.0
        self._ticking: asyncio.Task[None] | None = None

    async def emit(self, ask: Emit) -> None:
        """Send what an exchange emits: whole events, where it is a stream."""
        if ask.head is not None:
            headers = [(name.encode(), value.encode("latin-1")) for name, value in ask.head.headers.items()]
            await self._send({"type": "http.response.start", "status": ask.head.status, "headers": headers})
        if ask.last:
            self.close()
        elif self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        self._told = asyncio.get_running_loop().time()
        await self._send({"type": "http.response.body", "body": ask.data, "more_body": not ask.last})

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            silent = loop.time() - self._told
            if silent >= KEEP_ALIVE_S:
                self._told, silent = loop.time(), 0.0
                await self._send({"type": "http.response.body", "body": comment("keep-alive"), "more_body": True})
            await asyncio.sleep(KEEP_ALIVE_S - silent)

    def close(self) -> None:
        """Say no more."""
        if self._ticking is not None:
            self._ticking.cancel()


async def _expire_daily(service: Service) -> None:
    """Destroy the content whose time is over, once a day; the start of the service has done so already."""
    while True:
        await asyncio.sleep(DAY_S)
        with contextlib.suppress(AuditError):  # a log that cannot be written lets no exchange pass either
            await asyncio.to_thread(service.expire)


class _Presence:
    """Watches whether the client is still there, and makes an answer fail with ClientGone once it is not.

    The exchange then closes its entry: the answers to that are given although nobody listens any more.
    """

    def __init__(self, receive: Receive, answer: Answers) -> None:
        self._receive = receive
        self._answer = answer
        self._working: asyncio.Task[Any] | None = None
        self._gone = False
        self._told = False
        self._watcher = asyncio.create_task(self._watch())

    async def __call__(self, ask: Ask) -> Any:
        """The answer to `ask`. Raises GuardError, ClientGone once."""
        if self._told or isinstance(
            ask, Record | Hold | Bind | Note
        ):  # cut short, nobody would know whether it was written
            return await self._answer(ask)
        try:
            if not self._gone:
                self._working = asyncio.current_task()
                return await self._answer(ask)
        except asyncio.CancelledError:
            if not self._gone or self._working is None:
                raise
            self._working.uncancel()
        finally:
            self._working = None
        self._told = True
        raise ClientGone("the client left before the end")

    def close(self) -> None:
        """Stop watching."""
        self._watcher.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._working is not None and not self._told:
            self._working.cancel()


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body of a request. Raises TooLargeError, ClientGone."""
    too_large = TooLargeError(f"The body is over {limit} bytes. Send less, or raise limits.body_bytes.")
    stated = headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > limit:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("the client left before its request was complete")
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(chunks)


def error_response(failure: GuardError, surface: Surface) -> Response:
    """A failure in the shape of a surface."""
    headers = {"www-authenticate": "Bearer"} if failure.status == 401 else {}
    return Response(surface.error(failure), failure.status, headers, "application/json")


async def _unknown_route(request: Request, _: Exception) -> Response:
    served = f"POST {', '.join(surface.path for surface in SURFACES)}, and GET /v1/models"
    unknown = RouteError(f"guard does not serve this route or method, so nothing passed. It serves {served}.")
    return error_response(unknown, surface_near(request.url.path))


async def _health(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(b'{"status":"alive"}', media_type="application/json")(scope, receive, send)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _forwarded(headers: Headers, caller: Caller) -> dict[str, str]:
    """What of the caller's headers goes on: its credentials, and identifiers that providers ask for."""
    forwarded = {name: headers[name] for name, shape in FORWARDED.items() if shape.fullmatch(headers.get(name, ""))}
    return {**forwarded, **caller.credentials}


async def _served(upstream: Upstream, headers: Headers) -> list[dict[str, Any]]:
    """The models that an upstream serves: those the configuration names, else those it lists itself."""
    patterns = upstream.config.models
    if not any(c in pattern for pattern in patterns for c in "*?["):
        return [{"id": name, "object": "model", "created": 0, "owned_by": upstream.config.name} for name in patterns]
    return [m for m in await upstream.models(headers) if any(fnmatchcase(str(m["id"]), p) for p in patterns)]


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
