"""Everything that outlives one exchange, made from the configuration: policies, critic, recognizers, log, vault."""

from __future__ import annotations

import importlib.util
import os
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from guard import constitution as constitutions
from guard import policy as policies
from guard.audit.acts import new_id
from guard.audit.held import HeldReplies
from guard.audit.indexing import Indexer
from guard.audit.keys import GuardKeys
from guard.audit.log import drawer_of, left_in_files, reader_of, store_of, tenant_key_of
from guard.audit.retention import Steward, expire, standing
from guard.audit.store import Store
from guard.audit.tailing import Tail
from guard.audit.vault_store import VaultStore
from guard.audit.writer import Writer
from guard.backends import critics
from guard.backends.by_policy import recognizers_of
from guard.backends.examining import require_passed
from guard.backends.guardrails_hub import Validators
from guard.backends.judged import JudgedPrompts
from guard.backends.recognizers import CachedRecognizer
from guard.config import UNTRANSLATED, Config
from guard.constitution import Constitution
from guard.course import Plan
from guard.errors import ConfigError, RequestError, RouteError
from guard.labelling import NOTHING, Learnt, learn
from guard.mask.placeholders import Coder
from guard.monitoring import Monitor
from guard.monitoring.watchers import monitor_of
from guard.policy import Policy
from guard.types import Critic, Principal, Progress, SurfaceName

DAY_S = 86_400.0
HOUR_S = 3600.0


@dataclass(slots=True)
class Service:
    """The parts that all exchanges share. Made by `start`, ended by `close`.

    `translates` says whether litellm is there, for upstreams that do not speak the caller's API.
    """

    config: Config
    policies: tuple[Policy, ...]
    constitutions: Mapping[str, Constitution]
    recognizers: Mapping[str, CachedRecognizer]
    critic: Critic | None
    learnt: Learnt
    critic_thread: ThreadPoolExecutor
    writer: Writer
    store: Store
    indexer: Indexer
    keys: GuardKeys
    vault: VaultStore
    monitor: Monitor
    held: HeldReplies
    tenant_key: bytes
    coder: Coder
    tail: Tail | None = None  # where somebody is to be told of acts
    validators: Mapping[str, Validators] = field(default_factory=dict)  # of the policies, by their names
    validator_thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="guard-validators")
    )
    translates: bool = field(default_factory=lambda: importlib.util.find_spec("litellm") is not None)
    judged: JudgedPrompts = field(default_factory=JudgedPrompts)
    at_work: Counter[str] = field(default_factory=Counter)  # calls at each upstream that have not ended

    def plan(self, principal: Principal, model: str, surface: SurfaceName, *, upstream: str | None = None) -> Plan:
        """What decides over an exchange of this caller. Raises PolicyError, RequestError.

        `upstream` names one that is not in the configuration, such as a function of the caller's.
        """
        policy = policies.choose(self.policies, principal, model, surface)
        return Plan.under(
            policy,
            self.constitutions,
            self.critic,
            principal=principal,
            surface=surface,
            upstreams=(upstream,) if upstream else self.upstreams_for(model, surface),
            coder=self.coder,
            clock=time.time,
            exchange_id=new_id(),
            reply_bytes=self.config.limits.reply_bytes,
        )

    def upstreams_for(self, model: str, surface: SurfaceName) -> tuple[str, ...]:
        """Whom to ask for `model`, in order. Raises RequestError where no upstream serves it on this surface.

        The first that serves it, with the idlest of its pool in front, then its fall-backs. One that speaks the
        surface itself goes before one that needs litellm to translate.
        """
        able_to = [upstream for upstream in self.config.upstreams if upstream.serves(model, surface)]
        serving = [upstream for upstream in able_to if upstream.speaks(surface) or self.translates]
        if able_to and not serving:
            raise RouteError(
                "The upstream of this model does not speak this API. Install guard with litellm, which translates: "
                "pip install 'constitutional-guard[litellm]'."
            )
        if surface in UNTRANSLATED and not serving and any(upstream.has(model) for upstream in self.config.upstreams):
            raise RouteError(
                "The upstream of this model does not speak this API, and guard does not translate it. Call the model "
                "on another route, or name an upstream that speaks it: see 'api' in guard's docs/configuration.md."
            )
        if not serving:
            raise RequestError(
                "No upstream serves this model on this route. GET /v1/models lists those that are served.",
                param="model",
            )
        first = next((upstream for upstream in serving if upstream.speaks(surface)), serving[0])
        pool = [u for u in serving if u is first or (u.pool == first.pool is not None)]
        chance = {upstream.name: (self.at_work[upstream.name], secrets.randbits(32)) for upstream in pool}
        names = sorted(chance, key=chance.__getitem__)
        able = {upstream.name for upstream in serving}
        names += [name for upstream in pool for name in upstream.fallbacks if name in able]
        return tuple(dict.fromkeys(names))

    def identify(self, token: str, *, at_once: bool = False) -> Principal:
        """The principal that a guard key stands for. Raises AccessError.

        To be told `at_once`, raises NotAtOnceError where that would wait for a network.
        """
        return self.keys.find(token, at_once=at_once).principal

    def expire(self) -> int:
        """Destroy what is over its time, held replies too; gives of how many entries. Blocks. Raises AuditError."""
        self.held.destroy_expired()
        return expire(self.store, self.config.audit.retention_days, Steward("guard", "system", time.time))

    def close(self) -> None:
        """End worker processes and commit what waits."""
        for recognizer in self.recognizers.values():
            recognizer.close()
        self.critic_thread.shutdown(wait=False, cancel_futures=True)
        self.validator_thread.shutdown(wait=False, cancel_futures=True)
        close = getattr(self.critic, "close", None)  # one on a server has connections
        if close is not None:
            close()
        self.writer.close()
        self.indexer.close()
        if self.tail is not None:
            self.tail.close()
        self.store.close()
        self.keys.close()
        self.vault.close()
        self.held.close()
        self.monitor.close()


