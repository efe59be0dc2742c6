"""What the parts of the service answer to an exchange, the same for whoever drives it. Everything here blocks."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from guard.asks import (
    Bind,
    Decisions,
    Extract,
    Extracted,
    Hold,
    Judge,
    Note,
    Noted,
    Recall,
    Validate,
    Write,
)
from guard.errors import CriticError, GuardError
from guard.service import Service
from guard.types import Span, Spelling, Verdict


def whose(ask: Judge | Write | Validate) -> str:
    """Who is slow or fails, for a message."""
    return "validators" if isinstance(ask, Validate) else "critic"


def judging(service: Service, ask: Judge | Write | Validate) -> concurrent.futures.Future[Any]:
    """The answer of a critic or of validators, in a thread of theirs."""
    if isinstance(ask, Validate):
        return service.validator_thread.submit(_validate, service, ask)
    return service.critic_thread.submit(_ask_critic, service, ask)


def _ask_critic(service: Service, ask: Judge | Write) -> Any:
    if service.critic is None:
        raise CriticError("there is no critic")
    try:
        if isinstance(ask, Judge):
            return service.judged.score(service.critic, ask.dialogue, ask.principles)
        return service.critic.write(ask.prompt, max_tokens=ask.max_tokens)
    except GuardError:
        raise
    except Exception as error:
        raise CriticError(f"the critic failed ({type(error).__name__})") from error


def _validate(service: Service, ask: Validate) -> tuple[Verdict, ...]:
    """What the validators of a policy say of a text. Blocks."""
    return service.validators[ask.policy].validate(ask.text, ask.on)


def extracted(service: Service, ask: Extract) -> Extracted:
    """The text of a file, or a picture in which is painted over what the policy does not keep. Blocks.

    Raises RequestError, RecognizerError.
    """
    masking = next(policy.mask for policy in service.policies if policy.policy == ask.policy)

    def find(texts: Sequence[str]) -> list[list[Span]]:
        found = service.recognizers[ask.policy].recognize_blocking(tuple(texts))
        return [[span for span in spans if masking.operator(span.entity) != "keep"] for spans in found]

    if not ask.kind.lower().startswith("image/"):
        from guard.backends.extract import extract_text

        return Extracted(extract_text(ask.data, ask.kind))
    from guard.backends.images import LEAST_CONFIDENCE, UNREADABLE, media_type, redact_image

    kept = masking.operator(UNREADABLE) == "keep"
    picture, finds = redact_image(ask.data, find, least_confidence=0.0 if kept else LEAST_CONFIDENCE)
    told = tuple((item.entity, item.recognizer, item.score, item.line, item.value) for item in finds)
    return Extracted(kind=media_type(picture), picture=picture, finds=told)


def from_held(service: Service, ask: Hold | Decisions) -> Any:
    """What is held is kept, or what was decided about it. Raises AuditError."""
    match ask:
        case Hold():
            return service.held.hold(ask.held)
        case Decisions():
            return service.held.decisions(ask.principal, ask.turns)
    assert_never(ask)


def from_vault(service: Service, ask: Bind | Note | Noted | Recall) -> Any:
    """What the tenant vault answers to an ask. Raises AuditError."""
    tenant = service.coder.tenant
    match ask:
        case Bind():
            return bind(service, ask)
        case Note():
            return service.vault.note(tenant, ask.name, ask.texts)
        case Noted():
            return service.vault.noted(tenant, ask.names)
        case Recall():
            return service.vault.recall(tenant, ask.codes)
    assert_never(ask)


def waits_for_vault(service: Service, ask: Bind | Note | Noted | Recall) -> bool:
    """Whether `from_vault` would wait for a network."""
    if not service.vault.remote:
        return False
    return not (isinstance(ask, Bind) and service.vault.knows(service.coder.tenant, _bound(ask)))


def bind(service: Service, ask: Bind) -> frozenset[str]:
    """Remember codes in the tenant vault; gives the codes and forms that already stand for something else."""
    return frozenset(service.vault.remember(service.coder.tenant, _bound(ask)))


def _bound(ask: Bind) -> dict[str, tuple[str, str, Mapping[str, Spelling]]]:
    return {code: (bound.entity, bound.value, bound.spellings) for code, bound in ask.codes.items()}
