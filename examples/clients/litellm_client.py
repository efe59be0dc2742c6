"""LiteLLM's client through guard, over OpenAI's API and over Anthropic's.

Without LITELLM_LOCAL_MODEL_COST_MAP=True it fetches a list of prices when it is imported.
"""

import os

import litellm

model = os.environ.get("GUARD_MODEL", "local")
asked = [{"role": "user", "content": "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)."}]
headers = {"x-guard-key": os.environ["GUARD_KEY"]} if "GUARD_KEY" in os.environ else {}

for api in ("openai", "anthropic"):  # reads OPENAI_BASE_URL and ANTHROPIC_BASE_URL, and the keys of both
    call = {"model": f"{api}/{model}", "messages": asked, "extra_headers": headers}
    print(f"{api} whole:", litellm.completion(**call).choices[0].message.content)
    parts = [part.choices[0].delta.content or "" for part in litellm.completion(**call, stream=True)]
    print(f"{api} streamed:", "".join(parts))
