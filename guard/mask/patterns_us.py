"""Rows for the United States, for accounts and for vehicles."""

from __future__ import annotations

from guard.mask.checks import luhn
from guard.mask.checks_ids import aba, dea, npi, vin
from guard.mask.rows import ALONE, END, MIXED, OVER, START, Row, labelled

US = (
    Row(
        "US_ITIN",
        rf"{ALONE}9[0-9]{{2}}(?P<s>[- ])(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])(?P=s)[0-9]{{4}}{OVER}",
        0.6,
        ("ITIN «912-70-1234»", "«900 88 4321»입니다"),
        ("912-93-1234", "912-70-12345"),
        at="digit",
    ),
    Row(
        "US_MBI",
        rf"{START}[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?"
        rf"[AC-HJKMNP-RT-Y]{{2}}[0-9]{{2}}{END}",
        0.65,
        ("Medicare «1EG4-TE5-MK73»", "MBI: «1EG4TE5MK73»"),
        ("1EG4-TE5-MK7", "0EG4-TE5-MK73", "1SG4-TE5-MK73"),
        at="digit",
    ),
    labelled(
        "US_NPI",
        "npi|national provider identifier",
        r"[12][0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        ("NPI: «1234567893»", "national provider identifier is «1003000126»"),
        ("npi 12345", "npi 9234567893"),
        needs=("npi", "national provider"),
        check=npi,
    ),
    labelled(
        "MEDICAL_LICENSE",
        r"dea|(?:medical|nursing|physician|pharmacist|doctor'?s?|rn|md) licen[cs]e",
        r"[A-Z]{0,3}[ -]?[0-9]{4,9}",
        ("DEA# «AB1234563»", "medical license no. «G 123456»"),
        ("the DEA was there in time", "medical license fees"),
        needs=("dea", "licen"),
        check=dea,
    ),
    Row(
        "MEDICAL_LICENSE",
        rf"{START}[ABFGMPRX][A-Z9][0-9]{{7}}{END}",
        0.1,
        ("prescriber «BJ6125341», refills 2",),
        ("part BJ6125342", "prescriber BJ612534"),
        at="digit",
        back=2,
        lead=r"(?<=[A-Z]{2})[0-9]{7}|(?<=[A-Z])9[0-9]{7}",
        check=dea,
        passed=0.25,
        failed=0.0,
        context=("prescriber", "dea", "prescribed", "physician", "rx"),
    ),
    labelled(
        "ABA_ROUTING_NUMBER",
        r"(?:aba |bank |wire )?routing(?: transit)?|aba|rtn",
        r"[0-9]{4}-?[0-9]{4}-?[0-9]",
        ("routing number: «021000021»", "ABA «1110-0002-5»"),
        ("routing table 12", "aba 12345"),
        needs=("routing", "aba", "rtn"),
        check=aba,
    ),
    labelled(
        "US_BANK_NUMBER",
        r"(?:bank|checking|savings|chequing|deposit|direct deposit|wire|beneficiary) (?:account|acct)",
        r"[0-9](?:[ -]?[0-9]){5,16}",
        ("bank account «000123456789»", "checking account number is «9876 5432 10»"),
        ("bank account 12", "savings account rates"),
        needs=("account", "acct"),
    ),
    labelled(
        "ACCOUNT_NUMBER",
        r"(?:customer |client |member |patient |guarantor |loan |billing |user )?(?:account|acct)(?: ?(?:no|num"
        r"|number|id|#)"
        r"|s? number(?: is)?)\.?|a/c(?: no)?|(?:customer|client|membership|loyalty|frequent flyer) (?:no|number|id)"
        r"|회원번호|고객번호|가입자번호|증권번호|会員番号|顧客番号|お客様番号|証券番号",
        MIXED,
        (
            "account number «8830-22-1947»",
            "customer ID: «CU-448812»",
            "회원번호: «A-1029384»",
            "お客様番号は«00123456»です",
            "acct #«55501234»",
        ),
        ("account number is required", "account manager 2024", "customer id: int", "sort code"),
        needs=("account", "acct", "a/c", "customer", "client", "member", "loyalty", "flyer", "회원", "고객", "가입자",
               "증권",
               "会員", "顧客", "お客様", "証券"),
    ),
    labelled(
        "PASSPORT",
        r"(?:u\.?s\.? |american |british |canadian |indian |my |his |her |german |french )?passport(?: book| card)?",
        r"(?:[A-Z]{1,2}[0-9]{6,9}[A-Z]?|[0-9]{8,9}|[A-Z][0-9]{3}[A-Z][0-9]{4}"
        r"|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}[0-9])",
        ("passport number «552901447»", "Passport: «C01X00T47»", "passport no «AB1234567»"),
        ("passport office 12", "passports", "passport 1234"),
        needs=("passport",),
        score=0.65,
    ),
    labelled(
        "TAX_NUMBER",
        r"ein|fein|employer identification|(?:federal )?tax (?:id|identification|reference|registration|no|number)"
        r"|tin|vkn|afm",
        r"[0-9]{2}-?[0-9]{7}|(?=[A-Z-]{0,4}[0-9])[A-Z0-9-]{7,15}",
        ("EIN «12-3456789»", "Federal Tax ID: «123456789»", "tax number «048215573»"),
        ("ein 12-34", "tin 1234"),
        needs=("ein", "tax", "tin", "employer identification", "vkn", "afm"),
    ),
)  # fmt: skip

