"""The events of a streamed chat completion: read, gathered into a whole, changed, and restored as they pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from guard.errors import RequestError, UpstreamError
from guard.surfaces import chat
from guard.surfaces.chat import DONE, Choice, reply_leaves, usage, without_logprobs
from guard.surfaces.walk import Path, dump, parse, rebuild
from guard.types import Json

_PLAIN = frozenset({"index", "delta", "finish_reason", "logprobs"})

Key: TypeAlias = tuple[str | int, ...]


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


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its bytes, and its body where it carries one."""

    raw: bytes
    body: dict[str, Json] | None = None
    done: bool = False


def read_event(raw: bytes) -> Event:
    """One event, with the blank line that ends it. Raises UpstreamError where its data are not JSON."""
    # A client strips a byte order mark, so with one before it an event would be read there and not here.
    text = raw.removeprefix(b"\xef\xbb\xbf")
    lines = [line[5:].removeprefix(b" ") for line in text.splitlines() if line.startswith(b"data:")]
    if not lines:
        return Event(raw)
    data = b"\n".join(lines)
    if data.strip() == DONE.encode():
        return Event(raw, done=True)
    try:
        return Event(raw, parse(data))
    except RequestError as error:
        raise UpstreamError("The upstream's stream holds an event that is not valid JSON.") from error


def write_event(body: Mapping[str, Json]) -> bytes:
    """An event that carries `body`."""
    return b"data: " + dump(dict(body)) + b"\n\n"


def comment(text: str) -> bytes:
    """An event that clients pass over."""
    return f": {text}\n\n".encode()


