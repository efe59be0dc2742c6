"""What stands in the slots of the templates: for each its entity, or none for a near miss, and who makes the value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple
from unicodedata import normalize

import yaml

from evals import numbers, tokens

POOLS: dict[str, list[str]] = {
    name: [value.strip() for value in values.split(",")]
    for name, values in yaml.safe_load((Path(__file__).parent / "values.yaml").read_text(encoding="utf-8")).items()
}


SMALL = 12  # a pool of so many values is shared by both halves


class Slot(NamedTuple):
    """The entity that a value of this slot is, "" where nothing is to be masked, and its maker."""

    entity: str
    make: Callable[[Random], str]


Half = Literal["tuning", "held"]
# tuning  to look at while recognizers are made
# held    to measure with alone


class Draw(Random):
    """The chance behind one row. The halves draw from different values of the pools."""

    def __init__(self, name: str, half: Half) -> None:
        super().__init__(name)  # a string seeds alike in every process and version since Python 3.2
        self.half = half


def pick(random: Random, pool: str) -> str:
    """One value of a pool: every second one belongs to the row's half."""
    values = POOLS[pool]
    if isinstance(random, Draw) and len(values) > SMALL:
        values = values[random.half == "held" :: 2]
    return random.choice(values)


def _pool(name: str) -> Callable[[Random], str]:
    return lambda random: pick(random, name)


def _en_person(random: Random) -> str:
    first, last = pick(random, "en_first"), pick(random, "en_last")
    forms = (f"{first} {last}",) * 5 + (
        f"{last}, {first}", f"{first[0]}. {last}", f"{first} {random.choice('ABCDEFGHJKLMNPRSTW')}. {last}",
        f"{first} {last}".upper(), f"{first} {last}".lower(),
    )  # fmt: skip
    return random.choice(forms)


def _ko_person(random: Random) -> str:
    surname, given = pick(random, "ko_surname"), pick(random, "ko_given")
    return random.choice((f"{surname}{given}",) * 9 + (f"{surname} {given}",))


def _ja_person(random: Random) -> str:
    surname, given = pick(random, "ja_surname"), pick(random, "ja_given")
    kana = f"{pick(random, 'ja_kana_surname')} {pick(random, 'ja_kana_given')}"
    forms = (f"{surname}{given}",) * 4 + (f"{surname} {given}", f"{surname}　{given}", kana)
    return random.choice((*forms, pick(random, "ja_foreign")))


def _mail(random: Random) -> str:
    plain = (
        normalize("NFKD", f"{pick(random, 'en_first')} {pick(random, 'en_last')}").encode("ascii", "ignore").decode()
    )
    first, *rest = "".join(c for c in plain.lower() if c.isalnum() or c == " ").split()
    last, number = "".join(rest), random.randint(1, 99)
    local = random.choice(
        (f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}{number}", f"{last}+{first}", f"{first}{number}")
    )
    return f"{local}@{pick(random, 'mail_host')}"


def _en_address(random: Random) -> str:
    number, street, city = random.randint(1, 4200), pick(random, "en_street"), pick(random, "en_city")
    flat = random.choice(
        (
            "",
            f", Apt {random.randint(1, 60)}",
            f" #{random.randint(1, 20)}{random.choice('ABC')}",
            f", Suite {random.randint(100, 900)}",
        )
    )
    code = random.choice((
        f"{random.choice(('TX', 'OH', 'CA', 'NY', 'WA', 'GA'))} {numbers.digits(random, 5, '123456789')}",
        numbers.form(random, "@%% %@@", "@@% %@@"), numbers.form(random, "#####", "%####"),
    ))  # fmt: skip
    return random.choice(
        (
            f"{number} {street}{flat}, {city}, {code}",
            f"{number} {street}{flat}, {city} {code}",
            f"{number} {street}{flat}\n{city}, {code}",
        )
    )


