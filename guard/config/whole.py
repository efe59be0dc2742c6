"""guard.yaml as a whole, with the sections that are a few keys each."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from guard.config.audit import AuditConfig
from guard.config.console import ConsoleConfig
from guard.config.critic import CriticConfig
from guard.config.monitoring import MonitoringConfig
from guard.config.upstreams import UpstreamConfig
from guard.documents import Strict

PACKAGED_MODEL = "packaged:smollm2"


class Listen(Strict):
    """Where the proxy listens."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)


class AccessConfig(Strict):
    """Whether callers need a guard key, made by `guard keys create`."""

    require_key: bool = False


class VaultConfig(Strict):
    """How long the tenant vault remembers which value a placeholder stands for."""

    lifetime_days: float = Field(30, gt=0)


class HeldConfig(Strict):
    """How long a reply about which a person must decide is kept, and from the decision on for as long again."""

    lifetime_hours: float = Field(72, gt=0)


class LimitsConfig(Strict):
    """Bounds: bytes of a request body, bytes of a reply, texts in the recognition cache, worker processes for names."""

    body_bytes: int = Field(20_000_000, ge=1)
    reply_bytes: int = Field(50_000_000, ge=1)
    cached_texts: int = Field(20_000, ge=0)
    recognizer_processes: int = Field(1, ge=1)


class Config(Strict):
    """The whole of guard.yaml."""

    listen: Listen = Field(default_factory=Listen)
    data: Path = Path("guard-data")
    tenant: str = Field("default", min_length=1)
    upstreams: tuple[UpstreamConfig, ...] = (UpstreamConfig(name="local", model=PACKAGED_MODEL, trusted=True),)
    critic: CriticConfig = Field(default_factory=CriticConfig)
    policies: Path | None = None
    constitutions: Path | None = None
    audit: AuditConfig = Field(default_factory=AuditConfig)
    access: AccessConfig = Field(default_factory=AccessConfig)
    console: ConsoleConfig = Field(default_factory=ConsoleConfig)
    vault: VaultConfig = Field(default_factory=VaultConfig)
    held: HeldConfig = Field(default_factory=HeldConfig)
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    monitoring: MonitoringConfig = Field(default_factory=MonitoringConfig)

    @model_validator(mode="after")
    def _names_differ(self) -> Config:
        names = [upstream.name for upstream in self.upstreams]
        if not names:
            raise ValueError("give at least one upstream")
        if len(set(names)) < len(names):
            raise ValueError("two upstreams have the same name")
        for upstream in self.upstreams:
            missing = next((name for name in upstream.fallbacks if name not in names or name == upstream.name), None)
            if missing:
                raise ValueError(f"upstream '{upstream.name}' falls back to '{missing}', which is no other upstream")
        return self
