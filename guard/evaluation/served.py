"""guard's masking as it is served: the policy, recognizers and operators of the user's own configuration."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from guard import policy as policies
from guard.asks import Recognize
from guard.backends.by_policy import recognizer
from guard.backends.recognizers import CachedRecognizer
from guard.config import Config
from guard.course import Course, Incoming, Plan
from guard.errors import ConfigError
from guard.evaluation.scoring import Find
from guard.mask.masker import Masked, Masker
from guard.mask.placeholders import Coder
from guard.mask.text import read as read_text
from guard.mask.vault import Vault
from guard.policy import Policy, Profile
from guard.recognition import recognized
from guard.review.settings import Settings
from guard.surfaces.chat import CHAT
from guard.types import Principal, Progress

CALLER = Principal("evaluation")


class Served:
    """Masks as the proxy does with one policy; a context manager.

    No worker process is used, so that the CPU time of this one is all that is spent.
    """

    def __init__(self, policy: Policy, recognizers: CachedRecognizer) -> None:
        self.policy = policy
        self._recognizers = recognizers
        self._coder = Coder(secrets.token_bytes(32))

    @classmethod
    def start(cls, config: Config, policy: Policy, progress: Progress = lambda _: None) -> Served:
        """With the models that the policy asks for. Raises ConfigError, RecognizerError."""
        return cls(policy, recognizer(config, policy, progress))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._recognizers.close()

    def find(self, text: str) -> list[Find]:
        """What is masked in `text`. What the policy keeps is not. Raises RecognizerError."""
        return [(span.start, span.end, span.entity) for span in self.mask(text).spans]

    def mask(self, text: str) -> Masked:
        """`text` as it would leave, and what was masked in it. Raises RecognizerError."""
        tree = read_text(text)
        readings = tuple(reading for leaf in tree.leaves() for reading in leaf.readings)
        spans = self._recognizers.recognize_blocking(readings)
        masking = self.policy.mask
        return Masker(Vault(self._coder), masking.entities, masking.default).mask(tree, spans, "text")

    def turn(self, messages: Sequence[str]) -> tuple[str, ...]:
        """The texts of a chat request as they would leave, the history included. Raises RecognizerError."""
        course = Course.begin(Incoming(CALLER, {}, CHAT.read(_request(messages))), self._plan())
        story = recognized(course)
        ask = next(story)
        while isinstance(ask, Recognize):
            try:
                ask = story.send(self._recognizers.recognize_blocking(ask.texts))
            except StopIteration as end:
                read = end.value
                return tuple(
                    course.masker.mask(item.text, item.spans, "text", seams=item.seams).text
                    for item in read
                    if item.leaf.kind == "text"
                )
        raise TypeError(f"recognition asked for {type(ask).__name__}")

    def _plan(self) -> Plan:
        return Plan(
            policy=self.policy,
            constitution=None,
            settings=Settings(),
            critic="",
            critic_digest="",
            upstreams=(),
            coder=self._coder,
            clock=time.time,
            exchange_id="evaluation",
        )


def chosen(config: Config, name: str | None = None) -> Policy:
    """The policy of this name, else the one for a caller of whom nothing is known. Raises ConfigError, PolicyError."""
    folder = config.policies or Path("policies")
    rules = policies.load_folder(folder)
    if name is None:
        return policies.choose(rules, CALLER, "", CHAT.name)
    for rule in rules:
        if rule.policy == name:
            return rule
    known = ", ".join(sorted(rule.policy for rule in rules))
    raise ConfigError(f"there is no policy '{name}' in {folder}. Known are: {known}.")


def with_profile(policy: Policy, profile: Profile) -> Policy:
    """The policy with another profile."""
    return policy.model_copy(update={"recognize": policy.recognize.model_copy(update={"profile": profile})})


def _request(messages: Sequence[str]) -> bytes:
    """A chat request: user and assistant in turn, the user last."""
    last = len(messages) - 1
    turns = [
        {"role": "user" if (last - place) % 2 == 0 else "assistant", "content": text}
        for place, text in enumerate(messages)
    ]
    return json.dumps({"model": "evaluation", "messages": turns}).encode()
