"""The ways in which a stream is told: held until all of it is judged, window by window, or as it comes.

Whatever the way, its end is on record before the client is told it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guard.asks import Next, Response, Story
from guard.course import Course
from guard.errors import UpstreamError
from guard.inbound import blocked, close_judged, decision_of, hold, judge_choices, keep_for_later, revised
from guard.mask.restore import StreamRestorer
from guard.surfaces.assembling import assembled
from guard.surfaces.parts import Key
from guard.surfaces.reply import Gathered, Revised
from guard.surfaces.stream import Event, EventRestorer, comment, read_event
from guard.surfaces.windows import Windows
from guard.telling import SSE, broken_off, headers, hides_tokens, last, more, withheld
from guard.types import Decision, Json
from guard.window import Watch

# A window is at least this part of what was told before it: each is judged with all before it, and so the work stays in
# proportion to the reply. The first thousand characters are told by the sentence.
GROWTH = 8


@dataclass(slots=True)
class _Stream:
    """A stream under way: what it said so far, and the events that have not been told."""

    course: Course
    response: Response
    reply: Gathered
    waiting: list[Event] = field(default_factory=list)
    bodies: list[dict[str, Json]] = field(default_factory=list)  # of all events, where the reply may have to be held

    def take(self, arrived: Sequence[bytes]) -> UpstreamError | None:
        """Read events that have arrived. A failure comes back, so that what came before it can be told first."""
        try:
            for raw in arrived:
                event = read_event(raw, self.course.surface.done)
                self._gather(event)
                self.waiting.append(event)
        except UpstreamError as failure:
            return failure
        return None

    def _gather(self, event: Event) -> None:
        course, reply = self.course, self.reply
        reply.size += len(event.raw)
        if event.body is not None:
            reply.add(event.body)
            if course.may_escalate:
                self.bodies.append(event.body)
        course.model, course.usage = reply.model, reply.usage
        if reply.size > course.plan.reply_bytes:
            raise UpstreamError("The upstream's reply is over the limit limits.reply_bytes.")
        if reply.failed:
            raise UpstreamError("The upstream reported an error in the middle of its stream.")

    def check_end(self) -> None:
        """Raise UpstreamError where the stream broke off."""
        if not (self.waiting and self.waiting[-1].done) and not self.reply.finished:
            raise UpstreamError("The upstream's stream broke off before its end.")


def held(course: Course, response: Response) -> Story[None]:
    """A stream of which nothing is told before the review of the whole."""
    stream = _Stream(course, response, Gathered(course.surface))
    began = course.plan.clock()
    while arrived := (yield Next()):
        if failure := stream.take(arrived):
            raise failure
    course.took("stream", began)
    stream.check_end()
    yield from _reviewed(stream, None, {}, Watch(course))


def windowed(course: Course, response: Response) -> Story[None]:
    """A stream that is told window by window, each once all that was said up to its end has passed.

    From the first window on that does not pass, the stream is held to its end; what was told stands, and what the
    review makes of the rest follows in the same stream.
    """
    stream = _Stream(course, response, Gathered(course.surface))
    told, watch, windows = Gathered(course.surface), Watch(course), Windows(course.surface)
    masked = len(course.vault) > 0  # else the restorer has nothing to do, and at the end there may be something
    restorer = _restorer(course, hides=masked)
    began = course.plan.clock()
    count, size, said = 0, 0, dict[Key, str]()
    while arrived := (yield Next()):
        seen = len(stream.waiting)
        failure = stream.take(arrived)
        arriving = stream.waiting[seen:] if watch.open else []
        ready = max(map(windows.feed, arriving), default=count) - count
        ended = stream.reply.finished or bool(stream.waiting and stream.waiting[-1].done)
        # All that came is at least what lies in ended windows, and costs nothing to know.
        enough = stream.reply.size - size >= size // GROWTH
        passing = stream.waiting[:ready] if ready > 0 and enough and not ended else []
        new = sum(len(event.raw) for event in passing)
        if passing and new >= size // GROWTH:
            for event in passing:
                told.add(event.body or {})
            choices = told.choices()
            if (yield from watch.passes(choices)):
                count, size, said = count + ready, size + new, told.contents()
                stream.waiting = stream.waiting[ready:]
                course.told = "\n\n".join(watch.told(choices).values())
                data = b"".join(map(restorer.feed, passing))
                yield more(course, data, response.status, headers(response, SSE))
        if failure:
            raise failure
    course.took("stream", began)
    stream.check_end()
    yield from _reviewed(stream, restorer if masked else None, said, watch)


def observed(course: Course, response: Response) -> Story[None]:
    """A stream that is passed on as it comes, all but its last event, and judged when it has ended."""
    stream = _Stream(course, response, Gathered(course.surface, keeps=course.reads_replies))
    restorer = _restorer(course, hides=len(course.vault) > 0)
    began = course.plan.clock()
    while arrived := (yield Next()):
        failure = stream.take(arrived)
        if data := b"".join(map(restorer.feed, stream.waiting[: _ending(stream)])):
            yield more(course, data, response.status, headers(response, SSE))
        del stream.waiting[: _ending(stream)]
        if failure:
            raise failure
    course.took("stream", began)
    stream.check_end()
    judged = yield from judge_choices(course, stream.reply.choices())
    yield from keep_for_later(course, stream.reply)
    yield from close_judged(course, judged, response.status)
    data = _end(course, restorer, decision_of(judged), stream.waiting)
    yield last(course, data, response.status, headers(response, SSE))


def _reviewed(stream: _Stream, restorer: EventRestorer | None, told: Mapping[Key, str], watch: Watch) -> Story[None]:
    """Judge the whole of a stream, record its end, and tell what has not been told yet.

    `restorer` is that of the events that were told, and `told` the contents in them.
    """
    course, response = stream.course, stream.response
    choices = stream.reply.choices()
    judged = yield from judge_choices(course, choices, watch.told(choices))
    yield from keep_for_later(course, stream.reply)
    failure, decision = blocked(course, judged), decision_of(judged)
    if decision == "escalate":
        yield from hold(course, judged, assembled(course.surface, stream.bodies))
    yield from close_judged(course, judged, failure.status if failure else response.status)
    if failure:
        yield broken_off(course, failure) if course.emitted else withheld(course, failure)
        return
    if restorer is None:
        restorer = _restorer(course, hides=hides_tokens(course, decision))
    words = Revised(course.surface, revised(judged), told)
    words.begin(event.body for event in stream.waiting if event.body)
    spoken = [event.saying(words.apply(event.body)) if event.body else event for event in stream.waiting]
    if decision == "revise":
        spoken = [event.saying(course.surface.without_tokens(event.body)) if event.body else event for event in spoken]
    data = b"".join(restorer.feed(event) for event in spoken[:-1])
    data += _end(course, restorer, decision, spoken[-1:])
    yield last(course, data, response.status, headers(response, SSE, decision))


def _ending(stream: _Stream) -> int:
    """How many of the waiting events may be told before the end is on record: all but one that ends the stream."""
    if not stream.waiting:
        return 0
    event = stream.waiting[-1]
    ends = event.done or (event.body and stream.reply.finished and stream.course.surface.ended(event.body))
    return len(stream.waiting) - bool(ends)


def _end(course: Course, restorer: EventRestorer, decision: Decision, ending: Sequence[Event]) -> bytes:
    """The end of a stream: what was held back, the decision as a comment, and the upstream's own last events.

    Where clients do not pass over comments, the decision is in the log alone, and the last event may bring words too.
    """
    told = restorer.flush() + comment(f"x-guard-decision: {decision}") if course.surface.comments else b""
    return told + b"".join(map(restorer.feed, ending)) + restorer.flush()


def _restorer(course: Course, *, hides: bool) -> EventRestorer:
    return EventRestorer(
        course.surface, lambda: StreamRestorer(course.vault), idle=not len(course.vault), drop_tokens=hides
    )
