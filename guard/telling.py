"""What the client is told: heads, bodies, and the events of a stream."""

from __future__ import annotations

from collections.abc import Mapping

from guard.asks import Emit, Head, Response
from guard.course import Course
from guard.errors import Blocked, Escalated, GuardError
from guard.types import Decision

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"

# Headers of an upstream's reply that mean something to the client.
PASSED_ON = frozenset({
    "retry-after", "retry-after-ms", "openai-processing-ms", "openai-version", "x-request-id", "request-id",
    "x-should-retry",
})  # fmt: skip
LIMITS = ("x-ratelimit-", "anthropic-ratelimit-")


def withheld(course: Course, failure: Blocked | Escalated) -> Emit:
    """That the reply does not go out, or not yet, and why."""
    decision: Decision = "escalate" if isinstance(failure, Escalated) else "block"
    told = {"content-type": JSON, "x-guard-decision": decision}
    return only(course, course.surface.error(failure), failure.status, told)


def broken_off(course: Course, failure: GuardError) -> Emit:
    """That a stream of which something was told does not go on, and why."""
    return last(course, course.surface.error_event(failure), failure.status, {})


def more(course: Course, data: bytes, status: int, headers: Mapping[str, str]) -> Emit:
    """Bytes for the client, with the head of the reply before the first of them."""
    if course.emitted:
        return Emit(data)
    course.emitted = True
    return Emit(data, Head(status, {**headers, "x-guard-exchange": course.plan.exchange_id}))


def last(course: Course, data: bytes, status: int, headers: Mapping[str, str]) -> Emit:
    """The last bytes for the client."""
    told = more(course, data, status, headers)
    return Emit(told.data, told.head, last=True)


def only(course: Course, data: bytes, status: int, headers: Mapping[str, str]) -> Emit:
    """All that the client is told, at once."""
    return last(course, data, status, {**headers, "content-length": str(len(data))})


def headers(response: Response, kind: str, decision: Decision | None = None) -> dict[str, str]:
    """The headers of a reply of the media type `kind`."""
    passed_on = {k: v for k, v in response.headers.items() if k in PASSED_ON or k.startswith(LIMITS)}
    told = {"x-guard-decision": decision} if decision else {}
    passed_on = {name: value for name, value in passed_on.items() if value.isascii() and value.isprintable()}
    return {**passed_on, "content-type": kind, **told}


def hides_tokens(course: Course, decision: Decision) -> bool:
    """Whether the reply's list of tokens would show placeholders, or what was taken out."""
    return decision == "revise" or len(course.vault) > 0
