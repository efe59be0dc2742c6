"""Made-up numbers of people and companies, with the check digits that the real ones have.

Each function takes a `random.Random` and returns one value as people write it. None is taken from anywhere: what
belongs to somebody does so by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from string import ascii_uppercase

Maker = Callable[[Random], str]

_D = "0123456789"
_VERHOEFF = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_MOVES = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def digits(random: Random, count: int, first: str = _D) -> str:
    """So many digits, the first one of `first`."""
    return random.choice(first) + "".join(random.choice(_D) for _ in range(count - 1))


def form(random: Random, *shapes: str) -> str:
    """One of `shapes` with `#` a digit, `@` a capital letter, `%` a digit from 1 to 9."""
    kinds = {"#": _D, "@": ascii_uppercase, "%": _D[1:]}
    return "".join(random.choice(kinds[c]) if c in kinds else c for c in random.choice(shapes))


def luhn_digit(payload: str) -> str:
    """The check digit of ISO/IEC 7812-1, annex B."""
    doubled = (int(d) * 2 for d in payload[::-2])
    total = sum(d // 10 + d % 10 for d in doubled) + sum(int(d) for d in payload[-2::-2])
    return str(-total % 10)


def _weighted(payload: Sequence[str], weights: Sequence[int]) -> int:
    return sum(int(d) * w for d, w in zip(payload, weights, strict=True))


def date_parts(random: Random, first: int = 1945, last: int = 2006) -> tuple[int, int, int]:
    """A year, a month and a day."""
    return random.randint(first, last), random.randint(1, 12), random.randint(1, 28)


# Korea


def kr_rrn(random: Random) -> str:
    """A resident registration number: check digit fits, except for those given out since October 2020."""
    year, month, day = date_parts(random)
    sex = random.choice("12" if year < 2000 else "34")
    body = f"{year % 100:02}{month:02}{day:02}{sex}{digits(random, 5)}"
    check = (11 - _weighted(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    if year > 2004:
        check = (check + random.randint(1, 9)) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def kr_rrn_masked(random: Random) -> str:
    """A resident registration number of which the end is hidden."""
    number = kr_rrn(random)
    return random.choice((f"{number[:8]}******", f"{number[:8]}XXXXXX", f"{number[:7]}*******"))


def kr_frn(random: Random) -> str:
    """A foreigner registration number."""
    year, month, day = date_parts(random)
    sex = random.choice("56" if year < 2000 else "78")
    body = f"{year % 100:02}{month:02}{day:02}{sex}{digits(random, 5)}"
    check = (13 - _weighted(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def kr_passport(random: Random) -> str:
    """A passport number, of the old form or of that since December 2021."""
    return form(random, "M########", "M###@####", "S########")


def kr_driver(random: Random) -> str:
    """A driver's licence: region, year, serial, check."""
    return f"{random.randint(11, 28)}-{digits(random, 2)}-{digits(random, 6)}-{digits(random, 2)}"


