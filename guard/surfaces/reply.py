"""What a reply says, whole or gathered from the events of a stream, and how other words are put into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from guard.surfaces.growing import Growing
from guard.surfaces.parts import Choice, Key, Made, Part
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Path, label, rebuild
from guard.types import Json

Contents: TypeAlias = Mapping[Key, str | int]  # the contents at one time, by text: as they were, or how long

_UNSAID = frozenset({"id", "tool_call_id", "call_id"})  # identifiers: neither judged nor kept


@dataclass(slots=True)
class Gathered:
    """What a reply adds up to: add the body of a whole reply once, or those of all events of a stream.

    Without `keeps` its words are not gathered, only what it says of itself.
    """

    surface: Surface
    keeps: bool = True
    model: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    thread: str = ""
    failed: bool = False
    size: int = 0
    _ended: set[int] = field(default_factory=set)
    _pieces: dict[int, dict[Key, Growing]] = field(default_factory=dict)
    _wholes: dict[int, dict[Key, list[str]]] = field(default_factory=dict)
    _contents: set[Key] = field(default_factory=set)
    _pictures: dict[int, dict[str, None]] = field(default_factory=dict)

    def add(self, body: Mapping[str, Json], plain: tuple[Path, str, Part] | None = None) -> None:
        """Add a reply, or one event of it; `plain` is what `Surface.plain` says of it, where that is known."""
        surface = self.surface
        plain = plain or surface.plain(body)
        if plain is not None:
            _, text, part = plain
            self._add(part, text)
        else:
            for leaf in surface.reply_leaves(dict(body)) if self.keeps else ():
                found = surface.part(body, leaf.path)
                # Inside a tool's input the model's own words may be called so; there they are no names.
                if found is None or (leaf.kind == "name" and leaf.path[-1] in _UNSAID):
                    continue
                # A key that is not the API's is the model's, as those of a tool's input are.
                self._add(Part(found.choice, (*found.key, "key")) if leaf.key else found, leaf.text)
            for index, path in surface.pictures(body):
                self._pictures.setdefault(index, {})[label(path, surface.vocabulary.keys)] = None
            self.failed = self.failed or surface.failed(body)
            self._ended.update(surface.ended(body))
            for index in surface.begun(body):
                self._pieces.setdefault(index, {})
            self.usage.update(surface.usage(body))
            self.thread = surface.reply_thread(body) or self.thread
        self.model = self.model or surface.model_of(body)

    def _add(self, part: Part, text: str) -> None:
        if not self.keeps:
            self._pieces.setdefault(part.choice, {})
            return
        if part.content:
            self._contents.add(part.key)
        pieces = self._pieces.setdefault(part.choice, {})
        own = pieces.get(part.key)
        if part.piece:
            if own is None:
                own = pieces[part.key] = Growing()
            own.add(text)
        elif own is None or len(own) != len(text) or own.text() != text:  # else the same is said again, and kept once
            texts = self._wholes.setdefault(part.choice, {}).setdefault(part.key, [])
            if text not in texts:
                texts.append(text)

    @property
    def finished(self) -> bool:
        """Whether every choice that has begun, and one at least, has come to its end."""
        return bool(self._ended) and self._pieces.keys() <= self._ended

    def sealed(self) -> tuple[str, ...]:
        """The texts that the provider has signed, as it wrote them."""
        is_sealed = self.surface.is_sealed
        pieces = [each.text() for own in self._pieces.values() for key, each in own.items() if is_sealed(key)]
        wholes = [
            text for own in self._wholes.values() for key, texts in own.items() if is_sealed(key) for text in texts
        ]
        return tuple(dict.fromkeys([*pieces, *wholes]))

    def so_far(self) -> Contents:
        """The contents so far, in little memory, for `contents`."""
        wholes = {key: "".join(texts) for own in self._wholes.values() for key, texts in own.items()}
        pieces = {key: len(each) for own in self._pieces.values() for key, each in own.items()}
        both: dict[Key, str | int] = {**wholes, **pieces}
        return {key: said for key, said in both.items() if key in self._contents}

    def contents(self, then: Contents) -> dict[Key, str]:
        """The contents as they were at the time of `then`, by text."""
        pieces = {key: each for own in self._pieces.values() for key, each in own.items()}
        return {key: said if isinstance(said, str) else pieces[key].text()[:said] for key, said in then.items()}

    def choices(self) -> tuple[Choice, ...]:
        """The words of each choice so far."""
        return tuple(self._choice(index) for index in sorted(self._pieces))

    def _choice(self, index: int) -> Choice:
        joined = {key: each.text() for key, each in self._pieces[index].items()}
        # An API may repeat as a whole what it has sent in pieces; only what differs was not said yet. Content that is
        # repeated elsewhere is judged there too, because other words would not be put there.
        wholes = self._wholes.get(index, {})
        said = {(key in self._contents, text) for key, text in joined.items()} if wholes else set()
        for key, texts in wholes.items():
            for number, text in enumerate(texts):
                if (key in self._contents, text) not in said:
                    joined[(*key, "whole", number) if key in joined else key] = text
        content = {key: text for key, text in joined.items() if key in self._contents}
        rest = {key: text for key, text in joined.items() if key not in self._contents and text}
        pictures = tuple(self._pictures.get(index, ()))
        return Choice(index, "".join(content.values()), "\n".join(rest.values()), pictures, _made(content), _made(rest))


def _made(texts: Mapping[Key, str]) -> Made:
    return tuple((key, len(text)) for key, text in texts.items())


def gathered(surface: Surface, body: Mapping[str, Json], *, keeps: bool = True) -> Gathered:
    """What a whole reply says."""
    reply = Gathered(surface, keeps)
    reply.add(body)
    return reply


class Revised:
    """Puts new contents into the bodies of a reply, in order: all of a choice's into its first text, none after.

    `told` are the contents that have been told before these bodies, by the keys of their texts: they stand, and the new
    contents go on from there. Where a body repeats a text as a whole, it repeats what was told of it too.
    """

    def __init__(self, surface: Surface, contents: Mapping[int, str], told: Mapping[Key, str] | None = None) -> None:
        self._surface = surface
        self._contents = contents
        self._told = told or {}
        self._first: dict[int, Key] = {}
        self._said: set[Key] = set()

    def begin(self, bodies: Iterable[dict[str, Json]]) -> None:
        """Choose the texts that take the new contents: the first of each choice that goes on in `bodies`."""
        for body in bodies if self._contents else ():
            for _, part in self._places(body):
                if part.piece:
                    self._first.setdefault(part.choice, part.key)

    def apply(self, body: dict[str, Json]) -> dict[str, Json]:
        """One body with the new words; the same object where none of them belong into it."""
        if not self._contents:
            return body
        changes: dict[tuple[Path, bool], str] = {}
        for path, part in self._places(body):
            if part.choice in self._contents:
                changes[path, False] = self._words(part)
        if not changes:
            return body
        rebuilt: Any = rebuild(body, changes)
        changed: dict[str, Json] = rebuilt
        return changed

    def _places(self, body: dict[str, Json]) -> list[tuple[Path, Part]]:
        """Where content stands in a body, in order."""
        found = ((leaf, self._surface.part(body, leaf.path)) for leaf in self._surface.reply_leaves(body))
        return [(leaf.path, part) for leaf, part in found if part is not None and part.content and not leaf.key]

    def _words(self, part: Part) -> str:
        first = self._first.setdefault(part.choice, part.key) == part.key
        told = self._told.get(part.key, "")
        words = self._contents[part.choice] if first else "" if told else self._surface.blank
        if not part.piece:
            return told + words
        again = part.key in self._said
        self._said.add(part.key)
        return "" if again else words