def start(config: Config, progress: Progress, *, workers: bool = True) -> Service:
    """Make every part, models included. Raises ConfigError, AuditError.

    With `workers`, models for names run in processes of their own; a library that is called by one thread needs none.
    """
    rules = policies.load_folder(config.policies or Path("policies"))
    _check_routes(config, rules)
    _check_readers(rules)
    _check_sealing(config, rules)
    documents = constitutions_of(config, rules)
    config.data.mkdir(parents=True, exist_ok=True)
    tenant_key = tenant_key_of(config)
    if left := left_in_files(config):
        files = ", ".join(f"{name}.db" for name in left)
        progress(f"not in use, as the log is in PostgreSQL: {files}. To take them over: guard audit adopt")
    recognizers = recognizers_of(config, rules, progress, workers=workers)
    store = store_of(config)
    try:
        critic, learnt = _critic(config, tuple(documents.values()), store, progress)
        monitor = monitor_of(config.monitoring, os.environ)
    except BaseException:
        store.close()
        raise
    lifetime = config.vault.lifetime_days * DAY_S
    vault = VaultStore(drawer_of(config, "vault"), tenant_key, lifetime_s=lifetime)
    vault.forget_expired()
    held = open_held(config, tenant_key)
    service = Service(
        config=config,
        policies=rules,
        constitutions=documents,
        recognizers=recognizers,
        critic=critic,
        learnt=learnt,
        critic_thread=ThreadPoolExecutor(critics.threads(config.critic), thread_name_prefix="guard-critic"),
        writer=Writer(store, inline_s=store.inline_s, told=monitor.recorded if monitor else None),
        store=store,
        indexer=Indexer(store, (held,)),
        keys=open_keys(config),
        vault=vault,
        monitor=monitor,
        held=held,
        validators={rule.policy: Validators.load(rule) for rule in rules},
        tenant_key=tenant_key,
        coder=Coder(tenant_key, config.tenant),
        tail=Tail(store, monitor.recorded) if monitor else None,
    )
    service.expire()
    return service


def _critic(
    config: Config, documents: tuple[Constitution, ...], store: Store, progress: Progress
) -> tuple[Critic | None, Learnt]:
    """The critic for `documents`, on which they pass, and what it learnt of people. Raises ConfigError, AuditError."""
    if not documents:
        return None, NOTHING
    learnt = learn(config, documents, progress, store)
    critic = critics.make(config.critic, documents, config.data / "models", progress, learnt.examples)
    require_passed(documents, critic, config.data / "proofs", progress)
    return critic, learnt


def _check_routes(config: Config, rules: tuple[Policy, ...]) -> None:
    """Raise ConfigError where a policy routes to what is no in-house upstream."""
    trusted = {upstream.name for upstream in config.upstreams if upstream.trusted}
    for rule in rules:
        if rule.route is not None and rule.route.to not in trusted:
            raise ConfigError(
                f"policy '{rule.policy}': routes to '{rule.route.to}', which is no upstream with 'trusted: true'. "
                f"Trusted are: {', '.join(sorted(trusted)) or 'none'}."
            )


def _check_readers(rules: tuple[Policy, ...]) -> None:
    """Raise ConfigError where a policy reads files and pictures and the packages for that are not there."""
    missing = [name for name in ("pypdf", "PIL", "onnxruntime") if importlib.util.find_spec(name) is None]
    reading = next((rule for rule in rules if rule.opaque == "extract"), None)
    if reading is not None and missing:
        raise ConfigError(
            f"policy '{reading.policy}': 'opaque: extract' needs packages that are not installed. "
            "Install guard with them: pip install 'constitutional-guard[files]', then guard models install."
        )
    if reading is not None:
        from guard.backends.images import find_models

        find_models()


def _check_sealing(config: Config, rules: tuple[Policy, ...]) -> None:
    """Raise ConfigError where a policy seals content for a break-glass key and there is none."""
    sealing = next((rule for rule in rules if rule.log.content == "encrypted"), None)
    if sealing is not None and config.audit.break_glass_public is None:
        raise ConfigError(
            f"policy '{sealing.policy}': log.content 'encrypted' needs a key. Make one with "
            "'guard audit break-glass-key', and set audit.break_glass_public to its public half."
        )


def open_held(config: Config, tenant_key: bytes) -> HeldReplies:
    """The held replies of a configuration, without those whose time is over. Raises ConfigError, AuditError."""
    held = HeldReplies(
        drawer_of(config, "held"),
        tenant_key,
        config.tenant,
        lifetime_s=config.held.lifetime_hours * HOUR_S,
        on_hold=lambda: standing(reader_of(config).holding()).keys(),
    )
    held.destroy_expired()
    return held


def open_keys(config: Config) -> GuardKeys:
    """The guard keys of a configuration."""
    return GuardKeys(drawer_of(config, "keys"))


def constitutions_of(config: Config, rules: tuple[Policy, ...]) -> dict[str, Constitution]:
    """The constitutions that policies name. Raises ConfigError where one is missing."""
    wanted = {name for rule in rules for name in rule.review.constitutions}
    if not wanted:
        return {}
    folder = config.constitutions or Path("constitutions")
    known = constitutions.load_folder(folder)
    for rule in rules:
        for name in rule.review.constitutions:
            if name not in known:
                raise ConfigError(
                    f"policy '{rule.policy}': there is no constitution '{name}' in {folder}. "
                    f"Known are: {', '.join(sorted(known))}."
                )
    return {name: known[name] for name in sorted(wanted)}
