"""The recognizers that policies ask for: those of the same models share them."""

from __future__ import annotations

from pathlib import Path

from guard.backends.recognizers import Cache, CachedRecognizer, Company, Lists, Spec, Stack, Workers
from guard.config import Config
from guard.policy import Policy
from guard.types import Progress


def recognizers_of(
    config: Config, rules: tuple[Policy, ...], progress: Progress, *, workers: bool
) -> dict[str, CachedRecognizer]:
    """A recognizer per policy; policies that ask for the same models share them, and all share the cache."""
    cache = Cache(config.limits.cached_texts)
    made: dict[str, CachedRecognizer] = {}
    loaded: dict[str, Workers | Stack] = {}
    by_policy: dict[str, CachedRecognizer] = {}
    for rule in rules:
        wish = rule.recognize
        extra = tuple((item.class_path, item.options) for item in wish.recognizers)
        company = Company.of(rule, config.policies or Path("policies"))
        spec = Spec(wish.profile, extra, wish.threshold, company, wish.languages, rule.mask.kept)
        if spec.version not in made:
            lists = Lists(company, progress)
            shared = spec.without_lists
            if shared.version not in loaded:
                loaded[shared.version] = _loaded(config, shared, progress, workers=workers)
            inner = loaded[shared.version]
            lists.watch()
            made[spec.version] = CachedRecognizer(inner, cache, version=spec.version, lists=lists, kept=spec.kept)
        by_policy[rule.policy] = made[spec.version]
    return by_policy


def _loaded(config: Config, spec: Spec, progress: Progress, *, workers: bool) -> Workers | Stack:
    """The models of `spec`, in processes of their own where they take long and there are to be `workers`."""
    if spec.quick or not workers:
        return Stack.of(spec)
    inner = Workers(spec, processes=config.limits.recognizer_processes)
    inner.start(progress)
    return inner


def recognizer(config: Config, rule: Policy, progress: Progress) -> CachedRecognizer:
    """The recognizer of one policy, in this process and with a cache of its own. Raises ConfigError."""
    return recognizers_of(config, (rule,), progress, workers=False)[rule.policy]
