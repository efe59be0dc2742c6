"""Which language a visitor reads: what they chose, else what their browser asks for.

Messages are tables, one for each language: `Mapping[Language, Mapping[str, str]]`, with the same keys in each and
values in `{braces}`. `?lang=ko` on any page chooses, and a cookie remembers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

Language = Literal["en", "ko", "ja"]
Words: TypeAlias = Mapping[Language, Mapping[str, str]]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
OWN_NAMES: Final[Mapping[Language, str]] = {"en": "English", "ko": "한국어", "ja": "日本語"}
COOKIE: Final = "guard_language"
LONGEST: Final = 500  # characters of Accept-Language that are read
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,80})?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


def named(text: str | None) -> Language | None:
    """The language of this code; None where guard does not speak it."""
    return next((language for language in LANGUAGES if language == text), None)


def choose(query: str | None, cookie: str | None, accepted: str) -> Language:
    """The language of a request: that of `?lang=`, of the cookie, of Accept-Language (RFC 9110, 12.5.4), or English."""
    return named(query) or named(cookie) or _wished(accepted)


def _wished(accepted: str) -> Language:
    best: tuple[float, Language] = (0.0, "en")
    for item in accepted[:LONGEST].split(","):
        match = _RANGE.fullmatch(item)
        language = named(match[1].lower()) if match else None
        if match and language and float(match[2] or 1) > best[0]:
            best = float(match[2] or 1), language
    return best[1]
