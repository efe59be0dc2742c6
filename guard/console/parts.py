"""What signing in needs, made from the configuration."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from guard.audit.log import drawer_of, tenant_key_of
from guard.config import Config
from guard.console.limits import Limits
from guard.console.links import Links
from guard.console.oidc import Provider
from guard.console.people import People
from guard.console.register import Register
from guard.console.sessions import Sessions
from guard.console.tokens import derived_key, load_key
from guard.types import Act

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
CALLBACK: Final = "/console/sign-in/callback"

RecordAct: TypeAlias = Callable[[Act], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages for signing in share. Made by `open_parts`, ended by `close`.

    `record` makes an act durable, or raises AuditError. `hosts` are the names by which guard may be reached, without a
    port; `secure` says that browsers reach it by TLS.
    """

    register: Register
    people: People
    sessions: Sessions
    links: Links
    key: bytes
    limits: Limits
    provider: Provider | None
    record: RecordAct
    hosts: frozenset[str]
    secure: bool

    def close(self) -> None:
        """Close the register."""
        self.register.close()


def open_parts(config: Config, record: RecordAct, *, clock: Callable[[], float] = time.time) -> Parts:
    """The parts of a configuration; `clock` gives Unix seconds. Raises ConfigError, AuditError."""
    rules = config.console
    public = urlsplit(rules.public_url or "")
    key = _key_of(config)
    provider = None
    if rules.oidc is not None:
        back = f"{rules.public_url}{CALLBACK}"
        provider = Provider(rules.oidc, rules.oidc.secret(os.environ), back, key, clock=clock)
    register = open_register(config, clock=clock)
    return Parts(
        register=register,
        people=People(register),
        sessions=sessions_of(config, register),
        links=Links(register),
        key=key,
        limits=Limits(),
        provider=provider,
        record=record,
        hosts=LOOPBACK | {config.listen.host} | ({public.hostname} if public.hostname else set()),
        secure=public.scheme == "https",
    )


def _key_of(config: Config) -> bytes:
    """The console's key. Machines that share a register share it: it is derived from their tenant key."""
    if config.audit.store == "sqlite":
        return load_key(config.data / "console.key")
    return derived_key(tenant_key_of(config))


def sessions_of(config: Config, register: Register) -> Sessions:
    """The sessions of a register, with the lifetimes of a configuration."""
    rules = config.console
    return Sessions(register, idle_s=rules.idle_minutes * 60, lifetime_s=rules.lifetime_hours * 3600)


def open_register(config: Config, *, clock: Callable[[], float] = time.time) -> Register:
    """The register of a configuration. Raises ConfigError, AuditError."""
    return Register(drawer_of(config, "console"), clock=clock)
