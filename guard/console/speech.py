"""The console's words in three languages: a table of messages each, in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from guard.console.language import Language

MESSAGES: Final = Path(__file__).parent / "messages"


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
