"""LlamaIndex through guard: a whole reply and a streamed one.

OpenAILike and not OpenAI, because the latter knows OpenAI's models alone and fetches a tokenizer for them.
"""

import os

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

llm = OpenAILike(
    model=os.environ.get("GUARD_MODEL", "gpt-5-mini"),
    api_base=os.environ.get("OPENAI_BASE_URL", "http://localhost:8080/v1"),
    api_key=os.environ.get("OPENAI_API_KEY", "none"),
    is_chat_model=True,
)
asked = [ChatMessage("Write to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111).")]

print("whole:", llm.chat(asked).message.content)
print("streamed:", "".join(part.delta or "" for part in llm.stream_chat(asked)))
