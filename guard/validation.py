"""Have a text validated by what a policy names beside its constitution: validators of guardrails-ai.

They see whole, masked texts, when everything else has been judged. What they say is logged like what a critic says of a
principle, and what they cannot say is not judged.
"""

from __future__ import annotations

from typing import Any, get_args

from guard.asks import Story, Validate
from guard.constitution import Principle
from guard.course import Course
from guard.errors import CriticError
from guard.policy import Validated
from guard.types import State, Verdict

NONSENSE = "the validators' answer made no sense"


def validated(course: Course, text: str, on: Validated) -> Story[tuple[tuple[Principle, Verdict], ...]]:
    """Each validator of the policy for prompts or replies, as a principle, with its verdict on `text`."""
    policy = course.plan.policy
    asked = policy.review.validators_on(on)
    if not asked or not text.strip():
        return ()
    began = course.plan.clock()
    try:
        answer = yield Validate(text, on, policy.policy)
        problem = "" if _makes_sense(answer, tuple(asked)) else NONSENSE
    except CriticError as error:
        answer, problem = (), error.message
    if problem:
        answer = tuple(Verdict(name, 1.0, "not_judged", (), problem) for name in asked)
    course.took("validate", began)
    rules = (_rule(name, on, asked[name].on_fail) for name in asked)
    return tuple(zip(rules, answer, strict=True))


def refusal(answers: tuple[tuple[Principle, Verdict], ...], on_failure: str) -> tuple[str, str] | None:
    """Why a reply may not go out after these verdicts, and the validator at fault; None where it may."""
    for rule, verdict in answers:
        if verdict.state == "not_judged" and on_failure == "block":
            return f"it could not be judged: {verdict.reason}", rule.id
    for rule, verdict in answers:
        if verdict.state == "fired" and rule.on_violation == "block":
            return f"it does not pass the validator '{rule.id}'", rule.id
    return None


def _rule(name: str, on: Validated, on_fail: Any) -> Principle:
    return Principle(
        id=name,
        statement=f"It passes the validator {name}.",
        question="",
        applies_to=on,
        severity="high",
        on_violation=on_fail,
        template=None,
        check=None,
        violates=(),
        complies=(),
    )


def _makes_sense(answer: Any, names: tuple[str, ...]) -> bool:
    return isinstance(answer, tuple) and [
        verdict.principle for verdict in answer if isinstance(verdict, Verdict) and verdict.state in get_args(State)
    ] == list(names)
