"""An application behind the gate, in which no page can be forgotten: each says who may see it, or it does not start."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from guard.console import signin
from guard.console.access import stated
from guard.console.gate import Gate
from guard.console.parts import Parts
from guard.console.signin_pages import page
from guard.errors import ConfigError


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


async def _refused(request: Request, _: Exception, *, message: str) -> Response:
    return page(request, "refused.html", 404 if message == "missing" else 405, message=message)
