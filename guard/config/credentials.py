"""Keys, which stand in a variable of the environment or in a file of their own, never in guard.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from guard.errors import ConfigError


def key_of(whose: str, key_env: str | None, key_file: Path | None, environ: Mapping[str, str]) -> str | None:
    """The key that a variable or a file holds; None where neither is named. Raises ConfigError."""
    if key_file is not None:
        try:
            own = key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{whose}: key_file cannot be read. Check the path.") from error
        if not own:
            raise ConfigError(f"{whose}: key_file is empty. Write the provider's key into it.")
        return own
    if key_env is None:
        return None
    key = environ.get(key_env)
    if not key:
        raise ConfigError(f"{whose}: the environment variable {key_env} is not set. Set it to the provider's key.")
    return key
