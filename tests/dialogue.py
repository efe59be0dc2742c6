"""An exchange without a server: a regular expression recognizes, a function is the upstream, a list is the log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guard.asks import (
    Ask,
    Bind,
    Decisions,
    Emit,
    Extract,
    Held,
    Hold,
    Judge,
    Next,
    Note,
    Noted,
    Recall,
    Recognize,
    Record,
    Request,
    Response,
    Send,
    Story,
    Write,
)
from guard.audit.entries import encode
from guard.constitution import Constitution, Principle
from guard.course import Incoming, Plan
from guard.errors import GuardError
from guard.exchange import exchange
from guard.mask.placeholders import Coder
from guard.policy import Policy
from guard.review.review import Settings
from guard.surfaces.chat import CHAT
from guard.surfaces.google import Google
from guard.surfaces.surface import Surface
from guard.types import Closing, Keeping, Opening, Principal, Span, Spelling, Verdict

MAIL = "alice.meyer@example.com"
CARD = "4111 1111 1111 1111"
DIGITS = "4111111111111111"
SECRET = "sk-Zx81qLw0aVtR55uY"
NAME = "Alice Meyer"
BOB = 'Bob "Bo" Stone'

ENTITIES = {
    "EMAIL_ADDRESS": r"[\w.]+@example\.com",
    "CREDIT_CARD": r"4111 ?1111 ?1111 ?1111",
    "SECRET": r"sk-Zx81qLw0aVtR55uY",
    "PERSON": r'(?i:alice meyer)|Bob "Bo" Stone',
}
PATTERN = re.compile("|".join(f"(?P<{entity}>{pattern})" for entity, pattern in ENTITIES.items()))

KEY = b"k" * 32
USER = Principal("ann", "sales", "mail")


def spans(text: str) -> tuple[Span, ...]:
    """What a regular expression finds."""
    return tuple(Span(m.start(), m.end(), m.lastgroup or "", 0.9, "regex") for m in PATTERN.finditer(text))


def recognized(texts: Iterable[str]) -> tuple[tuple[Span, ...], ...]:
    return tuple(map(spans, texts))


def principle(id_: str, **keys: Any) -> Principle:
    plain = {
        "statement": f"The assistant keeps {id_}.",
        "question": f"Does the reply break {id_}?",
        "applies_to": "reply",
        "severity": "high",
        "on_violation": "revise",
        "template": None,
        "check": None,
        "violates": (),
        "complies": (),
    }
    return Principle(id_, **{**plain, **keys})


THREATS = principle("no-threats")
WEAPONS = principle("no-weapons", on_violation="block")
NEW_DATA = principle("no-new-data", check="reveals_unknown_data")


def constitution(*principles: Principle) -> Constitution:
    return Constitution("test", 1, principles or (THREATS, WEAPONS, NEW_DATA), "c" * 64)


def verdicts(ask: Judge, words: Mapping[str, str] = {"no-threats": "or else", "no-weapons": "rifle"}) -> Any:
    """The verdicts of a critic that finds words."""
    found = []
    for rule in ask.principles:
        at = ask.dialogue.reply.find(words.get(rule.id, "\0"))
        end = at + len(words.get(rule.id, ""))
        found.append(Verdict(rule.id, 0.9, "fired", ((at, end),)) if at >= 0 else Verdict(rule.id, 0.1, "clear"))
    return tuple(found)


def plan(**keys: Any) -> Plan:
    """A plan without a constitution; `keys` that belong to a policy go there, the others to the plan."""
    policy = {"review": {"constitution": None}}
    policy |= {key: keys.pop(key) for key in list(keys) if key in Policy.model_fields}
    plain = {
        "policy": Policy(policy="test", **policy),
        "constitution": None,
        "settings": Settings(),
        "critic": "scripted",
        "critic_digest": "1",
        "upstreams": ("fake",),
        "coder": Coder(KEY),
        "clock": lambda: 1_800_000_000.0,
        "exchange_id": "x-1",
    }
    return Plan(**{**plain, **keys})


def body(content: Any = "Hello", surface: Surface = CHAT, **keys: Any) -> dict[str, Any]:
    """The smallest request of a surface that says `content`."""
    said: dict[str, Any] = {"messages": [{"role": "user", "content": content}]}
    match surface.name:
        case "messages":
            said["max_tokens"] = 100
        case "responses" | "embeddings" | "moderations":
            said = {"input": content}
        case "completions":
            said = {"prompt": content}
        case "gemini" | "gemini_tokens":
            said = {"contents": [{"role": "user", "parts": [{"text": content}]}]}
        case "gemini_embeddings":
            said = {"content": {"parts": [{"text": content}]}}
    return {"model": "m", **said, **keys}


def incoming(
    request: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None, surface: Surface = CHAT
) -> Incoming:
    raw = request if isinstance(request, bytes) else json.dumps(request).encode()
    return Incoming(USER, headers or {"authorization": "Bearer sk-caller"}, surface.read(*addressed(surface, raw)))


def addressed(surface: Surface, raw: bytes) -> tuple[bytes, str]:
    """A request and where it is sent. Where that names the model and whether to stream, the body does not."""
    if not isinstance(surface, Google):
        return raw, surface.path
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return raw, surface.address({}, "m", stream=False)
    model, stream = body.pop("model", "m"), body.pop("stream", False)
    return json.dumps(body).encode(), surface.address(body, str(model), stream=stream is True)


def completion(*contents: Any, **keys: Any) -> bytes:
    """A whole reply, a choice for each content: a text, or a message."""
    messages = [c if isinstance(c, dict) else {"role": "assistant", "content": c} for c in contents]
    choices = [{"index": at, "message": message, "finish_reason": "stop"} for at, message in enumerate(messages)]
    return json.dumps({"id": "c1", "object": "chat.completion", "model": "m-1", "choices": choices, **keys}).encode()


def event(
    delta: Mapping[str, Any] | str | None = None, index: int = 0, finish: str | None = None, **keys: Any
) -> bytes:
    """An event of a stream."""
    delta = {"content": delta} if isinstance(delta, str) else delta or {}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return sse({"id": "c1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice], **keys})


def sse(data: Any) -> bytes:
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


DONE = b"data: [DONE]\n\n"
STOP = event(finish="stop")


def events(*contents: str) -> list[bytes]:
    return [event({"role": "assistant", "content": ""}), *map(event, contents), STOP, DONE]


def joined(stream: bytes, *path: str, index: int = 0) -> str:
    """The text at `path` of a choice's deltas, over all events of a stream."""
    text = ""
    for raw in stream.split(b"\n\n"):
        if not raw.startswith(b"data: {"):
            continue
        for choice in json.loads(raw[6:])["choices"]:
            value = choice.get("delta", {}) if choice["index"] == index else {}
            for part in path or ("content",):
                value = (value or {}).get(part) if not isinstance(value, list) else value[int(part)]
            text += value or ""
    return text


