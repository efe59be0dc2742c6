"""Finds of a model that nothing speaks for: everyday words of a dictionary that the model is not sure of.

A model that is asked for what is improbable, so that it misses little, takes a word of the dictionary for a name where
news would have one. Unless it is sure, such a word is a name only where it has the form of one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from guard.backends.crf import Token
from guard.mask.patterns import Result

__all__ = ["Evidence", "spoken_for"]

_SURE = {"PERSON": 0.85, "ORGANIZATION": 0.7, "LOCATION": 0.65}  # scores; half of 1 + the probability
_SURE_ASKED = {"PERSON": 0.95, "ORGANIZATION": 0.9, "LOCATION": 0.85}  # in a request, whatever the words are
_SURE_LATIN = 0.75
_LONGEST_REQUEST = 20  # characters in which the pattern of a request has place
_LATIN_WORD = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a name in one language.

    `honorifics` are titles and particles that stand after a person's; `endings` are those of organisations and
    places, after another word; `is_full_name` says of a find and its tokens whether it looks like a person's whole
    name; `request` is how a line ends that asks a model for something: there, what the news would call by name is most
    often the thing that is asked about.
    """

    honorifics: Collection[str]
    endings: Collection[str]
    is_full_name: Callable[[str, Sequence[Token]], bool]
    request: re.Pattern[str]


def spoken_for(names: Sequence[Result], text: str, tokens: Sequence[Token], evidence: Evidence) -> Iterator[Result]:
    """Those of `names`, found in `text` by its `tokens` and ascending, that are not weak, nor all that they touch."""
    starts = [token.start for token in tokens]
    weak = [_is_weak(name, text, tokens, starts, evidence) for name in names]
    for i, name in enumerate(names):
        before = i > 0 and not weak[i - 1] and _together(text, names[i - 1], name)
        after = i + 1 < len(names) and not weak[i + 1] and _together(text, name, names[i + 1])
        if not weak[i] or before or after:
            yield name


def _together(text: str, left: Result, right: Result) -> bool:
    return text[left.end : right.start] in {"", " "}


def _is_weak(name: Result, text: str, tokens: Sequence[Token], starts: Sequence[int], evidence: Evidence) -> bool:
    word = text[name.start : name.end]
    asked = name.score < _SURE_ASKED[name.entity_type] and _is_request(text, name.end, evidence.request)
    if name.score >= _SURE[name.entity_type] and not asked:
        return False
    if _LATIN_WORD.fullmatch(word):
        return name.score < _SURE_LATIN
    first, last = bisect_left(starts, name.start), bisect_left(starts, name.end)
    inside = tokens[first:last]
    person = name.entity_type == "PERSON"
    if person and (tokens[last].form if last < len(tokens) else "") in evidence.honorifics:
        return False
    if not asked and not all(token.common for token in inside):
        return False
    if person:
        return not evidence.is_full_name(word, inside)
    if asked and word.endswith(tuple(evidence.endings)) and not all(token.common for token in inside):
        return False
    return len(inside) < 2 or inside[-1].form not in evidence.endings


def _is_request(text: str, end: int, request: re.Pattern[str]) -> bool:
    """Whether the line around `end` asks for something."""
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    return bool(request.search(text, max(end, stop - _LONGEST_REQUEST), stop))
