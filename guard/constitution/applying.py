"""Which principles apply: to a caller on a surface, and then to the language of what is judged.

Languages are told by their scripts, which costs nothing and never changes its mind: the more text there is, the more
languages it holds, so what applied to the beginning of a reply applies to all of it. In doubt a principle applies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from guard.constitution.values import Constitution, Language, Principle, Scope
from guard.types import Principal

# Characters of each script, and how many of them make a text one of that language: about four words, so that a name
# or a term of another language does not count.
SCRIPTS: tuple[tuple[Language, re.Pattern[str], int], ...] = (
    ("en", re.compile(r"[A-Za-z\u00c0-\u024f]"), 20),
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"), 8),
    ("ja", re.compile(r"[\u3040-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f]"), 6),
)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
LEAST_HAN = 8
LEAST_OTHER = 20
# What is in Latin script whatever the language: placeholders, addresses, code.
NO_WORDS = re.compile(r"<[A-Z][A-Z0-9_]*>|https?://\S+|\S+@\S+|(?s:```.*?(?:```|\Z))|`[^`\n]*`")


def languages_of(text: str) -> frozenset[Language]:
    """The languages that `text` holds more than a few words of; none where it is too short to say."""
    words = NO_WORDS.sub(" ", text)
    counts: dict[Language, int] = {name: len(pattern.findall(words)) for name, pattern, _ in SCRIPTS}
    han = len(HAN.findall(words))
    found: set[Language] = {name for name, _, least in SCRIPTS if counts[name] >= least}
    if han >= LEAST_HAN:
        found |= {"zh", "ja"} if counts["ja"] else {"zh"}
    if sum(map(str.isalpha, words)) - sum(counts.values()) - han >= LEAST_OTHER:
        found.add("other")
    return frozenset(found)


def in_force(constitutions: Iterable[Constitution], principal: Principal, surface: str) -> Constitution | None:
    """What of `constitutions` is for this caller on this surface, as one; None where nothing is.

    The principles of a document with a higher precedence come first. The scopes of documents are in the principles'.
    """
    covering = [one for one in constitutions if one.scope.covers(principal, surface)]
    covering.sort(key=lambda one: (-one.precedence, one.name))
    if not covering:
        return None
    principles = tuple(
        narrowed
        for one in covering
        for principle in one.principles
        if principle.scope.covers(principal, surface) and (narrowed := _narrowed(principle, one.scope)) is not None
    )
    first, *others = covering
    if not others:
        return replace(first, principles=principles)
    digests = "\n".join(one.digest for one in covering)
    return replace(
        first,
        name=", ".join(one.name for one in covering),
        principles=principles,
        digest=hashlib.sha256(digests.encode()).hexdigest(),
    )


def applicable(principles: Sequence[Principle], *texts: str) -> tuple[Principle, ...]:
    """Those of `principles` that are for a language of `texts`; of two with one id, the first."""
    found: dict[str, Principle] = {}
    spoken: frozenset[Language] | None = None
    for principle in principles:
        if principle.scope.languages and spoken is None:
            spoken = frozenset().union(*map(languages_of, texts))
        if not principle.scope.languages or not spoken or spoken.intersection(principle.scope.languages):
            found.setdefault(principle.id, principle)
    return tuple(found.values())


def _narrowed(principle: Principle, document: Scope) -> Principle | None:
    """`principle` for the languages that its document is for too; None where there are none."""
    if not document.languages:
        return principle
    own = principle.scope.languages
    both = tuple(one for one in own or document.languages if one in document.languages)
    return replace(principle, scope=replace(principle.scope, languages=both)) if both else None