def asked(request: Request) -> dict[str, Any]:
    """What an upstream is asked: the body, and what the path says of model and stream where it says that."""
    body: dict[str, Any] = json.loads(request.body)
    match = re.fullmatch(r"/v1beta/models/(.+):(\w+)(\?alt=sse)?", request.path)
    if match is None:
        return body
    assert bool(match[3]) == request.stream == (match[2] == "streamGenerateContent")
    return {"model": match[1], **body, **({"stream": True} if request.stream else {})}


@dataclass
class Played:
    """What an exchange asked for, in order."""

    asks: list[Ask] = field(default_factory=list)

    def of(self, kind: type[Any]) -> list[Any]:
        return [ask for ask in self.asks if isinstance(ask, kind)]

    @property
    def kinds(self) -> list[str]:
        return [type(ask).__name__ for ask in self.asks]

    @property
    def request(self) -> Request:
        (send,) = self.of(Send)
        return send.request  # type: ignore[no-any-return]

    @property
    def sent(self) -> dict[str, Any]:
        return asked(self.request)

    @property
    def opening(self) -> Opening:
        return next(ask.entry for ask in self.of(Record) if isinstance(ask.entry, Opening))

    @property
    def closing(self) -> Closing:
        (closing,) = (ask.entry for ask in self.of(Record) if isinstance(ask.entry, Closing))
        return closing

    @property
    def entries(self) -> bytes:
        """All that the log keeps, before it is sealed."""
        kept: list[bytes] = []

        def seal(exchange: str, kind: str, keeping: Keeping, clear: bytes) -> tuple[bytes, bytes]:
            kept.append(clear)
            return bytes(16), clear

        kept += [encode(ask.entry, seal) for ask in self.of(Record)]
        return b"\n".join(kept)

    @property
    def told(self) -> bytes:
        return b"".join(emit.data for emit in self.of(Emit))

    @property
    def reply(self) -> dict[str, Any]:
        return json.loads(self.told)  # type: ignore[no-any-return]

    @property
    def content(self) -> Any:
        return self.reply["choices"][0]["message"]["content"]

    @property
    def error(self) -> dict[str, Any]:
        return self.reply["error"]  # type: ignore[no-any-return]

    @property
    def head(self) -> Any:
        return self.of(Emit)[0].head


