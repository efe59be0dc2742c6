"""Text in base64 (RFC 4648) or in hexadecimal digits: blobs, of which no part can be replaced on its own.

Most long words decode to noise, and images decode to bytes, so what counts is what decodes to text for the most part.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

_ALPHABET = "A-Za-z0-9+/_-"  # of base64 and of base64url
# A line of it and those after it, to the first that holds anything else.
_RUN = re.compile(rf"[{_ALPHABET}]{{16,}}(?:\r?\n[ \t]*[{_ALPHABET}]+)*={{0,2}}")
_LINE = re.compile(rf"[{_ALPHABET}]+={{0,2}}")
_WORD = re.compile(r"[A-Za-z0-9]+={0,2}")
_PLAIN_WORD = re.compile(r"[a-z0-9]+|[A-Z]?[a-z]+|[A-Z0-9]+")
_DULL = re.compile(r"[a-z/_-]+")  # a path or a name: of 16 characters of base64 one in 500,000 rows is so
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
_STANDARD = str.maketrans("-_", "+/")
_TEXT = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+"
)
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_LARGE = 4096
_LONG = 1024  # for a path
# What speaks for UTF-16: the letters of Europe, Hangul, kana and forms of these. Of random bytes every fifth pair is
# one of them, and every third an ideograph.
_EVIDENT = re.compile("[\t\n\r\x20-\x7e\xa0-\u04ff\u2000-\u206f\u3000-\u30ff가-힣\uff00-\uffef\U0001d400-\U0001d7ff]")
_IDEOGRAPH = re.compile("[一-鿿]")

# Digests of what decodes to no text. Chat tools send the whole history with every turn, and to try again is what costs.
_noise: set[bytes] = set()
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Blob:
    """Where a blob stands, and what it decodes to."""

    start: int
    end: int
    text: str


def blobs(raw: str) -> Iterator[Blob]:
    """What stands in base64 or in hexadecimal digits and decodes to text, in order.

    Where it can be read in two ways, as with lines that may belong together or not, both are given.
    """
    for match in _RUN.finditer(raw):
        lines = [(line.start(), line.group()) for line in _LINE.finditer(raw, match.start(), match.end())]
        if len(lines) == 1:
            yield from _in_line(*lines[0])
        else:
            yield from _in_block(lines)


def _in_block(lines: Sequence[tuple[int, str]]) -> Iterator[Blob]:
    """As one text, and where the lines are not of equal width, as in mail (RFC 2045), also each on its own."""
    width = len(lines[0][1])
    equal = next((at for at, (_, line) in enumerate(lines) if len(line) != width), len(lines))
    texts, block = _texts_of(lines), lines
    for count in (equal + 1, equal):
        if not _clean(texts) and _clean(fewer := _texts_of(lines[:count])):
            texts, block = fewer, lines[:count]  # what follows are words after the block
    start, end = block[0][0], block[-1][0] + len(block[-1][1])
    yield from (Blob(start, end, text) for text, _ in texts)
    regular = texts and equal >= len(block) - 1 and width >= 48
    for at, line in lines[len(block) :] if regular else lines:
        yield from _in_line(at, line)


def _in_line(start: int, written: str) -> Iterator[Blob]:
    """As a whole, and where it may be a path or have a prefix, what stands in that."""
    texts = _texts(written.rstrip("="))
    parts: list[Blob] = []
    exact = False
    for at, word in () if _clean(texts) or len(written) > _LONG else _words(start, written):
        inside = _texts(word.rstrip("=")) if len(word) < len(written) else []
        parts += (Blob(at, at + len(word), text) for text, _ in inside)
        exact = exact or _clean(inside)
    places = {part.start for part in parts}
    rest = (word for at, word in _words(start, written) if at not in places)
    if not (exact and all(map(_PLAIN_WORD.fullmatch, rest))):
        yield from (Blob(start, start + len(written), text) for text, _ in texts)
    yield from parts


def _words(start: int, written: str) -> Iterator[tuple[int, str]]:
    return ((start + word.start(), word.group()) for word in _WORD.finditer(written))


def _texts_of(lines: Sequence[tuple[int, str]]) -> list[tuple[str, bool]]:
    return _texts("".join(line.rstrip("=") for _, line in lines))


def _clean(texts: Sequence[tuple[str, bool]]) -> bool:
    return any(clean for _, clean in texts)


def _texts(run: str) -> list[tuple[str, bool]]:
    """What `run` decodes to as far as that is text, and whether it is nothing else.

    Something may stand right before the encoding, so it is tried at every beginning.
    """
    if len(run) < 16 or _DULL.fullmatch(run):
        return []
    digest = blake2b(run.encode(), digest_size=16).digest()
    if digest in _noise:
        return []
    found = _decoded(run)
    if not found:
        if len(_noise) >= _REMEMBERED:
            _noise.clear()
        _noise.add(digest)
    return found


def _decoded(run: str) -> list[tuple[str, bool]]:
    found = [
        _text(bytes.fromhex(digits[cut : len(digits) - (len(digits) - cut) % 2]), least=8, share=0.85)
        for digits in _HEX.findall(run)
        for cut in range(1 + len(digits) % 2)
    ]
    standard = run.translate(_STANDARD)
    share = 0.8 if len(run) < 48 else 0.5
    found += [_text(_from_base64(standard[cut:]), least=12, share=share) for cut in range(4)]
    found.append(_wide(_from_base64(standard)))
    return [text for text in found if text]


def _from_base64(run: str) -> bytes:
    if len(run) % 4 == 1:
        run = run[:-1]
    return binascii.a2b_base64(run + "=" * (-len(run) % 4))


def _text(data: bytes, *, least: int, share: float) -> tuple[str, bool] | None:
    """`data` as UTF-8, where stretches of text of `least` bytes or more are so much of it; whether they are all."""
    if len(data) > _LARGE and len(data) - len(data.translate(None, _CONTROLS)) > 0.08 * len(data):
        return None  # an image, say; the next line is too slow for a large one
    covered = sum(length for length in map(len, _TEXT.findall(data)) if length >= least)
    if not covered or covered < share * len(data):
        return None
    return data.decode("utf-8", "replace"), covered == len(data)


def _wide(data: bytes) -> tuple[str, bool] | None:
    """`data` as UTF-16, little-endian, where that gives a text and not a row of rare characters."""
    if len(data) < 12 or (len(data) > _LARGE and not _wide(data[:_LARGE])):
        return None
    text = data[: len(data) & ~1].decode("utf-16-le", "replace")
    evident = len(_EVIDENT.findall(text))
    if evident < (0.6 if len(text) >= 12 else 0.9) * len(text) or evident + len(_IDEOGRAPH.findall(text)) < len(text):
        return None
    return text, True
