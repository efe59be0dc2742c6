"""Names inside a company's systems: its hosts with their sub-domains, its packages, its folders and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from guard.backends.dictionary import longest, lowered
from guard.errors import ConfigError
from guard.mask.patterns import Result

ENTITY = "INTERNAL_NAME"

_LEAST = 4  # characters of a name
_LABELS = re.compile(r"(?:[a-z0-9_-]{1,63}\.){1,12}\Z")  # sub-domains, or what a package is inside of
_REACH = 255  # characters that may stand before a name and belong to it
_IN_PATH = r"[^\s\"'`<>|*,;:(){}\[\]，。、「」『』（）]{0,400}"
# What may follow a host or a package: further parts of it, a port, then a path. Behind a path: what is in the folder.
_MORE = re.compile(
    rf"(?:\.[\w$-]{{1,100}}){{0,30}}(?::[0-9]{{1,5}}(?![\w]))?(?:[/\\:](?=[\w~.%+-]){_IN_PATH})?", re.ASCII
)
_WITHIN = re.compile(rf"(?:[/\\]{_IN_PATH})?")
_ENDS_NONE = ".?!&=-/\\"  # what ends a sentence, or nothing that belongs to a name


class InternalNames:
    """Hosts, packages and paths as a recognizer in the shape of Presidio's EntityRecognizer. Case does not count."""

    name = "internal"
    supported_language = "*"
    supported_entities = (ENTITY,)

    def __init__(self, names: Sequence[str]) -> None:
        """Raises ConfigError where a name is too short or ahocorasick-rs is not installed."""
        for number, name in enumerate(names, 1):
            if len(name.strip("/\\. ")) < _LEAST:
                raise ConfigError(
                    f"recognize.code.internal, name {number}: is shorter than {_LEAST} characters, and would be found "
                    "everywhere. Write more of it."
                )
        try:
            from ahocorasick_rs import AhoCorasick
        except ImportError as error:
            raise ConfigError("ahocorasick-rs is not installed, which internal names need. Install it.") from error
        self._names = tuple(dict.fromkeys(spelling for name in names for spelling in _spellings(lowered(name.strip()))))
        self._automaton = AhoCorasick(list(self._names))

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The internal names in `text`, whole, sorted, none inside another."""
        if entities is not None and ENTITY not in entities:
            return []
        low = lowered(text)
        hits = self._automaton.find_matches_as_indexes(low, overlapping=True)
        found = (_extent(low, self._names[index], start, end) for index, start, end in hits)
        return longest(Result(ENTITY, *extent, 1.0) for extent in found if extent)


def _spellings(name: str) -> Iterator[str]:
    """A name as it is looked for: a folder without its last slash, a package also as the folder that holds it."""
    bare = name.rstrip("/\\")
    yield bare
    if "/" not in bare and "\\" not in bare and "." in bare:
        yield bare.replace(".", "/")


def _extent(low: str, name: str, start: int, end: int) -> tuple[int, int] | None:
    """The whole of what begins with, or is inside of, an internal name; None where it is another name."""
    after = low[end : end + 2]
    if _is_word(after[:1]) or (after[:1] == "-" and _is_word(after[1:])):
        return None
    if name[0] in "/\\~" or name[1:2] == ":":  # a path
        if after[:1] == "." and _is_word(after[1:]):
            return None
        return start, _ended(low, end, _WITHIN)
    before = low[start - 1 : start]
    if _is_word(before) or before == "-":
        return None
    labels = _LABELS.search(low, max(0, start - _REACH), start) if before == "." else None
    return labels.start() if labels else start, _ended(low, end, _MORE)


def _ended(low: str, end: int, more: re.Pattern[str]) -> int:
    """Where a name ends that goes on behind `end` with `more`, less the signs that end a sentence."""
    match = more.match(low, end)
    last = match.end() if match else end
    while last > end and low[last - 1] in _ENDS_NONE:
        last -= 1
    return last


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())
