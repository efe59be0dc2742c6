"""Rows for numbers and addresses that stand for a person: mail, card, account, network, identity."""

from __future__ import annotations

from guard.mask.checks import iban, luhn, ssn
from guard.mask.checks_ids import host
from guard.mask.patterns_europe import EUROPE
from guard.mask.patterns_health import HEALTH
from guard.mask.patterns_japan import JAPAN
from guard.mask.patterns_korea import KOREA
from guard.mask.patterns_us import US, VEHICLES
from guard.mask.patterns_world import WORLD
from guard.mask.rows import ALONE, END, OVER, START, Row

_CARD_WORDS = (
    "card", "visa", "mastercard", "amex", "american express", "credit", "debit", "cc", "payment", "charge", "카드",
    "결제", "カード", "クレジット",
)  # fmt: skip
MAIL = (
    Row(
        "EMAIL_ADDRESS",
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+'-][A-Za-z0-9._%+'-]{0,127}@(?:[A-Za-z0-9À-ɏ]"
        r"(?:[A-Za-z0-9À-ɏ-]{0,62})\.){1,8}"
        r"(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})(?![A-Za-z0-9])",
        0.95,
        (
            "write to «alice.meyer@example.com».",
            "«alice@x.com»으로 보내",
            "«o'neil+tag@mail.example.co.uk», please",
            "メールは«taro_yamada@example.jp»です",
            "<«a@b.io»>",
            "(«bob@example.org»)",
        ),
        ("@alice", "user@localhost", "a @ b.com", "npm i @scope/pkg@1.2.3"),
        ("@",),
    ),
)

PAYMENT = (
    Row(
        "CREDIT_CARD",
        rf"{ALONE}(?:[2-6][0-9]{{3}}(?P<s>[ -])[0-9]{{4}}(?P=s)[0-9]{{4}}(?P=s)[0-9]{{4}}(?:(?P=s)[0-9]{{1,3}})?"
        rf"|3[0-9]{{3}}(?P<t>[ -])[0-9]{{6}}(?P=t)[0-9]{{4,5}}){OVER}",
        0.6,
        (
            "card «4111 1111 1111 1111».",
            "«4111-1111-1111-1111»입니다",
            "«3782 822463 10005»で",
            "pay «5412-8830-4471-2099»",
        ),
        ("1234-5678-9012-3456", "4111 1111-1111 1111 1111", "4111-1111-1111"),
        at="digit",
        check=luhn,
        failed=0.45,
        context=_CARD_WORDS,
    ),
    Row(
        "CREDIT_CARD",
        rf"{ALONE}(?:[2-6][0-9]{{12,18}}|(?:1800|2131)[0-9]{{11}}){OVER}",
        0.6,
        (
            "«4111111111111111»로 결제",
            "card «4131034282458809939»",
            "«180016070420458»",
            "my card «4111111111111112» is lost",
        ),
        ("tracking 4111111111111112", "id 999999999999999999", "4111111111111111abc"),
        at="digit",
        check=luhn,
        passed=0.75,
        failed=0.1,
        context=_CARD_WORDS,
        against=("tracking",),
    ),
    Row(
        "CREDIT_CARD",
        rf"{ALONE}(?:5[0678]|6[0-9])[0-9]{{10}}{OVER}",
        0.1,
        ("my card «630427373398» is lost",),
        ("order 630427373398",),
        at="digit",
        check=luhn,
        passed=0.2,
        failed=0.05,
        context=_CARD_WORDS,
    ),
    Row(
        "IBAN_CODE",
        rf"{START}[A-Za-z]{{2}}[0-9]{{2}}(?P<s>[ -]?)[A-Za-z0-9]{{4}}(?:(?P=s)[A-Za-z0-9]{{4}}){{1,6}}(?:"
        rf"(?P=s)[A-Za-z0-9]{{1,4}})?{END}",
        0.5,
        (
            "IBAN «DE89 3704 0044 0532 0130 00»",
            "«GB29NWBK60161331926819»로",
            "from «gb82west12345698765432» to",
            "iban: «DE00370400440532013000»",
        ),
        ("AB12CD34EF56GH78", "de89 of the pages", "GB29 NWBK"),
        at="digit",
        back=2,
        lead=r"(?<=[A-Za-z]{2})[0-9]{2}",
        check=iban,
        failed=0.2,
        context=("iban", "account", "bank", "계좌", "口座", "konto"),
    ),
)

