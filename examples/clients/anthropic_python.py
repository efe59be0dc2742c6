"""The anthropic SDK through guard: a whole reply, a streamed one, and a tool's arguments."""

import os

from anthropic import Anthropic

client = Anthropic()  # reads ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY and ANTHROPIC_CUSTOM_HEADERS
to = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}
asked = {
    "model": os.environ.get("GUARD_MODEL", "claude-sonnet-4-5"),
    "max_tokens": 500,
    "tools": [{"name": "send", "description": "Sends a mail.", "input_schema": to}],
    "messages": [
        {"role": "user", "content": "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)."}
    ],
}

whole = client.messages.create(**asked)
with client.messages.stream(**asked) as stream:
    streamed = stream.get_final_message()
for name, reply in {"whole": whole, "streamed": streamed}.items():
    for block in reply.content:
        print(f"{name}:", block.input if block.type == "tool_use" else block.text)
