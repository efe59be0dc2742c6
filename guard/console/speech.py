"""The console's words in three languages: a table of messages each, and which of them a visitor reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

import yaml

Language = Literal["en", "ko", "ja"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
OWN_NAMES: Final[Mapping[Language, str]] = {"en": "English", "ko": "한국어", "ja": "日本語"}
COOKIE: Final = "guard_language"
LONGEST: Final = 500  # characters of Accept-Language that are read
MESSAGES: Final = Path(__file__).parent / "messages"
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,80})?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


@dataclass(frozen=True, slots=True)
class Speech:
    """The messages of one language."""

    language: Language
    messages: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The message `key` with `values` in its places. Raises KeyError where there is none."""
        message = self.messages[key]
        return message.format_map(values) if values else message

    def word(self, kind: str, value: str) -> str:
        """What a word of a closed set, such as a decision, is called; the word itself where it is a newer one."""
        return self.messages.get(f"{kind}.{value}", value)


@cache
def speech(language: Language) -> Speech:
    """The messages of `language`, read once."""
    text = (MESSAGES / f"{language}.yaml").read_text(encoding="utf-8")
    return Speech(language, yaml.safe_load(text))


def chosen(query: str | None, cookie: str | None, accepted: str) -> Language:
    """The language of `?lang=`, else of the cookie, else the first that the browser asks for (RFC 9110, 12.5.4)."""
    known = {str(language): language for language in LANGUAGES}
    for wish in (query, cookie):
        if wish in known:
            return known[wish]
    best: tuple[float, Language] = (0.0, "en")
    for item in accepted[:LONGEST].split(","):
        match = _RANGE.fullmatch(item)
        language = known.get(match[1].lower()) if match else None
        if match and language and float(match[2] or 1) > best[0]:
            best = float(match[2] or 1), language
    return best[1]
