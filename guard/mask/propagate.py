"""What was found once in a text is found wherever it stands again in that text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from guard.mask.names import stands_alone
from guard.types import Span

_MOST = 200  # values of one text that are looked for again
_WORD = re.compile(r"[^\W\d_][^\W_'’-]{2,}(?:['’-][^\W_]+)*")
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
    if not chosen:
        return
    either = "|".join(map(re.escape, chosen))
    for match in re.finditer(rf"(?<![0-9A-Za-z])(?:{either})(?![0-9A-Za-z])", text):
        source = values[match.group()]
        yield Span(match.start(), match.end(), source.entity, min(source.score, _SCORE), source.recognizer)


def _values(value: str, entity: str) -> Iterator[str]:
    if len(value) < 3:
        return
    match entity:
        case "PERSON":
            if stands_alone(value):
                yield value
            words = _WORD.findall(value)
            yield from (w for w in words if len(words) > 1 and w[0].isupper() and stands_alone(w))
        case "ORGANIZATION" | "LOCATION":
            if stands_alone(value) and value[0].isupper():
                yield value
        case _:
            if len(value) >= 5:
                yield value
