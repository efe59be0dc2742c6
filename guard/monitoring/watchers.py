"""The watchers that a configuration asks for."""

from __future__ import annotations

from collections.abc import Mapping

from guard.config import MonitoringConfig
from guard.errors import ConfigError
from guard.monitoring import Monitor, Watcher


def monitor_of(config: MonitoringConfig, environ: Mapping[str, str]) -> Monitor:
    """A monitor with its watchers; each is imported only where it is asked for. Raises ConfigError."""
    watchers: list[Watcher] = []
    if config.metrics:
        from guard.monitoring.metrics import Metrics

        watchers.append(Metrics())
    if config.otlp is not None:
        from guard.monitoring.telemetry import Telemetry

        watchers.append(Telemetry(config.otlp, _headers(config.otlp_key_env, environ)))
    if config.syslog is not None:
        from guard.monitoring.syslog import Syslog

        watchers.append(Syslog(config.syslog.address, config.syslog.format))
    return Monitor(watchers)


def _headers(variable: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    if variable is None:
        return {}
    key = environ.get(variable)
    if not key:
        raise ConfigError(f"monitoring.otlp_key_env: the environment variable {variable} is not set. Set it.")
    return {"authorization": key}
