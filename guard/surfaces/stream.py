"""Server-sent events: read, written, and restored as they pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from guard.errors import RequestError, UpstreamError
from guard.surfaces.attachments import at, replaced
from guard.surfaces.citations import Citation, Edge, Move, moved
from guard.surfaces.parts import Key, Part
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Leaf, Path, dump, parse, rebuild
from guard.types import Json


class Feed(Protocol):
    """A text that is changed while it streams by."""

    def feed(self, text: str) -> str:
        """What can be released after `text` has arrived."""
        ...

    def flush(self) -> str:
        """What was held back."""
        ...

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        ...

    def moved(self, position: int, edge: Edge) -> int:
        """Where `position` of the text as it came, the `edge` of something there, stands in what was released."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its bytes, and its body where it carries one. `done` says that it ends the stream.

    `plain` is what `Surface.plain` says of the body, where that has been asked.
    """

    raw: bytes
    body: dict[str, Json] | None = None
    done: bool = False
    plain: tuple[Path, str, Part] | None = field(default=None, compare=False)

    def saying(self, body: Mapping[str, Json]) -> Event:
        """The same event with another body."""
        if body is self.body:
            return self
        lines = self.raw.removeprefix(b"\xef\xbb\xbf").splitlines()
        kept = b"".join(line + b"\n" for line in lines if line and not line.startswith(b"data:"))
        return Event(kept + write_event(body), dict(body), self.done)


def read_event(raw: bytes, done: bytes = b"", surface: Surface | None = None) -> Event:
    """One event, with the blank line that ends it. Raises UpstreamError where its data are not JSON.

    `done` are the data, not JSON, that end the stream of the surface. With a `surface` it is asked whether all that
    the event brings is content, once for all who will want to know.
    """
    # A client strips a byte order mark, so with one before it an event would be read there and not here.
    text = raw.removeprefix(b"\xef\xbb\xbf")
    lines = [line[5:].removeprefix(b" ") for line in text.splitlines() if line.startswith(b"data:")]
    if not lines:
        return Event(raw)
    data = b"\n".join(lines)
    if done and data.strip() == done:
        return Event(raw, done=True)
    try:
        body = parse(data)
    except RequestError as error:
        raise UpstreamError("The upstream's stream holds an event that is not valid JSON.") from error
    return Event(raw, body, plain=surface.plain(body) if surface else None)


def write_event(body: Mapping[str, Json], name: str = "") -> bytes:
    """An event that carries `body`."""
    named = f"event: {name}\n".encode() if name else b""
    return named + b"data: " + dump(dict(body)) + b"\n\n"


def comment(text: str) -> bytes:
    """An event that clients pass over."""
    return f": {text}\n\n".encode()


@dataclass(slots=True)
class _Waiting:
    """An event that is to be sent: its new texts by place, and what it brings of texts that go on over events.

    `came` are these pieces by place, each with the key of its text, and `told` what becomes of them. `counts` are what
    its `citations` count once everything in it is restored.
    """

    event: Event
    body: dict[str, Json] | None
    changes: dict[tuple[Path, bool], str] = field(default_factory=dict)
    came: dict[Path, tuple[Key, str]] = field(default_factory=dict)
    told: dict[Path, str] = field(default_factory=dict)
    citations: tuple[Citation, ...] = ()
    counts: dict[Path, Json] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether something differs apart from the texts that go on over events."""
        return bool(self.changes or self.counts) or self.body is not self.event.body

    def places(self, key: Key) -> list[Path]:
        """Where it brings pieces of a text, the last first."""
        return [path for path, (own, _) in reversed(self.came.items()) if own == key]

    def written(self) -> bytes:
        """The event as it is to be sent: as it came where nothing differs."""
        changes = dict(self.changes)
        for path, (_, text) in self.came.items():
            if self.told[path] != text:
                changes[path, False] = self.told[path]
        if self.body is None or not (changes or self.differs):
            return self.event.raw
        counted = replaced(self.body, self.counts) if self.counts else self.body
        rebuilt = rebuild(counted, changes) if changes else counted
        return self.event.saying(rebuilt if isinstance(rebuilt, dict) else self.body).raw


