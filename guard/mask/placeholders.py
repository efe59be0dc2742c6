"""What stands in for a value: `<PERSON_K7Q2M4XD>`, and how a bent one is still recognised.

A placeholder is an entity, a code and, for a second spelling of the same value, a form:

    <PERSON_K7Q2M4XD>        the value in its usual spelling
    <PERSON_K7Q2M4XD_7F2K>   the same value, spelled otherwise

The code is HMAC-SHA256(tenant key, tenant, entity, normalised value) in Crockford's base32, eight characters or, where
two values would share those, more. The form is an HMAC of the spelling, so that no worker has to ask another which
number comes next. A code always holds a digit and a letter, so that words such as MAX_PASSWORD are not taken for one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
FORM_LENGTH = 4
REMEMBERED = 8192
LITERAL = "LITERAL"  # text that only looks like a placeholder; masked so that it survives the way back

# Entities whose separators carry no meaning: "4111 1111" and "4111-1111" are one value.
NUMBERS = frozenset({
    "CREDIT_CARD", "IBAN_CODE", "JP_MY_NUMBER", "KR_BRN", "KR_FRN", "KR_RRN", "PHONE_NUMBER", "US_SSN",
})  # fmt: skip
# Entities that mean something else when a single character changes.
EXACT = frozenset({LITERAL, "SECRET", "SOURCE_CODE", "CONFIDENTIAL_TEXT"})
# How the digits of a number are usually grouped.
GROUPS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "CREDIT_CARD": (" ", (4, 4, 4, 4)),
    "US_SSN": ("-", (3, 2, 4)),
    "KR_RRN": ("-", (6, 7)),
}

_OPEN = r"(?:<|&lt;|＜|\\u003[cC]|\\<|%3[cC])"
_CLOSE = r"(?:>|&gt;|＞|\\u003[eE]|\\>|%3[eE])"
_NAME = r"[A-Za-z][A-Za-z0-9]*(?:\\{0,2}_[A-Za-z0-9]{1,26}){1,8}"
_BARE = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]{1,26}){1,8}"

# In brackets any case is read; without brackets only an upper-case name that stands alone.
BENT = re.compile(
    rf"{_OPEN}[ ]?(?P<name>{_NAME})[ ]?{_CLOSE}|(?<![A-Za-z0-9_\\])(?P<bare>{_BARE})(?![A-Za-z0-9_]|\\{{1,2}}_)"
)
# The end of a text that may go on to become one.
PARTIAL = re.compile(
    r"(?:&(?:l|lt)?|%3?|\\(?:u|u0|u00|u003)?)\Z"
    # A backslash belongs to the name before an underscore alone: else it begins the bracket that closes.
    rf"|{_OPEN}[ ]?(?P<name>(?:[A-Za-z0-9_]|\\{{1,2}}_){{0,120}})"
    r"(?P<close>[ ]?(?:&(?:g|gt)?|%3?|\\{1,2}|\\(?:u|u0|u00|u003))?)\Z"
    r"|(?<![A-Za-z0-9_\\])(?P<bare>[A-Z][A-Z0-9_]{0,120})\\{0,2}\Z"
)

_CONFUSED = str.maketrans("OIL", "011")
_CODE = re.compile(r"(?=[0-9A-Z]*[0-9])(?=[0-9A-Z]*[A-Z])[0-9A-TV-Z]{8,26}")
_FORM = re.compile(r"[0-9A-TV-Z]{4,7}")


@lru_cache(REMEMBERED)
def key_of(name: str) -> str:
    """The name under which a vault files a placeholder: the same for every tolerated bending of it."""
    return name.replace("\\", "").upper().translate(_CONFUSED)


def looks_like_one(name: str) -> bool:
    """Whether `name`, without brackets, has the shape entity, code and perhaps form."""
    parts = name.replace("\\", "").upper().split("_")
    if len(parts) > 2 and _FORM.fullmatch(parts[-1]) and _CODE.fullmatch(parts[-2]):
        return True
    return len(parts) > 1 and _CODE.fullmatch(parts[-1]) is not None


def code_parts(name: str) -> list[str]:
    """The parts of a name that may be its code."""
    return [part for part in key_of(name).split("_")[1:] if len(part) >= CODE_LENGTH]


def normalised(entity: str, spelling: str) -> str:
    """What two spellings of one value have in common."""
    if entity in EXACT:
        return spelling
    text = unicodedata.normalize("NFKC", spelling).casefold()
    if entity in NUMBERS:
        return "".join(c for c in text if c.isalnum() or c in "+*")
    return " ".join(text.split())


def usual(entity: str, value: str) -> str:
    """The spelling of a normalised value that needs no form."""
    if entity in EXACT or entity in {"EMAIL_ADDRESS", "URL", "IP_ADDRESS"}:
        return value
    if entity in NUMBERS:
        separator, sizes = GROUPS.get(entity, ("", ()))
        if sum(sizes) != len(value):
            return value.upper()
        ends = [sum(sizes[: at + 1]) for at in range(len(sizes))]
        return separator.join(value[end - size : end] for end, size in zip(ends, sizes, strict=True))
    return " ".join(word[:1].upper() + word[1:] for word in value.split(" "))


class Coder:
    """Turns values into codes with one tenant's key (32 bytes)."""

    def __init__(self, key: bytes, tenant: str = "default") -> None:
        self.tenant = tenant
        self._key = key
        # A chat sends its whole history every turn: the same values come again and again.
        self.normalised = lru_cache(REMEMBERED)(normalised)
        self.usual = lru_cache(REMEMBERED)(usual)
        self.code = lru_cache(REMEMBERED)(self._code)
        self.form = lru_cache(REMEMBERED)(self._form)
        self.value_hash = lru_cache(REMEMBERED)(self._value_hash)

    def note(self, *parts: str) -> str:
        """A keyed name under which the tenant vault keeps something; what it is about cannot be read from it."""
        return self._digest("note", self.tenant, *parts).hex()

    def _digest(self, *parts: str) -> bytes:
        # Each part is preceded by its length, so that no two lists of parts read the same.
        message = b"".join(
            len(raw).to_bytes(4, "big") + raw for raw in (p.encode("utf-8", "surrogatepass") for p in parts)
        )
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def _code(self, entity: str, value: str, length: int = CODE_LENGTH) -> str:
        """The code of a normalised value, `length` characters long."""
        count = 0
        while True:
            text = _base32(self._digest("code", self.tenant, entity, value, str(count)))[:length]
            head = text[:CODE_LENGTH]
            if any(c.isdigit() for c in head) and any(c.isalpha() for c in head):
                return text
            count += 1

    def _form(self, entity: str, value: str, spelling: str, length: int = FORM_LENGTH) -> str:
        """The form of a spelling that is not the usual one."""
        return _base32(self._digest("form", self.tenant, entity, value, spelling))[:length]

    def _value_hash(self, entity: str, spelling: str) -> str:
        """A keyed hash of the value for the log: equal values stay equal, the value cannot be read from it."""
        return self._digest("log", self.tenant, entity, self.normalised(entity, spelling)).hex()[:24]


def _base32(digest: bytes) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(251, -1, -5))
