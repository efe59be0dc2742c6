"""Checksums and other evidence that a matched value is what its form suggests."""

from __future__ import annotations

import math
import re
from collections import Counter

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


def random_looking(value: str) -> bool:
    """Whether the value has the variety of a generated secret rather than of a word, a name or a code identifier."""
    if len(value) < 8 or _IDENTIFIER.fullmatch(value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^0-9A-Za-z]"))
    return kinds >= 2 and entropy(value) >= 2.5


# Names of variables, calls, and stand-ins: "os.environ", "settings.api_key", "getpass()", "${TOKEN}", "<your-key>".
_IDENTIFIER = re.compile(
    r"[A-Za-z_]+(?:[._-][A-Za-z_]+)*(?:\(.*|\[.*)?|[$%]?[{(<\[].*|.*\.\.\.|(?i:(?:your|my|the|some)[_-].*|x+|\*+)"
)


def entropy(value: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def password(value: str) -> bool:
    """Whether what follows "password is" or "password:" is a value and not the rest of a sentence or of a program."""
    return value.lower().strip(".,;:!?") not in _NOT_PASSWORD and not _CODE.fullmatch(value)


_SENTENCE_WORDS = (
    "a all already also always an and any are as at based be because been being blank both but by can cannot case "
    "changed compromised correct default different down due easily easy empty encrypted ending enough entered even "
    "exactly expired expiring false field fine for from generated getting given gone good has hash hashed have here "
    "hidden how if in incorrect input invalid is it its just kept known leaked least less let like longer lost made "
    "masked mandatory missing more must my never new nil no none not now null ok okay old on one only optional or our "
    "out over part password passwords please private protected quite random rejected required reset rotated safe same "
    "saved secret secure sent set shared short should so something still stored str string strong stronger such "
    "supposed temporary than that the their then there they this to too true unchanged undefined unique unknown "
    "updated used useless using usually valid very visible was weak weaker what when where which who why will with "
    "working wrong yes you your"
)
_NOT_PASSWORD = frozenset(_SENTENCE_WORDS.split())
# A call, a subscript, a variable of a template or of an object, a run of stars or dots.
_CODE = re.compile(
    r"[A-Za-z_][\w.]*[(\[].*|[$%]?[{<\[].*|\$[A-Za-z_]\w*|%s|self\..*|os\..*|process\.env.*|settings\..*|config\..*"
    r"|[A-Za-z_]+_[A-Za-z_]+|[*•.xX_-]+"
)
