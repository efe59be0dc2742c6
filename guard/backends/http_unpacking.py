"""Bodies that come compressed although none is asked for, as some gateways send them: bounded, a piece at a time."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

MOST_AT_ONCE = 2**18  # bytes: a thousandth of what a body of that size can hold compressed

# What zlib is told to expect (its `wbits`), by content coding: RFC 9110, section 8.4.1.
UNPACKED: Mapping[str, int] = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW = -15  # what some servers send as deflate: no zlib header, of which the first half byte says 8


class Unpacker:
    """Give it what arrives, and take pieces until there is none; at the end it says whether something is missing."""

    def __init__(self, coding: str) -> None:
        self._wbits = UNPACKED[coding]
        self._zlib: zlib._Decompress | None = None
        self._packed = b""

    def feed(self, packed: bytes) -> None:
        """More has arrived, and what arrived before was taken."""
        if self._zlib is None:
            raw = self._wbits == UNPACKED["deflate"] and packed[0] & 0x0F != 8
            self._zlib = zlib.decompressobj(_RAW if raw else self._wbits)
        self._packed = packed

    def next(self) -> bytes:
        """A piece of the body, nothing where more has to arrive first. Raises ConnectionError."""
        if self._zlib is None:
            return b""
        try:
            piece = self._zlib.decompress(self._packed, MOST_AT_ONCE)
        except zlib.error as error:
            raise ConnectionError("the body is not compressed as it says") from error
        self._packed = self._zlib.unconsumed_tail
        if self._zlib.unused_data:
            raise ConnectionError("something follows the compressed body")
        return piece

    def end(self) -> None:
        """Nothing more arrives. Raises ConnectionError where something is missing."""
        if self._zlib is not None and not self._zlib.eof:
            raise ConnectionError("the compressed body ends too early")
