# The environment of every client here:  . examples/clients/env.sh
# guard's address is GUARD_ADDRESS, its key, where it asks for one, GUARD_KEY; the providers' keys are as they always are.

guard="${GUARD_ADDRESS:-http://localhost:8080}"

# What speaks OpenAI's API wants the address with /v1, what speaks Anthropic's without.
export OPENAI_BASE_URL="$guard/v1"
export OPENAI_API_BASE="$guard/v1" # LangChain and aider read this one
export ANTHROPIC_BASE_URL="$guard"
export OPENAI_API_KEY="${OPENAI_API_KEY:-none}" ANTHROPIC_API_KEY="${ANTHROPIC_API_KEY:-none}"

# guard's key stands beside the provider's. Instead, it may stand in the provider's place.
if [ -n "${GUARD_KEY:-}" ]; then
  export OPENAI_CUSTOM_HEADERS="x-guard-key: $GUARD_KEY"
  export ANTHROPIC_CUSTOM_HEADERS="x-guard-key: $GUARD_KEY"
fi

# What these clients would tell others, past guard.
export LANGSMITH_TRACING=false                    # LangChain: prompts and replies, to LangSmith
export LITELLM_LOCAL_MODEL_COST_MAP=True          # LiteLLM: fetches a list of prices when it is imported
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 # Claude Code: telemetry, error reports, updates
unset guard
