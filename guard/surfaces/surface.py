"""What a surface is: it knows where an API's strings are, what its events look like, and how it says "error"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from guard.errors import GuardError, RequestError, UpstreamError
from guard.surfaces.citations import Citation
from guard.surfaces.fields import word
from guard.surfaces.parts import Key, Part
from guard.surfaces.walk import LONG_NUMBER, Leaf, Path, Vocabulary, dump, leaves, parse, rebuild
from guard.types import Json, SurfaceName

_OF_ERRORS = frozenset({"error", "type", "request_id"})
_WRAPPERS = frozenset({"response", "message", "delta"})  # in which events hold what a whole reply holds itself
_API_WORD = re.compile(r"[A-Za-z0-9_.:/+=@-]{0,200}")
_DATA = re.compile(r"\bdata:[^\s,]*;\s*base64\s*,", re.IGNORECASE)
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,199}")
_ADDRESS = re.compile(r".*@[^@/]*\.[A-Za-z]{2,}")  # of mail, which no model is called by


@dataclass(frozen=True)
class Call:
    """A request: its body and what the exchange needs to know of it. `thread` names what it goes on from.

    `beside` are the words of it that leave and do not stand in the body, such as a model that the path names.
    """

    surface: Surface
    body: dict[str, Json]
    raw: bytes
    model: str
    stream: bool = False
    thread: str = ""
    beside: tuple[Leaf, ...] = ()

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every string that may hold a value."""
        return (*self.beside, *leaves(self.body, self.surface.vocabulary))

    @cached_property
    def opaque(self) -> tuple[Path, ...]:
        """Where the body holds what guard cannot look into."""
        return tuple(self.surface.opaque(self.body))

    @cached_property
    def prompt_paths(self) -> tuple[Path, ...]:
        """Where the newest turn stands: what was said after the assistant's last words, without instructions."""
        return tuple(self.surface.newest(self.body))

    def masked(self, changes: Mapping[tuple[Path, bool], str]) -> bytes:
        """The body with the changed leaves; the very bytes that came where nothing changed."""
        return dump(rebuild(self.body, changes)) if changes else self.raw


