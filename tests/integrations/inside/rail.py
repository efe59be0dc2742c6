"""guard's guardrail as LiteLLM's configuration names it, around a guard that a test has made."""

from __future__ import annotations

from typing import Any, ClassVar

from guard.integrations.litellm import GuardGuardrail
from guard.library import Guard


class Rail(GuardGuardrail):
    made: ClassVar[Guard]

    def __init__(self, guard_config: str, **options: Any) -> None:
        assert guard_config == "guard.yaml"
        super().__init__(guard=self.made, **options)
