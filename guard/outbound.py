"""The way out: mask the request, bind its codes, and open its entry in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from guard.asks import Bind, Bound, Recognize, Record, Story
from guard.course import EVIDENT, EVIDENT_SCORE, Course
from guard.errors import Blocked, PolicyError, RequestError
from guard.mask.text import Text
from guard.mask.text import read as read_text
from guard.mask.vault import Vault
from guard.surfaces.surface import Call
from guard.surfaces.walk import Leaf, Path, label
from guard.types import FoundSpan, Opening, Span

Changes: TypeAlias = Mapping[tuple[Path, bool], str]  # new texts by place; the flag says that it is a key


def open_entry(course: Course) -> Story[bytes]:
    """Mask the request and open its entry. Returns the body that may leave."""
    call, policy = course.call, course.plan.policy
    if call.opaque and policy.opaque == "block":
        where = label(call.opaque[0], course.surface.vocabulary.keys)
        raise PolicyError(
            "The policy does not let images, audio or files leave, because guard cannot look into them. "
            "Send text, or set 'opaque: allow' in the policy.",
            param=where,
        )
    changes: Changes = {}
    found: tuple[FoundSpan, ...] = ()
    if policy.recognize.profile != "none":
        changes, found = yield from _mask(course)
    body = call.masked(changes)
    course.prompt = _prompt_text(call, changes)
    course.known = frozenset(value.normal for value in course.vault.values.values())
    course.said = "\n".join(leaf.text for leaf in call.leaves)
    yield Record(_opening(course, body, found))
    course.opened = True
    refuse_blocked(found)
    return body


def _mask(course: Course) -> Story[tuple[Changes, tuple[FoundSpan, ...]]]:
    """Recognize and mask every leaf, with codes that stand for no other value of the tenant."""
    began = course.plan.clock()
    texts = [(leaf, _as_text(leaf, course.surface.vocabulary.keys)) for leaf in course.call.leaves]
    readings = tuple(reading for _, text in texts for part in text.leaves() for reading in part.readings)
    spans = yield Recognize(readings, course.plan.policy.policy)
    course.took("recognize", began)
    began = course.plan.clock()
    while True:
        changes, found = _masked_leaves(course, texts, spans)
        taken = (yield bindings(course.vault)) if len(course.vault) else ()
        if not taken:
            course.took("mask", began)
            return changes, found
        course.vault.avoid(taken)


def _as_text(leaf: Leaf, keys: frozenset[str]) -> Text:
    key = next((part for part in reversed(leaf.path) if isinstance(part, str)), "")
    context = "" if key in keys else key
    return read_text(leaf.text, "text" if leaf.kind == "text" else "name", context=context)


def _masked_leaves(
    course: Course, texts: Sequence[tuple[Leaf, Text]], spans: Sequence[tuple[Span, ...]]
) -> tuple[Changes, tuple[FoundSpan, ...]]:
    changes: dict[tuple[Path, bool], str] = {}
    found: list[FoundSpan] = []
    answers = iter(spans)
    for leaf, text in texts:
        own = [next(answers) for part in text.leaves() for _ in part.readings]
        where = label(leaf.path, course.surface.vocabulary.keys)
        if leaf.kind == "fixed":
            _refuse_value(own, where)
            continue
        masked = course.masker.mask(text, own, where)
        found += masked.found
        if masked.text != leaf.text:
            changes[leaf.path, leaf.key] = masked.text
    return changes, tuple(found)


def _refuse_value(spans: Iterable[tuple[Span, ...]], where: str) -> None:
    for span in (span for group in spans for span in group):
        if span.entity in EVIDENT and span.score >= EVIDENT_SCORE:
            raise RequestError(f"'{where}' holds a {span.entity}, and guard cannot mask it there.", param=where)


def bindings(vault: Vault) -> Bind:
    """What the codes of a vault stand for."""
    return Bind({code: Bound(v.entity, v.normal, dict(v.spellings)) for code, v in vault.values.items()})


def refuse_blocked(found: Iterable[FoundSpan]) -> None:
    """Raise Blocked where something was found that the policy blocks."""
    for item in found:
        if item.operator == "block":
            raise Blocked(f"The policy does not let {item.entity} leave. Remove it and send the request again.")


def _prompt_text(call: Call, changes: Changes) -> str:
    """The masked text of the newest turn, which the critic reads with the reply."""
    newest = call.prompt_paths
    return "\n".join(
        changes.get((leaf.path, False), leaf.text)
        for leaf in call.leaves
        if leaf.kind == "text" and not leaf.key and any(leaf.path[: len(place)] == place for place in newest)
    )


def _opening(course: Course, body: bytes, found: tuple[FoundSpan, ...]) -> Opening:
    plan, call = course.plan, course.call
    constitution = plan.constitution
    not_scanned = tuple(label(path, course.surface.vocabulary.keys) for path in call.opaque)
    return Opening(
        exchange=plan.exchange_id,
        time=plan.clock(),
        principal=course.incoming.principal,
        tenant=plan.coder.tenant,
        surface=call.surface.name,
        stream=call.stream,
        upstream=plan.upstream,
        model=call.model,
        policy=plan.policy.policy,
        policy_digest=plan.policy.digest,
        constitution=constitution.name if constitution else "",
        constitution_digest=constitution.digest if constitution else "",
        critic=plan.critic,
        critic_digest=plan.critic_digest,
        spans=found,
        not_scanned=("request", *not_scanned) if plan.policy.recognize.profile == "none" else not_scanned,
        request=body.decode() if plan.policy.log.content == "masked" else "",
        timings_ms=dict(course.timings),
    )