def kr_brn(random: Random) -> str:
    """A business registration number with its check digit."""
    body = digits(random, 9, "123456789")
    total = _weighted(body, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(body[8]) * 5 // 10
    number = f"{body}{-total % 10}"
    return f"{number[:3]}-{number[3:5]}-{number[5:]}"


def kr_crn(random: Random) -> str:
    """A corporate registration number with its check digit."""
    body = f"{random.choice(('1101', '1301', '1801', '2001', '1601'))}11{digits(random, 6)}"
    check = -_weighted(body, (1, 2) * 6) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def kr_account(random: Random) -> str:
    """A bank account in the forms of several banks."""
    return form(random, "%##-###-######", "%#####-##-######", "3333-##-#######", "###-##-####-###", "%###-###-######")


def kr_mobile(random: Random) -> str:
    """A mobile number."""
    return form(random, "010-%###-####", "010%#######", "010.%###.####", "+82 10-%###-####", "010 %### ####")


def kr_landline(random: Random) -> str:
    """A telephone that is no mobile."""
    return form(random, "02-%##-####", "031-%##-####", "051-%##-####", "070-%###-####", "02-%###-####", "(02) %##-####")


def kr_plate(random: Random) -> str:
    """A vehicle plate."""
    letter = random.choice("가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호")
    front = random.choice(("", "1")) + digits(random, 2, "123456789")
    return f"{front}{letter}{random.choice(('', ' '))}{digits(random, 4, '123456789')}"


def kr_insurance(random: Random) -> str:
    """A number of the national health insurance."""
    return form(random, "%-##########", "%##########")


# Japan


def jp_my_number(random: Random) -> str:
    """My Number of a person, with its check digit."""
    body = digits(random, 11)
    rest = _weighted(body, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    number = f"{body}{0 if rest <= 1 else 11 - rest}"
    return random.choice(
        (number, f"{number[:4]}-{number[4:8]}-{number[8:]}", f"{number[:4]} {number[4:8]} {number[8:]}")
    )


def jp_corporate(random: Random) -> str:
    """A corporate number, with its check digit in front."""
    body = digits(random, 12)
    return f"{9 - _weighted(body, (2, 1) * 6) % 9}{body}"


def jp_passport(random: Random) -> str:
    """A passport number."""
    return form(random, "T@#######", "M@#######")


def jp_driver(random: Random) -> str:
    """A driver's licence number."""
    return f"{random.choice(('30', '43', '45', '62', '10', '22'))}{digits(random, 10)}"


def jp_residence(random: Random) -> str:
    """The number of a residence card."""
    return form(random, "@@########@@")


def jp_account(random: Random) -> str:
    """A bank account: its kind and seven digits."""
    return form(random, "普通 #######", "普通預金 #######", "当座 #######", "(普) #######")


def jp_mobile(random: Random) -> str:
    """A mobile number."""
    return form(random, "090-####-####", "080-####-####", "070-####-####", "090########", "+81 90-####-####")


def jp_landline(random: Random) -> str:
    """A telephone that is no mobile."""
    return form(
        random, "03-%###-####", "06-%###-####", "045-%##-####", "(03) %###-####", "052-%##-####", "0120-%##-###"
    )


def jp_insurance(random: Random) -> str:
    """Symbol and number of a health insurance."""
    return form(random, "記号 ##-## 番号 ######", "記号 #### 番号 ###", "記号%######・番号%##")


# United States and elsewhere


def card(random: Random) -> str:
    """A payment card: Visa, Mastercard or American Express, with its check digit."""
    prefix, length = random.choice((("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16)))
    body = prefix + digits(random, length - len(prefix) - 1)
    number = body + luhn_digit(body)
    if length == 15:
        return random.choice((number, f"{number[:4]} {number[4:10]} {number[10:]}"))
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return random.choice((number, " ".join(groups), "-".join(groups)))


def iban(random: Random) -> str:
    """An IBAN of Germany, the United Kingdom, France, Spain or the Netherlands."""
    country, bank = random.choice(
        (("DE", "##################"), ("GB", "@@@@##############"), ("FR", "#######################"),
         ("ES", "####################"), ("NL", "@@@@##########"))
    )  # fmt: skip
    account = form(random, bank)
    value = int("".join(str(int(c, 36)) for c in f"{account}{country}00"))
    number = f"{country}{98 - value % 97:02}{account}"
    return random.choice((number, " ".join(number[i : i + 4] for i in range(0, len(number), 4))))


def us_ssn(random: Random) -> str:
    """A social security number that could be issued."""
    area = random.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}-{random.randint(1, 99):02}-{random.randint(1, 9999):04}"


def us_itin(random: Random) -> str:
    """A taxpayer number for those who have no social security number."""
    return f"9{digits(random, 2)}-{random.randint(70, 88)}-{digits(random, 4)}"


def us_npi(random: Random) -> str:
    """A national provider identifier, with its check digit."""
    body = digits(random, 9, "12")
    return body + luhn_digit(f"80840{body}")


def us_routing(random: Random) -> str:
    """A routing number of a bank, with its check digit."""
    body = f"{random.choice(('02', '03', '06', '07', '11', '12'))}{digits(random, 6)}"
    return f"{body}{-_weighted(body, (3, 7, 1, 3, 7, 1, 3, 7)) % 10}"


def us_phone(random: Random) -> str:
    """A telephone number of North America."""
    return form(
        random,
        "(%##) %##-####",
        "%##-%##-####",
        "+1 %##-%##-####",
        "+1 (%##) %##-####",
        "%##.%##.####",
        "1-%##-%##-####",
    )


def world_phone(random: Random) -> str:
    """A telephone number of Europe, India, Brazil or Australia."""
    return form(
        random, "+44 20 %### ####", "+44 7%## ######", "020 %### ####", "+49 30 %#######", "+49 151 ########",
        "+33 6 ## ## ## ##",
        "+34 6## ### ###", "+91 9#### #####", "+55 11 9####-####", "+61 4## ### ###", "0151 ########",
    )  # fmt: skip


def us_passport(random: Random) -> str:
    """A passport number, of nine digits or with a letter since 2021."""
    return form(random, "%########", "A########")


def us_driver(random: Random) -> str:
    """A driver's licence of one of several states."""
    return form(random, "@#######", "@###-####-####", "@########", "@###-###-##-###-#")


def mrn(random: Random) -> str:
    """A medical record number."""
    return form(random, "MRN-%######", "%#######", "%##-##-##", "H%########")


def uk_nhs(random: Random) -> str:
    """A number of the National Health Service, with its check digit."""
    while True:
        body = digits(random, 9, "4679")
        check = 11 - _weighted(body, range(10, 1, -1)) % 11
        if check != 10:
            number = f"{body}{check % 11}"
            return random.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}"))


def uk_nino(random: Random) -> str:
    """A national insurance number."""
    return (
        random.choice("ABCEGHJKLMPRSTWXYZ")
        + random.choice("ABCEHJKLMPRSWXYZ")
        + form(random, " ## ## ## A", "######B", " ## ## ## C")
    )


def in_aadhaar(random: Random) -> str:
    """An Aadhaar number, with its check digit (Verhoeff)."""
    body = digits(random, 11, "23456789")
    check = 0
    for place, digit in enumerate(reversed(body), 1):
        check = int(_VERHOEFF[check][int(_VERHOEFF_MOVES[place % 8][int(digit)])])
    number = body + next(str(d) for d in range(10) if _VERHOEFF[check][d] == "0")
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def in_pan(random: Random) -> str:
    """A permanent account number."""
    return form(random, "@@@P@####@")


def sg_nric(random: Random) -> str:
    """An identity card of Singapore, with its check letter."""
    prefix = random.choice("ST")
    body = digits(random, 7)
    rest = (_weighted(body, (2, 7, 6, 5, 4, 3, 2)) + (4 if prefix == "T" else 0)) % 11
    return f"{prefix}{body}{'JZIHGFEDCBA'[rest]}"


def es_nif(random: Random) -> str:
    """A tax number of Spain, with its check letter."""
    body = digits(random, 8)
    return f"{body}{random.choice(('', '-'))}{'TRWAGMYFPDXBNJZSQVHLCKE'[int(body) % 23]}"


def pl_pesel(random: Random) -> str:
    """A PESEL of Poland, with its check digit."""
    year, month, day = date_parts(random, 1945, 1999)
    body = f"{year % 100:02}{month:02}{day:02}{digits(random, 4)}"
    return f"{body}{-_weighted(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10}"


def au_tfn(random: Random) -> str:
    """A tax file number of Australia, with its check digit."""
    while True:
        body = digits(random, 8, "123456789")
        for last in _D:
            if _weighted(body + last, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0:
                return f"{body[:3]} {body[3:6]} {body[6:]}{last}"


def vin(random: Random) -> str:
    """A vehicle identification number with its check digit (49 CFR 565)."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    value = dict(zip(letters, "12345678123457923456789", strict=True)) | {d: d for d in _D}
    body = "".join(random.choice(letters + _D) for _ in range(16))
    parts = body[:8] + "0" + body[8:]
    total = sum(
        int(value[c]) * w for c, w in zip(parts, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2), strict=True)
    )
    return f"{body[:8]}{'0123456789X'[total % 11]}{body[8:]}"


def ipv4(random: Random) -> str:
    """An address of the Internet, private or public."""
    net = random.choice(("10", "172.20", "192.168", "203.0.113", "198.51.100", "85.214", "211.45"))
    return ".".join([net, *(str(random.randint(1, 254)) for _ in range(3 - net.count(".")))])


def ipv6(random: Random) -> str:
    """An address of the Internet in version 6."""
    return f"2001:db8:{random.randint(1, 65535):x}::{random.randint(1, 65535):x}:{random.randint(1, 65535):x}"


def mac(random: Random) -> str:
    """The address of a network card."""
    return random.choice(":-").join(f"{random.randint(0, 255):02x}" for _ in range(6))
