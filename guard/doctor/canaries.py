"""Canaries: made-up values of every kind that guard should know, new in every run and different in every field.

They pass the checksums of their kind and belong to nobody: numbers of American telephones from the block that is kept
for fiction, cards from the range that payment providers keep for tests, mail addresses at example.com.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from random import Random
from string import ascii_letters, digits
from urllib.parse import quote

_FIRST = """
    Alice Barbara Carol Diana Eleanor Florence Grace Helen Irene Julia Karen Laura Margaret Nancy Olivia Patricia Rachel
    Sarah Teresa Victoria Andrew Brian Charles David Edward Frank George Henry James Kevin Louis Martin Nathan Oliver
    Peter Robert Simon Thomas Victor William
""".split()  # noqa: SIM905 - forty quoted words would be harder to read
_LAST = """
    Anderson Bennett Campbell Donovan Edwards Fitzgerald Gallagher Harrison Jefferson Kennedy Lancaster MacDonald
    Nicholson Patterson Robinson Sullivan Thompson Whitaker Crawford Hamilton Henderson Mitchell Morrison Peterson
    Richardson Stevenson Williamson Blackwood Cunningham Davenport Ellsworth Fairchild Goldberg Hoffman Ingram Kaufman
    Livingston Montgomery Pemberton Rutherford
