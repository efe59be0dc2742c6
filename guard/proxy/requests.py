"""What a request brings: its headers, of which few go on, and its body, of bounded size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from guard.access import Caller
from guard.errors import ClientGone, TooLargeError
from guard.surfaces.google import is_googles

Headers: TypeAlias = Mapping[str, str]

# Headers of the caller that an upstream may see, each in the one shape that its API gives it: nothing else passes.
_DATE = r"20\d\d-?\d\d-?\d\d"
_BETA = rf"[a-z]+(-([a-z]+[0-9.]{{0,4}}|\d{{1,2}}[a-z]?))*-{_DATE}"
FORWARDED: Mapping[str, re.Pattern[str]] = {
    "openai-organization": re.compile(r"org-(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,40}"),
    "openai-project": re.compile(r"proj_(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,40}"),
    "openai-beta": re.compile(r"[a-z_]+=v\d{1,2}(, ?[a-z_]+=v\d{1,2})*"),
    "anthropic-version": re.compile(_DATE),
    "anthropic-beta": re.compile(rf"{_BETA}(, ?{_BETA})*"),
}


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body of a request. Raises TooLargeError, ClientGone."""
    too_large = TooLargeError(f"The body is over {limit} bytes. Send less, or raise limits.body_bytes.")
    stated = headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > limit:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("the client left before its request was complete")
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(chunks)


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, by name in small letters; of one that comes twice the last.

    A key in the query, where Google takes one too, is as good as one in its header. The query itself goes nowhere.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if scope["query_string"] and is_googles(scope["path"]):
        key = _query(scope).get("key", "")
        if key.isascii() and key.isprintable():
            headers.setdefault("x-goog-api-key", key)
    return headers


def address_of(scope: Scope) -> str:
    """Where a request came to: its path, and of its query what kind of reply it asks Google for."""
    path: str = scope["path"]
    alt = _query(scope).get("alt") if scope["query_string"] and is_googles(path) else None
    return path if alt is None else f"{path}?alt={alt}"


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1")))


def forwarded_of(headers: Headers, caller: Caller) -> dict[str, str]:
    """What of the caller's headers goes on: its credentials, and identifiers that providers ask for."""
    forwarded = {name: headers[name] for name, shape in FORWARDED.items() if shape.fullmatch(headers.get(name, ""))}
    return {**forwarded, **caller.credentials}
