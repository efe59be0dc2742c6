"""Rows for European identity numbers. What has a shape of its own stands alone; bare digits need a label."""

from __future__ import annotations

from guard.mask.checks_ids import bsn, codice_fiscale, dni, hetu, nhs, nir, personnummer, pesel, steuer_id
from guard.mask.rows import ALONE, END, OVER, START, Row, labelled

BRITAIN = (
    labelled(
        "UK_NHS",
        "nhs(?: england)?",
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
        ("NHS number: «943 476 5919»", "NHS no. «9434765919»"),
        ("NHS 111", "nhs number 12345"),
        needs=("nhs",),
        check=nhs,
    ),
    Row(
        "UK_NINO",
        rf"{START}(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?P<s> ?)[0-9]{{2}}(?P=s)[0-9]{{2}}"
        rf"(?P=s)[0-9]{{2}}"
        rf"(?P=s)[A-D]{END}",
        0.6,
        ("NI number «AB 12 34 56 C»", "«AB123456C»입니다"),
        ("GB123456C", "AB123456E", "AB12345C", "part AB123456C"),
        at="digit",
        back=3,
        lead=r"(?<=[A-Z]{2})[0-9]{6}[A-D]|(?<=[A-Z]{2} )[0-9]{2} [0-9]{2} ",
        against=("part", "sku", "model"),
    ),
    Row(
        "UK_DRIVING_LICENCE",
        rf"{START}[A-Z9]{{5}}[0-9](?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12][0-9]"
        rf"|3[01])[0-9][A-Z9]{{2}}[A-Z0-9][A-Z]{{2}}{END}",
        0.7,
        ("licence «MORGA657054SM9IJ»",),
        ("MORGA657954SM9IJ", "MORGA657054SM9"),
        at="digit",
        back=5,
        lead=r"[0-9]{6}[A-Z9]{2}",
    ),
    Row(
        "UK_VEHICLE_REGISTRATION",
        rf"{START}[A-HJ-PR-Y]{{2}}(?:0[1-9]|[1-7][0-9]) ?[A-HJ-PR-Z]{{3}}{END}",
        0.1,
        ("my car, «AB12 CDE», is", "reg «LK64ZXV»"),
        ("section AB12 CDE", "AB12 CD"),
        at="digit",
        back=2,
        lead=r"(?<=[A-Z]{2})[0-9]{2} ?[A-Z]{3}",
        context=("car", "vehicle", "reg", "registration", "plate", "van", "number plate"),
    ),
    Row(
        "LOCATION",
        rf"{START}(?:GIR 0AA|[A-PR-UWYZ](?:[0-9]{{1,2}}|[A-HK-Y][0-9]|[A-HK-Y][0-9][0-9ABEHMNPRV-Y]|[0-9][A-HJKPS-UW])"
        rf" [0-9][ABD-HJLNP-UW-Z]{{2}}){END}",
        0.55,
        ("London «SW1A 2AA»", "at «M1 1AE»,", "«EC1A 1BB»입니다"),
        ("M1 1A", "version A1 2"),
        at="digit",
        back=2,
        lead=r"(?<=[A-Z])[0-9]{1,2}[A-Z]? [0-9][A-Z]{2}",
    ),
)

