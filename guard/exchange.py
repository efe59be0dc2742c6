"""THE PAGE: one exchange from the request to the reply, told once, without I/O.

`exchange` is a generator. It yields what it needs (see `guard.asks`) and is sent the answer; whoever drives it does
the I/O. In order: read, recognize, mask, bind, judge, record, send, review, record, restore, emit.

Nothing leaves before the entry of the exchange is durable. Nothing of the reply reaches the client before a review
allows it, unless the policy says `observe`, and the last of it not before the record of that is durable too.
"""

from __future__ import annotations

from guard.asks import Request, Response, Send, Story
from guard.course import Course, Incoming, Plan
from guard.errors import AuditError, Blocked, ClientGone, CriticError, Escalated, GuardError, UpstreamError
from guard.inbound import (
    blocked,
    close,
    close_judged,
    decision_of,
    hold,
    judge_choices,
    keep_for_later,
    restored,
    revised,
)
from guard.outbound import open_entry
from guard.streams import held, observed, windowed
from guard.surfaces.reply import Revised, gathered
from guard.surfaces.walk import dump
from guard.telling import JSON, broken_off, headers, hides_tokens, only, withheld
from guard.types import Decision, Outcome

OVERLOADED = 429


def exchange(incoming: Incoming, plan: Plan) -> Story[None]:
    """One exchange. A failure is recorded if anything was, and told to the client in the surface's shape."""
    course = Course.begin(incoming, plan)
    try:
        body = yield from open_entry(course)
        response = yield from _send(course, body)
        if response.status >= 400:
            yield from _refused(course, response)
        elif not response.streaming:
            yield from _whole(course, response)
        else:
            yield from _streaming(course, response)
    except GuardError as failure:
        yield from _failed(course, failure)


def _send(course: Course, body: bytes) -> Story[Response]:
    """Ask the upstreams in order, until one neither fails nor says that it is overloaded."""
    began = course.plan.clock()
    request = Request("POST", course.address, course.incoming.headers, body, course.call.stream)
    *others, last = course.upstreams
    for upstream in others:
        try:
            response: Response = yield Send(upstream, request)
        except UpstreamError as failure:
            course.failed.append((upstream, failure.code))
            continue
        if response.status < 500 and response.status != OVERLOADED:
            break
        course.failed.append((upstream, str(response.status)))
    else:
        upstream = last
        response = yield Send(upstream, request)
    course.upstream = upstream
    course.took("upstream", began)
    return response


def _refused(course: Course, response: Response) -> Story[None]:
    """The upstream answered with an error: pass it on in shape, with what it quotes restored."""
    body = course.surface.error_body(response.body, response.status)
    if body is None:
        told = course.surface.error(UpstreamError(f"The upstream answered {response.status} without saying why."))
    else:
        told = dump(restored(course.surface, course.vault, body))
    yield from close(course, "refused", "allow", f"the upstream answered {response.status}", response.status)
    yield only(course, told, response.status, headers(response, JSON, "allow"))


def _streaming(course: Course, response: Response) -> Story[None]:
    """A stream, told in the way that the policy chose; where nothing is read, there is nothing to wait for."""
    match course.plan.policy.review.stream:
        case "hold":
            return held(course, response)
        case "window" if course.reads_replies:
            return windowed(course, response)
        case "window" | "observe":
            return observed(course, response)


def _whole(course: Course, response: Response) -> Story[None]:
    body = course.surface.read_reply(response.body)
    reply = gathered(course.surface, body, keeps=course.reads_replies)
    course.model, course.usage = reply.model, reply.usage
    judged = yield from judge_choices(course, reply.choices())
    yield from keep_for_later(course, reply)
    failure, decision = blocked(course, judged), decision_of(judged)
    yield from hold(course, judged, body, response.body)
    yield from close_judged(course, judged, failure.status if failure else response.status)
    if failure:
        yield withheld(course, failure)
        return
    changed = Revised(course.surface, revised(judged)).apply(body)
    if hides_tokens(course, decision):
        changed = course.surface.without_tokens(changed)
    changed = restored(course.surface, course.vault, changed)
    data = response.body if changed is body else dump(changed)
    yield only(course, data, response.status, headers(response, JSON, decision))


def _failed(course: Course, failure: GuardError) -> Story[None]:
    """Record a failure, and tell the client: as an error status, or inside a stream that has begun."""
    outcome: Outcome = "failed"
    decision: Decision = "allow" if course.emitted else "block"
    match failure:
        case ClientGone():
            outcome = "client_gone"
        case Blocked():
            outcome = "blocked"
        case Escalated():
            outcome, decision = "held", "escalate"
        case CriticError():
            outcome = "not_judged"
        case UpstreamError():
            outcome = "upstream_error"
    try:
        yield from close(course, outcome, decision, failure.message, failure.status)
    except AuditError as lost:  # the entry stays visibly unfinished
        failure = lost
    if isinstance(failure, ClientGone):
        return
    if course.emitted:
        yield broken_off(course, failure)
    else:
        told = course.surface.error(failure)
        yield only(course, told, failure.status, {"content-type": JSON, "x-guard-decision": decision})