def _ko_address(random: Random) -> str:
    front = f"{pick(random, 'ko_city')} {pick(random, 'ko_gu')}"
    unit = f"{random.randint(101, 120)}동 {random.randint(101, 2504)}호"
    road = f"{front} {pick(random, 'ko_road')} {random.randint(1, 500)}"
    lot = f"{front} {pick(random, 'ko_dong')} {random.randint(1, 999)}-{random.randint(1, 60)}"
    building = pick(random, "ko_building")
    return random.choice(
        (
            road,
            f"{road}, {unit}",
            f"{road}, {building} {unit}",
            f"{road}번길 {random.randint(2, 90)}",
            lot,
            f"{lot} {building} {random.randint(2, 15)}층",
        )
    )


def _ja_address(random: Random) -> str:
    front = f"{pick(random, 'ja_prefecture')}{pick(random, 'ja_city')}{pick(random, 'ja_town')}"
    one, two, three = (random.randint(1, 30) for _ in range(3))
    form = random.choice(
        (
            f"{one}-{two}-{three}",
            f"{one}丁目{two}番{three}号",
            f"{one}－{two}",
            f"{one}丁目{two}-{three}",
            f"{one}番地{two}",
        )
    )
    room = random.choice(
        (
            "",
            f" {pick(random, 'ja_building')}{random.randint(101, 1204)}号室",
            f" {pick(random, 'ja_building')} {random.randint(101, 905)}",
        )
    )
    return f"{front}{form}{room}"


def _company(random: Random) -> str:
    return f"{pick(random, 'en_company_head')} {pick(random, 'en_company_tail')}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _en_date(random: Random, first: int, last: int) -> str:
    year, month, day = numbers.date_parts(random, first, last)
    name = _MONTHS[month - 1]
    return random.choice(
        (
            f"{month:02}/{day:02}/{year}",
            f"{year}-{month:02}-{day:02}",
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{day:02}.{month:02}.{year}",
        )
    )


def _ko_date(random: Random, first: int, last: int) -> str:
    year, month, day = numbers.date_parts(random, first, last)
    return random.choice(
        (
            f"{year}년 {month}월 {day}일",
            f"{year}.{month:02}.{day:02}",
            f"{year}-{month:02}-{day:02}",
            f"{year % 100:02}{month:02}{day:02}",
        )
    )


def _ja_date(random: Random, first: int, last: int) -> str:
    year, month, day = numbers.date_parts(random, first, last)
    return random.choice(
        (
            f"{year}年{month}月{day}日",
            f"{year}/{month:02}/{day:02}",
            f"{year}-{month:02}-{day:02}",
            f"昭和{random.randint(20, 63)}年{month}月{day}日",
        )
    )


def _between(make: Callable[[Random, int, int], str], first: int, last: int) -> Callable[[Random], str]:
    return lambda random: make(random, first, last)


def _form(*shapes: str) -> Callable[[Random], str]:
    return lambda random: numbers.form(random, *shapes)


def _stamp(random: Random) -> str:
    time = f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"
    return f"2025-{random.randint(1, 12):02}-{random.randint(1, 28):02}T{time}Z"


def _uuid(random: Random) -> str:
    value = tokens.run(random, 32, "0123456789abcdef")
    return f"{value[:8]}-{value[8:12]}-4{value[13:16]}-{random.choice('89ab')}{value[17:20]}-{value[20:]}"


def _hash(random: Random) -> str:
    return tokens.run(random, random.choice((7, 10, 40, 64)), "0123456789abcdef")


