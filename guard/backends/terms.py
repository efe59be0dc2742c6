"""A company's lists of terms: code names, customers. One term a line; what follows ` #` is a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from guard.errors import ConfigError
from guard.mask.normalise import normalise

_COMMENT = re.compile(r"(?:^|\s)#.*")
_LEAST = 2  # characters of a term


@dataclass(frozen=True, slots=True)
class TermList:
    """Terms that are one kind of entity: those of `file`, which may change while guard runs, and `terms`."""

    entity: str
    file: Path | None = None
    terms: tuple[str, ...] = ()


def checked(terms: tuple[str, ...], entity: str) -> tuple[str, ...]:
    """The terms that a policy holds itself, as they are. Raises ConfigError."""
    for number, term in enumerate(terms, 1):
        if _letters(term) < _LEAST:
            raise ConfigError(
                f"recognize.lists, {entity}, term {number}: has fewer than two letters or digits, and would be "
                "found everywhere. Write it out, or drop it."
            )
    return terms


def parse(data: bytes, path: Path) -> tuple[str, ...]:
    """The terms of a file, in order, each once. Raises ConfigError, which names the line and never the term."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {at}: is not UTF-8. Save the file as UTF-8.") from None
    terms: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        term = _COMMENT.sub("", line, count=1).strip() if "#" in line else line.strip()
        if not term:
            continue
        if _letters(term) < _LEAST:
            raise ConfigError(
                f"{path}, line {number}: the term has fewer than two letters or digits, and would be found "
                "everywhere. Write it out, or drop it."
            )
        terms[term] = None
    if not terms:
        raise ConfigError(f"{path}: holds no term. Write one a line, or take the list out of the policy.")
    return tuple(terms)


def _letters(term: str) -> int:
    return sum(character.isalnum() for character in (term if term.isascii() else normalise(term)[0]))