@dataclass(slots=True)
class Gathered:
    """What the events of a stream add up to."""

    model: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    error: bool = False
    size: int = 0
    _finished: set[int] = field(default_factory=set)
    _contents: dict[int, list[str]] = field(default_factory=dict)
    _rest: dict[int, dict[Key, list[str]]] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Add one event."""
        self.size += len(event.raw)
        if event.body is None:
            return
        self.error = self.error or bool(event.body.get("error"))
        self.model = chat.model_of(event.body) or self.model
        self.usage.update(usage(event.body))
        self._finished.update(_finished(event.body))
        if not self._add_plain(event.body):
            self._add_leaves(event.body)

    @property
    def finished(self) -> bool:
        """Whether every choice that has begun, and one at least, has come to its end."""
        return bool(self._finished) and self._contents.keys() <= self._finished

    def _add_plain(self, body: dict[str, Json]) -> bool:
        """Add an event that brings nothing but content to one choice, as nearly all do; says whether it was one."""
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
        delta = choice.get("delta") if isinstance(choice, dict) and choice.keys() <= _PLAIN else None
        if not isinstance(choice, dict) or not isinstance(delta, dict) or delta.keys() != {"content"}:
            return False
        index, content = choice.get("index"), delta["content"]
        if type(index) is not int or not isinstance(content, str) or choice.get("logprobs"):
            return False
        self._contents.setdefault(index, []).append(content)
        return True

    def _add_leaves(self, body: dict[str, Json]) -> None:
        for leaf, _ in reply_leaves(body):
            key = _key(body, leaf.path)
            if key is None or leaf.key or key[-1] == "id":
                continue
            index = int(key[0])
            self._contents.setdefault(index, [])
            if key[1:] == ("delta", "content"):
                self._contents[index].append(leaf.text)
            else:
                self._rest.setdefault(index, {}).setdefault(key, []).append(leaf.text)

    def choices(self) -> tuple[Choice, ...]:
        """The words of each choice so far."""
        return tuple(
            Choice(index, "".join(content), "\n".join("".join(t) for t in self._rest.get(index, {}).values()))
            for index, content in sorted(self._contents.items())
        )


def with_contents(events: Iterable[Event], contents: Mapping[int, str]) -> Iterator[Event]:
    """The events in which the choices named by index say something else: all of it at their first words."""
    said: set[int] = set()
    for event in events:
        changes: dict[tuple[Path, bool], str] = {}
        for leaf, _ in reply_leaves(event.body or {}):
            key = _key(event.body or {}, leaf.path)
            if key is not None and key[0] in contents and key[1:] == ("delta", "content"):
                index = int(key[0])
                changes[leaf.path, False] = "" if index in said else contents[index]
                said.add(index)
        if changes and event.body is not None:
            body = rebuild(event.body, changes)
            assert isinstance(body, dict)  # noqa: S101 - rebuild keeps the type
            event = Event(write_event(body), body)  # noqa: PLW2901 - the changed event takes the place of the old one
        yield event


class EventRestorer:
    """Restores the strings of a stream's events, each string across the events over which it is spread.

    `feed_for(depth)` makes the restorer of one string; depth is 1 for JSON inside a string. `idle` says that
    there is nothing to restore.
    """

    def __init__(self, feed_for: Callable[[int], Feed], *, idle: bool, json_content: bool, drop_logprobs: bool) -> None:
        self._feed_for = feed_for
        self._idle = idle
        self._json_content = json_content
        self._drop_logprobs = drop_logprobs
        self._feeds: dict[Key, Feed] = {}
        self._last: dict[Key, dict[str, Json]] = {}
        # Events that wait because a text is held back: as they came, as they are restored, and whether they differ.
        self._came = self._restored = b""
        self._spoken: dict[Key, tuple[str, str]] = {}
        self._differs = False

    def feed(self, event: Event) -> bytes:
        """What can be sent on once `event` has arrived: no events, or one, or several.

        An event of which a text is held back waits for it: a stream in which nothing is restored keeps its bytes.
        """
        if self._idle and not self._drop_logprobs:
            return event.raw
        self._came += event.raw
        self._restored += self._restore(event)
        return b"" if any(feed.holds for feed in self._feeds.values()) else self._release()

    def flush(self) -> bytes:
        """What was held back: the stream is at its end."""
        for index in sorted({int(key[0]) for key in self._feeds}):
            self._restored += self._flush(index)
        return self._release()

    def _release(self) -> bytes:
        same = not self._differs and all(said == told for said, told in self._spoken.values())
        told = self._came if same else self._restored
        self._came = self._restored = b""
        self._spoken.clear()
        self._differs = False
        return told

    def _note(self, key: Key, said: str, told: str) -> None:
        before, after = self._spoken.get(key, ("", ""))
        self._spoken[key] = before + said, after + told

    def _restore(self, event: Event) -> bytes:
        body = event.body
        if body is None:
            return event.raw
        plain = without_logprobs(body) if self._drop_logprobs else body
        self._differs = self._differs or plain is not body
        if self._idle:
            return event.raw if plain is body else write_event(plain)
        changes: dict[tuple[Path, bool], str] = {}
        finished = _finished(plain)
        late = b""
        for leaf, in_json in reply_leaves(plain):
            key = _key(plain, leaf.path)
            if key is None or leaf.key or leaf.kind == "name":
                feed = self._feed_for(int(in_json))
                text = feed.feed(leaf.text) + feed.flush()
                self._differs = self._differs or text != leaf.text
            else:
                feed = self._feed_of(key, in_json)
                self._last[key] = plain
                text = feed.feed(leaf.text)
                if key[0] in finished:
                    text += feed.flush()
                self._note(key, leaf.text, text)
            if text != leaf.text:
                changes[leaf.path, leaf.key] = text
        for index in finished:
            late += self._flush(index)
        if not changes and plain is body:
            return late + event.raw
        return late + b"data: " + dump(rebuild(plain, changes)) + b"\n\n"

    def _feed_of(self, key: Key, in_json: bool) -> Feed:  # noqa: FBT001 - it is the depth
        if key not in self._feeds:
            depth = in_json or (self._json_content and key[1:] == ("delta", "content"))
            self._feeds[key] = self._feed_for(int(depth))
        return self._feeds[key]

    def _flush(self, index: int) -> bytes:
        late = b""
        for key, feed in self._feeds.items():
            text = feed.flush() if key[0] == index else ""
            if text:
                self._note(key, "", text)
                frame = {k: v for k, v in self._last[key].items() if k not in {"choices", "usage"}}
                choice: Json = {"index": index, **_nested(key[1:], text), "finish_reason": None}
                late += write_event({**frame, "choices": [choice]})
        return late


def _key(body: Mapping[str, Json], path: Path) -> Key | None:
    """A name for a string that stays the same from event to event: lists count by the `index` of their items.

    None for strings outside the choices. The first part is the choice's index.
    """
    if len(path) < 3 or path[0] != "choices":
        return None
    value: Any = body
    key: list[str | int] = []
    for part in path:
        value = value[part]
        if isinstance(part, int) and isinstance(value, dict):
            index = value.get("index", part)
            key.append(index if type(index) is int else part)
        else:
            key.append(part)
    return tuple(key[1:])


def _finished(body: Mapping[str, Json]) -> list[int]:
    found = body.get("choices")
    return [
        chat.index_of(c, place)
        for place, c in enumerate(found if isinstance(found, list) else [])
        if isinstance(c, dict) and c.get("finish_reason")
    ]


def _nested(key: Key, text: str) -> dict[str, Any]:
    """A delta that holds `text` at `key` and nothing else."""
    inner: dict[str, Any] = {str(key[-1]): text}
    items: list[dict[str, Any]] | None = None
    for part in reversed(key[:-1]):
        if isinstance(part, int):
            items = [{"index": part, **inner}]
        else:
            inner = {part: inner if items is None else items}
            items = None
    return inner
