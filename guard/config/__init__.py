"""guard.yaml: where guard listens, whom it talks to, and where its files are.

Every key can be set from the environment too: GUARD_LISTEN__PORT=9000 is `listen: {port: 9000}`. The environment wins.
"""

from guard.config.audit import AuditConfig, PublishConfig
from guard.config.console import ClaimedRoles, ConsoleConfig, OidcConfig, Price, Role
from guard.config.critic import CriticConfig, CriticForm
from guard.config.environment import PREFIX, RESERVED
from guard.config.loading import DEFAULTS, load, overridden
from guard.config.monitoring import MonitoringConfig, SyslogConfig
from guard.config.upstreams import HOSTS, SPOKEN, UNTRANSLATED, Api, UpstreamConfig
from guard.config.whole import PACKAGED_MODEL, AccessConfig, Config, HeldConfig, LimitsConfig, Listen, VaultConfig

__all__ = [
    "DEFAULTS",
    "HOSTS",
    "PACKAGED_MODEL",
    "PREFIX",
    "RESERVED",
    "SPOKEN",
    "UNTRANSLATED",
    "AccessConfig",
    "Api",
    "AuditConfig",
    "ClaimedRoles",
    "Config",
    "ConsoleConfig",
    "CriticConfig",
    "CriticForm",
    "HeldConfig",
    "LimitsConfig",
    "Listen",
    "MonitoringConfig",
    "OidcConfig",
    "Price",
    "PublishConfig",
    "Role",
    "SyslogConfig",
    "UpstreamConfig",
    "VaultConfig",
    "load",
    "overridden",
]
