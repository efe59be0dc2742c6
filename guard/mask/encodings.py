r"""Encodings that hide text in place, character by character, undone with a map back.

These are percent-encoding (RFC 3986), HTML entities, and the escapes with a backslash of JSON and of C and its heirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.entities import html5

# Every alternative begins with a plain character, because then the search for one is fast.
_SPELLED = re.compile(
    r"\\(?<!\\\\)(?:\\*+(?:"  # a row of backslashes, from the first of them on
    r"(?P<escape>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\"/]|[nrt](?![a-z]))"
    r"|(?P<path>[nrt])"  # as in C:\new, or else a line break before a word
    r"|(?P<hex>x[0-9a-fA-F]{2}(?:\\x[0-9a-fA-F]{2})*+)"
    r"|(?P<octal>[0-3][0-7]{2}(?:\\[0-3][0-7]{2})*+)"
    r"|(?P<point>U[0-9a-fA-F]{8}|u\{[0-9a-fA-F]{1,6}\}))|\\++)"
    r"|%(?:(?P<percent>[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*+)|(?P<unicode>u[0-9a-fA-F]{4}))"
    r"|&(?P<entity>#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};)"
)
_CERTAIN = frozenset({None, "escape", "entity"})
_BYTE = re.compile(r"%(?P<percent>..)|\\x(?P<hex>..)|\\(?P<octal>...)")
_POINT = re.compile(r"[0-9a-fA-F]+")
# One character of UTF-8 (RFC 3629), else one byte.
_UTF_8 = re.compile(rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\s\S]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FORM = re.compile(r"\S+")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
# In a form a plus is a space; at its beginning it is that of a telephone number, before an at sign that of an address.
_PLUS = re.compile(r"(?<=[^=&?+])\+(?![\w.+-]{0,64}(?:@|%40))")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text with its encodings undone; `offsets` says for each position, its length included, where it came from.

    `certain` is False where what looked like an encoding may be none, so that the text is to be read as it stands, too.
    """

    text: str
    offsets: tuple[int, ...]
    certain: bool


def decoded(raw: str) -> Decoded | None:
    """`raw` with what is spelled out in place undone, one layer of it; None where nothing is."""
    if not ("%" in raw or "\\" in raw or "&" in raw):
        return None
    given = _FORM.sub(_spaced, raw) if "+" in raw and "%" in raw else raw
    certain = True
    pieces: list[str] = []
    offsets: list[int] = []
    last = 0
    for match in _SPELLED.finditer(given):
        form, characters = _characters(match)
        certain = certain and form in _CERTAIN
        pieces += [given[last : match.start()], *(text for _, text in characters)]
        offsets += range(last, match.start())
        offsets += (start for start, text in characters for _ in text)
        last = match.end()
    text = "".join([*pieces, given[last:]])
    return None if text == raw else Decoded(text, (*offsets, *range(last, len(raw) + 1)), certain)


def _spaced(form: re.Match[str]) -> str:
    return _PLUS.sub(" ", form.group()) if _PERCENT.search(form.group()) else form.group()


def _characters(match: re.Match[str]) -> tuple[str | None, list[tuple[int, str]]]:
    """The form of a match, and what it spells, piece by piece, with where each begins; what spells no text, as it is.

    A string inside a string doubles backslashes: two are one, and only one that is left over begins an escape.
    """
    written, start = match.group(), match.start()
    backslashes = len(written) - len(written.lstrip("\\"))
    pairs = [(start + at, "\\") for at in range(0, backslashes - 1, 2)]
    form = match.lastgroup if backslashes % 2 or not backslashes else None
    written, start = written[2 * len(pairs) :], start + 2 * len(pairs)
    return form, [*pairs, *_of_form(form, written, start)]


def _of_form(form: str | None, written: str, start: int) -> Iterator[tuple[int, str]]:
    match form:
        case None:
            yield from enumerate(written, start)
        case "escape" | "path":
            yield start, json.loads(f'"{written}"')
        case "hex" | "octal" | "percent":
            yield from _from_bytes(written, start)
        case "point" | "unicode":
            number = int(_POINT.findall(written)[-1], 16)
            yield from _spelled(chr(number) if number < 0x110000 else "", written, start)
        case _:
            known = written[1] == "#" or written[1:] in html5
            yield from _spelled(unescape(written) if known else "", written, start)


def _spelled(text: str, written: str, start: int) -> Iterator[tuple[int, str]]:
    if text and not _CONTROL.search(text):
        yield start, text
    else:
        yield from enumerate(written, start)


def _from_bytes(written: str, start: int) -> Iterator[tuple[int, str]]:
    units = list(_BYTE.finditer(written))
    data = bytes(int(unit[unit.lastgroup], 8 if unit.lastgroup == "octal" else 16) for unit in units if unit.lastgroup)
    for match in _UTF_8.finditer(data):
        begin, end = units[match.start()].start(), units[match.end() - 1].end()
        codec = "latin-1" if len(match.group()) == 1 else "utf-8"
        yield from _spelled(match.group().decode(codec, "replace"), written[begin:end], start + begin)
