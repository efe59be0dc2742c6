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
from guard.inbound import blocked, close, close_judged, decision_of, judge_choices, restored, revised
from guard.mask.restore import StreamRestorer
from guard.outbound import open_entry
from guard.surfaces import chat, chat_stream
from guard.surfaces.walk import dump
from guard.types import Decision, Outcome

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"

# Headers of an upstream's reply that mean something to the client.
PASSED_ON = ("retry-after", "retry-after-ms", "openai-processing-ms", "openai-version", "x-request-id")


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
    began = course.plan.clock()
    request = Request("POST", chat.PATH, course.incoming.headers, body, course.call.stream)
    response: Response = yield Send(course.plan.upstream, request)
    course.took("upstream", began)
    return response


def _refused(course: Course, response: Response) -> Story[None]:
    """The upstream answered with an error: pass it on in shape, with what it quotes restored."""
    body = chat.error_body(response.body)
    if body is None:
        told = chat.error(UpstreamError(f"The upstream answered {response.status} without saying why."))
    else:
        told = dump(restored(course, body))
    yield from close(course, "refused", "allow", f"the upstream answered {response.status}", response.status)
    yield _only(course, told, response.status, _headers(response, JSON, "allow"))


def _whole(course: Course, response: Response) -> Story[None]:
    body = chat.read_reply(response.body)
    course.model, course.usage = chat.model_of(body), chat.usage(body)
    judged = yield from judge_choices(course, chat.choices(body))
    withheld, decision = blocked(judged), decision_of(judged)
    yield from close_judged(course, judged, withheld.status if withheld else response.status)
    if withheld:
        yield _withheld(course, withheld)
        return
    changes = revised(judged)
    changed = chat.with_content(body, changes) if changes else body
    if _hides_tokens(course, decision):
        changed = chat.without_logprobs(changed)
    changed = restored(course, changed)
    data = response.body if changed is body else dump(changed)
    yield _only(course, data, response.status, _headers(response, JSON, decision))


def _held(course: Course, response: Response) -> Story[None]:
    """A stream of which nothing is released before the review of the whole."""
    events: list[chat_stream.Event] = []
    gathered = chat_stream.Gathered()
    began = course.plan.clock()
    while arrived := (yield Next()):
        for raw in arrived:
            events.append(chat_stream.read_event(raw))
            _gather(course, gathered, events[-1])
    course.took("stream", began)
    _check_end(events[-1:], gathered)
    judged = yield from judge_choices(course, gathered.choices())
    withheld, decision = blocked(judged), decision_of(judged)
    yield from close_judged(course, judged, withheld.status if withheld else response.status)
    if withheld:
        yield _withheld(course, withheld)
        return
    restorer = _event_restorer(course, decision)
    ending = [event for event in events[-1:] if event.done]
    spoken = chat_stream.with_contents(events[: len(events) - len(ending)], revised(judged))
    told = b"".join(restorer.feed(event) for event in spoken)
    yield _last(course, told + _end(restorer, decision, ending), response.status, _headers(response, SSE, decision))


def _observed(course: Course, response: Response) -> Story[None]:
    """A stream that is passed on as it comes, and judged when it has ended."""
    gathered = chat_stream.Gathered()
    restorer = _event_restorer(course, "allow")
    headers = _headers(response, SSE)
    event: chat_stream.Event | None = None
    began = course.plan.clock()
    while arrived := (yield Next()):
        told = b""
        for event in map(chat_stream.read_event, arrived):
            if not event.done:
                _gather(course, gathered, event)
                told += restorer.feed(event)
        if told:
            yield _more(course, told, response.status, headers)
    course.took("stream", began)
    ending = [event] if event else []
    _check_end(ending, gathered)
    judged = yield from judge_choices(course, gathered.choices())
    yield from close_judged(course, judged, response.status)
    ending = [event for event in ending if event.done]
    yield _last(course, _end(restorer, decision_of(judged), ending), response.status, headers)


def _gather(course: Course, gathered: chat_stream.Gathered, event: chat_stream.Event) -> None:
    gathered.add(event)
    course.model, course.usage = gathered.model, gathered.usage
    if gathered.size > course.plan.reply_bytes:
        raise UpstreamError("The upstream's reply is over the limit limits.reply_bytes.")
    if gathered.error:
        raise UpstreamError("The upstream reported an error in the middle of its stream.")


def _check_end(last: Sequence[chat_stream.Event], gathered: chat_stream.Gathered) -> None:
    if not (last and last[0].done) and not gathered.finished:
        raise UpstreamError("The upstream's stream broke off before its end.")


def _end(restorer: chat_stream.EventRestorer, decision: Decision, ending: Sequence[chat_stream.Event]) -> bytes:
    """The end of a stream: what was held back, the decision as a comment, and the upstream's own end."""
    told = restorer.flush() + chat_stream.comment(f"x-guard-decision: {decision}")
    return told + b"".join(event.raw for event in ending)


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
    told = chat.error(failure)
    if course.emitted:
        yield _last(course, b"data: " + told + b"\n\n", failure.status, {})
    else:
        yield _only(course, told, failure.status, {"content-type": JSON, "x-guard-decision": decision})


def _withheld(course: Course, failure: Blocked) -> Emit:
    return _only(course, chat.error(failure), failure.status, {"content-type": JSON, "x-guard-decision": "block"})


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
    passed_on = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
    told = {"x-guard-decision": decision} if decision else {}
    return {**passed_on, "content-type": kind, **told}


def _event_restorer(course: Course, decision: Decision) -> chat_stream.EventRestorer:
    return chat_stream.EventRestorer(
        lambda depth: StreamRestorer(course.vault, depth=depth),
        idle=not len(course.vault),
        json_content=course.call.json_reply,
        drop_logprobs=_hides_tokens(course, decision),
    )


def _hides_tokens(course: Course, decision: Decision) -> bool:
    """Whether the reply's list of tokens would show placeholders, or what was taken out."""
    return decision == "revise" or len(course.vault) > 0
