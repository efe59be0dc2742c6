"""guard as a library: mask, restore and review, or protect a function that calls a model, with the same exchange.

guard = Guard.from_files("guard.yaml")
chat = guard.protect(client.chat.completions.create)
reply = chat(model="gpt-4o", messages=[{"role": "user", "content": "Write to alice.meyer@example.com"}])
"""

from __future__ import annotations

import functools
import inspect
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from guard import config as configuration
from guard import service as services
from guard.asks import Ask, Emit, Head, Record, Response, Send, Story
from guard.course import Incoming, Plan
from guard.drive import BlockingAnswers, bind, emitted_blocking
from guard.errors import ConfigError, GuardError, RequestError, UpstreamError
from guard.exchange import exchange
from guard.mask.masker import Masked, Masker
from guard.mask.placeholders import BENT, code_parts, looks_like_one
from guard.mask.restore import restore
from guard.mask.text import read as read_text
from guard.mask.vault import Vault
from guard.outbound import bindings, refuse_blocked
from guard.service import Service
from guard.surfaces import chat
from guard.surfaces.chat_stream import write_event
from guard.surfaces.walk import dump
from guard.types import Closing, Decision, Principal, Progress, Verdict

CALLER = Principal("library")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review decided. `reply` is what may go out: the same text, a changed one, or "" where it is blocked."""

    decision: Decision
    reply: str
    verdicts: tuple[Verdict, ...]
    reason: str


class WithheldError(GuardError):
    """What a protected function raises where the proxy would answer with an error; `status` is that answer's."""

    code = "withheld"

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        error = body.get("error")
        details = error if isinstance(error, dict) else {}
        super().__init__(str(details.get("message", "guard withheld the reply")), param=details.get("param"))
        self.status = status
        self.code = str(details.get("code", self.code))
        self.body = body


class Guard:
    """One set of policies, critic, log and vault. Close it, or use it as a context manager."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @classmethod
    def from_files(cls, path: str | Path | None = None, *, progress: Progress = lambda _: None) -> Self:
        """From guard.yaml and the environment; without a path, from the defaults. Raises ConfigError."""
        file = Path(path) if path is not None else None
        return cls(services.start(configuration.load(file, os.environ), progress, workers=False))

    def close(self) -> None:
        """Commit what waits in the log and end every part."""
        self.service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def mask(self, text: str) -> str:
        """`text` with what the policy protects replaced; `restore` gives it back.

        Raises RecognizerError, PolicyError.
        """
        return self.find_and_mask(text).text

    def find_and_mask(self, text: str) -> Masked:
        """As `mask`, with the spans that were found, in characters of `text`."""
        plan = self._plan("mask")
        vault = Vault(plan.coder)
        masker = Masker(vault, plan.policy.mask.entities, plan.policy.mask.default)
        tree = read_text(text)
        readings = tuple(reading for leaf in tree.leaves() for reading in leaf.readings)
        spans = self.service.recognizers[plan.policy.policy].recognize_blocking(readings)
        while True:
            masked = masker.mask(tree, spans, "text")
            refuse_blocked(masked.found)
            taken = bind(self.service, bindings(vault))
            if not taken:
                return masked
            vault.avoid(taken)

    def restore(self, text: str) -> str:
        """`text` with every placeholder that this tenant has given out replaced by its value."""
        vault = Vault(self.service.coder)
        names = [match["name"] or match["bare"] for match in BENT.finditer(text)]
        codes = {part for name in names if looks_like_one(name) for part in code_parts(name)}
        for code, (entity, spellings) in self.service.vault.recall(self.service.coder.tenant, codes).items():
            vault.learn(entity, code, spellings)
        return restore(text, vault, depth=int(read_text(text).inner is not None))

    def review(self, prompt: str, reply: str) -> Reviewed:
        """Hold `reply`, which some model gave to `prompt`, to the constitution.

        This is an exchange whose upstream gives that reply; only, nothing is sent and nothing is recorded. Raises
        WithheldError where the prompt could not even be read or masked.
        """
        request = {"model": "review", "messages": [{"role": "user", "content": prompt}]}
        message = {"role": "assistant", "content": reply}
        given = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        answer = _Unrecorded(self.service, _Function(lambda **_: given))
        head, body = _whole(emitted_blocking(self._exchange(request), answer))
        entry = answer.closing
        if entry is None:
            raise WithheldError(head.status, body)
        last = {verdict.principle: verdict for _, verdict in entry.verdicts}
        text = body["choices"][0]["message"]["content"] if head.status < 400 else ""
        return Reviewed(entry.decision, text, tuple(last.values()), entry.reason)

    def protect(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, which takes the fields of a chat completion request and calls a model, with guard around it.

        It may return a dictionary or an object with `model_dump` (the openai SDK's do), or, where `stream=True`, an
        iterable of such chunks; what comes back has the same form. What guard withholds is raised as WithheldError.
        A coroutine function stays one.
        """
        if inspect.iscoroutinefunction(function):
            raise ConfigError("protect() takes a blocking function. For asyncio call it in a thread.")

        @functools.wraps(function)
        def protected(**request: Any) -> Any:
            upstream = _Function(function)
            emits = emitted_blocking(self._exchange(request), BlockingAnswers(self.service, upstream))
            if request.get("stream"):
                return upstream.chunks(emits)
            head, body = _whole(emits)
            upstream.raise_failure()
            if head.status >= 400:
                raise WithheldError(head.status, body)
            return upstream.like_given(body)

        return protected

    def _exchange(self, request: dict[str, Any]) -> Story[None]:
        call = chat.read(json.dumps(request, default=_as_json, separators=(",", ":")).encode())
        return exchange(Incoming(CALLER, {}, call), self._plan(call.model))

    def _plan(self, model: str) -> Plan:
        return self.service.plan(CALLER, model, chat.NAME, upstream="function")


