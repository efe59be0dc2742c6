"""Validators of guardrails-ai as other people write them: what they see, and what they do."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from guard.backends.guardrails_hub import quiet

quiet()

from guardrails import Validator, register_validator
from guardrails_ai.types import ErrorSpan, FailResult, PassResult, ValidationResult


@register_validator(name="tests/no-word", data_type="string")
class NoWord(Validator):
    seen: ClassVar[list[str]] = []

    def __init__(self, word: str, on_fail: Any = None) -> None:
        super().__init__(on_fail=on_fail, word=word)
        self._word = word

    def _validate(self, value: Any, metadata: dict[str, Any]) -> ValidationResult:
        self.seen.append(value)
        at = value.find(self._word)
        if at < 0:
            return PassResult()
        span = ErrorSpan(start=at, end=at + len(self._word), reason=value)
        return FailResult(error_message=f"it says {value}", fix_value="", error_spans=[span])


@register_validator(name="tests/odd", data_type="string")
class Odd(Validator):
    """Does what the text tells it: raises, gives no result, points beyond the text, or takes its time."""

    def _validate(self, value: Any, metadata: dict[str, Any]) -> Any:
        if "RAISE" in value:
            raise ValueError(value)
        if "NOTHING" in value:
            return None
        if "LATE" in value:
            time.sleep(0.6)
        if "BEYOND" in value:
            spans = [ErrorSpan(start=a, end=b, reason="") for a, b in ((0, 9999), (3, 5), (4, 6), (-1, 2))]
            return FailResult(error_message="", error_spans=spans)
        return PassResult()


class NoValidator:
    """Not one at all."""
