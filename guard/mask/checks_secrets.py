"""Evidence that a matched value is a secret, and not a word of a sentence, a name in a program or a stand-in."""

from __future__ import annotations

import binascii
import math
import re
from collections import Counter
from hashlib import sha256

from guard.mask.stand_ins import (
    MARKS,
    accessed,
    address,
    function_words,
    identifier,
    in_code,
    plain_word,
    remark,
    sentence,
    stand_in,
    subject,
)

_NOT_DIGIT = re.compile(r"[^0-9]")


def random_looking(value: str) -> bool:
    """Whether the value has the variety of a generated secret rather than of a word, a name or a code identifier."""
    value = value.rstrip(")]}>;:,")
    if len(value) < 8 or stand_in(value) or identifier(value) or address(value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^0-9A-Za-z]"))
    return kinds >= 2 and entropy(value) >= 2.5


def session(value: str) -> bool:
    """As `random_looking`, and no UUID, by which logs and traces name sessions."""
    return random_looking(value) and not _UUID.fullmatch(value)


def high_entropy(value: str) -> bool:
    """Whether the value can hardly be anything but generated: long, of small and great letters and digits mixed."""
    return (
        len(value) >= 24
        and varied(value)
        and all(re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        and entropy(value) >= 3.8
    )


def varied(value: str) -> bool:
    """Whether the value is more than a few characters over and over, as `xxxx` and `0000` in documentation are."""
    return not _STUFFING.search(value) and len(set(value[-20:])) > 3


def entropy(value: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def password(value: str) -> bool:
    """Whether what follows "password is" or "password:" is a value and not the rest of a sentence or of a program."""
    return not (stand_in(value) or plain_word(value) or in_code(value))


def told_password(value: str) -> bool:
    """As `password`, in a sentence: a name of a variable may be one, a call and what is in brackets is not."""
    return not (stand_in(value) or plain_word(value) or accessed(value) or _CALL.match(value))


def quoted_password(value: str) -> bool:
    """As `password`, for what stands in quotes: it is no code, but may be a sentence for the user of a form."""
    return not (stand_in(value) or plain_word(value) or sentence(value) or accessed(value))


def mixed_password(value: str) -> bool:
    """As `password`, where the telling word is weak: letters must be mixed with digits or signs."""
    inner = value.strip(MARKS)
    mixed = re.search("[0-9]", inner) if re.search("[A-Za-z]", inner) else len(inner) >= 6 and inner.isdecimal()
    signed = re.search("[A-Za-z][!@#$%^&*+=~?_-]|[!@#$%^&*+=~?][A-Za-z]", value)
    return bool(mixed or signed) and password(value)


def password_or_pin(value: str) -> bool:
    """As `mixed_password`, but a PIN will do."""
    return mixed_password(value) or (value.strip("*#").isdecimal() and code_number(value))


def spoken_password(value: str) -> bool:
    """As `password`, in a language whose words are written otherwise, so that a long word in Latin letters will do."""
    return password(value) and (len(value) > 5 or password_or_pin(value))


def login_password(value: str) -> bool:
    """As `mixed_password`, for what follows a user name and a stroke, and is no address."""
    return mixed_password(value) and not value.startswith("//") and "://" not in value


def generated(value: str) -> bool:
    """Whether the value tells by itself that it was generated: hexadecimal digits of a key's length, or more mixed."""
    return bool(re.fullmatch("[0-9a-f]{32,128}|[0-9A-F]{32,128}", value)) or high_entropy(value)


def digits_in(value: str) -> bool:
    """Whether at least three digits are in it."""
    return len(_NOT_DIGIT.sub("", value)) >= 3


def argument_password(value: str) -> bool:
    """As `quoted_password`, for an argument of a call, which is more often something else when it is a short word."""
    return quoted_password(value) and (len(value) > 5 or mixed_password(value))


def lone_password(value: str) -> bool:
    """As `password`, after the mere word "password" in a sentence, where mostly another word follows."""
    return password(value) and not subject(value)


def bracketed_password(value: str) -> bool:
    """As `quoted_password`, in Korean or Japanese, and no remark on what a password is to be."""
    return quoted_password(value) and not remark(value)


def code_number(value: str) -> bool:
    """Whether the value is of the length of a one-time code or a PIN, and no year."""
    digits = _NOT_DIGIT.sub("", value)
    return 4 <= len(digits) <= 10 and not re.fullmatch("(?:19|20)[0-9]{2}", value)


def credential_pair(value: str) -> bool:
    """Whether the value is base64 (RFC 4648) of `user:password`, as basic authentication (RFC 7617) sends it."""
    try:
        plain = binascii.a2b_base64(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return False
    return b":" in plain or b"\0" in plain or random_looking(value)


def url_password(value: str) -> bool:
    """Whether `value`, a URL with user and password or a connection string, holds a real password."""
    found = _IN_URL.search(value) or _IN_PAIRS.search(value)
    return found is not None and not stand_in(found[1]) and not _NO_URL_PASSWORD.fullmatch(found[1])


def phrase(value: str) -> bool:
    """Whether the words can be a recovery phrase (BIP 39: 12 to 24 of a list that holds no articles and the like)."""
    words = re.findall("[a-z]+", value.lower())
    return 12 <= len(words) <= 24 and function_words(words) <= 1 and len(set(words)) > 6


def base58(value: str) -> bool:
    """Whether the last four bytes are the checksum of the others (Base58Check, as in Bitcoin's keys)."""
    number = 0
    for character in value:
        number = number * 58 + _BASE58.index(character)
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CALL = re.compile(r"[A-Za-z_][\w.]*[(\[]")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_STUFFING = re.compile(r"([xX*.0])\1{5,}")
_IN_URL = re.compile(r"://[^\s/:@\"'<>]{0,100}:([^\s\"'<>]{1,200})@")
_IN_PAIRS = re.compile(r"(?i:password|passwd|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s?=\s?([^;&\s\"']+)")
_NO_URL_PASSWORD = re.compile(
    r"(?i:pass(?:word|wd)?|pwd|pw|secret|token|<.*|\[.*|\{.*|my_?(?:secret_?)?(?:pass(?:word)?|pwd)|p)|:.*"
)
