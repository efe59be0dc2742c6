"""Who is looking at the console, and what they may.

An endpoint says who may see it: `@needs("auditor")`, or `@everyone` where nobody has to be signed in. `guarded` (in
guard.console.guarding) refuses at start what says neither.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guard.config import Role
from guard.console.seat import ROLES, Viewer, seat_of
from guard.console.signin_pages import page

MARK: Final = "guard_needs"  # the attribute of an endpoint with the role that it needs; None where it needs none
SIGN_IN: Final = "/console/sign-in"

__all__ = ["ROLES", "Role", "Viewer", "csrf_field", "everyone", "needs", "to_sign_in", "viewer_of"]

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Marked = TypeVar("Marked")


def viewer_of(request: Request) -> Viewer | None:
    """Who sent `request`; None where nobody is signed in."""
    seat = seat_of(request)
    return None if seat is None else seat.viewer


def csrf_field(request: Request) -> str:
    """The token for the field `csrf` of a form. Raises RuntimeError where no gate stands before the page."""
    seat = seat_of(request)
    if seat is None:
        raise RuntimeError("no gate stands before this page; make the application with guarded()")
    seat.shown = True
    return seat.token


def needs(role: Role) -> Callable[[Endpoint], Endpoint]:
    """Let only those through to an endpoint who may what `role` may.

    Who is not signed in is led to do so, and back to where they wanted to go if they were only reading.
    """

    def guarding(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def admitted(request: Request) -> Response:
            viewer = viewer_of(request)
            if viewer is None:
                return to_sign_in(request)
            if not viewer.may(role):
                return page(request, "refused.html", 403, message="forbidden")
            return await endpoint(request)

        setattr(admitted, MARK, role)
        return admitted

    return guarding


def everyone(endpoint: Marked) -> Marked:
    """Say of an endpoint, or of an application that is mounted, that nobody has to be signed in for it."""
    setattr(endpoint, MARK, None)
    return endpoint


def to_sign_in(request: Request) -> Response:
    """Lead to the page for signing in."""
    if request.method not in {"GET", "HEAD"}:
        return RedirectResponse(SIGN_IN, 303)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{SIGN_IN}?next={quote(request.url.path + query, safe='')}", 303)


def stated(endpoint: Any) -> bool:
    """Whether an endpoint says who may see it."""
    return hasattr(endpoint, MARK)
