"""The audit log: where it is kept, for how long, and who keeps its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from guard.config.credentials import key_of
from guard.documents import Strict
from guard.errors import ConfigError


class PublishConfig(Strict):
    """A place that keeps checkpoints: a folder (`file`), a `webhook`, or an RFC 3161 authority (`timestamp`).

    `every_s` seconds pass between two publications, of which each needs entries that are new. `certificates` is a PEM
    file by which the answers of an authority are checked.
    """

    file: Path | None = None
    webhook: str | None = Field(None, pattern=r"^https?://[^\s@#]+$")
    timestamp: str | None = Field(None, pattern=r"^https?://[^\s@#]+$")
    key_env: str | None = None
    key_file: Path | None = None
    certificates: Path | None = None
    every_s: float = Field(3600, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> PublishConfig:
        if sum(place is not None for place in (self.file, self.webhook, self.timestamp)) != 1:
            raise ValueError("give one of 'file', 'webhook' and 'timestamp'")
        if (self.key_env or self.key_file) and not self.webhook:
            raise ValueError("'key_env' and 'key_file' are for a webhook")
        if self.key_env and self.key_file:
            raise ValueError("give either 'key_env' or 'key_file'")
        if self.certificates and not self.timestamp:
            raise ValueError("'certificates' are those of a time-stamp authority")
        return self

    def key(self, environ: Mapping[str, str]) -> str | None:
        """The key for the webhook, where there is one. Raises ConfigError."""
        return key_of("audit.publish", self.key_env, self.key_file, environ)


class AuditConfig(Strict):
    """Where the audit log is, how long it keeps content, and where its checkpoints are published.

    `path` is relative to the data folder; the signing key stands beside it as `.key`.

    The address of a PostgreSQL holds a password, so it is in a variable of the environment or in a file of its own.
    """

    store: Literal["sqlite", "postgresql"] = "sqlite"
    path: str = "audit.db"
    retention_days: float | None = Field(None, gt=0)
    break_glass_public: Path | None = None
    publish: tuple[PublishConfig, ...] = ()
    url_env: str | None = None
    url_file: Path | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> AuditConfig:
        given = [key for key in ("url_env", "url_file") if getattr(self, key) is not None]
        if self.store == "postgresql" and len(given) != 1:
            raise ValueError("'store: postgresql' needs its address: give either 'url_env' or 'url_file'")
        if self.store == "sqlite" and given:
            raise ValueError(f"'{given[0]}' is for 'store: postgresql'; set that, or drop '{given[0]}'")
        return self

    def url(self, environ: Mapping[str, str]) -> str:
        """The address of the PostgreSQL. Raises ConfigError, which never shows it."""
        if self.url_file is not None:
            try:
                found = self.url_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError("audit: url_file cannot be read. Check the path.") from error
            remedy = "url_file is empty. Write the address of the database into it."
        else:
            found = environ.get(self.url_env or "", "").strip()
            remedy = f"the environment variable {self.url_env} is not set. Set it to the address of the database."
        if not found:
            raise ConfigError(f"audit: {remedy}")
        return found
