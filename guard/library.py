"""guard as a library: mask, restore and review, or protect a function that calls a model, with the same exchange.

guard = Guard.from_files("guard.yaml")
chat = guard.protect(client.chat.completions.create)
reply = chat(model="gpt-4o", messages=[{"role": "user", "content": "Write to alice.meyer@example.com"}])
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from guard import config as configuration
from guard import service as services
from guard.answering import bind
from guard.asks import Ask, Hold, Record, Story
from guard.course import Incoming, Plan, bindings
from guard.drive import BlockingAnswers, emitted_blocking
from guard.errors import Escalated, RequestError
from guard.exchange import exchange
from guard.fetching import fetched
from guard.functions import BlockingFunction, whole
from guard.mask.masker import Masked, Masker
from guard.mask.placeholders import BENT, code_parts, looks_like_one
from guard.mask.restore import restore
from guard.mask.text import read as read_text
from guard.mask.vault import Vault
from guard.outbound import refuse_blocked
from guard.protect import is_async, protected_async, protected_blocking
from guard.service import Service
from guard.surfaces.chat import CHAT
from guard.types import Closing, Decision, Opening, Principal, Progress, Verdict
from guard.withheld import HeldError, WithheldError, withheld

__all__ = ["Guard", "HeldError", "Reviewed", "WithheldError"]

CALLER = Principal("library")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review decided. `reply` is what may go out: the same text, a changed one, or "" where none may (yet)."""

    decision: Decision
    reply: str
    verdicts: tuple[Verdict, ...]
    reason: str


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
        return restore(text, vault)

    def review(self, prompt: str, reply: str) -> Reviewed:
        """Hold `reply`, which some model gave to `prompt`, to the constitution.

        This is an exchange whose upstream gives that reply; only, nothing is sent and nothing is recorded. Raises
        WithheldError where the prompt could not even be read or masked.
        """
        request = {"model": "review", "messages": [{"role": "user", "content": prompt}]}
        message = {"role": "assistant", "content": reply}
        given = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        answer = _Unrecorded(self.service, BlockingFunction(lambda **_: given))
        head, body = whole(emitted_blocking(self._exchange(request), answer))
        entry = answer.closing
        if entry is None:
            raise WithheldError(head.status, body)
        last = {verdict.principle: verdict for verdict in answer.of_prompt}
        last |= {verdict.principle: verdict for _, verdict in entry.verdicts}
        text = body["choices"][0]["message"]["content"] if head.status < 400 else ""
        return Reviewed(entry.decision, text, tuple(last.values()), entry.reason)

    def protect(self, function: Callable[..., Any], *, principal: Principal = CALLER) -> Callable[..., Any]:
        """`function`, which takes the fields of a chat completion request and calls a model, with guard around it.

        It may return a dictionary or an object with `model_dump` (the openai SDK's do), or, where `stream=True`, an
        iterable of such chunks; what comes back has the same form. What guard withholds is raised as WithheldError
        (where a person must decide as HeldError, whose `id` is for `held`), and what the function raises as it is.

        An async function stays one, and then gives an async iterable of chunks. It is known by its `async def`, also
        behind `functools.wraps` and `functools.partial`: a blocking function that wraps an async one, say with
        asyncio.run, is to be given in a lambda.

        `principal` is who calls, for policies, the constitution and the log.

        A stream calls the function when its first chunk is asked for. Close it (`contextlib.closing`, `aclosing`)
        where you may stop before its end: that closes what the function gave, and the log says that the caller left,
        as it does where an async call is cancelled.
        """
        protected = protected_async if is_async(function) else protected_blocking
        return protected(function, self.service, partial(self._exchange, principal=principal))

    def held(self, id: str, *, principal: Principal = CALLER) -> dict[str, Any]:  # noqa: A002 - as the error calls it
        """The reply to `principal` that was held under `id`, as a dictionary, once a person has approved it.

        Where it is a request that was held, this says `"status": "approved"`: call the function again.

        Raises HeldError while nobody has decided, WithheldError where a person rejected it, NotHeld, HeldTooLong.
        """
        told = fetched(self.service, principal, id)
        body: dict[str, Any] = json.loads(told.body)
        if told.status == 202:
            failure = Escalated("Nobody has decided about this reply yet. Ask again later.")
            raise withheld(failure.status, json.loads(CHAT.error(failure)), id)
        if told.status >= 400:
            raise withheld(told.status, body, id)
        return body

    def _exchange(self, request: dict[str, Any], principal: Principal = CALLER) -> Story[None]:
        call = CHAT.read(json.dumps(request, default=_as_json, separators=(",", ":")).encode())
        return exchange(Incoming(principal, {}, call), self._plan(call.model, principal))

    def _plan(self, model: str, principal: Principal = CALLER) -> Plan:
        return self.service.plan(principal, model, CHAT.name, upstream="function")


class _Unrecorded(BlockingAnswers):
    """Answers that keep the record of the exchange to themselves."""

    closing: Closing | None = None
    of_prompt: tuple[Verdict, ...] = ()

    def __call__(self, ask: Ask) -> Any:
        """The answer to one ask."""
        match ask:
            case Hold():
                pass
            case Record(entry=Closing() as entry):
                self.closing = entry
            case Record(entry=Opening() as entry):
                self.of_prompt = entry.verdicts
            case _:
                return super().__call__(ask)
        return None


def _as_json(value: Any) -> Any:
    """An object of an SDK, such as the message of an earlier reply, as what it stands for. Raises RequestError."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    raise RequestError(f"The request holds a {type(value).__name__}, which JSON does not have.")