class Tenant:
    """The tenant's vault: what stays from one exchange to the next."""

    def __init__(self) -> None:
        self.notes: dict[str, tuple[str, ...]] = {}
        self.codes: dict[str, tuple[str, Mapping[str, Spelling]]] = {}
        self.held: list[Held] = []
        self.decided: dict[str, str] = {}  # by exchange

    def hold(self, ask: Hold) -> None:
        self.held.append(ask.held)

    def decisions(self, ask: Decisions) -> dict[str, tuple[str, str]]:
        held = [one for one in self.held if one.principal == ask.principal]
        told = {turn: (one.exchange, self.decided.get(one.exchange, "pending")) for one in held for turn in one.turns}
        return {turn: told[turn] for turn in ask.turns if turn in told}

    def bind(self, ask: Bind) -> frozenset[str]:
        for code, bound in ask.codes.items():
            _, known = self.codes.get(code, ("", {}))
            self.codes[code] = bound.entity, {**known, **bound.spellings}
        return frozenset()

    def note(self, ask: Note) -> None:
        self.notes[ask.name] = ask.texts

    def noted(self, ask: Noted) -> dict[str, tuple[str, ...]]:
        return {name: self.notes[name] for name in ask.names if name in self.notes}

    def recall(self, ask: Recall) -> dict[str, tuple[str, Mapping[str, Spelling]]]:
        return {code: self.codes[code] for code in ask.codes if code in self.codes}


Reply = bytes | Response | GuardError
Upstream = Callable[[Request], Reply | Sequence[bytes | GuardError]]


def play(
    request: Mapping[str, Any] | bytes | Incoming,
    reply: Reply | Sequence[Any] | Upstream = b"",
    plan_: Plan | None = None,
    *,
    surface: Surface = CHAT,
    critic: Callable[[Judge], Any] = verdicts,
    writer: Callable[[Write], Any] = lambda _: "",
    recognizer: Callable[[Recognize], Any] = lambda ask: recognized(ask.texts),
    extractor: Callable[[Extract], Any] = lambda _: None,
    tenant: Tenant | None = None,
    taken: Callable[[Bind], Any] | None = None,
    fail: Callable[[Ask], GuardError | None] = lambda _: None,
) -> Played:
    """Drive an exchange to its end.

    The upstream's `reply` is a body, a response, a failure, the events of a stream (each a batch of its own, or a
    list of them, or a failure), or a function that makes one of these. `fail` may name a failure for any ask.
    Exchanges with the same `tenant` share its vault; `taken` says which codes stand for another value.
    """
    come = request if isinstance(request, Incoming) else incoming(request, surface=surface)
    upstream, vault = _Line(reply), tenant or Tenant()
    answers: dict[type, Callable[[Any], Any]] = {
        Recognize: recognizer,
        Extract: extractor,
        Bind: taken or vault.bind,
        Note: vault.note,
        Noted: vault.noted,
        Recall: vault.recall,
        Record: lambda _: None,
        Hold: vault.hold,
        Decisions: vault.decisions,
        Send: upstream.send,
        Next: lambda _: upstream.next(),
        Judge: critic,
        Write: writer,
        Emit: lambda _: None,
    }
    played = Played()

    def answer(ask: Ask) -> Any:
        failure = fail(ask)
        if failure:
            raise failure
        return answers[type(ask)](ask)

    run(exchange(come, plan_ or plan()), answer, played)
    return played


def run(story: Story[Any], answer: Callable[[Ask], Any], played: Played | None = None) -> Any:
    """Answer a story to its end; what it returns."""
    played = played or Played()
    step: Callable[[], Ask] = lambda: next(story)  # noqa: E731 - it changes with every answer
    while True:
        try:
            ask = step()
        except StopIteration as end:
            return end.value
        played.asks.append(ask)
        try:
            given = answer(ask)
            step = lambda given=given: story.send(given)  # type: ignore[misc]  # noqa: E731
        except GuardError as failure:
            step = lambda failure=failure: story.throw(failure)  # type: ignore[misc]  # noqa: E731


class _Line:
    def __init__(self, reply: Any) -> None:
        self._reply = reply
        self._events: list[Any] = []

    def send(self, ask: Send) -> Response:
        reply = self._reply(ask.request) if callable(self._reply) else self._reply
        if isinstance(reply, GuardError):
            raise reply
        if isinstance(reply, Response):
            return reply
        if isinstance(reply, bytes):
            return Response(200, {}, reply)
        self._events = list(reply)
        return Response(200, {}, b"", streaming=True)

    def next(self) -> Sequence[bytes]:
        if not self._events:
            return ()
        batch = self._events.pop(0)
        if isinstance(batch, GuardError):
            raise batch
        return (batch,) if isinstance(batch, bytes) else tuple(batch)
