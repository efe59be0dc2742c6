"""Checksums and other evidence that a matched value is what its form suggests."""

from __future__ import annotations

import re

_NOT_DIGIT = re.compile(r"[^0-9]")


def luhn(value: str) -> bool:
    """Whether the digits pass the Luhn check of payment cards (ISO/IEC 7812-1, annex B)."""
    digits = [int(c) for c in _NOT_DIGIT.sub("", value)]
    doubled = (d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2])
    return bool(digits) and any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(value: str) -> bool:
    """Whether the check digits of an IBAN hold (ISO 13616, modulo 97)."""
    compact = re.sub(r"[ -]", "", value).upper()
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def ssn(value: str) -> bool:
    """Whether a US social security number has parts that are ever issued."""
    digits = _NOT_DIGIT.sub("", value)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def rrn(value: str) -> bool:
    """Whether the last digit of a Korean resident registration number fits; numbers since October 2020 need not."""
    digits = [int(c) for c in _NOT_DIGIT.sub("", value)]
    if len(digits) != 13:
        return False
    total = sum(d * w for d, w in zip(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=False))
    return (11 - total % 11) % 10 == digits[12] or (13 - total % 11) % 10 == digits[12]  # citizen or foreigner


def phone(value: str) -> bool:
    """Whether the number of digits is one that a telephone number can have (ITU-T E.164: at most 15)."""
    return 7 <= len(_NOT_DIGIT.sub("", value)) <= 15
