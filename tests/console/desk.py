"""The whole console on a socket, in front of a real log, with people who have really signed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from guard.asks import Held
from guard.audit.log import reader_of
from guard.config import Role
from guard.console.app import Console
from guard.proxy import Proxy
from guard.service import Service
from guard.types import Act, Critic, Principal
from tests.console.door import token_of
from tests.console.sample import fill
from tests.house import Scripted, policy, start
from tests.upstream import serve


@dataclass(frozen=True)
class Desk:
    """A running proxy with its console: its address and its parts."""

    url: str
    console: Console
    service: Service

    def session(self, role: Role, name: str = "") -> str:
        """A session of somebody with this role."""
        name = name or f"{role}-1"
        self.console.doors.people.admit(name, role)
        return self.console.doors.sessions.open(name)

    def client(self, role: Role, name: str = "", **options: Any) -> httpx.Client:
        """A client of somebody with this role."""
        return httpx.Client(base_url=self.url, cookies={"guard_session": self.session(role, name)}, **options)

    def acts(self) -> list[Act]:
        """The acts that the log holds, the oldest first."""
        return [one.entry for one in reader_of(self.service.config).entries() if isinstance(one.entry, Act)]


def send(client: httpx.Client, page: str, to: str, **fields: str) -> httpx.Response:
    """Send a form that stands on `page`, as a browser does."""
    return client.post(to, data={"csrf": token_of(client.get(page)), **fields})


def held_reply(exchange: str, reply: str = "Pay <b>now</b>, or else.", sent: str = "Pay <b>now</b>.") -> Held:
    """A reply about which a person must decide."""
    prompt, caller = "Write to <PERSON_K7Q2M4XD>.", Principal("ann")
    return Held(exchange, 1.0, caller, "chat", "m", ("no-<threats>",), prompt, reply, sent, b"{}", {}, "allow")


@contextmanager
def desk(
    folder: Path, *, exchanges: int = 24, critic: Critic | None = None, held: Sequence[str] = (), **console: Any
) -> Iterator[Desk]:
    """Open a console in `folder`, with a log of so many exchanges, `held` of them held; `console` are keys of that section."""
    rules = (policy(review={"constitution": "test"}),)
    config = {"console": console} if console else None
    service = start(folder, "http://127.0.0.1:9", rules, critic=critic or Scripted(), config=config)
    if exchanges:
        fill(service.store, exchanges)
    for exchange in held:
        service.held.hold(held_reply(exchange))
    made = Console(service)
    with serve(Proxy(service, {}, made)) as url:
        yield Desk(url, made, service)
