#!/usr/bin/env bash
# The llm command through guard, streamed. It knows guard's models from extra-openai-models.yaml in its own folder.
set -euo pipefail
. "$(dirname "$0")/env.sh"
LLM_USER_PATH="$(mktemp -d)" # for this example; the folder that you have is that of `llm logs path`
export LLM_USER_PATH
trap 'rm -rf "$LLM_USER_PATH"' EXIT
cat >"$LLM_USER_PATH/extra-openai-models.yaml" <<YAML
- model_id: guarded
  model_name: ${GUARD_MODEL:-gpt-5-mini}
  api_base: $OPENAI_BASE_URL
  api_key_name: openai
YAML
llm --no-log --model guarded "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)."