NETWORK = (
    Row(
        "URL",
        r"(?<![0-9A-Za-z@/.])(?:(?i:https?|ftp)://[^\s<>\"'`|\\^{}\[\]（）「」、。，가-힣ぁ-んァ-ヶ一-鿿]{1,2000}"
        r"|(?i:www)\.[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}(?:/[^\s<>\"'`"
        r"|\\^{}\[\]（）「」、。，가-힣ぁ-んァ-ヶ一-鿿]{0,2000})?)"
        r"(?<![.,;:!?)*_])",
        0.5,
        (
            "see «https://www.example.com/a?b=1».",
            "(«https://sec.example.kr/check»)에",
            "홈페이지 «www.example.kr»에서",
            "«http://Example.be/» is",
        ),
        ("os.system", "file.py", "www.", "https://"),
        needs=("://", "www."),
    ),
    Row(
        "IP_ADDRESS",
        r"(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?(?![0-9A-Za-z])(?!\.[0-9])",
        0.6,
        ("host «10.0.0.12» down", "«192.168.45.112»에서", "«203.0.113.7»です", "net «10.1.0.0/16»"),
        ("version 1.2.3", "1.2.3.4.5", "300.1.1.1", "on 127.0.0.1:8000", "bind 0.0.0.0", "version 1.2.3.4", "v1.2.3.4"),
        at="digit",
        check=host,
        passed=0.6,
        failed=0.0,
        against=("version", "release", "upgrade to", "버전", "バージョン"),
    ),
    Row(
        "IP_ADDRESS",
        r"(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::[0-9A-Fa-f]{1,4}){0,6}(?:[0-9A-Fa-f]{1,4}|:)?"
        r"(?:/[0-9]{1,3})?(?![0-9A-Za-z:])"
        r"|(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f:]{0,39}[0-9])[0-9A-Fa-f]{1,4}::"
        r"(?:[0-9A-Fa-f]{1,4}:){0,5}[0-9A-Fa-f]{1,4}(?:/[0-9]{1,3})?(?![0-9A-Za-z:])"
        r"|(?<![0-9A-Za-z:.])::(?:ffff:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){1,6})"
        r"(?![0-9A-Za-z:])",
        0.7,
        (
            "«2001:db8::8a2e:370:7334» is up",
            "«fe80::1ff:fe23:4567:890a»로",
            "«2001:db8:85a3:0:0:8a2e:370:7334»",
            "«::ffff:10.0.0.1»",
        ),
        ("at 12:30:45", "std::cout", "a::b", "1:2:3", "ratio 12:30"),
        at="digit",
        back=24,
        lead=r"(?<=:)[0-9]|[0-9][0-9A-Fa-f]{0,3}:",
        check=host,
        passed=0.7,
        failed=0.0,
    ),
    Row(
        "MAC_ADDRESS",
        rf"{START}[0-9A-Fa-f]{{2}}(?P<s>[:-])(?:[0-9A-Fa-f]{{2}}(?P=s)){{4}}[0-9A-Fa-f]{{2}}(?![0-9A-Za-z:-])",
        0.7,
        ("mac «00:1A:2B:3C:4D:5E»", "«00-1a-2b-3c-4d-5e»입니다"),
        ("12:30:45", "2024-10-11-12-13-14"),
        at="digit",
        back=12,
        lead=r"[0-9][0-9A-Fa-f]?[:-][0-9A-Fa-f]{2}[:-]",
    ),
)

IDENTITY = (
    Row(
        "US_SSN",
        rf"{ALONE}[0-9]{{3}}(?P<s>[- ])[0-9]{{2}}(?P=s)[0-9]{{4}}{OVER}",
        0.6,
        ("SSN «460-89-9847»", "«514-69-0360»입니다", "ssn: «078 05 1120»"),
        ("000-12-3456", "666-12-3456", "123-00-4567", "123-45-67890", "part 460-89-9847"),
        at="digit",
        check=ssn,
        passed=0.65,
        failed=0.1,
        against=("order", "part", "phone"),
    ),
    Row(
        "US_SSN",
        rf"{ALONE}[0-9]{{9}}{OVER}",
        0.1,
        ("my social security number is «460899847»",),
        ("order 460899847",),
        at="digit",
        check=ssn,
        passed=0.1,
        failed=0.0,
        context=("ssn", "social security", "taxpayer"),
    ),
)

LICENCES = (
    Row(
        "US_DRIVER_LICENSE",
        r"(?i:driv(?:er|ing)(?:'?s)? licen[cs]e(?: number| no\.?| #)?(?: is|:|=)? )"
        r"(?P<value>[0-9A-Z][0-9A-Z-]{4,18}[0-9])(?![0-9A-Za-z])",
        0.7,
        (
            "my driver's license number is «2270-66-1551»",
            "Driving licence: «MORGA657054SM9»",
            "driver license no. «D1234567»",
        ),
        ("the driver's license number is required", "driving license rules"),
        needs=("driver", "driving"),
    ),
)

IDS: tuple[Row, ...] = (
    *MAIL, *PAYMENT, *NETWORK, *IDENTITY, *LICENCES, *US, *HEALTH, *VEHICLES, *KOREA, *JAPAN, *EUROPE, *WORLD,
)  # fmt: skip
