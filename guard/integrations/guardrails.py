"""guard's masking and its constitution as validators of guardrails-ai.

    with Guard.from_files("guard.yaml") as own:
        rails = guardrails.Guard().use(GuardMask(own, on_fail="fix"), on="messages").use(GuardConstitution(own))

Both are blocking: what guard cannot read or judge raises, or fails, and never passes. Both read whole texts, also where
guardrails-ai validates a stream piece by piece: a name or a violation may lie across any two pieces. Importing this
module turns off what guardrails-ai sends to its makers.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from guard.backends.guardrails_hub import quiet
from guard.errors import PolicyError
from guard.library import Guard

quiet()

from guardrails import Validator, register_validator  # noqa: E402 - not before it is quiet
from guardrails_ai.types import ErrorSpan, FailResult, PassResult, ValidationResult  # noqa: E402

OnFail: TypeAlias = Any  # what guardrails-ai takes: an OnFailAction, its name, or a function of value and result


class _Whole(Validator):  # type: ignore[misc] # guardrails-ai is read without its types
    """A validator that waits for the end of a stream."""

    def __init__(self, guard: Guard, on_fail: OnFail = None) -> None:
        super().__init__(on_fail=on_fail, use_local=True)
        self._guard = guard

    def _chunking_function(self, chunk: str) -> list[str]:
        del chunk
        return []


@register_validator(name="guard/mask", data_type="string")
class GuardMask(_Whole):
    """Fails a text in which the policy of `guard` would replace something; its fix is the masked text.

    What the policy blocks has no fix. `Guard.restore` turns the placeholders of a reply back.
    """

    def _validate(self, value: Any, metadata: dict[str, Any]) -> ValidationResult:
        del metadata
        try:
            masked = self._guard.find_and_mask(str(value))
        except PolicyError as error:
            return FailResult(error_message=error.message)
        if masked.text == value:
            return PassResult()
        entities = ", ".join(sorted({span.entity for span in masked.found}))
        spans = [ErrorSpan(start=s.start, end=s.end, reason=s.entity) for s in masked.spans]
        return FailResult(error_message=f"The text holds {entities}.", fix_value=masked.text, error_spans=spans)


@register_validator(name="guard/constitution", data_type="string")
class GuardConstitution(_Whole):
    """Fails a reply that the constitution of `guard` would not let out as it is; its fix is the mended reply.

    What it blocks, or leaves to a person, has no fix. The prompt is taken from the metadata, under `prompt`.
    """

    def _validate(self, value: Any, metadata: dict[str, Any]) -> ValidationResult:
        reviewed = self._guard.review(str(metadata.get("prompt", "")), str(value))
        match reviewed.decision:
            case "allow":
                return PassResult()
            case "revise":
                return FailResult(error_message=f"guard: {reviewed.reason}.", fix_value=reviewed.reply)
        return FailResult(error_message=f"guard: {reviewed.reason}.")
