"""Why somebody could not sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from guard.errors import AccessError

Reason = Literal["link", "revoked", "no_role", "state", "provider", "token", "name", "denied", "wait"]
# link      the link is unknown, used or expired
# revoked   the person may no longer sign in
# no_role   the identity provider knows the person, the console does not
# state     the sign-in was begun in another browser, or too long ago
# provider  the identity provider could not be reached or answered nonsense
# token     the identity provider's token does not hold
# name      the token does not say who the person is, or the name is somebody else's
# denied    the person or the identity provider declined
# wait      too many attempts of this person failed of late

MESSAGES: Final[Mapping[Reason, str]] = {
    "link": "The link is unknown, used or expired. Ask for another: guard console invite.",
    "revoked": "This person may no longer sign in. An admin can invite them anew: guard console invite.",
    "no_role": "This person has no role here. An admin can give one: guard console role.",
    "state": "The sign-in was begun in another browser or too long ago. Begin anew.",
    "provider": "The identity provider could not be reached or answered nonsense. Check console.oidc.",
    "token": "The identity provider's token does not hold. Check console.oidc and the clocks.",
    "name": "The token does not say who this is, or the name is somebody else's. Check console.oidc.name_claim.",
    "denied": "The identity provider or the person declined.",
    "wait": "Too many attempts of this person failed of late. Try again later.",
}


class SignInRefused(AccessError):
    """Somebody could not sign in. `person` names who it was, where that is known for certain."""

    code = "sign_in_refused"

    def __init__(self, reason: Reason, *, person: str | None = None) -> None:
        super().__init__(MESSAGES[reason])
        self.reason = reason
        self.person = person
