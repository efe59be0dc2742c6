#!/usr/bin/env bash
# Claude Code through guard, without its terminal. The environment does it all; arguments go to Claude Code.
set -euo pipefail
. "$(dirname "$0")/env.sh"
claude --print "$@" --model "${GUARD_MODEL:-claude-sonnet-4-5}" \
  "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)." </dev/null