class _Unrecorded(BlockingAnswers):
    """Answers that keep the record of the exchange to themselves."""

    closing: Closing | None = None

    def __call__(self, ask: Ask) -> Any:
        """The answer to one ask."""
        match ask:
            case Record(entry=Closing() as entry):
                self.closing = entry
            case Record():
                return None
            case _:
                return super().__call__(ask)
        return None


class _Function:
    """A function that calls a model, as an upstream."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._failure: Exception | None = None
        self._given: Any = None
        self._chunks: Iterator[Any] = iter(())
        self._model: Any = None

    def send(self, ask: Send) -> Response:
        """Call the function with the masked request."""
        try:
            given = self._function(**json.loads(ask.request.body))
            if not ask.request.stream:
                return Response(200, {}, dump(self._plain(given)))
            self._given, self._chunks = given, iter(given)
        except Exception as error:
            raise self._failed(error) from error
        return Response(200, {}, b"", streaming=True)

    def next(self) -> Sequence[bytes]:
        """The next chunk of a stream, as an event; none at the end."""
        try:
            chunk = next(self._chunks, None)
            return [] if chunk is None else [write_event(self._plain(chunk))]
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> UpstreamError:
        self._failure = error
        return UpstreamError(f"the protected function failed ({type(error).__name__})")

    def raise_failure(self) -> None:
        """Raise what the function raised: it is the caller's own."""
        if self._failure is not None:
            raise self._failure

    def chunks(self, emits: Generator[Emit]) -> Iterator[Any]:
        """The chunks of a stream, restored. Closed before its end, it ends the exchange and closes what was given."""
        try:
            with closing(emits):
                yield from self._restored(emits)
        finally:
            close = getattr(self._given, "close", None)
            if close is not None:
                close()

    def _restored(self, emits: Iterable[Emit]) -> Iterator[Any]:
        for emit in emits:
            if emit.head is not None and emit.head.status >= 400:
                self.raise_failure()
                raise WithheldError(emit.head.status, json.loads(emit.data))
            for line in emit.data.split(b"\n\n"):
                if line.startswith(b"data: "):
                    body = json.loads(line[6:])
                    if "error" in body:
                        self.raise_failure()
                        raise WithheldError(502, body)
                    yield self.like_given(body)

    def like_given(self, body: dict[str, Any]) -> Any:
        """`body` in the form in which the function gave its result."""
        return body if self._model is None else self._model.model_validate(body)

    def _plain(self, given: Any) -> dict[str, Any]:
        if isinstance(given, dict):
            return given
        if not hasattr(given, "model_dump"):
            raise TypeError("a protected function returns a dictionary or an object with model_dump")
        self._model = type(given)
        plain: dict[str, Any] = given.model_dump(mode="json", exclude_unset=True)
        return plain


def _as_json(value: Any) -> Any:
    """An object of an SDK, such as the message of an earlier reply, as what it stands for. Raises RequestError."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    raise RequestError(f"The request holds a {type(value).__name__}, which JSON does not have.")


def _whole(emits: Iterable[Emit]) -> tuple[Head, dict[str, Any]]:
    """The head and the body of an answer that does not stream."""
    head, data = Head(500), b""
    for emit in emits:
        head, data = emit.head or head, data + emit.data
    return head, json.loads(data)
