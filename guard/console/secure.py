"""What a browser is told and asked, so that no other site can read the console or act in somebody's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",  # with no-referrer a browser would send "Origin: null" with guard's own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
TLS_HEADERS: Final[Mapping[str, str]] = {"strict-transport-security": "max-age=31536000"}
STATIC: Final = ("/console/static/", "/console/sign-in/style.css")  # what may be kept: it holds nothing of anybody
OWN_SITES: Final = frozenset({"same-origin", "none"})  # none: the person themselves, with no site behind it


def headers(path: str, *, secure: bool) -> dict[str, str]:
    """The headers of every answer below /console; with `secure` a browser uses TLS from then on."""
    told = {**HEADERS, **(TLS_HEADERS if secure else {})}
    if path.startswith(STATIC):
        told["cache-control"] = "public, max-age=3600"
    return told


def host_of(header: str) -> str | None:
    """The name in a Host header, without its port; None where it is none."""
    if not header or any(c in header for c in "/?#@\\ \t,"):
        return None
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def is_own(sent: Mapping[str, str], *, secure: bool) -> bool:
    """Whether a form comes from a page of guard, as far as its browser says. `sent` are headers in lower case.

    A browser sends Origin with every POST, and newer ones Sec-Fetch-Site; what sends neither is no browser, and then
    the form's token alone decides.
    """
    if sent.get("sec-fetch-site", "none") not in OWN_SITES:
        return False
    origin = sent.get("origin")
    if origin is None:
        return True
    if secure:
        return origin == f"https://{sent.get('host', '')}"
    return origin in {f"{scheme}://{sent.get('host', '')}" for scheme in ("http", "https")}