CONTINENT = (
    Row(
        "ES_NIF",
        rf"{START}(?:[XYZ]-?[0-9]{{7}}|[0-9]{{8}})-?[A-HJ-NP-TV-Z]{END}",
        0.2,
        ("DNI «12345678Z»", "NIE «X1234567L»", "«12345678-Z»입니다"),
        ("12345678A", "X1234567A", "sku 12345678Z"),
        at="digit",
        back=2,
        lead=r"[0-9]{7,8}-?[A-Z]",
        check=dni,
        passed=0.6,
        failed=0.1,
        context=("dni", "nie", "nif"),
        against=("sku", "part", "serial"),
    ),
    Row(
        "IT_FISCAL_CODE",
        rf"{START}[A-Z]{{6}}[0-9LMNP-V]{{2}}[ABCDEHLMPRST][0-9LMNP-V]{{2}}[A-Z][0-9LMNP-V]{{3}}[A-Z]{END}",
        0.6,
        ("codice fiscale «RSSMRA85T10A562S»", "«RSSMRA85T10A562X»"),
        ("RSSMRA85T10A562", "RSSMRA85Z10A562S"),
        at="digit",
        back=6,
        lead=r"(?<=[A-Z]{6})[0-9]{2}[A-Z]",
        check=codice_fiscale,
        passed=0.9,
        failed=0.5,
    ),
    Row(
        "FR_NIR",
        rf"{ALONE}[12](?P<s> ?)[0-9]{{2}}(?P=s)(?:0[1-9]|1[0-2]|[2-9][0-9])(?P=s)(?:[0-9]{{2}}"
        rf"|2[AB])(?P=s)[0-9]{{3}}(?P=s)[0-9]{{3}}"
        rf"(?P=s)[0-9]{{2}}{OVER}",
        0.2,
        ("n° de sécurité sociale «2 55 08 14 168 025 38»", "«255081416802538» (Sécu)"),
        ("255081416802539", "2 55 08 14 168 025"),
        at="digit",
        check=nir,
        passed=0.6,
        failed=0.1,
        context=("sécurité sociale", "sécu", "nir", "insee", "carte vitale"),
    ),
    Row(
        "FI_PERSONAL_IDENTITY_CODE",
        rf"{START}(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])[0-9]{{2}}[-+A-FU-Y][0-9]{{3}}[0-9A-FHJ-NPR-Y]{END}",
        0.2,
        ("henkilötunnus «131052-308T»", "hetu «131052-308U»"),
        ("131052-308U", "131352-308T"),
        at="digit",
        check=hetu,
        passed=0.6,
        failed=0.1,
        context=("hetu", "henkilötunnus"),
    ),
    Row(
        "SE_PERSONNUMMER",
        rf"{ALONE}(?:19|20)?[0-9]{{2}}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01]|[6-9][0-9])[-+][0-9]{{4}}{OVER}",
        0.3,
        ("personnummer «811218-9876»", "«19811218-9876»입니다"),
        ("811218-9877", "811318-9876"),
        at="digit",
        check=personnummer,
        passed=0.55,
        failed=0.1,
        context=("personnummer", "personal identity number"),
    ),
    labelled(
        "PL_PESEL",
        "pesel",
        r"[0-9]{11}",
        ("PESEL: «44051401359»",),
        ("pesel 12345",),
        needs=("pesel",),
        check=pesel,
    ),
    labelled(
        "DE_TAX_ID",
        r"steuer-?(?:id|identifikationsnummer|nummer)|idnr\.?",
        r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}|[0-9]{2,3}/[0-9]{3,4}/[0-9]{4,5}",
        ("Steuer-ID: «86095742719»", "Steuernummer «21/815/08150»"),
        ("Steuer 2024", "Steuernummer 12"),
        needs=("steuer", "idnr"),
        check=steuer_id,
    ),
    labelled(
        "DE_SOCIAL_SECURITY",
        r"(?:sozial|renten)versicherungs(?:-?nummer|nr\.?)|sv-?nummer|krankenversicherten(?:nummer|nr\.?)"
        r"|versichertennummer",
        r"[0-9]{2} ?[0-9]{6} ?[A-Z] ?[0-9]{3}|[A-Z][0-9]{9}",
        ("Rentenversicherungsnummer «65 170839 J 003»", "Versichertennummer: «A123456780»"),
        ("Versichertennummer 12", "Sozialversicherung 2024"),
        needs=("versicher", "sv-nummer", "svnummer"),
    ),
    labelled(
        "DE_ID_CARD",
        r"(?:personal)?ausweis(?:nummer|nr\.?)?|reisepass(?:nummer|nr\.?)?|führerschein(?:nummer|nr\.?)?",
        r"(?=[A-Z]{0,9}[0-9])[A-Z0-9]{9,11}",
        ("Personalausweisnummer: «L01X00T471»", "Reisepass «C01X00T47»"),
        ("Ausweis bitte", "Reisepass 12"),
        needs=("ausweis", "reisepass", "führerschein"),
    ),
    labelled(
        "NL_BSN",
        r"bsn|burgerservicenummer|sofinummer",
        r"[0-9]{9}",
        ("BSN «111222333»", "burgerservicenummer: «123456782»"),
        ("bsn 12345",),
        needs=("bsn", "burgerservice", "sofinummer"),
        check=bsn,
    ),
    labelled(
        "EU_VAT",
        r"vat|u?st-?id(?:nr\.?)?|ust-idnr\.?|tva|iva|btw|p\.? ?iva|partita iva|cif",
        r"[A-Z]{2} ?[0-9A-Z]{0,2}[0-9]{7,10}[0-9A-Z]{0,3}|[0-9]{11}",
        ("VAT number «DE136695976»", "partita IVA: «12345678903»", "TVA «FR40303265045»"),
        ("vat 19", "VAT is 20"),
        needs=("vat", "st-id", "stid", "tva", "iva", "btw", "cif"),
    ),
)

EUROPE: tuple[Row, ...] = (*BRITAIN, *CONTINENT)
