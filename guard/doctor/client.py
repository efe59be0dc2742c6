"""The built-in client: one request over a socket, and what of the answer came when."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from guard.doctor.wires import Parts, Streaming, Wire

PROVIDER_KEY = "sk-doctor-has-no-key"
TIMEOUT_S = 300.0  # a critic on a slow machine may take its time


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `first` is when its first byte came, by the monotonic clock; status 0 means: nothing came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    first: float = 0.0

    def told(self, wire: Wire) -> tuple[Parts, ...]:
        """What it says, as often as it says it; nothing where it is not what the API answers."""
        try:
            if self.headers.get("content-type", "").startswith("text/event-stream"):
                return wire.join(_events(self.body)) if isinstance(wire, Streaming) else ()
            return (wire.read(json.loads(self.body)),)
        except (ValueError, LookupError, TypeError, AttributeError):
            return ()

    @property
    def problem(self) -> str:
        """The code and the message of an error."""
        try:
            error = json.loads(self.body)["error"]
            return f"{error['code']}: {error['message']}"
        except (ValueError, LookupError, TypeError):
            return "no error that can be read"


def ask(
    address: str, method: str, target: str, *, key: str, body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:  # fmt: skip
    """Send one request to guard and read the whole answer."""
    credentials = {"authorization": f"Bearer {PROVIDER_KEY}", "x-guard-key": key, "content-type": "application/json"}
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_S)
    try:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        connection.request(method, target, data, {**credentials, **(headers or {})})
        response = connection.getresponse()
        first = time.monotonic()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, response.read(), first)
    except (OSError, HTTPException) as error:
        return Answer(0, {}, type(error).__name__.encode())
    finally:
        connection.close()


def _events(body: bytes) -> list[dict[str, Any]]:
    events = []
    for line in body.decode().splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            events.append(json.loads(data))
    return events
