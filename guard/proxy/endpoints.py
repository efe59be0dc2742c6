"""An endpoint tells its failures in the shape of the API that was called."""

from __future__ import annotations

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from guard.errors import GuardError, RouteError, raised_at
from guard.surfaces.chat import CHAT
from guard.surfaces.google import MODELS
from guard.surfaces.surface import Surface
from guard.surfaces.table import SURFACES, surface_near

logger = logging.getLogger("guard")


class Endpoint:
    """An ASGI endpoint whose failures reach the client in the surface's shape, and the log without a value."""

    def __init__(self, serve: Any, surface: Surface = CHAT) -> None:
        self._serve = serve
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
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
            logger.error("internal error: %s at %s", type(error).__name__, raised_at(error))  # noqa: TRY400
            if not begun:
                unknown = GuardError("guard failed while answering. Its operator finds the place in the log.")
                await error_response(unknown, self._surface)(scope, receive, send)


def error_response(failure: GuardError, surface: Surface) -> Response:
    """A failure in the shape of a surface."""
    headers = {"www-authenticate": "Bearer"} if failure.status == 401 else {}
    return Response(surface.error(failure), failure.status, headers, "application/json")


async def unknown_route(request: Request, _: Exception) -> Response:
    """What is told where no endpoint is."""
    served = f"POST {', '.join(surface.path for surface in SURFACES)}, and GET /v1/models and {MODELS}"
    unknown = RouteError(f"guard does not serve this route or method, so nothing passed. It serves {served}.")
    return error_response(unknown, surface_near(request.url.path))


async def health(scope: Scope, receive: Receive, send: Send) -> None:
    """The process is alive."""
    await Response(b'{"status":"alive"}', media_type="application/json")(scope, receive, send)
