"""Run the proxy: load everything, listen, and say so."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from guard import service as services
from guard.backends.upstreams import HttpUpstream, TranslatedUpstream, Upstream
from guard.proxy import Proxy

if TYPE_CHECKING:
    from guard.config import Config, UpstreamConfig
    from guard.console.app import Console
    from guard.service import Service
    from guard.types import Progress

Ready = Callable[["Config", int], None]


def application(config: Config, progress: Progress) -> Proxy:
    """The ASGI application of a configuration, with every model loaded. Raises ConfigError, AuditError."""
    upstreams = {upstream.name: _upstream(upstream, config, progress) for upstream in config.upstreams}
    service = services.start(config, progress)
    return Proxy(service, upstreams, _console(service) if config.console.enabled else None)


def _console(service: Service) -> Console:
    from guard.console.app import Console  # a deployment without it loads no templates

    return Console(service)


def _upstream(upstream: UpstreamConfig, config: Config, progress: Progress) -> Upstream:
    if upstream.model is None:
        return _remote(upstream, config.limits.reply_bytes)
    from guard.backends.inprocess import LocalUpstream

    return LocalUpstream.load(upstream, cache=config.data / "models", progress=progress)


def _remote(upstream: UpstreamConfig, reply_bytes: int) -> Upstream:
    def translator() -> Upstream:
        from guard.backends.providers import LitellmUpstream

        return LitellmUpstream(upstream, os.environ, reply_bytes=reply_bytes)

    if upstream.litellm is not None:
        return translator()
    return TranslatedUpstream(HttpUpstream(upstream, os.environ, reply_bytes=reply_bytes), translator)


def one_write() -> type[asyncio.Protocol]:
    """The HTTP protocol of uvicorn, but that the head of a reply leaves together with its first bytes."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Together(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(cast("asyncio.Transport", _HeadHeld(transport)))

    return Together


class _HeadHeld:
    """A transport that holds the head of a reply back until its first bytes come, or the loop turns."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, or hold what begins a reply."""
        if data.startswith(b"HTTP/") and not self._head:
            self._head = data
            asyncio.get_running_loop().call_soon(self.flush)
            return
        head, self._head = self._head, b""
        self._transport.write(head + data)

    def flush(self) -> None:
        """Write what is held."""
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)

    def close(self) -> None:
        """Write what is held and close."""
        self.flush()
        self._transport.close()


def serve(config: Config, progress: Progress, ready: Ready) -> None:
    """Serve until interrupted; `ready` is told the configuration and the port once guard listens."""
    import uvicorn

    app = application(config, progress)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready(config, self.servers[0].sockets[0].getsockname()[1])

    # No access log: an address may hold what must not be written down.
    settings = uvicorn.Config(
        app,
        http=one_write(),
        host=config.listen.host,
        port=config.listen.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        lifespan="on",
    )
    Server(settings).run()
