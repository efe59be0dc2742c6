#!/usr/bin/env bash
# One streamed chat completion through guard. Start guard first: make run
set -euo pipefail
curl --silent --show-error --fail-with-body "${GUARD_URL:-http://127.0.0.1:8080/v1}/chat/completions" \
  --header "authorization: Bearer ${OPENAI_API_KEY:-none}" \
  --data '{"model":"'"${GUARD_MODEL:-local}"'","stream":true,"messages":[{"role":"user",
 "content":"Write a short mail to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111) about the invoice."}]}'
