"""The APIs of the fake upstream, each in its real wire shape."""

from __future__ import annotations

from tests.apis.api import Api
from tests.apis.chat import Chat
from tests.apis.completions import Completions
from tests.apis.gemini import Gemini, GeminiBatch, GeminiEmbeddings, GeminiTokens
from tests.apis.messages import CountTokens, Messages
from tests.apis.responses import Responses
from tests.apis.vectors import Embeddings, Moderations

APIS: tuple[Api, ...] = (
    Chat(),
    Responses(),
    Messages(),
    CountTokens(),
    Completions(),
    Embeddings(),
    Moderations(),
    Gemini(),
    GeminiTokens(),
    GeminiEmbeddings(),
    GeminiBatch(),
)
