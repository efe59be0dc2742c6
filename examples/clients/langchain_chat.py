"""LangChain through guard: a whole reply and a streamed one, with their tool calls."""

import os

from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI


def send(to: str) -> None:
    """Send a mail."""


# The environment names guard: OPENAI_API_BASE, OPENAI_API_KEY, OPENAI_CUSTOM_HEADERS.
chat = ChatOpenAI(model=os.environ.get("GUARD_MODEL", "gpt-5-mini")).bind_tools([send])
prompt = "Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111)."

whole = chat.invoke(prompt)
streamed = sum(chat.stream(prompt), start=AIMessageChunk(""))
for name, reply in {"whole": whole, "streamed": streamed}.items():
    print(f"{name}:", reply.text, *(call["args"] for call in reply.tool_calls))
