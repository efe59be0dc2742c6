"""The console as an ASGI application: its routes, who may reach each, and what happens where a page fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from functools import wraps
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from guard.audit.labels import Labels
from guard.audit.log import drawer_of, reader_of
from guard.config import Role
from guard.console.access import Endpoint, everyone, needs
from guard.console.cards import models
from guard.console.exchanges import exchanges
from guard.console.guarding import guarded
from guard.console.health import health, verify
from guard.console.held import decide, held, held_reply
from guard.console.overview import overview
from guard.console.pages import HERE, ROOT, Parts, page
from guard.console.parts import open_parts
from guard.console.reviewing import give_label, queue
from guard.console.rules import constitution, constitutions, policies
from guard.console.story import story
from guard.errors import GuardError
from guard.service import Service

logger = logging.getLogger("guard")

# Path below /console, method, endpoint, and who may reach it.
PAGES: Final[Sequence[tuple[str, str, Endpoint, Role]]] = (
    ("", "GET", overview, "viewer"),
    ("/exchanges", "GET", exchanges, "viewer"),
    ("/exchanges/{exchange}", "GET", story, "viewer"),
    ("/exchanges/{exchange}/labels", "POST", give_label, "auditor"),
    ("/queue", "GET", queue, "auditor"),
    ("/held", "GET", held, "auditor"),
    ("/held/{exchange}", "GET", held_reply, "auditor"),
    ("/held/{exchange}", "POST", decide, "auditor"),
    ("/policies", "GET", policies, "viewer"),
    ("/constitutions", "GET", constitutions, "viewer"),
    ("/constitutions/{name}", "GET", constitution, "viewer"),
    ("/models", "GET", models, "viewer"),
    ("/log", "GET", health, "admin"),
    ("/log/check", "POST", verify, "admin"),
)
KNOWN: Final[Mapping[int, str]] = {400: "error.request", 403: "error.forbidden", 404: "error.not_found"}


class Console:
    """The console of `service`, signing in included. An ASGI application for what is at /console and below.

    Raises ConfigError, AuditError.
    """

    def __init__(self, service: Service) -> None:
        config = service.config
        self.doors = open_parts(config, service.writer.record_async)
        self.parts = Parts(service, reader_of(config), Labels(drawer_of(config, "labels")))
        self._app = guarded(routes(), self.doors)
        self._app.state.parts = self.parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)

    def close(self) -> None:
        """Close the labels and the register of people."""
        self.parts.labels.close()
        self.doors.close()


def routes() -> list[BaseRoute]:
    """Every page, each behind the role that it needs, and the sheet of styles, which anybody may read."""
    pages: list[BaseRoute] = [
        Route(f"{ROOT}{path}", needs(role)(calm(endpoint)), methods=[method]) for path, method, endpoint, role in PAGES
    ]
    return [*pages, Mount(f"{ROOT}/static", everyone(StaticFiles(directory=HERE / "static")))]


def calm(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, but that its failures are pages too, and reach the log without a value."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except GuardError as failure:
            return _failed(request, failure.status, failure.message)
        except HTTPException as failure:
            return _failed(request, failure.status_code, "")
        except Exception as error:  # noqa: BLE001 - a traceback would show values
            place = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("console: %s at %s:%s", type(error).__name__, place.filename, place.lineno)  # noqa: TRY400
            return _failed(request, 500, "")

    return answered


def _failed(request: Request, status: int, message: str) -> Response:
    values = {"status": status, "title": KNOWN.get(status, "error.failed"), "message": message}
    return page(request, "error.html", values, status=status)
