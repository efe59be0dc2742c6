"""The policies and constitutions of a replay: those in force, with a new one in the place of its namesake."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guard import constitution as constitutions
from guard import policy as policies
from guard.backends import critics
from guard.backends.by_policy import recognizers_of
from guard.backends.guardrails_hub import Validators
from guard.backends.recognizers import CachedRecognizer
from guard.config import Config
from guard.constitution import Constitution
from guard.course import Plan
from guard.documents import read
from guard.errors import ConfigError
from guard.labelling import learn
from guard.mask.placeholders import Coder
from guard.policy import Policy
from guard.service import constitutions_of
from guard.types import Critic, Principal, Progress


@dataclass(frozen=True, slots=True)
class Rules:
    """All that decides in a replay."""

    policies: tuple[Policy, ...]
    constitutions: Mapping[str, Constitution]
    recognizers: Mapping[str, CachedRecognizer]
    critic: Critic | None
    coder: Coder
    validators: Mapping[str, Validators] = field(default_factory=dict)  # of the policies, by their names

    def plan(self, principal: Principal, model: str, surface: str) -> Plan:
        """What decides over an exchange of this caller. Raises PolicyError."""
        policy = policies.choose(self.policies, principal, model, surface)
        return Plan.under(
            policy,
            self.constitutions,
            self.critic,
            principal=principal,
            surface=surface,
            upstreams=("replay",),
            coder=self.coder,
            clock=time.time,
            exchange_id="replay",
        )

    def close(self) -> None:
        """End what was started."""
        for recognizer in self.recognizers.values():
            recognizer.close()
        close = getattr(self.critic, "close", None)
        if close is not None:
            close()


def start(config: Config, policy: Path | None, constitution: Path | None, progress: Progress) -> Rules:
    """Load everything, with models in this process. Raises ConfigError.

    A new policy takes the place of the one of its name, or else stands beside the others; lists that it names are
    looked for in the folder of policies. A new constitution takes the place of the one of its name; where no policy
    names it, it takes the place of all others.
    """
    rules = policies.load_folder(config.policies or Path("policies"))
    if policy is not None:
        new = read(policy, Policy)
        kept = (rule for rule in rules if rule.policy != new.policy)
        rules = tuple(sorted((*kept, new), key=lambda rule: (-rule.precedence, rule.policy)))
    validators = {rule.policy: Validators.load(rule) for rule in rules}
    known: dict[str, Constitution] = {}
    if constitution is not None:
        changed = constitutions.load(constitution)
        known[changed.name] = changed
        if not any(changed.name in rule.review.constitutions for rule in rules):
            rules = tuple(_under(rule, changed.name) for rule in rules)
    known = {**_others(config, rules, known), **known}
    critic = _critic(config, tuple(known.values()), progress) if known else None
    return Rules(
        policies=rules,
        constitutions=known,
        recognizers=recognizers_of(config, rules, progress, workers=False),
        critic=critic,
        coder=Coder(b"replay" * 6),
        validators=validators,
    )


def _critic(config: Config, documents: tuple[Constitution, ...], progress: Progress) -> Critic:
    """The critic that would judge, with what people have told it by now."""
    learnt = learn(config, documents, progress)
    return critics.make(config.critic, documents, config.data / "models", progress, learnt.examples)


def _others(config: Config, rules: tuple[Policy, ...], known: Mapping[str, Constitution]) -> dict[str, Constitution]:
    """The constitutions that policies name and that are not new."""
    missing = {name for rule in rules for name in rule.review.constitutions} - known.keys()
    if not missing:
        return {}
    asking = tuple(rule for rule in rules if missing.intersection(rule.review.constitutions))
    found = constitutions_of(config, tuple(_without(rule, known) for rule in asking))
    if missing - found.keys():
        raise ConfigError(f"there is no constitution '{min(missing - found.keys())}'.")
    return found


def _under(rule: Policy, name: str) -> Policy:
    """`rule` with the constitution `name` in the place of its own; one that has none stays without."""
    if not rule.review.constitutions:
        return rule
    return rule.model_copy(update={"review": rule.review.model_copy(update={"constitution": name})})


def _without(rule: Policy, known: Mapping[str, Constitution]) -> Policy:
    names = tuple(name for name in rule.review.constitutions if name not in known)
    return rule.model_copy(update={"review": rule.review.model_copy(update={"constitution": names})})
