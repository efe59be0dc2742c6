"""The console's cookies: none is for a script or for another site, and with TLS none is for another host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["session", "visit", "begun"]
# session  who is signed in
# visit    proves, before a sign-in, that a form came from a page that this browser was shown
# begun    what a sign-in at the identity provider began with

PATH: Final = "/console"


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes of the cookies; `secure` says that browsers reach guard by TLS."""

    secure: bool

    def name(self, kind: Kind) -> str:
        """The name of a cookie; a browser takes `__Host-` only from this host and by TLS (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-guard_{kind}" if self.secure else f"guard_{kind}"

    def header(self, kind: Kind, value: str, *, seconds: float | None = None) -> str:
        """A Set-Cookie header; with no `seconds` the cookie ends with the browser."""
        return self.plain(self.name(kind), value, seconds=seconds)

    def gone(self, kind: Kind) -> str:
        """A Set-Cookie header that makes a browser forget."""
        return self.header(kind, "", seconds=0)

    def plain(self, name: str, value: str, *, seconds: float | None = None) -> str:
        """A Set-Cookie header for a cookie of any name. `value` has no characters that a cookie may not have."""
        age = "" if seconds is None else f"; Max-Age={int(seconds)}"
        place = "/; Secure" if self.secure else PATH
        return f"{name}={value}{age}; Path={place}; HttpOnly; SameSite=Lax"
