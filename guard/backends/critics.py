"""The critic that the configuration names: embedded, a model in this process, one on a server, or two in a row."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from guard.config import CriticConfig
from guard.constitution import Constitution, Principle
from guard.errors import ConfigError, CriticError
from guard.types import Critic, Labelled, Progress, Rule

if TYPE_CHECKING:
    from guard.backends.embedded import EmbeddedCritic


def make(
    wish: CriticConfig,
    documents: Sequence[Constitution],
    cache: Path,
    progress: Progress,
    labels: Sequence[Labelled] = (),
) -> Critic:
    """The critic, fitted to `documents` and ready to judge. Raises ConfigError, CriticError.

    What takes long is kept in the folder `cache`. `labels` are what reviewers said of real exchanges; a critic that
    `learns` takes them as examples.
    """
    if wish.model == "embedded":
        return _embedded(wish, documents, cache, progress, labels)
    rules = [p for document in documents for p in document.principles if p.check is None]
    first = _embedded(wish, documents, cache, progress, labels) if wish.first == "embedded" else None
    taught = [_taught(rule, labels) for rule in rules]
    critic = _remote(wish, cache, taught, progress) if wish.url else _local(wish, cache, taught, progress)
    if first is None:
        return critic
    from guard.backends.cascade import Cascade

    return Cascade.fit(first, critic, rules, recall=wish.recall)


def learns(wish: CriticConfig) -> bool:
    """Whether the critic takes what reviewers said as examples; a model that says no score has no use for them."""
    fitted = wish.calibrate and (wish.url is None or wish.form == "logprobs")
    return wish.model == "embedded" or wish.first == "embedded" or fitted


def _taught(rule: Principle, labels: Sequence[Labelled]) -> Principle:
    """`rule` with its labels behind its own examples, which go before them; of two on one text the later counts."""
    own = {*rule.violates, *rule.complies}
    said = {one.dialogue: one.violates for one in labels if one.principle == rule.id and one.dialogue not in own}
    violates = tuple(dialogue for dialogue, so in said.items() if so)
    complies = tuple(dialogue for dialogue, so in said.items() if not so)
    return replace(rule, violates=(*rule.violates, *violates), complies=(*rule.complies, *complies))


def threads(wish: CriticConfig) -> int:
    """How many exchanges are judged at a time: one by the embedded critic alone, which gains nothing by more."""
    return 1 if wish.model == "embedded" else wish.concurrency


def _embedded(
    wish: CriticConfig,
    documents: Sequence[Constitution],
    cache: Path,
    progress: Progress,
    labels: Sequence[Labelled],
) -> EmbeddedCritic:
    from guard.backends.embedded import EmbeddedCritic

    return EmbeddedCritic.fit(documents, cache, progress, labels=labels, general=wish.harm)


def _local(wish: CriticConfig, cache: Path, rules: Sequence[Rule], progress: Progress) -> Critic:
    from guard.backends.packed import PackedCritic

    return PackedCritic.load(
        wish.model,
        device=wish.device,
        dtype=wish.dtype,
        most_cached=wish.cache_mb << 20,
        cache=cache,
        fit=rules if wish.calibrate else (),
        progress=progress,
    )


def _remote(wish: CriticConfig, cache: Path, rules: Sequence[Rule], progress: Progress) -> Critic:
    from guard.backends.model_server import ModelServer
    from guard.backends.remote import OPTIONS, RemoteCritic
    from guard.backends.remote_text import TextCritic

    server = ModelServer(
        wish.url or "", key=wish.key(os.environ), timeout_s=wish.timeout_s, concurrency=wish.concurrency
    )
    critic: RemoteCritic | TextCritic
    most, kept = wish.most_characters, cache / "thresholds"
    if wish.form == "logprobs":
        options = OPTIONS if wish.options is None else wish.options
        critic = RemoteCritic(server, wish.model, options=options, most_characters=most, thresholds=kept)
    else:
        critic = TextCritic(server, wish.model, wish.form, options=wish.options, most_characters=most, kept=kept)
    if wish.calibrate:
        try:
            critic.fit(rules, progress=progress)
        except CriticError as error:
            critic.close()
            raise ConfigError(f"critic: its examples cannot be judged. {error.message}") from error
    return critic
