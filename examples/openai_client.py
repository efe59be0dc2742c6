"""The openai SDK through guard: only the address changes. Start guard first: make run."""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("GUARD_URL", "http://127.0.0.1:8080/v1"),
    api_key=os.environ.get("OPENAI_API_KEY", "none"),
)

stream = client.chat.completions.create(
    model=os.environ.get("GUARD_MODEL", "local"),
    messages=[{"role": "user", "content": "Write a short mail to Alice Meyer (alice.meyer@example.com)."}],
    stream=True,
)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()
