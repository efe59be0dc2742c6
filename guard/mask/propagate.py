"""What was found once is found wherever it stands again, in the same text and in the others of a conversation."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from guard.mask.names import stands_alone
from guard.mask.spans import ASIDE, disjoint
from guard.types import Span

_MOST = 200  # values of one text that are looked for again
_WORD = re.compile(r"[^\W\d_][^\W_'’-]{2,}(?:['’-][^\W_]+)*")
_LONG = 6  # letters: a longer word of a name is looked for in small letters too
_SCORE = 0.6


def repeated(spans: Iterable[Span], text: str) -> Iterator[Span]:
    """Further places of what `spans` cover: secrets and addresses as a whole, people also by one of their names.

    A name in two words ("Faina Yefremova") makes each of them a name in the rest of the text, where it is spelled with
    the same capital. That leaves no half of a pair unmasked beside a masked whole.
    """
    values: dict[str, Span] = {}
    for span in spans:
        for value in _values(text[span.start : span.end], span.entity):
            values.setdefault(value, span)
    chosen = sorted((v for v in values if text.count(v) > 1), key=len, reverse=True)[:_MOST]
    if chosen:
        yield from _places(_either(chosen), values, text)


def across(
    texts: Sequence[str], found: Sequence[tuple[Span, ...]], kept: Container[str] = ()
) -> tuple[tuple[Span, ...], ...]:
    """The spans of each text, disjoint and sorted, with the further places of what was found in any of the texts.

    `found` are the spans of each text, `kept` the entities that leave as they are. Texts in which nothing new is found
    keep their spans as they are.
    """
    values: dict[str, Span] = {}
    covered: list[str] = []
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            if span.entity in kept:  # what stays decides over nothing that is to be masked
                continue
            covered.append(text[span.start : span.end])
            for value in _values(covered[-1], span.entity):
                values.setdefault(value, span)
    chosen = _elsewhere(list(values), texts, covered)
    if not chosen:
        return tuple(found)
    either = _either(sorted(chosen, key=len, reverse=True))
    return tuple(
        disjoint([*spans, *_places(either, values, text)], text, kept)
        if any(value in text for value in chosen)
        else spans
        for text, spans in zip(texts, found, strict=True)
    )


def _elsewhere(values: Sequence[str], texts: Sequence[str], covered: Sequence[str]) -> list[str]:
    """The values that stand in `texts` more often than in what is `covered` of them.

    Nearly always there is none, and one walk for all of them (Aho and Corasick, 1975) is much faster than a search.
    """
    if not values:
        return []
    automaton = AhoCorasick(values)
    surplus = [0] * len(values)
    for parts, step in ((texts, 1), (covered, -1)):
        for match in automaton.find_matches_as_indexes("\0".join(parts), overlapping=True):
            surplus[match[0]] += step
    return [value for value, more in zip(values, surplus, strict=True) if more > 0]


def _either(values: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, values))})(?![0-9A-Za-z])")


def _places(either: re.Pattern[str], values: dict[str, Span], text: str) -> Iterator[Span]:
    for match in either.finditer(text):
        source = values[match.group()]
        yield Span(match.start(), match.end(), source.entity, min(source.score, _SCORE), source.recognizer)


def _values(value: str, entity: str) -> Iterator[str]:
    if len(value) < 3 or entity in ASIDE:
        return
    match entity:
        case "PERSON":
            if stands_alone(value):
                yield value
            words = _WORD.findall(value)
            yield from (w for w in words if len(words) > 1 and (w[0].isupper() or len(w) > _LONG) and stands_alone(w))
        case "ORGANIZATION" | "LOCATION" | "INSTITUTION":
            if stands_alone(value) and value[0].isupper():
                yield value
        case _:
            if len(value) >= 5:
                yield value
