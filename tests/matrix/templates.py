"""Bodies with a place left open, in which the tests of the matrix plant values and find what has become of them.

A template is JSON in which SLOT stands where a text is to be planted, as a value or as a key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from typing import Any, TypeAlias

from guard.surfaces.matrix import Kind
from guard.surfaces.stream import write_event
from guard.surfaces.table import BY_NAME
from guard.surfaces.walk import Path, dump

SLOT = "\ue000"  # of the private use area: no other string of a template is equal to it

# What several APIs have in common.
JSON = {"to": SLOT, "list": [1, {"n": None}]}
SCHEMAS: tuple[Any, ...] = (
    {"type": "object", "properties": {"to": {"type": "string", "description": SLOT}}},
    {"type": "object", "properties": {"to": {"type": "string", "enum": ["all", SLOT]}}},
    {"type": "object", "properties": {SLOT: {"type": "string"}}},
)
UNKNOWN: tuple[dict[str, Any], ...] = ({"x_note": SLOT}, {SLOT: {"x": 1}}, {"x_a": [0, {"x_b": {"x_c": SLOT}}]})


@dataclass(frozen=True)
class Listed:
    """How a surface writes a reply of several choices: the key of their list, and what stands beside it.

    `beside` is that of a whole reply, `told` that of an event; `ended` is what a choice of a whole reply ends with, and
    `counted` the field of a request that says how many there are to be, where that is one of its own.
    """

    key: str
    beside: Mapping[str, Any]
    told: Mapping[str, Any]
    ended: Mapping[str, Any]
    counted: str = ""

    @classmethod
    def openai(cls, kind: str, event: str) -> Listed:
        ended = {"finish_reason": "stop", "logprobs": None}
        frame = {"id": "c1", "object": kind, "created": 1_700_000_000, "model": "m-1"}
        return cls("choices", frame, {"id": "c1", "object": event, "model": "m-1"}, ended, "n")


_GEMINI = {"usageMetadata": {"promptTokenCount": 3}, "modelVersion": "m-1", "responseId": "r1"}
LISTS: Mapping[str, Listed] = {
    "chat": Listed.openai("chat.completion", "chat.completion.chunk"),
    "completions": Listed.openai("text_completion", "text_completion"),
    "gemini": Listed("candidates", _GEMINI, _GEMINI, {"finishReason": "STOP"}),
}

Requests: TypeAlias = Mapping[Kind, Sequence[Any]]  # templates without model and stream


@dataclass(frozen=True)
class Inside:
    """JSON inside a string."""

    value: Any
    ascii: bool = False
    indent: int | None = None


def filled(template: Any, text: str) -> Any:
    """The JSON that a template becomes with `text` in its place."""
    match template:
        case dict():
            return {filled(key, text): filled(value, text) for key, value in template.items()}
        case list() | tuple():
            return [filled(value, text) for value in template]
        case Inside():
            return json.dumps(filled(template.value, text), ensure_ascii=template.ascii, indent=template.indent)
    return text if template == SLOT else template


def opened(template: Any) -> Any:
    """The template with a place for the whole of a string instead of one inside its JSON."""
    match template:
        case dict():
            return {key: opened(value) for key, value in template.items()}
        case list() | tuple():
            return [opened(value) for value in template]
        case Inside():
            return SLOT
    return template


def found(template: Any, body: Any) -> str:
    """The text that stands in a body where its template has a place."""
    (text,) = dict.fromkeys(_found(template, body))
    return text


def _found(template: Any, body: Any) -> Iterator[str]:
    match template:
        case dict():
            for (key, value), (told, held) in zip(template.items(), body.items(), strict=True):
                yield from (told,) if key == SLOT else _found(value, held)
        case list() | tuple():
            for value, held in zip(template, body, strict=True):
                yield from _found(value, held)
        case Inside():
            yield from _found(template.value, json.loads(body))
        case str() if template == SLOT:
            yield body


def places(surface: str, template: Any) -> tuple[str, ...]:
    """Where a template has its place, as the log names it."""
    keys = BY_NAME[surface].vocabulary.keys
    return tuple(
        "".join(f"[{part}]" if isinstance(part, int) else f".{part if part in keys else '*'}" for part in path)[1:]
        for path in _paths(template, ())
    )


def _paths(template: Any, path: Path) -> Iterator[Path]:
    match template:
        case dict():
            for key, value in template.items():
                yield from ((*path, key),) if key == SLOT else _paths(value, (*path, key))
        case list() | tuple():
            for at, value in enumerate(template):
                yield from _paths(value, (*path, at))
        case Inside():
            yield path
        case str() if template == SLOT:
            yield path


def general(place: str) -> str:
    """A place as the matrix writes it: without numbers."""
    return re.sub(r"\[\d+\]", "[]", place)


# --- replies ---


@dataclass(frozen=True)
class Reply:
    """Where something comes back: the templates of a whole reply and of the events of a stream.

    Where a reply has choices, they are templates of one choice. `piece` is the event that brings a piece of the text
    `told`; without one the text comes whole in the other events. `beside` stands beside the choice, in a whole reply and
    in the first events. `asked` is what the request says besides. `content` may be revised; what is not `judged`
    repeats the request.
    """

    whole: Any
    before: Sequence[Any] = ()
    piece: Any = None
    after: Sequence[Any] = ()
    told: Any = SLOT
    beside: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    content: bool = False
    judged: bool = True

    @property
    def opened(self) -> Reply:
        """The same with a place for the whole of a string instead of one inside its JSON."""
        return replace(self, whole=opened(self.whole), before=opened(self.before), after=opened(self.after), told=SLOT)


Replies: TypeAlias = Mapping[Kind, Sequence[Reply]]


@dataclass(frozen=True)
class Step:
    """One event of a stream: its template, of which choice, and what stands in its place."""

    template: Any
    choice: int
    text: str
    beside: Mapping[str, Any] = field(default_factory=dict)

    def body(self, surface: str) -> dict[str, Any]:
        own: dict[str, Any] = filled(self.template, self.text)
        listed = LISTS.get(surface)
        if listed is None:
            return own
        return {**listed.told, listed.key: [{"index": self.choice, **own}], **filled(self.beside, self.text)}


def has_choices(surface: str, reply: Reply) -> bool:
    """Whether the reply says a text in each of several choices."""
    return surface in LISTS and not reply.beside


def whole(surface: str, reply: Reply, texts: Sequence[str]) -> bytes:
    """A whole reply that says each of `texts` in a choice."""
    listed = LISTS.get(surface)
    if listed is None:
        (text,) = texts
        return dump(filled(reply.whole, text))
    choices = [{"index": at, **filled(reply.whole, text), **listed.ended} for at, text in enumerate(texts)]
    return dump({**listed.beside, listed.key: choices, **filled(reply.beside, texts[0])})


def steps(reply: Reply, texts: Sequence[str], size: int | tuple[int, ...] = 1) -> list[Step]:
    """The events of a stream that says each of `texts` in a choice, in turns.

    `size` is that of a piece, or the places at which a text is cut.
    """
    said = [Step(template, at, text, reply.beside) for at, text in enumerate(texts) for template in reply.before]
    if reply.piece is not None:
        cut = [
            [Step(reply.piece, at, piece) for piece in _cut(filled(reply.told, text), size)]
            for at, text in enumerate(texts)
        ]
        said += [step for turn in zip_longest(*cut) for step in turn if step is not None]
    return said + [Step(template, at, text) for at, text in enumerate(texts) for template in reply.after]


def _cut(text: str, size: int | tuple[int, ...]) -> list[str]:
    places = range(size, len(text), size) if isinstance(size, int) else size
    ends = [0, *(place for place in places if 0 < place < len(text)), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


def wire(surface: str, told: Sequence[Step]) -> list[bytes]:
    """The events as they are sent."""
    named = surface in {"responses", "messages"}
    sent = [write_event(body, body["type"] if named else "") for body in (step.body(surface) for step in told)]
    return [*sent, b"data: [DONE]\n\n"] if BY_NAME[surface].done else sent


def bodies(stream: bytes) -> list[dict[str, Any]]:
    """The bodies of the events that a client was told."""
    lines = (line for line in stream.split(b"\n") if line.startswith(b"data: {"))
    return [json.loads(line[6:]) for line in lines]