""".split()  # noqa: SIM905 - the same


@dataclass(frozen=True, slots=True)
class Canary:
    """One value, its kind and the entity guard should take it for, and the field that it was planted in."""

    value: str
    kind: str
    entity: str
    field: str

    @property
    def marks(self) -> tuple[str, ...]:
        """Letters and digits of which any run betrays the value, in lower case."""
        if self.entity == "EMAIL_ADDRESS":
            return (compact(self.value.partition("@")[0]),)
        whole = compact(self.value)
        return (whole,) if len(whole) < 16 else (whole[:12], whole[-12:])


@dataclass(frozen=True, slots=True)
class Kind:
    """How a canary of a kind is made, and a sentence with `{}` where it stands."""

    entity: str
    make: Callable[[Random], str]
    sentence: str
    model: bool = False  # found by the models for names alone


def compact(text: str) -> str:
    """The letters and digits of `text`, in lower case: separators and escapes hide nothing in there."""
    return "".join(filter(str.isalnum, text)).casefold()


def _mail(random: Random) -> str:
    return f"{random.choice(_FIRST).lower()}.{random.choice(_LAST).lower()}.{_of(random, digits, 6)}@example.com"


def _card(random: Random) -> str:
    start = "424242" + _of(random, digits, 9)
    doubled = (int(d) * 2 for d in start[::2])
    total = sum(d - 9 if d > 9 else d for d in doubled) + sum(int(d) for d in start[1::2])
    number = start + str(-total % 10)
    return " ".join(number[at : at + 4] for at in range(0, 16, 4))


def _iban(random: Random) -> str:
    account = _of(random, "123456789", 1) + _of(random, digits, 17)
    number = f"DE{98 - int(account + '131400') % 97:02d}{account}"
    return " ".join(number[at : at + 4] for at in range(0, 22, 4))


def _phone(random: Random) -> str:
    return f"+1 {random.choice('23456789')}{_of(random, '1234', 2)}-555-01{_of(random, digits, 2)}"


def _korean_phone(random: Random) -> str:
    return f"010-{random.randrange(2000, 10000)}-{_of(random, digits, 4)}"


def _resident(random: Random) -> str:
    born = f"{random.randrange(60, 100)}{random.randrange(1, 13):02d}{random.randrange(1, 29):02d}"
    start = born + random.choice("12") + _of(random, digits, 5)
    total = sum(int(d) * w for d, w in zip(start, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True))
    return f"{start[:6]}-{start[6:]}{(11 - total % 11) % 10}"


def _secret(random: Random) -> str:
    return "ghp_" + _of(random, ascii_letters + digits, 36)


def _name(random: Random) -> str:
    return f"{random.choice(_FIRST)} {random.choice(_LAST)}"


def _of(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choices(alphabet, k=count))


KINDS: Mapping[str, Kind] = {
    "mail address": Kind("EMAIL_ADDRESS", _mail, "Please invite {} to the meeting."),
    "card number": Kind("CREDIT_CARD", _card, "The room was paid with the card {}."),
    "bank account": Kind("IBAN_CODE", _iban, "The deposit came from the account {}."),
    "telephone number": Kind("PHONE_NUMBER", _phone, "Guests can call {} until noon."),
    "secret": Kind("SECRET", _secret, "The calendar reads the token {}."),
    "Korean resident number": Kind("KR_RRN", _resident, "제 번호는 {}입니다."),
    "Korean telephone number": Kind("PHONE_NUMBER", _korean_phone, "{}로 전화해 주세요."),
    # The plainest sentence: a name that no model would find tells nothing about the configuration.
    "name": Kind("PERSON", _name, "My name is {}.", model=True),
}


class Planter:
    """Makes canaries and writes them into texts; `planted` are all it has made, in order.

    `kinds` are those to plant: alone in a field only those that patterns find, because a name without a sentence
    around it is no certain find for anybody.
    """

    def __init__(self, random: Random, kinds: Sequence[str]) -> None:
        self._random = random
        self._kinds = tuple(kinds)
        self._alone = tuple(kind for kind in kinds if not KINDS[kind].model)
        self._taken: set[str] = set()
        self._turn = 0
        self.planted: list[Canary] = []

    def only(self, *kinds: str) -> Planter:
        """A planter of other kinds, whose canaries differ from those of this one."""
        other = Planter(self._random, kinds)
        other._taken = self._taken
        return other

    def canary(self, kind: str, field: str) -> Canary:
        """A new canary."""
        value = KINDS[kind].make(self._random)
        while value in self._taken:
            value = KINDS[kind].make(self._random)
        self._taken.add(value)
        made = Canary(value, kind, KINDS[kind].entity, field)
        self.planted.append(made)
        return made

    def text(self, field: str) -> str:
        """Prose with a canary of every kind."""
        return " ".join(KINDS[kind].sentence.format(self.canary(kind, field).value) for kind in self._kinds)

    def word(self, field: str) -> str:
        """One canary and nothing else, of a kind in turn; a harmless word where there is none to plant alone."""
        if not self._alone:
            return "word"
        self._turn += 1
        return self.canary(self._alone[self._turn % len(self._alone)], field).value

    def number(self, field: str) -> int:
        """The digits of a card as a number."""
        if "card number" not in self._alone:
            return 7
        return int(compact(self.canary("card number", field).value))

    def json(self, field: str) -> str:
        """JSON, with one string that is JSON again and one written by the numbers of its characters."""
        values = [self._bare(field) for _ in range(3)]
        numbered = "".join(f"\\u{ord(c):04x}" for c in self._bare(field))
        inner = json.dumps({"text": values[2], "urgent": True})
        whole = json.dumps({"to": values[0], "body": [values[1], inner], "count": 3}, ensure_ascii=False)
        return whole[:-1] + f', "numbered": "{numbered}"}}'

    def hidden(self, field: str) -> str:
        """Prose with canaries inside a link, inside HTML, by the numbers of their characters, and in base64."""
        coded = base64.b64encode(f"note: {self._bare(field)} Thank you.".encode()).decode()
        numbered = "".join(f"&#{ord(c)};" for c in self._bare(field))
        return (
            f"The plan is at https://example.com/plan?q={quote(self._bare(field), safe='')}&page=2 "
            f"and <b>{escape(self._bare(field))}</b> or {numbered}, with {coded}"
        )

    def _bare(self, field: str) -> str:
        kinds = self._alone
        return KINDS[kinds[len(self.planted) % len(kinds)]].sentence.format(self.word(field)) if kinds else "Nothing."
