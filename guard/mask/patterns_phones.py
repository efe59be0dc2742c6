"""Rows for telephone numbers: international, American, Korean, Japanese, and any other where a word announces one."""

from __future__ import annotations

from guard.mask.checks import phone
from guard.mask.rows import ALONE, END, OVER, Row

_PHONE_WORDS = (
    "phone", "telephone", "tel", "call", "mobile", "cell", "fax", "dial", "ring", "text", "sms", "whatsapp",
    "reach", "contact", "number", "messages to", "answering at", "call me", "hotline", "전화",
    "연락처", "휴대폰", "핸드폰", "팩스", "電話", "携帯", "連絡先", "ファックス",
)  # fmt: skip
_NOT_PHONE = (
    "order", "invoice", "ticket", "version", "isbn", "sku", "tracking", "commit", "build", "issue", "serial",
    "주문", "송장", "계좌", "注文", "口座",
)  # fmt: skip
_NO_DATE = (
    r"(?!(?:19|20)[0-9]{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ][0-3]?[0-9](?![0-9]))"
    r"(?![0-3]?[0-9][-./ ][01]?[0-9][-./ ](?:19|20)[0-9]{2}(?![0-9]))"
)

_KR_AREA = r"(?:2|1[016789]|[3-6][1-5]|[78]0|50[0-9])"
# Numbers that a company has in all of Korea, without an area code.
_KR_NATIONAL = r"(?:15(?:22|33|44|66|77|88|99)|16(?:00|01|44|60|61|66|70|88)|18(?:00|11|33|55|66|77|99))"


def _no_years(value: str) -> bool:
    """Whether a number of two halves is no span of years."""
    first, second = value.split("-")
    return not first < second <= "2100"


PHONES = (
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}{_KR_NATIONAL}-[0-9]{{4}}{OVER}",
        0.55,
        ("고객센터 «1588-1234»", "«1670-3300»으로", "call «1800-1600»"),
        ("1588-1598", "1800-1900", "order 1588-12345"),
        at="digit",
        check=_no_years,
        passed=0.55,
        failed=0.1,
        context=_PHONE_WORDS,
    ),
    Row(
        "PHONE_NUMBER",
        r"(?<![0-9A-Za-z+])(?:\+[1-9][0-9]{0,3}|\(\+[1-9][0-9]{0,3}\))(?:[ .-]?\(0?[0-9]{0,4}\)){0,2}"
        r"(?:[ .-]{0,2}[0-9]{1,5}){1,6}"
        rf"(?:[ ]?(?:x|ext\.?)[ ]?[0-9]{{1,6}})?{END}",
        0.75,
        (
            "call «+1 212 555 0100»",
            "«+82-10-1234-5678»로",
            "«+46 (0)8 928 571 38»",
            "«+14155550123».",
            "«+81 90 1234 5678»に",
        ),
        ("+1", "a+12 b", "C++11", "+100 points"),
        at="digit",
        check=phone,
        passed=0.75,
    ),
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}(?:1[-. ])?(?:\([2-9][0-9]{{2}}\)[ -]?|[2-9][0-9]{{2}}[-. ])[1-9][0-9]{{2}}[-. ][0-9]{{4}}"
        rf"(?:[ ]?(?:x|ext\.?)[ ]?[0-9]{{1,6}})?{OVER}",
        0.6,
        ("«212-555-0100»", "at «(415) 555-0123».", "«541.714.1388»입니다", "«1-800-555-0199 x12»"),
        ("2024-10-11", "1234-5678-9012", "222-333-444", "serial 212-555-0100"),
        at="digit",
        against=("isbn", "serial"),
    ),
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}(?:\(0{_KR_AREA}\)|0{_KR_AREA})[-. ]{{0,2}}[0-9]{{3,4}}[-. ]?[0-9]{{4}}{OVER}",
        0.7,
        ("«010-1234-5678»로 전화", "«01012345678»입니다", "«02-123-4567»", "«(02) 1234 5678»", "«051.744.3300»번"),
        ("010-12-5678", "0101234567890", "2010-1234-5678"),
        at="digit",
        against=("version", "주문번호", "계좌"),
    ),
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}(?:0[0-9]{{1,4}}-[0-9]{{1,4}}-[0-9]{{4}}|0[0-9]{{1,4}}\([0-9]{{1,4}}\)[0-9]{{4}}"
        rf"|\(0[0-9]{{1,4}}\)[ ]?[0-9]{{1,4}}-[0-9]{{4}}"
        rf"|0[5789]0[0-9]{{8}}){OVER}",
        0.65,
        ("«090-1234-5678»に電話", "«03-1234-5678»です", "«03(1234)5678»", "«(06) 6123-4567»", "«08012345678»まで"),
        ("00-1-2", "0-1234-5678-9"),
        at="digit",
        check=lambda value: phone(value) and not value.startswith("00"),
        passed=0.65,
    ),
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}(?:\(0[1-9][0-9]{{1,3}}\)|0[1-9][0-9]{{1,3}})[ /-]{{1,2}}[0-9]{{2,8}}"
        rf"(?:[ -][0-9]{{2,5}}){{0,4}}{OVER}",
        0.5,
        ("«07700 063 966»", "«0490 75 40 81»", "ruf «030/1234567» an", "«(0171) 2345678»"),
        ("0123", "0045 12", "order 030/12345678"),
        at="digit",
        check=lambda value: phone(value) and sum(c.isdigit() for c in value) >= 9,
        passed=0.5,
        against=_NOT_PHONE,
    ),
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}(?<![A-Za-z]-){_NO_DATE}(?:\([0-9]{{1,4}}\)[ -]?)?[0-9]{{2,5}}(?:[ .-][0-9]{{2,6}}){{1,5}}{OVER}"
        rf"(?!-[0-9a-fA-F])",
        0.0,
        ("Phone: «78 651 450»", "fax «(37) 788-063»", "call me on «467 3395»", "전화 «1588-1234»"),
        ("about 2024-10-11", "call at 2024-10-11", "it costs 12 500 000", "phone me at 12.30"),
        at="digit",
        check=phone,
        passed=0.1,
        failed=0.0,
        context=_PHONE_WORDS,
        against=(*_NOT_PHONE, "card", "ssn", "account"),
    ),
    Row(
        "PHONE_NUMBER",
        rf"{ALONE}(?<![A-Za-z]-)[0-9]{{7,12}}{OVER}",
        0.1,
        ("my phone is «4155550123»", "携帯は«312345678»"),
        ("order 4155550123", "there were 4155550123 of them", "phone order number 4155550123"),
        at="digit",
        context=_PHONE_WORDS[:12] + _PHONE_WORDS[21:25] + ("電話", "携帯", "連絡先"),
        against=(*_NOT_PHONE, "card", "ssn", "account", "iban"),
    ),
)
