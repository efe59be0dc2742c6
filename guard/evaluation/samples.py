"""What an evaluation set is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Group = Literal["entity", "language", "kind", "half"]
# entity    what the value is
# language  en, ko or ja
# kind      what sort of text it is, where the set says so
# half      tuning or held, where the set says so


@dataclass(frozen=True, slots=True)
class Gold:
    """An entity that a text holds: characters `start` to `end`, end exclusive."""

    start: int
    end: int
    entity: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, what is to be masked in it, and the groups it belongs to; "" where the set does not say."""

    text: str
    golds: tuple[Gold, ...] = ()
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """en, ko or ja."""
        return self.groups["language"]


def language_of(text: str) -> str:
    """The language that the letters speak for: Korean by Hangul, Japanese by kana, else English."""
    hangul = sum("가" <= character <= "힣" for character in text)
    kana = sum("ぁ" <= character <= "ヺ" for character in text)
    if not hangul and not kana:
        return "ja" if any("一" <= character <= "鿿" for character in text) else "en"
    return "ko" if hangul > kana else "ja"
