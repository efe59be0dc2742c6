"""What a caller is told who asks for a held reply: that it waits, the reply itself, or that it does not go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from guard.audit.held import Kept
from guard.errors import Blocked
from guard.inbound import restored
from guard.mask.vault import Vault
from guard.service import Service
from guard.surfaces.table import BY_NAME
from guard.surfaces.walk import dump, parse
from guard.types import Json, Principal

ASK_AGAIN_S = 30


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its status, its headers and its body, in JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def fetched(service: Service, principal: Principal, exchange: str) -> Told:
    """The answer to `principal`, who asks for the held reply of `exchange`. Raises NotHeld, HeldTooLong, AuditError."""
    kept = service.held.find_for(exchange, principal)
    named = {"x-guard-exchange": exchange}
    match kept.decided:
        case "pending":
            waits: Json = {"object": "guard.held", "id": exchange, "status": "pending", "expires_at": int(kept.expires)}
            return Told(202, dump(waits), {**named, "retry-after": str(ASK_AGAIN_S)})
        case "approved" if kept.held.turns:
            goes: Json = {"object": "guard.held", "id": exchange, "status": "approved", "expires_at": int(kept.expires)}
            return Told(200, dump(goes), {**named, "x-guard-decision": kept.held.decision})
        case "approved":
            return Told(200, _given_out(service, kept), {**named, "x-guard-decision": kept.held.decision})
        case "rejected":
            principles = ", ".join(f"'{principle}'" for principle in kept.held.principles)
            what = "request" if kept.held.turns else "reply"
            failure = Blocked(f"A person decided that this {what} does not go out, because of: {principles}.")
            body = BY_NAME[kept.held.surface].error(failure)
            return Told(failure.status, body, {**named, "x-guard-decision": "block"})


def _given_out(service: Service, kept: Kept) -> bytes:
    """The reply in the shape of its surface, restored; the very bytes of the upstream where nothing is."""
    vault = Vault(service.coder)
    vault.learn_names(kept.held.names)
    body = parse(kept.held.body)
    whole = restored(BY_NAME[kept.held.surface], vault, body)
    return kept.held.body if whole is body else dump(whole)
