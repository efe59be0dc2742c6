"""Requests and replies of every surface, for the tests of the matrix, each with a place in one kind of field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guard.surfaces.matrix import Kind
from guard.surfaces.walk import dump
from tests.matrix import chat, gemini, messages, responses, texts
from tests.matrix.templates import Replies, Reply, Requests

REQUESTS: Mapping[str, Requests] = {
    "chat": chat.REQUESTS,
    "responses": responses.REQUESTS,
    "messages": messages.REQUESTS,
    "count_tokens": messages.REQUESTS,
    "completions": texts.COMPLETIONS,
    "embeddings": texts.EMBEDDINGS,
    "moderations": texts.MODERATIONS,
    "gemini": gemini.REQUESTS,
    "gemini_tokens": gemini.REQUESTS,
    "gemini_embeddings": gemini.EMBEDDINGS,
}
# By the kinds of field that have a place of their own in a reply.
REPLIES: Mapping[str, Replies] = {
    "chat": chat.REPLIES,
    "responses": responses.REPLIES,
    "messages": messages.REPLIES,
    "completions": texts.REPLIES,
    "gemini": gemini.REPLIES,
}
# Whole replies of the surfaces whose replies hold no words.
SILENT: Mapping[str, bytes] = {
    "count_tokens": dump({"input_tokens": 3}),
    "embeddings": dump({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}),
    "moderations": dump({"id": "m1", "model": "m-1", "results": [{"flagged": False}]}),
    "gemini_tokens": dump({"totalTokens": 3}),
    "gemini_embeddings": dump({"embedding": {"values": [0.5]}}),
}


def ways_back(surface: str, kind: Kind) -> Sequence[Reply]:
    """Where what a field of this kind held comes back: in places of its own and, if none of them is judged, as text."""
    own = REPLIES[surface].get(kind, ())
    return own if any(reply.judged for reply in own) else (*REPLIES[surface]["text"][:1], *own)
