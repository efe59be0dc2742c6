"""The in-house upstream: OpenAI chat completions answered by a model inside this process.

It reads what a small server reads (messages, max_tokens, temperature, top_p, seed, stop, n, stream) and ignores the
rest, tools included. The prompts it sees are masked, so its decoder is held to copying placeholders exactly.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from guard.backends.causal import Device, load
from guard.backends.causal_model import CausalModel, Turn
from guard.backends.copying import Copying
from guard.backends.decode import Answer, Finish, Sampling
from guard.errors import RequestError
from guard.types import Json, Progress

# What a small model reads best with, chosen by reading its answers: a hint that placeholders are to be kept (it then
# writes them with their brackets), and a slight penalty, without which it runs in circles and above which it rambles.
HINTS = {
    "packaged:smollm2": "You are a helpful assistant. Write short, polite texts."
    " Keep names such as <PERSON_1> as they are."
}
PENALTIES = {"packaged:smollm2": 1.05}
DEFAULT_MAX_TOKENS = 256
MOST_CHOICES = 16
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "tool": "user",
    "function": "user",
    "assistant": "assistant",
}


class ContextError(RequestError):
    """The prompt leaves the model no room for an answer; OpenAI's code for it."""

    code = "context_length_exceeded"


@dataclass(frozen=True, slots=True)
class _Job:
    """One request, read and found answerable; placeholders may be copied from `text`."""

    id: str
    created: int
    prompt: tuple[int, ...]
    text: str
    sampling: Sampling
    choices: int
    usage: bool


class LocalModel:
    """An upstream in this process. Several threads may use it at once: they take turns, a token at a time."""

    def __init__(self, model: CausalModel, *, name: str = "") -> None:
        self.name = name or model.id
        self._model = model

    @classmethod
    def load(
        cls, model: str, *, cache: Path, progress: Progress, name: str = "", device: Device = "auto"
    ) -> LocalModel:
        """Load `model` (an id, a folder or a packaged name) as the upstream `name`. Raises ConfigError."""
        return cls(load(model, cache=cache, device=device, progress=progress), name=name)

    def complete(self, body: Mapping[str, Any]) -> dict[str, Json]:
        """The answer to the chat completion request `body`. Raises RequestError."""
        job = self._job(body)
        choices: list[Json] = []
        used = 0
        for index in range(job.choices):
            answer = self._answer(job, index)
            message: Json = {"role": "assistant", "content": "".join(answer), "refusal": None}
            choices.append({"index": index, "message": message, "logprobs": None, "finish_reason": answer.finish})
            used += answer.tokens
        return {**self._head(job, "chat.completion"), "choices": choices, "usage": _usage(job, used)}

    def stream(self, body: Mapping[str, Any]) -> Generator[dict[str, Json], None, None]:
        """The answer as chunks. Raises RequestError at once, not at the first chunk. Closing it ends the work."""
        return self._stream(self._job(body))

    def _stream(self, job: _Job) -> Generator[dict[str, Json], None, None]:
        head = self._head(job, "chat.completion.chunk")
        if job.usage:
            head["usage"] = None
        used = 0
        for index in range(job.choices):
            answer = self._answer(job, index)
            yield {**head, "choices": [_delta(index, {"role": "assistant", "content": ""})]}
            for piece in answer:
                yield {**head, "choices": [_delta(index, {"content": piece})]}
            yield {**head, "choices": [_delta(index, {}, answer.finish)]}
            used += answer.tokens
        if job.usage:
            yield {**head, "choices": [], "usage": _usage(job, used)}

    def _answer(self, job: _Job, index: int) -> Answer:
        seed = None if job.sampling.seed is None else job.sampling.seed + index
        sampling = replace(job.sampling, seed=seed, penalty=PENALTIES.get(self._model.id, 1.0))
        return Answer(self._model, job.prompt, sampling, Copying(job.text, self._model.vocabulary))

    def _head(self, job: _Job, kind: str) -> dict[str, Json]:
        return {"id": job.id, "object": kind, "created": job.created, "model": self.name}

    def _job(self, body: Mapping[str, Any]) -> _Job:
        turns = _turns(body.get("messages"))
        text = "\n".join(content for _, content in turns)
        hint = HINTS.get(self._model.id)
        if hint and not any(role == "system" for role, _ in turns):
            turns = [("system", hint), *turns]
        try:
            prompt = self._model.chat(turns)
        except ValueError as error:
            raise RequestError("The model cannot read these messages.", param="messages") from error
        if len(prompt) >= self._model.context:
            raise ContextError(
                f"This model's maximum context length is {self._model.context} tokens."
                f" The messages have {len(prompt)}. Shorten them.",
                param="messages",
            )
        options = body.get("stream_options")
        return _Job(
            id=f"chatcmpl-{uuid.uuid4().hex}",
            created=int(time.time()),
            prompt=tuple(prompt),
            text=text,
            sampling=_sampling(body),
            choices=_whole(body, "n", 1, most=MOST_CHOICES),
            usage=isinstance(options, Mapping) and options.get("include_usage") is True,
        )


def _turns(messages: object) -> list[Turn]:
    if not isinstance(messages, list) or not messages:
        raise RequestError("'messages' must be a list of at least one message.", param="messages")
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        role = ROLES.get(str(message.get("role"))) if isinstance(message, Mapping) else None
        if role is None:
            raise RequestError(
                f"'messages[{index}]' needs a role: {', '.join(ROLES)}.", param=f"messages[{index}].role"
            )
        turns.append((role, _text(message.get("content"))))
    return turns


def _text(content: object) -> str:
    """The text of a message: a string, or the text parts of a list, joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _sampling(body: Mapping[str, Any]) -> Sampling:
    key = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    seed = body.get("seed")
    return Sampling(
        max_tokens=_whole(body, key, DEFAULT_MAX_TOKENS),
        temperature=_number(body, "temperature", 0.0, least=0.0, most=2.0),
        top_p=_number(body, "top_p", 1.0, least=0.0, most=1.0),
        seed=seed if isinstance(seed, int) else None,
        stops=_stops(body.get("stop")),
    )


def _whole(body: Mapping[str, Any], key: str, default: int, *, most: int | None = None) -> int:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 1 or (most and value > most):
        bound = f" of at most {most}" if most else ""
        raise RequestError(f"'{key}' must be a whole number from 1{bound}.", param=key)
    return value


def _number(body: Mapping[str, Any], key: str, default: float, *, least: float, most: float) -> float:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise RequestError(f"'{key}' must be a number from {least} to {most}.", param=key)
    return float(value)


def _stops(stop: object) -> tuple[str, ...]:
    given = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise RequestError("'stop' must be a string or a list of strings.", param="stop")
    return tuple(item for item in given if item)


def _delta(index: int, delta: Json, finish: Finish | None = None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(job: _Job, completion: int) -> dict[str, Json]:
    prompt = len(job.prompt)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
