"""What a caller of the library is told where the proxy would answer with an error."""

from __future__ import annotations

from typing import Any

from guard.errors import Escalated, GuardError


class WithheldError(GuardError):
    """What a protected function raises where the proxy would answer with an error; `status` is that answer's."""

    code = "withheld"

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        error = body.get("error")
        details = error if isinstance(error, dict) else {}
        super().__init__(str(details.get("message", "guard withheld the reply")), param=details.get("param"))
        self.status = status
        self.code = str(details.get("code", self.code))
        self.body = body


class HeldError(WithheldError):
    """What is raised where a person must decide about the reply; `Guard.held(id)` gives it once one has."""

    def __init__(self, status: int, body: dict[str, Any], id: str) -> None:  # noqa: A002 - as the proxy calls it
        super().__init__(status, body)
        self.id = id


def withheld(status: int, body: dict[str, Any], exchange: str) -> WithheldError:
    """The error for an answer of the proxy that is one; `exchange` names the exchange."""
    error = body.get("error")
    if isinstance(error, dict) and error.get("code") == Escalated.code:
        return HeldError(Escalated.status, body, exchange)
    return WithheldError(status, body)
