"""Who is calling: a guard key stands for a person; without one, a keyed hash of the provider key does."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from guard.errors import AccessError
from guard.types import Principal

KEY_PREFIX = "guard_"
GUARD_KEY = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]*")
KEY_HEADER = "x-guard-key"
CREDENTIALS = ("authorization", "x-api-key", "x-goog-api-key")  # where providers take a key
FindKey = Callable[[str], Principal]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what of its credentials may go on to the upstream."""

    principal: Principal
    credentials: Mapping[str, str]


def identify(headers: Mapping[str, str], find_key: FindKey, secret: bytes, *, require_key: bool) -> Caller:
    """The caller that `headers` (lower-case names) present. Raises AccessError.

    A guard key may stand in `x-guard-key`, so that the provider's key can stand beside it, or in the place of the
    provider's key. A guard key never goes on to an upstream.
    """
    given = {name: headers[name] for name in CREDENTIALS if headers.get(name)}
    # Whatever stands around it, a scheme or quotes or nothing: it must not go on.
    found = {name: GUARD_KEY.search(text) for name, text in given.items()}
    tokens = {name: match.group() if match else "" for name, match in found.items()}
    credentials = {name: text for name, text in given.items() if not tokens[name]}
    key = headers.get(KEY_HEADER) or next(filter(None, tokens.values()), "")
    if key:
        return Caller(find_key(key), credentials)
    if require_key:
        raise AccessError("A guard key is required. Send it as 'Authorization: Bearer guard_…' or in x-guard-key.")
    if not credentials:
        return Caller(Principal("anonymous"), {})
    # One holder of a key has one name, whichever header the key comes in.
    presented = next(iter(credentials.values())).split()
    return Caller(Principal(pseudonym(presented[-1] if presented else "", secret)), credentials)


def pseudonym(credential: str, secret: bytes) -> str:
    """A name for whoever holds `credential`: always the same, and not to be turned back."""
    digest = hmac.new(secret, b"principal\0" + credential.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"key-{digest.hexdigest()[:16]}"
