"""What other systems are told of guard at work."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from guard.documents import Strict


class SyslogConfig(Strict):
    """A syslog server (RFC 5424) for security events: udp://host:port or tcp://host:port."""

    address: str = Field(pattern=r"^(udp|tcp)://[^\s/@?#:]+(:\d{1,5})?$")
    format: Literal["cef", "json"] = "cef"


class MonitoringConfig(Strict):
    """What other systems are told: Prometheus's page, a collector of OpenTelemetry, a syslog server.

    `otlp_key_env` names the variable that holds what is sent to the collector as `authorization`.
    """

    metrics: bool = True
    otlp: str | None = Field(None, pattern=r"^https?://[^\s@?#]+$")
    otlp_key_env: str | None = None
    syslog: SyslogConfig | None = None
