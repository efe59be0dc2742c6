"""The way out: mask the request, bind its codes, decide who is asked, have it judged, and open its entry in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from guard.asks import Noted, Recall, Record, Story
from guard.attached import attachments
from guard.course import EVIDENT, EVIDENT_SCORE, Course, bindings
from guard.doubts import doubts_about, refuse_doubts, with_approvals
from guard.errors import Blocked, RequestError
from guard.mask.masker import Masker
from guard.prompts import JudgedPrompt, judged_prompt, refuse_prompt
from guard.recognition import Read, recognized
from guard.surfaces.surface import Call
from guard.surfaces.walk import Path, label
from guard.types import FoundSpan, Opening, Operator, Verdict

LONG_WORD = 200  # characters; no name of a model is longer

Changes: TypeAlias = Mapping[tuple[Path, bool], str]  # new texts by place; the flag says that it is a key


def open_entry(course: Course) -> Story[bytes]:
    """Mask the request, judge it and open its entry. Returns the body that may leave."""
    policy = course.plan.policy
    yield from attachments(course)
    call = course.call
    yield from _learn_thread(course)
    changes: Changes = {}
    found: tuple[FoundSpan, ...] = ()
    leaving: Changes = {}
    if policy.recognize.profile != "none":
        read = yield from _recognized(course)
        changes, found = yield from _mask(course, read)
        found += course.pictures
        leaving = yield from _leaving(course, read, changes, found)
    body = call.masked(changes)
    if course.reads_replies:
        course.prompt = prompt_text(call, changes)
        course.known = frozenset(value.normal for value in course.vault.values.values())
        course.said = "\n".join(leaf.text for leaf in call.leaves)
    stays = any(item.operator == "block" for item in found)
    judged = JudgedPrompt() if stays else (yield from judged_prompt(course, changes))
    doubts = yield from doubts_about(course, judged)
    yield Record(_opening(course, body, found, with_approvals(judged.answers, doubts)))
    course.opened = True
    refuse_blocked(found)
    refuse_prompt(course.plan.settings, judged.answers)
    yield from refuse_doubts(course, doubts)
    return body if leaving is changes else call.masked(leaving)


def _learn_thread(course: Course) -> Story[None]:
    """Learn the placeholders of the conversation that the provider keeps and the request goes on from.

    They are filed under who began it, so that nobody is shown another's values by naming another's conversation.
    """
    if not course.call.thread:
        return
    name = course.thread_name(course.call.thread)
    noted = yield Noted((name,))
    if noted.get(name):
        for code, (entity, spellings) in (yield Recall(noted[name])).items():
            course.vault.learn(entity, code, spellings)


def _recognized(course: Course) -> Story[tuple[Read, ...]]:
    began = course.plan.clock()
    read = yield from recognized(course)
    course.took("recognize", began)
    for item in read:
        if item.leaf.kind == "fixed":
            _refuse_value(item, label(item.leaf.path, course.surface.vocabulary.keys))
    return read


def _mask(course: Course, read: Sequence[Read]) -> Story[tuple[Changes, tuple[FoundSpan, ...]]]:
    """Mask every leaf, with codes that stand for no other value of the tenant."""
    began = course.plan.clock()
    while True:
        changes, found = _masked_leaves(course, course.masker, read)
        taken = (yield bindings(course.vault)) if len(course.vault) else ()
        if not taken:
            course.took("mask", began)
            return changes, found
        course.vault.avoid(taken)


def _masked_leaves(
    course: Course, masker: Masker, read: Sequence[Read]
) -> tuple[dict[tuple[Path, bool], str], tuple[FoundSpan, ...]]:
    changes: dict[tuple[Path, bool], str] = {}
    found: list[FoundSpan] = []
    for item in read:
        leaf = item.leaf
        if leaf.kind == "fixed":
            continue
        where = label(leaf.path, course.surface.vocabulary.keys)
        masked = masker.mask(item.text, item.spans, where, seams=item.seams)
        found += masked.found + masked.kept
        if masked.text != leaf.text:
            changes[leaf.path, leaf.key] = masked.text
    return changes, tuple(found)


def _leaving(course: Course, read: Sequence[Read], masked: Changes, found: Sequence[FoundSpan]) -> Story[Changes]:
    """What leaves, where that is not what the log keeps: the same object where it is.

    An in-house upstream sees what is routed to it as it is. What the provider has signed goes back as it wrote it.
    """
    course.routed = tuple(dict.fromkeys(span.entity for span in found if span.operator == "route"))
    leaving = dict(masked)
    route = course.plan.policy.route
    if course.routed and route is not None:
        course.upstreams = (route.to,)
        leaving, _ = _masked_leaves(course, Masker(course.vault, _unrouted(course), _default(course)), read)
        if route.model is not None:
            named = course.surface.renamed(course.call.body, route.model)
            leaving |= {(place, False): name for place, name in named.items()}
    leaving |= yield from _sealed(course, read)
    return masked if leaving == masked else leaving


def _unrouted(course: Course) -> dict[str, Operator]:
    entities = course.plan.policy.mask.entities
    return {entity: "keep" if operator == "route" else operator for entity, operator in entities.items()}


def _default(course: Course) -> Operator:
    default = course.plan.policy.mask.default
    return "keep" if default == "route" else default


def _sealed(course: Course, read: Sequence[Read]) -> Story[dict[tuple[Path, bool], str]]:
    """The texts that the provider has signed, where guard has kept how it wrote them."""
    texts = {course.sealed_name(i.leaf.text): i.leaf.path for i in read if course.surface.is_sealed(i.leaf.path)}
    if not texts:
        return {}
    noted = yield Noted(tuple(texts))
    return {(texts[name], False): written for name, (written,) in noted.items()}


def _refuse_value(item: Read, where: str) -> None:
    """Raise RequestError where a field that cannot be masked holds a value.

    A long signature looks like an account number somewhere by chance; it is no value unless most of it is.
    """
    chance = len(item.leaf.text) / 2 if len(item.leaf.text) > LONG_WORD else 0
    for span in (span for group in item.spans for span in group):
        if span.entity in EVIDENT and span.score >= EVIDENT_SCORE and span.end - span.start > chance:
            raise RequestError(f"'{where}' holds a {span.entity}, and guard cannot mask it there.", param=where)


def refuse_blocked(found: Iterable[FoundSpan]) -> None:
    """Raise Blocked where something was found that the policy blocks."""
    for item in found:
        if item.operator == "block":
            raise Blocked(f"The policy does not let {item.entity} leave. Remove it and send the request again.")


def prompt_text(call: Call, changes: Changes) -> str:
    """The masked text of the newest turn, which the critic reads with the reply."""
    newest = call.prompt_paths
    return "\n".join(
        changes.get((leaf.path, False), leaf.text)
        for leaf in call.leaves
        if leaf.kind == "text" and not leaf.key and any(leaf.path[: len(place)] == place for place in newest)
    )


def _opening(course: Course, body: bytes, found: tuple[FoundSpan, ...], verdicts: tuple[Verdict, ...]) -> Opening:
    plan, call = course.plan, course.call
    constitution = plan.constitution
    unread = [path for path in call.opaque if path not in course.read]
    not_scanned = tuple(label(path, course.surface.vocabulary.keys) for path in unread)
    return Opening(
        exchange=plan.exchange_id,
        time=plan.clock(),
        principal=course.incoming.principal,
        tenant=plan.coder.tenant,
        surface=call.surface.name,
        stream=call.stream,
        upstream=course.upstreams[0],
        fallbacks=course.upstreams[1:],
        model=call.model,
        policy=plan.policy.policy,
        policy_digest=plan.policy.digest,
        constitution=constitution.name if constitution else "",
        constitution_digest=constitution.digest if constitution else "",
        critic=plan.critic,
        critic_digest=plan.critic_digest,
        spans=found,
        routed=course.routed,
        not_scanned=("request", *not_scanned) if plan.policy.recognize.profile == "none" else not_scanned,
        request=body.decode() if course.keeps_content else "",
        timings_ms=dict(course.timings),
        verdicts=verdicts,
        keeping=course.keeping,
    )
