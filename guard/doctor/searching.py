"""Search bytes for canaries, however they are written.

This shares no code with guard's own decoding, so that the two do not overlook the same.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from html import unescape
from unicodedata import normalize
from urllib.parse import unquote

from guard.doctor.canaries import Canary, compact

_WINDOW = 8  # characters of a mark that are looked up
_ROUNDS = 4
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"/\\]))")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")


class Search:
    """Finds which of `canaries` stand in given bytes."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._index: defaultdict[str, list[tuple[str, Canary]]] = defaultdict(list)
        for canary in canaries:
            for mark in canary.marks:
                self._index[mark[:_WINDOW]].append((mark, canary))

    def found(self, data: bytes) -> tuple[Canary, ...]:
        """The canaries in `data`: plain, without separators, escaped, encoded or in blobs, in the order found."""
        found: dict[Canary, None] = {}
        for text in readings(data):
            for canary in self._in(compact(text)):
                found[canary] = None
        return tuple(found)

    def _in(self, text: str) -> Iterator[Canary]:
        index = self._index
        for at in range(len(text) - _WINDOW + 1):
            window = text[at : at + _WINDOW]
            if window in index:
                yield from (canary for mark, canary in index[window] if text.startswith(mark, at))


def readings(data: bytes) -> Iterator[str]:
    """`data` as text, with its encodings undone layer by layer, and what its blobs decode to."""
    text = data.decode("utf-8", "replace")
    for _ in range(_ROUNDS):
        yield text
        for blob in _blobs(text):
            yield blob
            yield from _blobs(blob)
        opened = normalize("NFKC", unescape(unquote(_ESCAPE.sub(_character, text))))
        if opened == text:
            return
        text = opened


def _character(match: re.Match[str]) -> str:
    number = match[1] or match[2]
    return chr(int(number, 16)) if number else match[3]


def _blobs(text: str) -> Iterator[str]:
    for match in _HEX.finditer(text):
        yield bytes.fromhex(match.group()).decode("utf-8", "replace")
    for match in _BASE64.finditer(text):
        for start in range(4):  # a blob may hang on a word
            word = match.group()[start:].replace("-", "+").replace("_", "/")
            whole = word if len(word) % 4 != 1 else word[:-1]
            try:
                yield b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")
            except binascii.Error:
                continue
