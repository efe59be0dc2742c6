"""Checksums and other evidence that a matched value is what its form suggests."""

from __future__ import annotations

import binascii
import ipaddress
import math
import re
from collections import Counter
from hashlib import sha256

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


def ip(value: str) -> bool:
    """Whether the value is an IPv4 or IPv6 address, with or without a prefix length."""
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return True


def phone(value: str) -> bool:
    """Whether the number of digits is one that a telephone number can have (ITU-T E.164: at most 15)."""
    return 7 <= len(_NOT_DIGIT.sub("", value)) <= 15


def random_looking(value: str) -> bool:
    """Whether the value has the variety of a generated secret rather than of a word, a name or a code identifier."""
    value = value.rstrip(")]}>;:,")
    if len(value) < 8 or any(kind.fullmatch(value) for kind in (_STAND_IN, _IDENTIFIER, _ADDRESS)):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^0-9A-Za-z]"))
    return kinds >= 2 and entropy(value) >= 2.5


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
    return not _STUFFING.search(value) and len(set(value[-20:])) > 4


def entropy(value: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def password(value: str) -> bool:
    """Whether what follows "password is" or "password:" is a value and not the rest of a sentence or of a program."""
    return not (stand_in(value) or _plain_word(value) or _CODE.fullmatch(value))


def quoted_password(value: str) -> bool:
    """As `password`, for what stands in quotes: it is no code, but may be a sentence for the user of a form."""
    words = [word.strip(_MARKS) for word in value.lower().split()]
    if len(words) > 1 and (len(_SENTENCE.intersection(words)) > 1 or not _FORM.isdisjoint(words)):
        return False
    return not (stand_in(value) or _plain_word(value) or _ACCESS.fullmatch(value))


def mixed_password(value: str) -> bool:
    """As `password`, where the telling word is weak: letters must be mixed with digits or signs."""
    inner = value.strip(_MARKS)
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
    return password(value) and value.lower() not in _OF_PASSWORDS


def korean_password(value: str) -> bool:
    """As `quoted_password`, and no remark on what a password is to be."""
    return quoted_password(value) and not _GRAMMAR_KO.search(value)


def japanese_password(value: str) -> bool:
    """As `quoted_password`, and no remark on what a password is to be."""
    return quoted_password(value) and not _GRAMMAR_JA.search(value)


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
    return bool(found) and not stand_in(found[1]) and not _NO_URL_PASSWORD.fullmatch(found[1])


def phrase(value: str) -> bool:
    """Whether the words can be a recovery phrase (BIP 39: 12 to 24 of a list that holds no articles and the like)."""
    words = re.findall("[a-z]+", value.lower())
    return 12 <= len(words) <= 24 and len({*words} & _SENTENCE) <= 1 and len(set(words)) > 6


def base58(value: str) -> bool:
    """Whether the last four bytes are the checksum of the others (Base58Check, as in Bitcoin's keys)."""
    number = 0
    for character in value:
        number = number * 58 + _BASE58.index(character)
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def stand_in(value: str) -> bool:
    """Whether the value stands for another: `<your-key>`, `${TOKEN}`, `xxxx`, `changeme`, `REDACTED`."""
    return bool(_STAND_IN.fullmatch(value.strip(" \t")))


def _plain_word(value: str) -> bool:
    return value.lower().strip(_MARKS) in _NOT_PASSWORD


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MARKS = ".,;:!?()[]{}\"'`*"
_STUFFING = re.compile(r"([xX*.0])\1{5,}")
_STAND_IN = re.compile(
    r"[$%]?[{(<\[].*|\$[0-9].*|\$\w+->.*|.*\{[^{}]{0,30}\}.*|user(?:name)?:pass(?:word|wd)?|\$[A-Za-z_]\w*|%\w+%|%s|@@?\w+@|.*(?:\.\.\.|…|\$\{|\{\{|<[a-z_ -]{1,30}>).*"
    r"|[*•●.xX_#?-]+|.{0,20}([xX*•])\1{5,}.{0,20}"
    r"|(?i:(?:your|my|the|some|any|insert|enter|replace|put|add|change|example|sample|dummy|fake|mock|test|todo)"
    r"(?:[_ -]?(?:own|real|new|actual|db|api|auth|access|secret|token|key|password|passwd|pass|pwd|user|me|this|here|"
    r"with|it|in|value|string|client|id|account|private|generated|strong|super|long|random|example))+"
    r"(?:[_ -]?(?:here|goes|now)|[_-][0-9]{1,2})*)"
    r"|(?i:(?:change|replace)[_-]?(?:me|this|it)(?:[_!-].*)?|\[?redacted\]?|placeholder|example|dummy|foobar|foo|bar|baz|n/a|tbd)"
)
# Names of variables and calls: "os.environ", "settings.api_key", "getpass()".
_IDENTIFIER = re.compile(
    r".* \| None|[a-z]+(?:_[a-z]+)+_?[a-z]?[0-9]{1,3}|[A-Za-z_][\w.]*[!=]?=(?:True|False|None)"
    r"|[A-Za-z_][\w.]*<[\w<>, \[\]]*>?|[A-Za-z_]+(?:[._/-][A-Za-z_]+)*(?:\(.*|\[.*)?|[A-Za-z_][\w.]*[(\[].*"
)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|urn:|arn:).*|(?:\.{1,2}|~)?/(?:[a-z0-9_.-]+/)+[a-z0-9_.-]+")
_ACCESS = re.compile(r"(?:os|self|process|settings|config|env|var|args|request|secrets|data|local|module)[.\[(].*")
# A call, a subscript, a member, a name of a variable.
_CODE = re.compile(
    rf"[A-Za-z_][\w.]*[(\[].*|{_ACCESS.pattern}|[A-Za-z_]+(?:_[A-Za-z_]+)+|[a-z_]+(?:\.[a-z_]+){{2,}}"
    r"|(?:user|row|obj|cfg|conf|opts|options|params|this|creds|credentials|db)\.\w+|[a-z]+[A-Z][a-z]+(?:[A-Z][a-z]+)*"
    r"|\w+=(?:[{(\[]|True|False|None|[0-9]+)?|--?[A-Za-z][A-Za-z-]+|![a-z]+|[&*|>]\w*|[=!]=.*|\\[nrt].*"
)
_IN_URL = re.compile(r"://[^\s/:@\"'<>]{0,100}:([^\s\"'<>]{1,200})@")
_IN_PAIRS = re.compile(r"(?i:password|passwd|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s?=\s?([^;&\s\"']+)")
_NO_URL_PASSWORD = re.compile(
    r"(?i:pass(?:word|wd)?|pwd|pw|secret|token|<.*|\[.*|\{.*|my_?(?:secret_?)?(?:pass(?:word)?|pwd)|p)|:.*"
)
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
    "working wrong yes you your breached cracked guessed stolen exposed forgotten recoverable vulnerable fine stale blank"
)
_NOT_PASSWORD = frozenset(
    f"{_SENTENCE_WORDS} pass passwd pwd pw passphrase passcode secrets token text char varchar bool int bytes final classvar object "
    "option optional any undefined lambda self func await async return raise input field label hide show toggle "
    "policy manager reset login user username email after before until unless expires expired "
    "obligatoire vergessen falsch ungültig".split()
)
_SENTENCE = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "here",
        "if",
        "in",
        "is",
        "it",
        "its",
        "must",
        "my",
        "not",
        "of",
        "on",
        "or",
        "our",
        "should",
        "that",
        "the",
        "this",
        "to",
        "too",
        "was",
        "were",
        "which",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
_FORM = frozenset(
    [
        "cannot",
        "characters",
        "choose",
        "confirm",
        "contain",
        "enter",
        "field",
        "forgot",
        "incorrect",
        "invalid",
        "match",
        "minimum",
        "optional",
        "password",
        "passwords",
        "please",
        "required",
        "reset",
        "same",
        "type",
        "wrong",
        "your",
    ]
)
_OF_PASSWORDS = frozenset(
    [
        "authentication",
        "protection",
        "manager",
        "managers",
        "hashing",
        "rotation",
        "recovery",
        "policy",
        "policies",
        "field",
        "fields",
        "prompt",
        "hint",
        "length",
        "strength",
        "login",
        "based",
        "access",
        "only",
        "auth",
        "encryption",
        "complexity",
        "history",
        "expiry",
        "requirements",
        "instead",
        "safely",
    ]
)
_GRAMMAR_KO = re.compile("입력|필수|선택|확인|이상|변경|설정|숫자|영문|문자|없음|자리")
_GRAMMAR_JA = re.compile("必須|入力|任意|文字|以上|変更|確認|設定|未設定|なし|桁|忘れ|リセット|再")
