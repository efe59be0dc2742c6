"""THE PAGE: one exchange from the request to the reply, told once, without I/O.

`exchange` is a generator. It yields what it needs (see `guard.asks`) and is sent the answer; whoever drives it does
the I/O. In order: read, recognize, mask, bind, record, send, review, record, restore, emit.

Nothing leaves before the entry of the exchange is durable. Nothing of the reply reaches the client before its review
allows it and the record of that is durable too, unless the policy says `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from guard.asks import Emit, Head, Next, Request, Response, Send, Story
from guard.course import Course, Incoming, Plan
from guard.errors import AuditError, Blocked, ClientGone, GuardError, UpstreamError
from guard.inbound import blocked, close, close_judged, decision_of, judge_choices, keep_for_later, restored, revised
from guard.mask.restore import StreamRestorer
from guard.outbound import open_entry
from guard.surfaces.reply import Gathered, Revised, gathered
from guard.surfaces.stream import Event, EventRestorer, comment, read_event
from guard.surfaces.walk import dump
from guard.types import Decision, Outcome

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"

# Headers of an upstream's reply that mean something to the client.
PASSED_ON = frozenset({
    "retry-after", "retry-after-ms", "openai-processing-ms", "openai-version", "x-request-id", "request-id",
    "x-should-retry",
})  # fmt: skip
OVERLOADED = 429
LIMITS = ("x-ratelimit-", "anthropic-ratelimit-")


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
        elif plan.policy.review.stream == "observe":
            yield from _observed(course, response)
        else:
            yield from _held(course, response)
    except GuardError as failure:
        yield from _failed(course, failure)


def _send(course: Course, body: bytes) -> Story[Response]:
    """Ask the upstreams in order, until one neither fails nor says that it is overloaded."""
    began = course.plan.clock()
    request = Request("POST", course.surface.path, course.incoming.headers, body, course.call.stream)
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
        told = dump(restored(course, body))
    yield from close(course, "refused", "allow", f"the upstream answered {response.status}", response.status)
    yield _only(course, told, response.status, _headers(response, JSON, "allow"))


def _whole(course: Course, response: Response) -> Story[None]:
    body = course.surface.read_reply(response.body)
    reply = gathered(course.surface, body, keeps=course.reads_replies)
    course.model, course.usage = reply.model, reply.usage
    judged = yield from judge_choices(course, reply.choices())
    yield from keep_for_later(course, reply)
    withheld, decision = blocked(judged), decision_of(judged)
    yield from close_judged(course, judged, withheld.status if withheld else response.status)
    if withheld:
        yield _withheld(course, withheld)
        return
    changed = Revised(course.surface, revised(judged)).apply(body)
    if _hides_tokens(course, decision):
        changed = course.surface.without_tokens(changed)
    changed = restored(course, changed)
    data = response.body if changed is body else dump(changed)
    yield _only(course, data, response.status, _headers(response, JSON, decision))


def _held(course: Course, response: Response) -> Story[None]:
    """A stream of which nothing is released before the review of the whole."""
    events: list[Event] = []
    reply = Gathered(course.surface)
    began = course.plan.clock()
    while arrived := (yield Next()):
        for raw in arrived:
            events.append(read_event(raw, course.surface.done))
            _gather(course, reply, events[-1])
    course.took("stream", began)
    _check_end(events[-1:], reply)
    judged = yield from judge_choices(course, reply.choices())
    yield from keep_for_later(course, reply)
    withheld, decision = blocked(judged), decision_of(judged)
    yield from close_judged(course, judged, withheld.status if withheld else response.status)
    if withheld:
        yield _withheld(course, withheld)
        return
    restorer = _event_restorer(course, decision)
    words = Revised(course.surface, revised(judged))
    spoken = [event.saying(words.apply(event.body)) if event.body else event for event in events]
    told = b"".join(restorer.feed(event) for event in spoken[:-1])
    told += _end(restorer, decision, spoken[-1:])
    yield _last(course, told, response.status, _headers(response, SSE, decision))


def _observed(course: Course, response: Response) -> Story[None]:
    """A stream that is passed on as it comes, all but its last event, and judged when it has ended."""
    reply = Gathered(course.surface, keeps=course.reads_replies)
    restorer = _event_restorer(course, "allow")
    headers = _headers(response, SSE)
    last: list[Event] = []
    began = course.plan.clock()
    while arrived := (yield Next()):
        told, failure = b"", None
        for raw in arrived:
            try:
                event = read_event(raw, course.surface.done)
                _gather(course, reply, event)
            except UpstreamError as error:  # what came before it is told, however the events arrived
                failure = error
                break
            told += b"".join(map(restorer.feed, last))
            last = [event] if event.done or (event.body and reply.finished and course.surface.ended(event.body)) else []
            told += b"" if last else restorer.feed(event)
        if told:
            yield _more(course, told, response.status, headers)
        if failure is not None:
            raise failure
    course.took("stream", began)
    _check_end(last, reply)
    judged = yield from judge_choices(course, reply.choices())
    yield from keep_for_later(course, reply)
    yield from close_judged(course, judged, response.status)
    yield _last(course, _end(restorer, decision_of(judged), last), response.status, headers)


def _gather(course: Course, reply: Gathered, event: Event) -> None:
    reply.size += len(event.raw)
    if event.body is not None:
        reply.add(event.body)
    course.model, course.usage = reply.model, reply.usage
    if reply.size > course.plan.reply_bytes:
        raise UpstreamError("The upstream's reply is over the limit limits.reply_bytes.")
    if reply.failed:
        raise UpstreamError("The upstream reported an error in the middle of its stream.")


def _check_end(last: Sequence[Event], reply: Gathered) -> None:
    if not (last and last[-1].done) and not reply.finished:
        raise UpstreamError("The upstream's stream broke off before its end.")


def _end(restorer: EventRestorer, decision: Decision, ending: Sequence[Event]) -> bytes:
    """The end of a stream: what was held back, the decision as a comment, and the upstream's own last events."""
    told = restorer.flush() + comment(f"x-guard-decision: {decision}")
    return told + b"".join(map(restorer.feed, ending)) + restorer.flush()