_PERSONS = {
    "person": Slot("PERSON", _en_person),
    "first": Slot("PERSON", _pool("en_first")),
    "last": Slot("PERSON", _pool("en_last")),
    "ko_person": Slot("PERSON", _ko_person),
    "ja_person": Slot("PERSON", _ja_person),
    "ja_surname": Slot("PERSON", _pool("ja_surname")),
    "birth": Slot("DATE_OF_BIRTH", _between(_en_date, 1945, 2006)),
    "ko_birth": Slot("DATE_OF_BIRTH", _between(_ko_date, 1945, 2006)),
    "ja_birth": Slot("DATE_OF_BIRTH", _between(_ja_date, 1945, 2006)),
}
_PLACES = {
    "city": Slot("LOCATION", _pool("en_city")),
    "country": Slot("LOCATION", _pool("en_country")),
    "ko_city": Slot("LOCATION", _pool("ko_city")),
    "ja_place": Slot("LOCATION", _pool("ja_place")),
    "address": Slot("ADDRESS", _en_address),
    "ko_address": Slot("ADDRESS", _ko_address),
    "ja_address": Slot("ADDRESS", _ja_address),
    "ja_postal": Slot("ADDRESS", _form("〒###-####", "###-####")),
    "company": Slot("ORGANIZATION", _company),
    "institution": Slot("ORGANIZATION", _pool("en_institution")),
    "ko_company": Slot("ORGANIZATION", _pool("ko_company")),
    "ko_institution": Slot("ORGANIZATION", _pool("ko_institution")),
    "ja_company": Slot("ORGANIZATION", _pool("ja_company")),
    "ja_institution": Slot("ORGANIZATION", _pool("ja_institution")),
}
_CONTACTS = {
    "mail": Slot("EMAIL_ADDRESS", _mail),
    "phone": Slot("PHONE_NUMBER", numbers.us_phone),
    "world_phone": Slot("PHONE_NUMBER", numbers.world_phone),
    "ko_mobile": Slot("PHONE_NUMBER", numbers.kr_mobile),
    "ko_landline": Slot("PHONE_NUMBER", numbers.kr_landline),
    "ja_mobile": Slot("PHONE_NUMBER", numbers.jp_mobile),
    "ja_landline": Slot("PHONE_NUMBER", numbers.jp_landline),
    "ip": Slot("IP_ADDRESS", numbers.ipv4),
    "ipv6": Slot("IP_ADDRESS", numbers.ipv6),
    "mac": Slot("MAC_ADDRESS", numbers.mac),
    "card": Slot("CREDIT_CARD", numbers.card),
    "iban": Slot("IBAN_CODE", numbers.iban),
}
_IDENTITIES = {
    "ssn": Slot("US_SSN", numbers.us_ssn),
    "itin": Slot("US_ITIN", numbers.us_itin),
    "npi": Slot("US_NPI", numbers.us_npi),
    "routing": Slot("ABA_ROUTING_NUMBER", numbers.us_routing),
    "us_account": Slot("US_BANK_NUMBER", _form("%#########", "%###########", "%#######")),
    "us_passport": Slot("US_PASSPORT", numbers.us_passport),
    "us_driver": Slot("US_DRIVER_LICENSE", numbers.us_driver),
    "mrn": Slot("MEDICAL_RECORD_NUMBER", numbers.mrn),
    "member": Slot("HEALTH_PLAN_NUMBER", _form("@@@#########", "%@@%-@@%-@@%%", "W#########")),
    "vin": Slot("VIN", numbers.vin),
    "nhs": Slot("UK_NHS", numbers.uk_nhs),
    "nino": Slot("UK_NINO", numbers.uk_nino),
    "aadhaar": Slot("IN_AADHAAR", numbers.in_aadhaar),
    "pan": Slot("IN_PAN", numbers.in_pan),
    "nric": Slot("SG_NRIC_FIN", numbers.sg_nric),
    "nif": Slot("ES_NIF", numbers.es_nif),
    "pesel": Slot("PL_PESEL", numbers.pl_pesel),
    "tfn": Slot("AU_TFN", numbers.au_tfn),
    "rrn": Slot("KR_RRN", numbers.kr_rrn),
    "rrn_masked": Slot("KR_RRN", numbers.kr_rrn_masked),
    "frn": Slot("KR_FRN", numbers.kr_frn),
    "ko_passport": Slot("KR_PASSPORT", numbers.kr_passport),
    "ko_driver": Slot("KR_DRIVER_LICENSE", numbers.kr_driver),
    "brn": Slot("KR_BRN", numbers.kr_brn),
    "crn": Slot("KR_CRN", numbers.kr_crn),
    "ko_account": Slot("KR_BANK_ACCOUNT", numbers.kr_account),
    "plate": Slot("KR_VEHICLE_REGISTRATION", numbers.kr_plate),
    "ko_insurance": Slot("KR_HEALTH_INSURANCE", numbers.kr_insurance),
    "my_number": Slot("JP_MY_NUMBER", numbers.jp_my_number),
    "jp_corporate": Slot("JP_CORPORATE_NUMBER", numbers.jp_corporate),
    "ja_passport": Slot("JP_PASSPORT", numbers.jp_passport),
    "ja_driver": Slot("JP_DRIVER_LICENSE", numbers.jp_driver),
    "residence": Slot("JP_RESIDENCE_CARD", numbers.jp_residence),
    "ja_account": Slot("JP_BANK_ACCOUNT", numbers.jp_account),
    "ja_insurance": Slot("JP_HEALTH_INSURANCE", numbers.jp_insurance),
}
_COMPANY = {
    "code_name": Slot("CODE_NAME", lambda random: random.choice(_latin("code_name"))),
    "ko_code_name": Slot("CODE_NAME", lambda random: random.choice(_hangul("code_name"))),
    "ja_code_name": Slot("CODE_NAME", lambda random: random.choice(_japanese("code_name"))),
    "customer": Slot("CUSTOMER", lambda random: random.choice(_latin("customer"))),
    "ko_customer": Slot("CUSTOMER", lambda random: random.choice(_hangul("customer"))),
    "ja_customer": Slot("CUSTOMER", lambda random: random.choice(_japanese("customer"))),
}
_SECRETS = {
    "aws_id": Slot("SECRET", tokens.aws_id),
    "aws_secret": Slot("SECRET", tokens.aws_secret),
    "provider_key": Slot("SECRET", tokens.provider_key),
    "service_key": Slot("SECRET", tokens.service_key),
    "jwt": Slot("SECRET", tokens.jwt),
    "private_key": Slot("SECRET", tokens.private_key),
    "password": Slot("SECRET", tokens.password),
    "hexes": Slot("SECRET", tokens.hexes),
    "opaque": Slot("SECRET", tokens.opaque),
}
_NEAR = {
    "uuid": Slot("", _uuid),
    "hash": Slot("", _hash),
    "version": Slot("", _form("%.#.%#", "v%.%#.#", "20##.#", "#.#.#-rc.%")),
    "order": Slot("", _form("PO-#######", "ORD-20##-####", "INV-######", "#%######", "TCK-%####", "%##-####")),
    "amount": Slot("", _form("%,###.##", "%##.#0", "%##,###", "%#.#")),
    "count": Slot("", _form("%##", "%,###", "%####", "%#")),
    "date": Slot("", _between(_en_date, 2019, 2026)),
    "ko_day": Slot("", lambda random: f"{random.randint(1, 12)}월 {random.randint(1, 28)}일"),
    "ja_day": Slot("", lambda random: f"{random.randint(1, 12)}月{random.randint(1, 28)}日"),
    "stamp": Slot("", _stamp),
    "bank": Slot("ORGANIZATION", _pool("ko_bank")),
    "ja_bank": Slot("ORGANIZATION", _pool("ja_bank")),
    "db_user": Slot("", tokens.user),
} | {
    name: Slot("", _pool(name))
    for name in ("disease", "drug", "ko_disease", "ja_disease", "en_title", "ko_title", "ja_title")
}


def _latin(pool: str) -> list[str]:
    return [value for value in POOLS[pool] if value.isascii()]


def _hangul(pool: str) -> list[str]:
    return [value for value in POOLS[pool] if any("가" <= c <= "힣" for c in value)]


def _japanese(pool: str) -> list[str]:
    known = {*_latin(pool), *_hangul(pool)}
    return [value for value in POOLS[pool] if value not in known]


SLOTS: dict[str, Slot] = _PERSONS | _PLACES | _CONTACTS | _IDENTITIES | _COMPANY | _SECRETS | _NEAR
