"""Rows for the United States, and for the identifiers that HIPAA names and every country has under some label."""

from __future__ import annotations

from guard.mask.checks import luhn
from guard.mask.checks_ids import aba, dea, npi, vin
from guard.mask.rows import ALONE, END, OVER, START, Row, labelled

# An identifier of capitals, digits and hyphens that holds at least one digit.
_CODE = r"(?=[A-Z-]{0,9}[0-9])[A-Z0-9](?:[A-Z0-9-]{2,22}[A-Z0-9])"
_MIXED = r"(?=[A-Za-z-]{0,9}[0-9])[A-Za-z0-9](?:[A-Za-z0-9-]{2,22}[A-Za-z0-9])"

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
        r"(?:customer |client |member |patient |guarantor |loan |billing |user )?(?:account|acct)(?: ?(?:no|num|number|id|#)"
        r"|s? number(?: is)?)\.?|a/c(?: no)?|(?:customer|client|membership|loyalty|frequent flyer) (?:no|number|id)"
        r"|회원번호|고객번호|가입자번호|증권번호|会員番号|顧客番号|お客様番号|証券番号",
        _MIXED,
        (
            "account number «8830-22-1947»",
            "customer ID: «CU-448812»",
            "회원번호: «A-1029384»",
            "お客様番号は«00123456»です",
            "acct #«55501234»",
        ),
        ("account number is required", "account manager 2024", "customer id: int", "sort code"),
        needs=("account", "acct", "a/c", "customer", "client", "member", "loyalty", "flyer", "회원", "고객", "가입자", "증권",
               "会員", "顧客", "お客様", "証券"),
    ),
    labelled(
        "US_PASSPORT",
        r"(?:u\.?s\.? |american |british |canadian |indian |my |his |her |german |french )?passport(?: book| card)?",
        r"(?:[A-Z]{1,2}[0-9]{6,9}[A-Z]?|[0-9]{8,9}|[A-Z][0-9]{3}[A-Z][0-9]{4}|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}[0-9])",
        ("passport number «552901447»", "Passport: «C01X00T47»", "passport no «AB1234567»"),
        ("passport office 12", "passports", "passport 1234"),
        needs=("passport",),
        score=0.65,
    ),
    labelled(
        "TAX_NUMBER",
        r"ein|fein|employer identification|(?:federal )?tax (?:id|identification|reference|registration|no|number)|tin|vkn|afm",
        r"[0-9]{2}-?[0-9]{7}|(?=[A-Z-]{0,4}[0-9])[A-Z0-9-]{7,15}",
        ("EIN «12-3456789»", "Federal Tax ID: «123456789»", "tax number «048215573»"),
        ("ein 12-34", "tin 1234"),
        needs=("ein", "tax", "tin", "employer identification", "vkn", "afm"),
    ),
)  # fmt: skip

