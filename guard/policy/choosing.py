"""Reading a folder of policies, and choosing the one that applies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from guard.documents import read
from guard.errors import ConfigError, PolicyError
from guard.policy.whole import Policy
from guard.types import Principal


def load_folder(folder: Path) -> tuple[Policy, ...]:
    """Every policy of a folder, the one to ask first in front. Raises ConfigError."""
    files = sorted(file for file in folder.glob("*.y*ml") if file.suffix in {".yaml", ".yml"})
    if not files:
        raise ConfigError(f"{folder}: holds no policy. Add one, such as default.yaml.")
    policies = [read(file, Policy) for file in files]
    _refuse_repeated(folder, [policy.policy for policy in policies])
    return tuple(sorted(policies, key=lambda policy: (-policy.precedence, policy.policy)))


def choose(policies: Sequence[Policy], principal: Principal, model: str, surface: str) -> Policy:
    """The first policy that applies. Raises PolicyError where none does."""
    for policy in policies:
        if policy.applies_to.matches(principal, model, surface):
            return policy
    raise PolicyError("No policy applies to this caller, model and surface. Ask the administrator of guard for one.")


def _refuse_repeated(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{folder}: two policies are named '{name}'. Rename one.")