VEHICLES = (
    Row(
        "VIN",
        rf"{START}[1-9A-HJ-NPR-Z][A-HJ-NPR-Z0-9]{{2}}[A-HJ-NPR-Z0-9]{{5}}[0-9X][A-HJ-NPR-Z0-9]{{4}}[0-9]{{4}}{END}",
        0.1,
        ("VIN «1HGCM82633A004352»", "차대번호 «KMHD84LF5LU123456»", "the car «1M8GDM9AXKP042788» is"),
        ("12345678901234567", "ABCDEFGHJKLMN1234"),
        at="digit",
        back=16,
        lead=r"[0-9]{4}(?![0-9A-Za-z])|[0-9X]{1,4}[A-HJ-NPR-Z]",
        check=lambda value: vin(value) and not value.isdigit(),
        passed=0.6,
        failed=0.1,
        context=("vin", "chassis", "vehicle", "car", "차대번호", "차대", "車台番号"),
    ),
    labelled(
        "VIN",
        r"vin|vehicle identification (?:no|number)|chassis (?:no|number)|차대번호|車台番号",
        r"(?=[A-Z]{0,16}[0-9])[A-HJ-NPR-Z0-9]{17}",
        ("VIN «7XTGZ8PZ7KB81CDAL»", "chassis number: «WVWZZZ1JZXW00000A»", "차대번호 «KMHD84LF5LU12345A»"),
        ("VIN ABCDEFGHJKLMNPRST", "the vin diesel film", "VIN 12345"),
        needs=("vin", "vehicle identification", "chassis n", "차대번호", "車台番号"),
    ),
    labelled(
        "LICENSE_PLATE",
        r"(?:licen[cs]e|number|registration|vehicle) (?:plates?|tag)(?: (?:no|number))?|plates?(?: (?:no|number))"
        r"|vehicle registration"
        r"|kennzeichen",
        r"(?=[A-ZÄÖÜ -]{0,6}[0-9])[A-ZÄÖÜ0-9]{1,4}(?:[ -]?[A-Z0-9]{1,4}){1,3}",
        ("license plate «7ABC123»", "plate number: «B-MW 1234»", "vehicle registration «AB12 CDE»"),
        ("license plate readers", "plate number one", "number plates are"),
        needs=("plate", "tag", "vehicle registration", "kennzeichen"),
    ),
    Row(
        "DEVICE_ID",
        rf"{ALONE}[0-9]{{2}}(?P<s>[- ])[0-9]{{6}}(?P=s)[0-9]{{6}}(?P=s)[0-9]{{1,2}}{OVER}",
        0.2,
        ("phone «49-015420-323751-8»",),
        ("49-015420-323751-9", "49-015420-323751"),
        at="digit",
        check=luhn,
        passed=0.6,
        failed=0.2,
        context=("imei",),
    ),
)  # fmt: skip
