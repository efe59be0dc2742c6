"""The console: who may sign in and how, and what its overview counts with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from guard.config.credentials import key_of
from guard.documents import Strict

Role = Literal["viewer", "auditor", "admin"]
# viewer   sees figures, and lists without content
# auditor  sees content, each look on record, and labels verdicts
# admin    sees keys and the health of the log too


class ClaimedRoles(Strict):
    """Roles by a claim of the identity provider: `map` says which of its values stands for which role."""

    claim: str = Field("groups", min_length=1)
    map: dict[str, Role] = Field(min_length=1)


class OidcConfig(Strict):
    """Sign-in by an identity provider that speaks OpenID Connect.

    Its endpoints are looked up at `issuer` and must be on that host, or on one of `hosts`. Without `roles` those may
    sign in who have a role in the console's own table.
    """

    issuer: str = Field(pattern=r"^(https://[^\s@?#/]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s@?#]*)?$")
    client_id: str = Field(min_length=1)
    client_secret_env: str | None = None
    label: str = Field("OpenID Connect", min_length=1, max_length=60)
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    name_claim: str = Field("email", min_length=1)
    roles: ClaimedRoles | None = None
    hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _goes_together(self) -> OidcConfig:
        if "openid" not in self.scopes:
            raise ValueError("'scopes' needs 'openid'")
        return self

    def secret(self, environ: Mapping[str, str]) -> str | None:
        """The client's secret, where it has one. Raises ConfigError."""
        return key_of("console.oidc", self.client_secret_env, None, environ)


class Price(Strict):
    """What a million tokens cost: `input` those read, `output` those written, of models whose name fits `models`."""

    models: str = Field(min_length=1)
    input: float = Field(ge=0)
    output: float = Field(0, ge=0)


class ConsoleConfig(Strict):
    """The console at /console: whether it is served, where people reach it, and how long they stay signed in.

    `cards` is a folder of cards of models of your own. The overview tells what calls cost where there are `prices`; the
    first whose pattern fits a model counts.
    """

    enabled: bool = True
    public_url: str | None = Field(None, pattern=r"^https?://[^\s@?#/]+$")
    idle_minutes: float = Field(12 * 60, gt=0)
    lifetime_hours: float = Field(7 * 24, gt=0)
    oidc: OidcConfig | None = None
    cards: Path | None = None
    prices: tuple[Price, ...] = ()
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")

    @model_validator(mode="after")
    def _goes_together(self) -> ConsoleConfig:
        if self.oidc is not None and self.public_url is None:
            raise ValueError("'oidc' needs 'public_url': the identity provider sends people back there")
        return self
