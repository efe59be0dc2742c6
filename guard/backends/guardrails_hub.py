"""Validators of guardrails-ai, by their class path: each says of one whole text whether it passes.

guardrails-ai sends how it is used to its makers unless it is told not to, and may have validators run on its makers'
servers. Here it does neither: `quiet` sees to that before anything of it runs, whatever a `.guardrailsrc` in the home
folder says. Written against guardrails-ai 0.11.0.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Mapping
from typing import Any

from guard.errors import ConfigError
from guard.policy import Policy, Validated, ValidatorRule
from guard.types import Verdict

INSTALL = "pip install 'constitutional-guard[guardrails]'"
RAISED = "the validator failed"
VIOLATED = "the validator did not let it pass"


def quiet() -> None:
    """Load guardrails-ai so that it talks to nobody. Raises ConfigError where it is not installed."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else litellm, which it loads, downloads prices
    try:
        from guardrails.settings import settings
    except ImportError as error:
        raise ConfigError(f"guardrails-ai is not installed. Install guard with it: {INSTALL}.") from error
    from guardrails.classes.rc import RC
    from guardrails.utils.hub_telemetry_utils import HubTelemetry

    def off(*_: Any) -> Any:
        return RC(enable_metrics=False, use_remote_inferencing=False)

    RC.load = off  # each `guardrails.Guard` reads the file anew
    HubTelemetry.initialize_tracer = lambda *_, **__: None  # with no tracer there is nothing to send
    settings.rc = off()
    settings.disable_tracing = True
    settings.use_server = False


class Validators:
    """The validators of one policy, in the order in which it names them. Any thread may call, one at a time."""

    def __init__(self, validators: Mapping[Validated, Mapping[str, Any]]) -> None:
        self._validators = validators
        self._lock = threading.Lock()

    @classmethod
    def load(cls, policy: Policy) -> Validators:
        """The validators that `policy` names. Raises ConfigError."""
        rules = policy.review
        if rules.validators:
            quiet()
        whose = f"policy '{policy.policy}'"
        asked: tuple[Validated, ...] = ("prompt", "reply")
        return cls({on: {n: _made(whose, r) for n, r in rules.validators_on(on).items()} for on in asked})

    def validate(self, text: str, on: Validated) -> tuple[Verdict, ...]:
        """One verdict for each validator, in order: its score is 1 where it fails the text, else 0."""
        with self._lock:
            return tuple(_verdict(name, one, text) for name, one in self._validators[on].items())


def _made(whose: str, rule: ValidatorRule) -> Any:
    """One validator. Raises ConfigError where its class cannot be had or does not take its options."""
    from guardrails import Validator

    module, _, name = rule.class_path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{whose}: there is no validator '{rule.class_path}' ({type(error).__name__}). Install its package."
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, Validator)):
        raise ConfigError(f"{whose}: '{rule.class_path}' is no validator of guardrails-ai.")
    try:
        made = kind(**{**rule.options, "on_fail": "noop"})
    except Exception as error:
        raise ConfigError(
            f"{whose}: the validator '{rule.class_path}' cannot be made ({type(error).__name__}). Check its 'options'."
        ) from error
    made.use_local = True
    return made


def _verdict(name: str, validator: Any, text: str) -> Verdict:
    from guardrails_ai.types import FailResult, PassResult

    try:
        result = validator.validate(text, {})
    except Exception as error:  # noqa: BLE001 - what it says may hold a value; whatever it is, nothing was judged
        return Verdict(name, 1.0, "not_judged", (), f"{RAISED} ({type(error).__name__})")
    match result:
        case PassResult():
            return Verdict(name, 0.0, "clear")
        case FailResult():
            return Verdict(name, 1.0, "fired", _spans(result, len(text)), VIOLATED)
    return Verdict(name, 1.0, "not_judged", (), f"{RAISED}: its answer is none")


def _spans(result: Any, length: int) -> tuple[tuple[int, int], ...]:
    """Where it says that the text fails, as far as that is in order, disjoint and inside it."""
    spans: list[tuple[int, int]] = []
    for span in sorted((span.start, span.end) for span in result.error_spans or ()):
        if (spans[-1][1] if spans else 0) <= span[0] < span[1] <= length:
            spans.append(span)
    return tuple(spans)
