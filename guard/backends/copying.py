"""Keep a model from miscopying placeholders: a constraint on the next token.

A placeholder such as `<PERSON_K7Q2M4XD>` can be restored only when every character of its code is right. Small
models copy such codes badly: they swap characters, mix two codes, or make up a third. So once the text they write
begins a placeholder of the prompt, only tokens are allowed that go on to spell it out, and a placeholder that does
not stand in the prompt can never be begun. Without its brackets a placeholder is held to the same rule; in lower
case, or as a code alone, it is never written. All else is left to the model, and so is every word of the prompt.

The vocabulary is matched as text, because one token may hold `RSON_`, `>.` or `> and`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

CODE = "0-9A-HJKMNP-TV-Z"  # Crockford's base32
PLACEHOLDER = re.compile(rf"<(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*?_)(?P<code>[{CODE}]{{8,}}(?:_[{CODE}]{{2,}})?)>")

# A word, with its bracket if it has one: whatever may be a placeholder, or become one.
_WORD = re.compile(r"<?[A-Za-z0-9_]+")
_OPEN_END = re.compile(r"<?[A-Za-z0-9_]*\Z")
_LONGEST = 200  # characters; no placeholder is longer
# In answer to a prompt with placeholders, a bracket, a name and one character more are enough to be read as one;
# in answer to any other it takes eight characters of a code, with a digit and a letter among them.
_LIKE_ONE = re.compile(r"<[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_[A-Z0-9]")
_SURELY_ONE = re.compile(rf"<?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[{CODE}]{{8}}")
# What gives a code away: its beginning up to three characters with a digit and a letter among them.
_GIVEAWAY = re.compile(r"(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])(?:[A-Z]{2,}[0-9]|[0-9]{2,}[A-Z]|...)")


@dataclass(frozen=True)
class Vocabulary:
    """The text of each token; `by_text` finds the tokens of a text, `closing` those that hold a `>`."""

    texts: tuple[str, ...] = field(repr=False)
    by_text: dict[str, list[int]] = field(repr=False)
    closing: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Vocabulary:
        """The vocabulary whose token `i` reads `texts[i]`."""
        by_text: dict[str, list[int]] = {}
        for token, text in enumerate(texts):
            by_text.setdefault(text, []).append(token)
        return cls(tuple(texts), by_text, tuple(i for i, text in enumerate(texts) if ">" in text))


class Copying:
    """The constraint for one answer: ask `choices` and `refuses` before a token, tell `take` after it."""

    def __init__(self, prompt: str, vocabulary: Vocabulary) -> None:
        found = list(PLACEHOLDER.finditer(prompt))
        bare = {match[0][1:-1] for match in found}
        others = _WORD.findall(PLACEHOLDER.sub(" ", prompt))
        self._vocabulary = vocabulary
        self._placeholders = frozenset(match[0] for match in found)
        self._words = frozenset(word for word in others if "_" in word) | bare
        self._names = tuple({match["name"] for match in found})
        self._giveaways = tuple({m[0] for match in found if (m := _GIVEAWAY.match(match["code"]))})
        self._tail = ""

    @property
    def size(self) -> int:
        """How many tokens the vocabulary has."""
        return len(self._vocabulary.texts)

    @property
    def tail(self) -> str:
        """The end of the text that begins a placeholder and does not end it yet, else the empty string."""
        return self._tail if self._wholes(self._tail) else ""

    def choices(self) -> list[int]:
        """The only tokens allowed now; empty where the model is free."""
        allowed: set[int] = set()
        for whole in self._wholes(self._tail):
            rest = whole[len(self._tail) :]
            for end in range(1, len(rest) + 1):
                allowed.update(self._vocabulary.by_text.get(rest[:end], ()))
            if rest.endswith(">"):
                texts = self._vocabulary.texts
                allowed.update(token for token in self._vocabulary.closing if texts[token].startswith(rest))
        return sorted(token for token in allowed if not self.refuses(token))

    def refuses(self, token: int) -> bool:
        """Whether `token` would begin, bend or break a placeholder that the prompt does not hold."""
        text = self._tail + self._vocabulary.texts[token]
        return any(self._bad(match[0], text[match.end() : match.end() + 1]) for match in _WORD.finditer(text))

    def take(self, token: int) -> None:
        """Go on with `token` written."""
        match = _OPEN_END.search(self._tail + self._vocabulary.texts[token])
        self._tail = match[0][-_LONGEST:] if match else ""

    def _bad(self, word: str, after: str) -> bool:
        """Whether a text may not hold `word` followed by the character `after`, empty at the end of the text."""
        wholes = self._wholes(word)
        if not after:
            return not wholes and self._like_one(word) and not any(w.startswith(word) for w in self._words)
        if after == ">" and word + after in self._placeholders:
            return False
        return word not in self._words and (bool(wholes) or self._like_one(word))

    def _wholes(self, word: str) -> list[str]:
        """The placeholders, bracketed or bare as `word` is, that an unfinished `word` must become."""
        if word.startswith("<"):
            return sorted(p for p in self._placeholders if "_" in word and p.startswith(word))
        if word in self._words or not self._named(word):
            return []
        return sorted(known for known in self._words if known.startswith(word))

    def _named(self, word: str) -> bool:
        """Whether `word` is the name of a placeholder of the prompt and at least one character more."""
        return any(word.startswith(name) and word != name for name in self._names)

    def _like_one(self, word: str) -> bool:
        upper = word.upper()
        parts = upper.removeprefix("<").split("_")
        if any(part.startswith(giveaway) for part in parts for giveaway in self._giveaways):
            return True
        if word != upper:
            return word.startswith("<") and self._named(upper[1:])
        if word.startswith("<"):
            return (_LIKE_ONE if self._placeholders else _SURELY_ONE).match(word) is not None
        return self._named(word) or _SURELY_ONE.match(word) is not None
