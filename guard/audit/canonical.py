"""Values as canonical JSON in UTF-8, and back: keys sorted, no blanks, no NaN and no infinity.

Equal values give equal bytes. Half a surrogate pair, which JSON can hold and UTF-8 cannot, is kept as an escape.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

import orjson

LONG: Final = 2**16

# For what orjson does not write: half a surrogate pair, an integer of more than 64 bits.
_JSON: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
)


def dumped(value: Any) -> bytes:
    """The bytes of `value`, whose numbers are finite. Raises ValueError where it holds what JSON does not."""
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return data if len(data) < LONG else bytes(memoryview(data))  # a copy, without the room that orjson reserved
    except TypeError:
        text = _JSON.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _joined(text).encode("utf-8", "backslashreplace")


def loaded(data: bytes) -> Any:
    """The value of `data`. Raises ValueError, whose cause carries the whole text: raise another `from None`."""
    try:
        return _READ.decode(data.decode())
    except (AttributeError, RecursionError) as error:  # no bytes at all, too deep
        raise ValueError from error


def utf8(text: str) -> bytes:
    """The bytes of a text, one sequence for what is one text in JSON."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _joined(text).encode("utf-8", "surrogatepass")


def storable(text: str) -> str:
    """`text` without lone surrogates, which JSON can hold and a database column cannot."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _joined(text: str) -> str:
    """`text` with each pair of surrogates as the one character that a JSON parser would read."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


_READ: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