HEALTH = (
    labelled(
        "MEDICAL_RECORD_NUMBER",
        r"mrn|(?:medical|health|hospital|patient) (?:record|chart|file)|(?:patient|chart|hospital|encounter|visit|case"
        r"|specimen|accession|lab) (?:id|no|number|identifier)|(?:병록|차트|환자|진료|병원등록|환자등록|검체)\s?번호"
        r"|(?<![가-힣])등록번호|診察券|カルテ|患者(?:id|番号)|検体",
        _MIXED,
        (
            "MRN: «00384712»",
            "medical record number «H-4471-902»",
            "Patient ID «PT0099182»",
            "차트번호 «A-20931»",
            "등록번호: «31108842»",
            "診察券番号：«0012345»",
        ),
        ("patient id: str", "medical record system 2", "사업자등록번호 214-86-30157", "patient number one"),
        needs=("mrn", "record", "chart", "patient", "hospital", "encounter", "visit", "case", "specimen", "accession",
               "lab", "file", "병록", "차트", "환자", "진료", "등록번호", "등록 번호", "검체", "診察", "カルテ", "患者", "検体"),
    ),
    labelled(
        "HEALTH_PLAN_NUMBER",
        r"(?:health ?plan|health insurance|insurance|medicaid|medicare|member|subscriber|beneficiary|group|policy|hicn)"
        r"(?: (?:beneficiary|member|policy|card|group|subscriber))?(?: (?:id|no|number|identifier)|#)|hicn",
        _MIXED,
        (
            "member ID: «XEH9284417»",
            "health plan beneficiary number «HP-88231-02»",
            "Policy number «POL-4482910»",
            "Medicaid ID «123456789A»",
            "subscriber no. «00991827»",
        ),
        ("group id: int", "insurance number one", "member 12", "policy number of the year"),
        needs=("health", "insurance", "medic", "member", "subscriber", "beneficiary", "group", "policy", "hicn"),
    ),
    labelled(
        "HEALTH_CASE_NUMBER",
        r"(?:(?:insurance |medical )?claim|prior auth(?:orization)?|pre-?auth(?:orization)?|referral)"
        r"(?: (?:id|no|number)| ?#| ?:)",
        _CODE,
        ("claim number «CLM-2291-0038»", "prior authorization number: «PA0093812»", "Referral # «R1029384»"),
        ("claim number: int", "the claim: 3 of 4", "referral program"),
        needs=("claim", "prior auth", "preauth", "pre-auth", "referral"),
    ),
    labelled(
        "PRESCRIPTION_NUMBER",
        r"(?:prescription|rx)(?: ?(?:id|no|number)| ?#| ?:)|처방전?\s?(?:발행|관리|식별|교부)?\s?번호\s?(?:예)?|処方箋(?:番号)?",
        _CODE,
        ("Rx# «7712093»", "처방전번호 «20260528-0093741»", "처방번호 «RX-2026-008471»", "prescription no. «RX-2210»"),
        ("Rx: 12", "prescription drugs", "처방번호 누락"),
        needs=("prescription", "rx", "처방", "処方"),
    ),
    Row(
        "PRESCRIPTION_NUMBER",
        rf"{START}P?RX-(?=[0-9-]{{8,20}}{END})[0-9]{{2,8}}(?:-[0-9]{{2,8}}){{0,3}}{END}",
        0.6,
        ("bring «RX-2026-0044871» along", "«PRX-20260528-0417»입니다"),
        ("the RX-7700 card", "RX-8"),
        needs=("rx-",),
    ),
    labelled(
        "DEVICE_ID",
        r"imei|meid|udid|idfa|aaid|gaid|iccid|imsi|udi|(?:device|equipment|pacemaker|implant|defibrillator|pump"
        r"|hearing aid|instrument) ?(?:id|identifier|serial(?: ?(?:no|number))?|no|number|#)"
        r"|serial ?(?:no|number|num|#)|s/n|기기\s?번호|일련번호|シリアル(?:番号|ナンバー)|製造番号|機器番号",
        r"(?=[A-Za-z.-]{0,9}[0-9])[A-Za-z0-9](?:[A-Za-z0-9.-]{3,38}[A-Za-z0-9])",
        (
            "IMEI «490154203237518»",
            "pacemaker serial number «PM-88213-X»",
            "S/N: «C02XK1YZJGH5»",
            "device id «a1b2c3d4-0099»",
            "일련번호: «SN20931-7»",
        ),
        ("serial number: int", "serial no longer works", "device id of the user", "S/N 1"),
        needs=("imei", "meid", "udid", "idfa", "aaid", "gaid", "iccid", "imsi", "udi", "device", "equipment", "pacemaker",
               "implant", "defibrillator", "pump", "hearing aid", "instrument", "serial", "s/n", "기기", "일련번호", "シリアル",
               "製造番号", "機器番号"),
    ),
    labelled(
        "BIOMETRIC_ID",
        r"(?:fingerprint|finger print|iris|retina|retinal|voice ?print|face ?print|facial|biometric|palm|dna|지문|홍채|생체|指紋|虹彩"
        r"|生体) ?(?:scan|template|record|sample|profile|data|인식|템플릿|認証|データ)?[ _-]?(?:id|no|number|code|hash|번호|番号)",
        _MIXED,
        ("fingerprint template ID «FP-99821-A»", "biometric id: «b10m-7718»", "지문 번호 «FP20931»", "指紋番号 «F-88120»"),
        ("biometric id: str", "fingerprint id of a build"),
        needs=("finger", "iris", "retina", "voice", "face", "facial", "biometric", "palm", "dna", "지문", "홍채", "생체", "指紋",
               "虹彩", "生体"),
    ),
    labelled(
        "CERTIFICATE_NUMBER",
        r"(?:(?:birth|death|marriage|professional|citizenship|naturalization|training|pilot'?s?|teaching|bar|contractor"
        r"|cosmetology|real estate|engineer(?:ing)?) )?(?:certificate|certification|licen[cs]e|permit|registration)"
        r"(?: ?(?:no|number|num|#|id))|(?:자격증?|면허증?|인증서|수료증|합격증|증명서)\s?(?:발급)?번호|登録証番号|認定番号|証明書番号|免許番号",
        _CODE,
        ("birth certificate number «104-56-002817»", "License No. «RN482910»", "자격증번호: «12-8834-019»", "証明書番号 «A-00821»"),
        ("license number: str", "certificate number of hosts", "registration number pending"),
        needs=("certificat", "licen", "permit", "registration", "자격", "면허", "인증서", "수료증", "합격증", "증명서", "証番号", "認定番号", "証明書番号", "免許番号"),
    ),
    labelled(
        "EMPLOYEE_ID",
        r"(?:employee|staff|personnel|badge|worker|payroll)(?: ?(?:id|no|number|#))|(?:사원|직원|교직원|임직원)\s?번호|사번|군번"
        r"|(?:社員|従業員|職員)(?:番号|id)",
        _CODE,
        ("employee ID «E-20451»", "badge no. «B4471»", "사번: «A20451»", "사원번호: «P-2018-1129»", "社員番号は«00451»"),
        ("employee id: int", "staff number one", "사번은 없음", "employees 2000"),
        needs=("employee", "staff", "personnel", "badge", "worker", "payroll", "사원", "직원", "사번", "군번", "社員", "従業員", "職員"),
    ),
    labelled(
        "STUDENT_ID",
        r"(?:student|matriculation|enrol?lment)(?: ?(?:id|no|number|#))|학번|수험번호|学籍番号|受験番号",
        _MIXED,
        ("Student No.: «2025F-00417»", "학번: «2024110023»", "学籍番号«A1920345»"),
        ("student id: int", "학번이 뭐야", "students 2024"),
        needs=("student", "matriculation", "enrol", "학번", "수험번호", "学籍", "受験"),
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
        "LICENSE_PLATE",
        r"(?:licen[cs]e|number|registration|vehicle) (?:plates?|tag)(?: (?:no|number))?|plates?(?: (?:no|number))|vehicle registration"
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
