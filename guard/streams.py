"""The ways in which a stream is told: held until all of it is judged, window by window, or as it comes.

Whatever the way, its end is on record before the client is told it. A long stream takes little memory beside its words,
which are kept once, and these only where something is looked for in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from guard.asks import Next, Response, Story
from guard.course import Course
from guard.errors import GuardError, UpstreamError
from guard.inbound import Judged, blocked, close_judged, decision_of, hold, judge_choices, keep_for_later, revised
from guard.mask.restore import StreamRestorer
from guard.surfaces.assembling import assembled
from guard.surfaces.events import Events
from guard.surfaces.reply import Contents, Gathered, Revised
from guard.surfaces.stream import Event, EventRestorer, comment, read_event
from guard.surfaces.windows import Windows
from guard.telling import SSE, broken_off, headers, hides_tokens, last, more, withheld
from guard.types import Decision
from guard.window import REACH, Watch

# A window is at least this part of what was told before it: each is judged with what came before it, and so the work
# stays in proportion to the reply. The first thousand characters are told by the sentence; and since no window is
# judged with more than twice REACH before it, none is longer than this part of that.
GROWTH = 8
LONGEST = 2 * REACH // GROWTH

TOGETHER = 65_536  # bytes of what was held that the client is told at a time


class _Stream:
    """A stream under way, and what it says of itself; its words too if it `keeps` them."""

    def __init__(self, course: Course, response: Response, *, keeps: bool) -> None:
        self.course = course
        self.response = response
        self.reply = Gathered(course.surface, keeps)
        self.every = Events(course.surface.done)  # where the whole reply may have to be held for a person
        self._done = False

    def read(self, arrived: Sequence[bytes]) -> tuple[list[Event], UpstreamError | None]:
        """The events that have arrived. A failure comes with them, so that what came before it can be told first."""
        events: list[Event] = []
        try:
            for raw in arrived:
                event = read_event(raw, self.course.surface.done, self.course.surface)
                self._gather(event)
                events.append(event)
        except UpstreamError as failure:
            return events, failure
        return events, None

    def _gather(self, event: Event) -> None:
        course, reply = self.course, self.reply
        reply.size += len(event.raw)
        self._done = event.done
        if event.body is not None:
            reply.add(event.body, event.plain)
            if course.may_escalate:
                self.every.append(event)
        course.model, course.usage = reply.model, reply.usage
        if reply.size > course.plan.reply_bytes:
            raise UpstreamError("The upstream's reply is over the limit limits.reply_bytes.")
        if reply.failed:
            raise UpstreamError("The upstream reported an error in the middle of its stream.")

    @property
    def ended(self) -> bool:
        """Whether the stream has said that it is at its end."""
        return self.reply.finished or self._done

    def check_end(self) -> None:
        """Raise UpstreamError where the stream broke off."""
        if not self.ended:
            raise UpstreamError("The upstream's stream broke off before its end.")


class _Watched(_Stream):
    """A stream of which nothing is told before it was judged; `watch` says of which windows this may be so at once.

    `ready` are the events of windows that have ended, and `words` what they say and all that was told before.
    """

    def __init__(self, course: Course, response: Response, watch: Watch) -> None:
        super().__init__(course, response, keeps=False)
        self.watch = watch
        self.words = Gathered(course.surface)
        self.ready = Events(course.surface.done)
        self.so_far: Contents = {}  # what was told
        self._begun = Events(course.surface.done)  # the events of the window that has not ended
        self._windows = Windows(course.surface)
        self._told = self._ended = self._count = 0

    def take(self, event: Event) -> None:
        """Let an event wait until it may be told."""
        if not self.watch.open:
            self.end_windows()
            self._ready(event)
            return
        self._count += 1
        ended, before = self._windows.feed(event), self._ended
        self._ended = ended
        if ended > before and ended < self._count:  # the window ended before this event
            self.end_windows()
        self._begun.append(event)
        if ended == self._count:
            self.end_windows()

    def end_windows(self) -> None:
        """Let nothing wait for a window to end."""
        if len(self._begun):
            for event in self._begun:
                self._ready(event)
            self._begun.clear()

    def _ready(self, event: Event) -> None:
        if event.body is not None:
            self.words.add(event.body, event.plain)
        self.ready.append(event)

    @property
    def is_due(self) -> bool:
        """Whether enough is ready to be judged; at the end of a stream all of it is."""
        new = self._windows.length - self._told
        return self.watch.open and len(self.ready) > 0 and not self.ended and new >= min(self._told // GROWTH, LONGEST)

    @property
    def told(self) -> str:
        """The contents that the client has been told, as the log keeps them."""
        return self.watch.words(self.words.choices())

    def passes(self) -> Story[bool]:
        """Have what is ready judged; it counts as told where it may be."""
        # Nobody may hold on to the words, or the text would be copied whenever it grows: see `guard.surfaces.growing`.
        passed = yield from self.watch.passes(self.words.choices())
        if passed:
            self._told, self.so_far = self._windows.length, self.words.so_far()
        return passed


def held(course: Course, response: Response) -> Story[None]:
    """A stream of which nothing is told before the review of the whole."""
    stream = _Watched(course, response, Watch(course, open=False))
    began = course.plan.clock()
    while arrived := (yield Next()):
        events, failure = stream.read(arrived)
        for event in events:
            stream.take(event)
        if failure:
            raise failure
    course.took("stream", began)
    stream.check_end()
    yield from _reviewed(stream, None)


def windowed(course: Course, response: Response) -> Story[None]:
    """A stream that is told window by window, each once all that was said up to its end has passed.

    From the first window on that does not pass, the stream is held to its end; what was told stands, and what the
    review makes of the rest follows in the same stream.
    """
    stream = _Watched(course, response, Watch(course))
    try:
        yield from _by_windows(stream)
    except GuardError:
        course.told = stream.told
        raise


def _by_windows(stream: _Watched) -> Story[None]:
    course, response = stream.course, stream.response
    masked = len(course.vault) > 0  # else the restorer has nothing to do, and at the end there may be something
    restorer = _restorer(course, hides=masked)
    began = course.plan.clock()
    while arrived := (yield Next()):
        events, failure = stream.read(arrived)
        for event in events:
            stream.take(event)
        if stream.is_due and (yield from stream.passes()):
            data = b"".join(_restored(restorer, stream.ready))
            stream.ready.clear()
            yield more(course, data, response.status, headers(response, SSE))
        if failure:
            raise failure
    course.took("stream", began)
    stream.check_end()
    yield from _reviewed(stream, restorer if masked else None)


def observed(course: Course, response: Response) -> Story[None]:
    """A stream that is passed on as it comes, all but its last event, and judged when it has ended."""
    stream, waiting = _Stream(course, response, keeps=course.reads_replies), list[Event]()
    restorer = _restorer(course, hides=len(course.vault) > 0)
    began = course.plan.clock()
    while arrived := (yield Next()):
        events, failure = stream.read(arrived)
        waiting += events
        count = len(waiting) - (bool(waiting) and _ends(stream, waiting[-1]))
        if data := b"".join(map(restorer.feed, waiting[:count])):
            yield more(course, data, response.status, headers(response, SSE))
        del waiting[:count]
        if failure:
            raise failure
    course.took("stream", began)
    stream.check_end()
    judged = yield from judge_choices(course, stream.reply.choices())
    yield from keep_for_later(course, stream.reply)
    yield from close_judged(course, judged, response.status)
    data = _end(course, restorer, decision_of(judged), waiting)
    yield last(course, data, response.status, headers(response, SSE))


def _reviewed(stream: _Watched, restorer: EventRestorer | None) -> Story[None]:
    """Judge the whole of a stream, record its end, and tell what has not been told yet.

    `restorer` is that of the events that were told.
    """
    course, response = stream.course, stream.response
    stream.end_windows()
    choices = stream.words.choices()
    judged = yield from judge_choices(course, choices, stream.watch.told(choices))
    yield from keep_for_later(course, stream.words)
    failure, decision = blocked(course, judged), decision_of(judged)
    if decision == "escalate":
        yield from hold(course, judged, assembled(course.surface, stream.every.bodies))
    yield from close_judged(course, judged, failure.status if failure else response.status)
    if failure:
        yield broken_off(course, failure) if course.emitted else withheld(course, failure)
        return
    if restorer is None:
        restorer = _restorer(course, hides=hides_tokens(course, decision))
    head, data = headers(response, SSE, decision), bytearray()
    for piece in _rest(stream, restorer, judged, decision):
        if len(data) >= TOGETHER:
            yield more(course, bytes(data), response.status, head)
            data.clear()
        data += piece
    yield last(course, bytes(data), response.status, head)


def _rest(stream: _Watched, restorer: EventRestorer, judged: Sequence[Judged], decision: Decision) -> Iterator[bytes]:
    """What of a stream has not been told, with the words of its review, restored."""
    ending = stream.ready.pop()
    if decision != "revise":
        yield from _restored(restorer, stream.ready)
        yield _end(stream.course, restorer, decision, ending)
        return
    surface = stream.course.surface
    words = Revised(surface, revised(judged), stream.words.contents(stream.so_far))
    words.begin(event.body for event in chain(stream.ready, ending) if event.body)

    def spoken(event: Event) -> Event:
        return event.saying(surface.without_tokens(words.apply(event.body))) if event.body else event

    yield from (restorer.feed(spoken(event)) for event in stream.ready)
    yield _end(stream.course, restorer, decision, [spoken(event) for event in ending])


def _restored(restorer: EventRestorer, events: Events) -> Iterator[bytes]:
    return iter(events.raw()) if restorer.passes_on else map(restorer.feed, events)


def _ends(stream: _Stream, event: Event) -> bool:
    """Whether the newest event ends the stream, so that it may not be told before the end is on record."""
    return event.done or bool(event.body and stream.reply.finished and stream.course.surface.ended(event.body))


def _end(course: Course, restorer: EventRestorer, decision: Decision, ending: Iterable[Event]) -> bytes:
    """The end of a stream: what was held back, the decision as a comment, and the upstream's own last events.

    Where clients do not pass over comments, the decision is in the log alone, and the last event may bring words too.
    """
    told = restorer.flush() + comment(f"x-guard-decision: {decision}") if course.surface.comments else b""
    return told + b"".join(map(restorer.feed, ending)) + restorer.flush()


def _restorer(course: Course, *, hides: bool) -> EventRestorer:
    return EventRestorer(
        course.surface, lambda: StreamRestorer(course.vault), idle=not len(course.vault), drop_tokens=hides
    )
