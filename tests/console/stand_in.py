"""Signing in by a header, in the shape that the console asks for: for tests of pages, not of sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from guard.console.admission import Endpoint, Role, may

TOKEN = "form-token"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Viewer:
    name: str
    role: Role


class StandIn:
    """Who looks is who the cookie `as` names: `auditor:eve`. Forms must carry TOKEN."""

    def viewer_of(self, request: Request, /) -> Viewer | None:
        role, _, name = request.cookies.get("as", "").partition(":")
        return Viewer(name, role) if role in {"viewer", "auditor", "admin"} else None  # type: ignore[arg-type]

    def needs(self, role: Role, /) -> Any:
        def guarding(endpoint: Endpoint) -> Endpoint:
            @wraps(endpoint)
            async def admitted(request: Request) -> Response:
                viewer = self.viewer_of(request)
                if viewer is None:
                    return RedirectResponse("/console/sign-in", 303)
                if not may(viewer, role):
                    return PlainTextResponse("forbidden", 403)
                sent = dict(parse_qsl((await request.body()).decode()))
                if request.method == "POST" and sent.get("csrf") != TOKEN:
                    return PlainTextResponse("no token", 403)
                return await endpoint(request)

            return admitted

        return guarding

    def csrf_field(self, request: Request, /) -> str:
        return TOKEN


class Strict:
    """An application under the policy that the console promises to live with."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self._app(scope, receive, guarded)
