"""What is known of one request: who sent it, in which language they read, and what proves that a form is theirs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from starlette.requests import Request

from guard.config import Role
from guard.console.language import Language

ROLES: Final[Sequence[Role]] = get_args(Role)  # each may what those before it may


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in, by the name that stands in the log."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this role may what `role` may."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(slots=True)
class Seat:
    """What the gate knows of one request; it lies in `request.state.seat`.

    `secret` is what the browser proves that it holds: the session, or before one the visit. `form` are the fields of a
    POST whose token was checked. `shown` says that a page carries the token, so that a first visit needs its cookie.
    """

    viewer: Viewer | None
    secret: str
    key: bytes
    language: Language
    form: Mapping[str, str] = field(default_factory=dict)
    shown: bool = False

    @property
    def token(self) -> str:
        """What proves that a form came from a page of this session, or of this visit."""
        return self._proof("csrf")

    def seen(self, subject: str) -> str:
        """What proves that this session was shown the page about `subject`."""
        return self._proof(f"seen {subject}")

    def _proof(self, purpose: str) -> str:
        return hmac.new(self.key, f"{purpose}\0{self.secret}".encode(), hashlib.sha256).hexdigest()


def seat_of(request: Request) -> Seat | None:
    """What the gate put beside `request`; None where there is no gate before it."""
    seat = getattr(request.state, "seat", None)
    return seat if isinstance(seat, Seat) else None
