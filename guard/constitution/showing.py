"""A constitution with all that it extends, as Markdown that a lawyer reads."""

from __future__ import annotations

from collections.abc import Iterator

from guard.constitution.comparing import said
from guard.constitution.values import AppliesTo, Constitution, OnViolation, Principle, Scope

JUDGED: dict[AppliesTo, str] = {
    "prompt": "what is sent, before it leaves",
    "reply": "what the assistant answers",
    "exchange": "what the assistant answers, in the light of what was asked",
}
ENDS: dict[OnViolation, str] = {
    "annotate": "it is recorded, and nothing is changed",
    "revise": "the passage is rewritten or replaced",
    "block": "it is withheld",
    "escalate": "it is withheld until a person has decided",
}


def as_markdown(constitution: Constitution) -> str:
    """The resolved document: what it is, and each principle with its examples."""
    return "\n".join([*_head(constitution), *(line for one in constitution.principles for line in _principle(one))])


def _head(constitution: Constitution) -> Iterator[str]:
    yield f"# {constitution.name}, version {constitution.version}"
    yield ""
    yield f"- Digest: {constitution.digest}"
    if constitution.owner:
        yield f"- Owner: {constitution.owner}"
    if constitution.review_by:
        yield f"- To be reviewed by: {constitution.review_by}"
    yield f"- For: {_whom(constitution.scope)}"
    if constitution.precedence:
        yield f"- Precedence: {constitution.precedence}"
    if constitution.references:
        yield f"- Based on: {said(constitution.references)}"
    if constitution.extends:
        yield f"- Extends: {', '.join(constitution.extends)}"
    for removal in constitution.removed:
        yield f"- Not taken over: {removal.id}, because: {removal.reason}"


def _principle(principle: Principle) -> Iterator[str]:
    yield ""
    yield f"## {principle.id}"
    yield ""
    yield principle.statement
    yield ""
    yield f"- Asked: {principle.question}"
    yield f"- Judged: {JUDGED[principle.applies_to]}{', exactly, by the recognizers' if principle.check else ''}"
    if principle.code:
        yield f"- Violated in any case by code with: {said(principle.code)}"
    yield f"- Severity: {principle.severity}"
    yield f"- Where it is violated: {ENDS[principle.on_violation]}"
    if principle.template:
        yield f"- Said in its place: {principle.template}"
    if principle.scope != Scope():
        yield f"- For: {_whom(principle.scope)}"
    if principle.references:
        yield f"- Based on: {said(principle.references)}"
    yield f"- From: {principle.home}"
    for title, examples in (("Violates it", principle.violates), ("Keeps it", principle.complies)):
        yield ""
        yield f"{title}:"
        yield ""
        for number, example in enumerate(examples, 1):
            yield f"{number}. {_one_line(example.prompt)}"
            if example.reply:
                yield f"   → {_one_line(example.reply)}"


def _whom(scope: Scope) -> str:
    return "everyone" if scope == Scope() else said(scope)


def _one_line(text: str) -> str:
    return " ".join(text.split())