def _failed(course: Course, failure: GuardError) -> Story[None]:
    """Record a failure, and tell the client: as an error status, or inside a stream that has begun."""
    outcome: Outcome = "failed"
    decision: Decision = "allow" if course.emitted else "block"
    match failure:
        case ClientGone():
            outcome = "client_gone"
        case Blocked():
            outcome = "blocked"
        case UpstreamError():
            outcome = "upstream_error"
    try:
        yield from close(course, outcome, decision, failure.message, failure.status)
    except AuditError as lost:  # the entry stays visibly unfinished
        failure = lost
    if isinstance(failure, ClientGone):
        return
    told = course.surface.error(failure)
    if course.emitted:
        yield _last(course, course.surface.error_event(failure), failure.status, {})
    else:
        yield _only(course, told, failure.status, {"content-type": JSON, "x-guard-decision": decision})


def _withheld(course: Course, failure: Blocked) -> Emit:
    return _only(
        course, course.surface.error(failure), failure.status, {"content-type": JSON, "x-guard-decision": "block"}
    )


def _more(course: Course, data: bytes, status: int, headers: Mapping[str, str]) -> Emit:
    """Bytes for the client, with the head of the reply before the first of them."""
    if course.emitted:
        return Emit(data)
    course.emitted = True
    return Emit(data, Head(status, {**headers, "x-guard-exchange": course.plan.exchange_id}))


def _last(course: Course, data: bytes, status: int, headers: Mapping[str, str]) -> Emit:
    return replace(_more(course, data, status, headers), last=True)


def _only(course: Course, data: bytes, status: int, headers: Mapping[str, str]) -> Emit:
    """All that the client is told, at once."""
    return _last(course, data, status, {**headers, "content-length": str(len(data))})


def _headers(response: Response, kind: str, decision: Decision | None = None) -> dict[str, str]:
    passed_on = {k: v for k, v in response.headers.items() if k in PASSED_ON or k.startswith(LIMITS)}
    told = {"x-guard-decision": decision} if decision else {}
    passed_on = {name: value for name, value in passed_on.items() if value.isascii() and value.isprintable()}
    return {**passed_on, "content-type": kind, **told}


def _event_restorer(course: Course, decision: Decision) -> EventRestorer:
    return EventRestorer(
        course.surface,
        lambda: StreamRestorer(course.vault),
        idle=not len(course.vault),
        drop_tokens=_hides_tokens(course, decision),
    )


def _hides_tokens(course: Course, decision: Decision) -> bool:
    """Whether the reply's list of tokens would show placeholders, or what was taken out."""
    return decision == "revise" or len(course.vault) > 0
