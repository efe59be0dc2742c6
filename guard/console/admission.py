"""What the pages need of signing in: who is looking, and whether they may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

Role = Literal["viewer", "auditor", "admin"]
# viewer   sees figures, and lists without content
# auditor  sees masked content, each look on record, and labels verdicts
# admin    sees the health of the log too

ROLES: Sequence[Role] = ("viewer", "auditor", "admin")  # each may what those before it may

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Viewer(Protocol):
    """Who is signed in."""

    @property
    def name(self) -> str:
        """Their name, as it stands in the log."""
        ...

    @property
    def role(self) -> Role:
        """What they may do."""
        ...


class Access(Protocol):
    """Signing in, as the pages use it."""

    def viewer_of(self, request: Request, /) -> Viewer | None:
        """Who sent `request`; None where nobody is signed in."""
        ...

    def needs(self, role: Role, /) -> Callable[[Endpoint], Endpoint]:
        """Let only those through to an endpoint who may what `role` may."""
        ...

    def csrf_field(self, request: Request, /) -> str:
        """The token that a form of this viewer carries in its field `csrf`."""
        ...


def may(viewer: Viewer | None, role: Role) -> bool:
    """Whether `viewer` may what `role` may."""
    return viewer is not None and ROLES.index(viewer.role) >= ROLES.index(role)
