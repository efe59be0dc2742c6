"""guard's masking and constitution as validators of guardrails-ai: pip install 'constitutional-guard[guardrails]'."""

import os

from guardrails import Guard as Rails  # after guard's own, which tell it to be quiet

from guard import Guard
from guard.integrations.guardrails import GuardConstitution, GuardMask

with Guard.from_files(os.environ.get("GUARD_CONFIG")) as guard:
    prompts = Rails().use(GuardMask(guard, on_fail="fix"))
    asked = prompts.validate("Write to alice.meyer@example.com.").validated_output
    print("the model sees", asked)

    replies = Rails().use(GuardConstitution(guard, on_fail="fix"))
    outcome = replies.validate(f"Done: {asked}", metadata={"prompt": asked})
    print("the reader sees", guard.restore(outcome.validated_output))
