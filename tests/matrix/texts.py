"""Completions, embeddings and moderations, which take texts: requests and replies with a place in every kind of field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.matrix.templates import JSON, SLOT, UNKNOWN, Inside, Replies, Reply, Requests


def _requests(key: str, text: Any = (), unknown: Any = (), inside: Any = ()) -> Requests:
    """The requests of an API with texts under one key, and what else it has."""
    hello = {key: "Hello"}
    return {
        "text": [{key: SLOT}, {key: ["Hello", SLOT]}, *text],
        "names and metadata": [
            {**hello, "user": SLOT},
            *({**hello, "metadata": metadata} for metadata in ({"k": SLOT}, {SLOT: "v"})),
        ],
        "unknown fields": [*({**hello, **field} for field in UNKNOWN), *unknown],
        "JSON inside strings": [
            {key: Inside(JSON)},
            {**hello, "metadata": {"k": Inside([SLOT], ascii=True)}},
            *inside,
        ],
    }


def _parts(**part: Any) -> list[dict[str, Any]]:
    return [{"input": [{"type": "text", **part}]}]


_INDENTED = Inside({SLOT: 1}, indent=2)

COMPLETIONS = _requests(
    "prompt",
    text=[{"prompt": "Hello", key: value} for key, value in (("suffix", SLOT), ("stop", [SLOT]))],
    inside=[{"prompt": ["Hello", _INDENTED]}],
)
EMBEDDINGS = _requests("input", inside=[{"input": ["Hello", _INDENTED]}])
MODERATIONS = _requests(
    "input",
    text=_parts(text=SLOT),
    unknown=_parts(text="Hello", x_note=SLOT),
    inside=_parts(text=_INDENTED),
)


_STOP = {"text": "", "finish_reason": "stop"}


def _choice(keys: dict[str, Any], piece: Any = None) -> Reply:
    first = {"text": "", "finish_reason": None} if piece else {"text": "", **keys, "finish_reason": None}
    return Reply({"text": "Yes.", **keys}, [first], piece, [_STOP])


REPLIES: Replies = {
    "text": [replace(_choice({"text": SLOT}, {"text": SLOT, "finish_reason": None}), content=True)],
    "unknown fields": [
        _choice({"x_note": SLOT}, {"text": "", "x_note": SLOT}),
        _choice({SLOT: "a"}),
        _choice({"x_a": [{"x_b": SLOT}]}),
        *(replace(_choice({}), beside=unknown) for unknown in UNKNOWN),
    ],
}
