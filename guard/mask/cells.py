"""The forms in which the cell of a customer list may stand in a text, and the stretches of a text that may be a cell.

A form is letters and digits alone. A date has the form YEARMONTHDAY however it is written, a name of two words stands
in either order, a telephone number with or without its country.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from guard.mask.grams import Bools, Folded, Hasher, Ints, fold

LONGEST = 64
"""Characters of the longest form that is looked for."""

_LEAST, _LEAST_DIGITS = 3, 4  # what a form weighs at least; digits alone say less
_GAP = 4  # how far apart two characters of one cell may stand: at most three signs between them
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_NAMED = "(?P<m>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})"
_DATES = tuple(
    re.compile(rf"(?<![0-9]){pattern}(?![0-9])", re.IGNORECASE)
    for pattern in (
        r"(?P<y>[12][0-9]{3})(?: ?[-./年년] ?| )(?P<m>[0-9]{1,2})(?: ?[-./月월] ?| )(?P<d>[0-9]{1,2})(?: ?[日일])?",
        r"(?P<d>[0-9]{1,2})[-./](?P<m>[0-9]{1,2})[-./](?P<y>[12][0-9]{3})",
        r"(?P<m>[0-9]{1,2})[-./](?P<d>[0-9]{1,2})[-./](?P<y>[12][0-9]{3})",
        rf"(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?[ -](?:of )?{_NAMED}\.?,?[ -](?P<y>[12][0-9]{{3}})",
        rf"{_NAMED}\.? (?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<y>[12][0-9]{{3}})",
    )
)
_TWO_WORDS = re.compile(r"([^\W\d_][^\W\d_'’.-]*),? ([^\W\d_][^\W\d_'’.-]*)")
_ABROAD = re.compile(r"(?:\+|00) ?(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2})[ .(-]*0?")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of a folded text's normalised text that may be a cell, and its form."""

    start: int
    end: int
    form: str


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long forms are that begin with a character of CJK, and how long the others: each ascending."""

    cjk: tuple[int, ...]
    others: tuple[int, ...]

    @classmethod
    def of(cls, forms: Sequence[str]) -> Lengths:
        """The lengths of these forms."""
        found: Mapping[bool, set[int]] = {True: set(), False: set()}
        firsts = "".join(form[0] for form in forms)
        for form, cjk in zip(forms, fold(firsts).cjk, strict=True):
            found[bool(cjk)].add(len(form))
        return cls(tuple(sorted(found[True])), tuple(sorted(found[False])))


def forms(cell: str) -> tuple[str, ...]:
    """The forms of a cell, the plain one first; none where it is too short to say anything, or too long."""
    folded = fold(cell.strip())
    plain = "".join(map(chr, folded.codes))
    turned = () if folded.cjk.any() else _turned(folded.text)
    found = [plain, *(form for _, _, form in dates(folded.text)), *turned, *_at_home(folded.text)]
    return tuple(dict.fromkeys(form for form in found if _says_something(form)))


def _says_something(form: str) -> bool:
    least = _LEAST_DIGITS if form.isdecimal() else _LEAST
    return len(form) <= LONGEST and int(fold(form).weights[-1]) >= least


def _turned(text: str) -> Iterator[str]:
    words = _TWO_WORDS.fullmatch(text)
    if words:
        yield _plain(words[2] + words[1])


def _at_home(text: str) -> Iterator[str]:
    abroad = _ABROAD.match(text)
    if abroad:
        national = _plain(text[abroad.end() :])
        if len(national) >= 7 and national.isdecimal():
            yield national
            yield f"0{national}"


def _plain(text: str) -> str:
    return "".join(map(chr, fold(text).codes))


def dates(text: str) -> Iterator[tuple[int, int, str]]:
    """The dates in a normalised text: where, and the form. A date that can be read in two ways comes twice."""
    if not any(character.isdecimal() for character in text):
        return
    for pattern in _DATES:
        for match in pattern.finditer(text):
            month = match["m"].lower()
            number = int(month) if month.isdecimal() else _MONTHS[month[:3]]
            try:
                day = date(int(match["y"]), number, int(match["d"]))
            except ValueError:
                continue
            yield match.start(), match.end(), day.strftime("%Y%m%d")


def stretches(folded: Folded, lengths: Lengths) -> tuple[Ints, Ints]:
    """Starts and ends in a folded text of what may be a cell of these lengths: whole words, numbers, parts of CJK."""
    size = len(folded)
    if not size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    edges = _edges(folded)
    far = np.concatenate(([0], np.cumsum(np.diff(folded.places, prepend=folded.places[0]) > _GAP)))
    found = []
    for chosen, sizes in ((folded.cjk, lengths.cjk), (~folded.cjk, lengths.others)):
        starts = np.flatnonzero(edges[:-1] & chosen)
        ends = starts[:, None] + np.array(sizes, np.int64)
        fits = edges[np.minimum(ends, size)] & (ends <= size)
        row, column = np.nonzero(fits)
        starts, ends = starts[row], ends[row, column]
        whole = far[ends] == far[starts + 1]
        found.append((starts[whole], ends[whole]))
    return np.concatenate([starts for starts, _ in found]), np.concatenate([ends for _, ends in found])


def _edges(folded: Folded) -> Bools:
    """Whether a cell may begin or end before each character of the folded text, and behind the last."""
    digits = (folded.codes >= 48) & (folded.codes <= 57)
    inner = (np.diff(folded.places) > 1) | folded.cjk[1:] | folded.cjk[:-1] | (digits[1:] != digits[:-1])
    return np.concatenate(([True], inner, [True]))


def hash_of(forms_: Sequence[str], hasher: Hasher) -> list[int]:
    """The hash of each form, the same as that of the stretch where it stands in a text."""
    folded = fold("".join(forms_))
    sizes = np.array([len(form) for form in forms_], np.int64)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    hashes: list[int] = hasher.sums(folded).hashes(starts, ends).tolist()
    return hashes