class Surface:
    """One API. A subclass is a table and the few methods in which it differs from the others.

    `speaks` says whether its replies hold words: those of embeddings do not, so there is nothing to judge. `readable`
    are the types of the parts of a message that guard can look into, `repeated` the fields in which a reply repeats the
    request, `tokens` those in which it lists its tokens, `carried` those of bytes that may be words, `counts` that of
    its token counts, `stated` that of its model, `done` the data that end a stream. `comments` says whether its clients
    pass over comments in a stream.
    """

    name: ClassVar[SurfaceName]
    path: ClassVar[str]
    vocabulary: ClassVar[Vocabulary]
    readable: ClassVar[frozenset[str]] = frozenset()
    repeated: ClassVar[frozenset[str]] = frozenset()
    speaks: ClassVar[bool] = True
    streams: ClassVar[bool] = True
    done: ClassVar[bytes] = b""
    comments: ClassVar[bool] = True
    tokens: ClassVar[frozenset[str]] = frozenset({"logprobs"})
    carried: ClassVar[frozenset[str]] = frozenset()
    counts: ClassVar[str] = "usage"
    stated: ClassVar[str] = "model"
    default_model: ClassVar[str] = ""  # where a request need not name one
    blank: ClassVar[str] = ""  # what stands in for a text that was taken out, where an empty one is not allowed

    # --- requests ---

    def serves(self, path: str) -> bool:
        """Whether requests to `path` are of this surface."""
        return path == self.path

    def address(self, body: Mapping[str, Json], model: str, *, stream: bool) -> str:
        """The path, and what of a query belongs to it, at which an upstream takes a request."""
        del body, model, stream
        return self.path

    def recorded(self, raw: bytes, model: str, *, stream: bool) -> Call:
        """A request of which body, model and kind of reply are on record. Raises RequestError."""
        del model, stream
        return self.read(raw)

    def read(self, raw: bytes, address: str = "") -> Call:
        """A request as a Call: its body, and where it came to. Raises RequestError, which names the field at fault."""
        del address
        body = parse(raw)
        model, stream = body.get("model", self.default_model), body.get("stream") or False
        if not isinstance(model, str) or not MODEL.fullmatch(model):
            raise RequestError("'model' must be the name of a model.", param="model")
        if not isinstance(stream, bool):
            raise RequestError("'stream' must be true or false.", param="stream")
        if stream and not self.streams:
            raise RequestError("This route does not stream. Leave 'stream' out.", param="stream")
        self.check(body)
        return Call(self, body, raw, model, stream, self.thread_of(body))

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise RequestError where `body` is not a request of this surface."""

    def renamed(self, body: Mapping[str, Json], model: str) -> dict[Path, str]:
        """Where a body names its model, with what is to stand there for another `model`."""
        del body
        return {("model",): model}

    def thread_of(self, body: Mapping[str, Json]) -> str:
        """The name of an earlier reply or conversation, kept by the provider, that a request goes on from."""
        del body
        return ""

    def newest(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """Where the newest turn of a request stands."""
        del body
        yield from ()

    def opaque(self, body: Mapping[str, Json]) -> Iterator[Path]:
        """Where a request holds what guard cannot look into: images, audio, files, and data inside URLs."""
        yield from _opaque(dict(body), (), self)

    def is_opaque(self, item: Mapping[str, Json], path: Path) -> bool:
        """Whether the object `item` at `path` is something that guard cannot look into."""
        place = list(path)
        while place and isinstance(place[-1], int):
            place.pop()
        inside = len(place) < len(path) and place[-1:] == ["content"]
        return inside and word(item, "type") not in self.readable

    # --- replies ---

    def read_reply(self, raw: bytes) -> dict[str, Json]:
        """The body of a whole reply. Raises UpstreamError where it is not one of this surface's."""
        try:
            body = parse(raw)
        except RequestError as error:
            raise UpstreamError("The upstream's reply is not valid JSON.") from error
        problem = "it reports an error" if self.failed(body) else self.reply_problem(body)
        if problem:
            raise UpstreamError(f"The upstream's reply is not one of this route: {problem}.")
        return body

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is not a reply of this surface; empty where it is one."""
        del body
        return ""

    def part(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which text of the reply the string at `path` of a whole reply, or of an event, belongs to.

        None where it belongs to none: a word of the API, or of the caller's own request, which is restored by itself.
        What stands where the API has no words is taken for the model's all the same, because nobody knows better.
        """
        placed = self.placed(body, path)
        return placed if placed or not self.speaks or self._unsaid(body, path) else Part(0, path)

    def placed(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which text of the reply stands at `path`, where the API has the model's words; None anywhere else."""
        del body, path
        return None

    def _unsaid(self, body: Mapping[str, Json], path: Path) -> bool:
        """Whether no text of the model's can stand at `path`."""
        own = path[1:] if path[0] in _WRAPPERS else path
        if own and own[0] in self.repeated:
            return True
        value: Any = body
        for step in path:
            value = value[step]
        known = all(isinstance(step, int) or step in self.vocabulary.keys for step in path)
        return known and isinstance(value, str) and bool(_API_WORD.fullmatch(value))

    def reply_leaves(self, body: Json) -> Iterator[Leaf]:
        """Every string of a reply or event that may hold a placeholder."""
        pictures = {path for _, path in self.pictures(body)} if isinstance(body, dict) else set()
        for leaf in leaves(body, self.vocabulary):
            if leaf.path in pictures or self._of_tokens(leaf.path):
                continue
            if leaf.kind != "fixed":
                yield leaf
            elif leaf.path[-1] in self.carried:
                yield replace(leaf, kind="text")

    def _of_tokens(self, path: Path) -> bool:
        """Whether a list of tokens stands at `path`; what is called like one inside the user's own data is none."""
        for step in path:
            if step in self.tokens or step in self.vocabulary.free:
                return step in self.tokens
        return False

    def pictures(self, body: Mapping[str, Json]) -> Iterator[tuple[int, Path]]:
        """Where a reply or event holds a picture, each with its choice: it passes as it is, and is not judged."""
        del body
        yield from ()

    def citations(self, body: Mapping[str, Json]) -> Iterator[Citation]:
        """Where a reply or event counts characters of its own words: the counts move when these are restored."""
        del body
        yield from ()

    def plain(self, body: Mapping[str, Json]) -> tuple[Path, str, Part] | None:
        """The place, words and part of an event that brings nothing but content, as nearly all do; else None."""
        del body
        return None

    def finished(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The beginnings of the keys whose texts end with this event."""
        del body
        return ()

    def begun(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The choices that this body is about, with or without words."""
        del body
        return ()

    def ended(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The choices that end with this event."""
        del body
        return ()

    def calls(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The calls of tools that this event begins or goes on with, by keys that `finished` ends."""
        del body
        return ()

    def without_tokens(self, body: dict[str, Json]) -> dict[str, Json]:
        """A reply or event without lists of tokens, which would show what stood there before it was changed.

        The same object where it has none.
        """
        return body

    def model_of(self, body: Mapping[str, Json]) -> str:
        """The model that a reply or event names; empty where that is no name of a model."""
        stated = body.get(self.stated)
        named = isinstance(stated, str) and MODEL.fullmatch(stated) and not _ADDRESS.fullmatch(stated)
        return str(stated) if named else ""

    def usage(self, body: Mapping[str, Json]) -> dict[str, int]:
        """The token counts that a reply or event states, under keys of the API alone."""
        stated = body.get(self.counts)
        counts = stated if isinstance(stated, dict) else {}
        known = {key: value for key, value in counts.items() if key in self.vocabulary.keys}
        return {key: value for key, value in known.items() if type(value) is int and 0 <= value < LONG_NUMBER}

    def reply_thread(self, body: Mapping[str, Json]) -> str:
        """The name by which a later request may go on from this reply; empty where it has none."""
        del body
        return ""

    def is_sealed(self, place: Key) -> bool:
        """Whether a text is signed by the provider, so that it must come back to it as it was.

        `place` is its path in a request, or its key in a reply.
        """
        del place
        return False

    # --- errors ---

    def error(self, failure: GuardError) -> bytes:
        """A failure in this surface's shape. The message of a GuardError never holds a value."""
        kind = "invalid_request_error" if failure.status < 500 else "server_error"
        told: Json = {"message": failure.message, "type": kind, "param": failure.param, "code": failure.code}
        return dump({"error": told})

    def error_event(self, failure: GuardError) -> bytes:
        """A failure inside a stream that has begun."""
        return b"data: " + self.error(failure) + b"\n\n"

    def error_body(self, raw: bytes, status: int) -> dict[str, Json] | None:
        """An upstream's error body in this surface's shape; None where it says nothing."""
        del status
        try:
            body = parse(raw)
        except RequestError:
            return None
        told = body.get("error")
        if not isinstance(told, dict) or not isinstance(told.get("message"), str):
            return None
        return {key: value for key, value in body.items() if key in _OF_ERRORS}  # words beside it nobody has judged

    def failed(self, body: Mapping[str, Json]) -> bool:
        """Whether an event says that the upstream failed."""
        return bool(body.get("error"))


def _opaque(value: Json, path: Path, surface: Surface) -> list[Path]:
    found: list[Path] = []
    match value:
        case dict() if path and surface.is_opaque(value, path):
            found.append(path)
        case dict():
            for key, item in value.items():
                found += _opaque(item, (*path, key), surface)
        case list():
            for index, item in enumerate(value):
                found += _opaque(item, (*path, index), surface)
        case str() if "base64" in value.casefold() and _DATA.search(value):
            found.append(path)
    return found
