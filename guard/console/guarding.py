"""An application behind the gate, in which no page can be forgotten: each says who may see it, or it does not start."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from guard.config import Role
from guard.console import access, signin
from guard.console.access import Endpoint, Viewer, stated
from guard.console.gate import Gate
from guard.console.parts import Parts
from guard.console.signin_pages import page
from guard.errors import ConfigError

Lifespan: TypeAlias = Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]


def middleware(parts: Parts) -> Sequence[Middleware]:
    """What stands before every page: sessions, the check of forms, security headers."""
    return [Middleware(Gate, parts=parts)]


def guarded(app_routes: Iterable[BaseRoute], parts: Parts) -> Starlette:
    """The application of these pages and those for signing in; closing it closes `parts`.

    Raises ConfigError where a page does not say who may see it.
    """
    pages = [*app_routes, *signin.routes(parts)]
    check_stated(pages)
    unknown = {404: partial(_refused, message="missing"), 405: partial(_refused, message="method")}

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            parts.close()

    return Starlette(routes=pages, middleware=middleware(parts), exception_handlers=unknown, lifespan=lifespan)


def check_stated(pages: Iterable[BaseRoute]) -> None:
    """Raise ConfigError where a page, or one below it, does not say who may see it."""
    for route in pages:
        match route:
            case Mount(routes=[_, *_] as below):
                check_stated(below)
            case Route(endpoint=endpoint) | Mount(app=endpoint) if stated(endpoint):
                pass
            case _:
                where = getattr(route, "path", type(route).__name__)
                raise ConfigError(f"the page {where} does not say who may see it. Mark it with needs() or everyone().")


class SignIn:
    """Signing in, as the pages use it: one value to hand to them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def viewer_of(self, request: Request, /) -> Viewer | None:
        """Who sent `request`; None where nobody is signed in."""
        return access.viewer_of(request)

    def needs(self, role: Role, /) -> Callable[[Endpoint], Endpoint]:
        """Let only those through to an endpoint who may what `role` may."""
        return access.needs(role)

    def csrf_field(self, request: Request, /) -> str:
        """The token that a form of this viewer carries in its field `csrf`."""
        return access.csrf_field(request)

    def routes(self) -> Sequence[BaseRoute]:
        """The pages for signing in and out, below /console."""
        return signin.routes(self.parts)

    def middleware(self) -> Sequence[Middleware]:
        """What stands before every page: sessions, the check of forms, security headers."""
        return middleware(self.parts)


async def _refused(request: Request, _: Exception, *, message: str) -> Response:
    return page(request, "refused.html", 404 if message == "missing" else 405, message=message)