class EventRestorer:
    """Restores the strings of a stream's events, each text over the events across which it is spread.

    `new_feed` makes the restorer of one text. `idle` says that there is
    nothing to restore. What is sent on depends on the events alone, not on how they arrive.
    """

    def __init__(
        self,
        surface: Surface,
        new_feed: Callable[[], Feed],
        *,
        idle: bool,
        drop_tokens: bool,
    ) -> None:
        self._surface = surface
        self._new_feed = new_feed
        self._idle = idle
        self._drop_tokens = drop_tokens
        self._feeds: dict[Key, Feed] = {}
        self._waiting: list[_Waiting] = []

    @property
    def passes_on(self) -> bool:
        """Whether every event is sent on as it came."""
        return self._idle and not self._drop_tokens

    def feed(self, event: Event) -> bytes:
        """What can be sent on once `event` has arrived: no events, or one, or several.

        An event of which a text is held back waits for it: a stream in which nothing is restored keeps its bytes.
        """
        if self.passes_on:
            return event.raw
        self._waiting.append(self._restored(event))
        return b"" if any(feed.holds for feed in self._feeds.values()) else self._release()

    def flush(self) -> bytes:
        """What was held back: the stream is at its end."""
        self._flush(())
        return self._release()

    def _release(self) -> bytes:
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            item.counts = moved(item.citations, partial(self._move, item.body))
        if len(waiting) == 1:
            return waiting[0].written()
        # A text may have moved from one event to the next and be the same when all are read.
        same = not any(item.differs for item in waiting) and all(
            "".join(text for item in waiting for own, text in item.came.values() if own == key)
            == "".join(item.told[path] for item in waiting for path, (own, _) in item.came.items() if own == key)
            for key in self._feeds
        )
        return b"".join(item.event.raw if same else item.written() for item in waiting)

    def _restored(self, event: Event) -> _Waiting:
        surface = self._surface
        if event.body is None:
            return _Waiting(event, None)
        body = surface.without_tokens(event.body) if self._drop_tokens else event.body
        item = _Waiting(event, body)
        if self._idle:
            return item
        plain = (event.plain if body is event.body else None) or surface.plain(body)
        if plain is not None:
            path, text, part = plain
            self._piece(item, path, text, part)
            return item
        for leaf in surface.reply_leaves(body):
            found = surface.part(body, leaf.path)
            if found is None or not found.piece or leaf.key:
                self._whole(item, leaf)
            else:
                self._piece(item, leaf.path, leaf.text, found)
        item.citations = tuple(surface.citations(body))
        for key in surface.finished(body):
            self._flush(key, item)
        return item

    def _move(self, body: Json, citation: Citation) -> Move | None:
        """How the text that a citation counts has moved; None where it has not come."""
        if citation.text is not None:
            return move_in(body, citation.text, self._new_feed())
        feed = self._feeds.get(citation.key)
        return feed.moved if feed else None

    def _whole(self, item: _Waiting, leaf: Leaf) -> None:
        feed = self._new_feed()
        text = feed.feed(leaf.text) + feed.flush()
        if text != leaf.text:
            item.changes[leaf.path, leaf.key] = text

    def _piece(self, item: _Waiting, path: Path, text: str, part: Part) -> None:
        feed = self._feeds.get(part.key)
        if feed is None:
            feed = self._feeds[part.key] = self._new_feed()
        item.came[path] = part.key, text
        item.told[path] = feed.feed(text)

    def _flush(self, beginning: Key, last: _Waiting | None = None) -> None:
        """End the texts whose key begins so: what is held back goes into the last event that brought some of it."""
        waiting = self._waiting if last is None else [*self._waiting, last]
        for key, feed in self._feeds.items():
            text = feed.flush() if key[: len(beginning)] == beginning else ""
            if text:
                brought = ((item, path) for item in reversed(waiting) for path in item.places(key))
                item, path = next(brought)
                item.told[path] += text


def move_in(body: Json, path: Path | None, feed: Feed) -> Move | None:
    """How places in the text at `path` of a body move when `feed` restores it; None where there is no such text."""
    holder = at(body, path[:-1]) if path else None
    text = holder.get(str(path[-1])) if path and isinstance(holder, dict) else None
    if not isinstance(text, str):
        return None
    feed.feed(text)
    feed.flush()
    return feed.moved
