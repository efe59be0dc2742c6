#!/usr/bin/env bash
# Codex through guard, without its terminal. Each -c is a line of its config.toml: see README.md.
set -euo pipefail
. "$(dirname "$0")/env.sh"
guard=model_providers.guard
codex exec --skip-git-repo-check --ephemeral \
  -c 'model_provider="guard"' \
  -c "$guard.name=\"guard\"" \
  -c "$guard.base_url=\"$OPENAI_BASE_URL\"" \
  -c "$guard.wire_api=\"responses\"" \
  -c "$guard.env_key=\"OPENAI_API_KEY\"" \
  -c "$guard.env_http_headers={x-guard-key=\"GUARD_KEY\"}" \
  -c 'analytics.enabled=false' --disable plugins --disable apps \
  --model "${GUARD_MODEL:-gpt-5-mini}" \
  "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)." </dev/null
