"""guard inside other people's guardrails: as validators of guardrails-ai, and as a guardrail of LiteLLM's proxy."""
