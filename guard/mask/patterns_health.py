"""Rows for identifiers that HIPAA names and every country has under some label: records, plans, devices, licences.

Staff and student numbers are here too: they are what a hospital, an employer or a school files a person under.
"""

from __future__ import annotations

from guard.mask.rows import CODE, END, MIXED, START, Row, labelled

HEALTH = (
    labelled(
        "MEDICAL_RECORD_NUMBER",
        r"mrn|(?:medical|health|hospital|patient) (?:record|chart|file)|(?:patient|chart|hospital|encounter|visit|case"
        r"|specimen|accession|lab) (?:id|no|number|identifier)|(?:병록|차트|환자|진료|병원등록|환자등록|검체)\s?번호"
        r"|(?<![가-힣])등록번호|診察券|カルテ|患者(?:id|番号)|検体",
        MIXED,
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
               "lab", "file", "병록", "차트", "환자", "진료", "등록번호", "등록 번호", "검체", "診察", "カルテ",
               "患者", "検体"),
    ),
    labelled(
        "HEALTH_PLAN_NUMBER",
        r"(?:health ?plan|health insurance|insurance|medicaid|medicare|member|subscriber|beneficiary|group|policy|hicn)"
        r"(?: (?:beneficiary|member|policy|card|group|subscriber))?(?: (?:id|no|number|identifier)|#)|hicn",
        MIXED,
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
        CODE,
        ("claim number «CLM-2291-0038»", "prior authorization number: «PA0093812»", "Referral # «R1029384»"),
        ("claim number: int", "the claim: 3 of 4", "referral program"),
        needs=("claim", "prior auth", "preauth", "pre-auth", "referral"),
    ),
    labelled(
        "PRESCRIPTION_NUMBER",
        r"(?:prescription|rx)(?: ?(?:id|no|number)| ?#| ?:)|처방전?\s?(?:발행|관리|식별|교부)?\s?번호\s?(?:예)?"
        r"|処方箋(?:番号)?",
        CODE,
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
        needs=("imei", "meid", "udid", "idfa", "aaid", "gaid", "iccid", "imsi", "udi", "device", "equipment",
               "pacemaker",
               "implant", "defibrillator", "pump", "hearing aid", "instrument", "serial", "s/n", "기기", "일련번호",
               "シリアル",
               "製造番号", "機器番号"),
    ),
    labelled(
        "BIOMETRIC_ID",
        r"(?:fingerprint|finger print|iris|retina|retinal|voice ?print|face ?print|facial|biometric|palm|dna|지문"
        r"|홍채|생체|指紋|虹彩"
        r"|生体) ?(?:scan|template|record|sample|profile|data|인식|템플릿|認証|データ)?[ _-]?(?:id|no|number|code"
        r"|hash|번호|番号)",
        MIXED,
        ("fingerprint template ID «FP-99821-A»", "biometric id: «b10m-7718»", "지문 번호 «FP20931»",
         "指紋番号 «F-88120»"),
        ("biometric id: str", "fingerprint id of a build"),
        needs=("finger", "iris", "retina", "voice", "face", "facial", "biometric", "palm", "dna", "지문", "홍채",
               "생체", "指紋",
               "虹彩", "生体"),
    ),
    labelled(
        "CERTIFICATE_NUMBER",
        r"(?:(?:birth|death|marriage|professional|citizenship|naturalization|training|pilot'?s?|teaching|bar|contractor"
        r"|cosmetology|real estate|engineer(?:ing)?) )?(?:certificate|certification|licen[cs]e|permit|registration)"
        r"(?: ?(?:no|number|num|#|id))|(?:자격증?|면허증?|인증서|수료증|합격증|증명서)\s?(?:발급)?번호|登録証番号"
        r"|認定番号|証明書番号|免許番号",
        CODE,
        ("birth certificate number «104-56-002817»", "License No. «RN482910»", "자격증번호: «12-8834-019»",
         "証明書番号 «A-00821»"),
        ("license number: str", "certificate number of hosts", "registration number pending"),
        needs=("certificat", "licen", "permit", "registration", "자격", "면허", "인증서", "수료증", "합격증",
               "증명서", "証番号", "認定番号", "証明書番号", "免許番号"),
    ),
    labelled(
        "EMPLOYEE_ID",
        r"(?:employee|staff|personnel|badge|worker|payroll)(?: ?(?:id|no|number|#))|(?:사원|직원|교직원"
        r"|임직원)\s?번호|사번|군번"
        r"|(?:社員|従業員|職員)(?:番号|id)",
        CODE,
        ("employee ID «E-20451»", "badge no. «B4471»", "사번: «A20451»", "사원번호: «P-2018-1129»",
         "社員番号は«00451»"),
        ("employee id: int", "staff number one", "사번은 없음", "employees 2000"),
        needs=("employee", "staff", "personnel", "badge", "worker", "payroll", "사원", "직원", "사번", "군번", "社員",
               "従業員", "職員"),
    ),
    labelled(
        "STUDENT_ID",
        r"(?:student|matriculation|enrol?lment)(?: ?(?:id|no|number|#))|학번|수험번호|学籍番号|受験番号",
        MIXED,
        ("Student No.: «2025F-00417»", "학번: «2024110023»", "学籍番号«A1920345»"),
        ("student id: int", "학번이 뭐야", "students 2024"),
        needs=("student", "matriculation", "enrol", "학번", "수험번호", "学籍", "受験"),
    ),
)  # fmt: skip
