"""What clients asked of guard and what they were told: an ASGI application around the proxy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Seen:
    """A request that reached guard, and the answer. `first` is when the answer began, by the monotonic clock."""

    method: str
    path: str
    asked: bytes = b""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    told: bytes = b""
    first: float = 0.0


class Witness:
    """Passes everything on and remembers it, in the order in which requests came."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.seen: list[Seen] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = Seen(scope["method"], scope["path"])
        self.seen.append(seen)

        async def hearing() -> Any:
            message = await receive()
            seen.asked += message.get("body", b"")
            return message

        async def telling(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.first = time.monotonic()
                seen.status = message["status"]
                seen.headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
            seen.told += message.get("body", b"")
            await send(message)

        await self._app(scope, hearing, telling)
