"""A console of four pages on a socket, behind the real gate, with a real log and a real register."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from guard.audit.log import reader_of, store_of
from guard.audit.writer import Writer
from guard.config import Config, Role
from guard.console.access import csrf_field, needs, viewer_of
from guard.console.guarding import guarded
from guard.console.parts import Parts, open_parts
from guard.console.seat import seat_of
from guard.types import Act
from tests.upstream import serve

SECRET_WORD = "zebra-4711"  # what a page holds that no error may show


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@needs("viewer")
async def home(request: Request) -> Response:
    viewer = viewer_of(request)
    assert viewer is not None
    return PlainTextResponse(f"{viewer.name} {viewer.role} {csrf_field(request)}")


@needs("auditor")
async def content(request: Request) -> Response:
    return PlainTextResponse(SECRET_WORD)


@needs("admin")
async def health(request: Request) -> Response:
    return PlainTextResponse("healthy")


@needs("auditor")
async def label(request: Request) -> Response:
    seat = seat_of(request)
    assert seat is not None
    again = (await request.body()).decode()
    return PlainTextResponse(f"{seat.form['verdict']} {'verdict=' in again}")


@needs("viewer")
async def broken(request: Request) -> Response:
    raise ValueError(SECRET_WORD)


PAGES = [
    Route("/console", home),
    Route("/console/content", content, methods=["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]),
    Route("/console/health", health),
    Route("/console/label", label, methods=["POST"]),
    Route("/console/broken", broken),
]


@dataclass(frozen=True)
class Door:
    """A running console: its address, its parts, its clock and its configuration."""

    url: str
    parts: Parts
    config: Config
    clock: Clock

    def invite(self, name: str, role: Role = "auditor", seconds: float = 3600.0) -> str:
        """A link for a person."""
        self.parts.people.admit(name, role)
        return f"{self.url}/console/sign-in/link/{self.parts.links.make(name, seconds)}"

    def enter(self, client: httpx.Client, name: str = "ada", role: Role = "auditor") -> httpx.Response:
        """Sign in as a person does: open the link, press the button."""
        link = self.invite(name, role)
        return client.post(link, data={"csrf": token_of(client.get(link))})

    def acts(self) -> list[Act]:
        """The acts that the log holds, the oldest first."""
        return [one.entry for one in reader_of(self.config).entries() if isinstance(one.entry, Act)]


def token_of(reply: httpx.Response) -> str:
    """The token in the form of a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', reply.text)
    assert found is not None, reply.text
    return found[1]


@contextmanager
def door(folder: Path, environ: dict[str, str] | None = None, **console: Any) -> Iterator[Door]:
    """Open a console in `folder`; `console` are keys of that section."""
    config = Config.model_validate({"data": folder, "console": console})
    clock = Clock()
    store = store_of(config)
    writer = Writer(store)
    parts = open_parts(config, writer.record_async, clock=clock)
    try:
        with serve(guarded(PAGES, parts)) as url:
            yield Door(url, parts, config, clock)
    finally:
        writer.close()
        store.close()
