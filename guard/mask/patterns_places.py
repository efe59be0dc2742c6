"""Rows for where a person lives: street addresses in the forms of several countries, post boxes and post codes."""

from __future__ import annotations

import re

from guard.mask.patterns_places_east import JAPANESE, KOREAN
from guard.mask.rows import END, LETTERS, MONTHS, START, UPPER, Row

_WORD = rf"[{UPPER}][{LETTERS}0-9'’.-]{{0,30}}"
_NAME = rf"(?:[NSEW]\.? )?{_WORD}(?: (?:{_WORD}|de|da|do|del|della|of|the|[0-9]{{1,3}}(?:st|nd|rd|th)?)){{0,4}}?"
_STREET = (
    r"(?:Street|Streets|St|Avenue|Avenues|Ave|Av|Road|Roads|Rd|Boulevard|Blvd|Lane|Ln|Drive|Drives|Dr|Court|Ct|Place"
    r"|Square|Squares|Sq|Terrace|Ter|Way|Parkway|Pkwy|Circle|Cir|Highway|Hwy|Close|Crescent|Cres|Mews|Row|Gardens"
    r"|Grove|Hill|Walk|Alley|Trail|Loop|Plaza|Turnpike|Pike|Quay|Wharf|Gate|Green|Rise|Parade|Croft|Esplanade"
    r"|Broadway|Strasse|Street\.|Str|STREET|AVENUE|ROAD"
    r"|DRIVE|LANE)\.?"
)
_FLAT = r"(?:,?\s{1,4}(?:Apt|Apartment|Suite|Ste|Unit|Floor|Flat|Room|Rm|#)\.?\s?[0-9A-Z][0-9A-Za-z-]{0,8})"
# What may follow on the next lines or after commas: town, state, post code, country.
_TOWN = (
    rf"(?:,?\s{{1,5}},?\s?{_WORD}(?: {_WORD}){{0,2}}){{0,1}}(?:\s{{0,3}},\s{{0,3}}(?:[A-Z]{{2}}|nan|{_WORD}))?"
    rf"(?:\s{{1,3}}{_WORD}(?: {_WORD}){{0,2}})?\s{{1,3}}(?:[0-9]{{5}}(?:-[0-9]{{4}})?|[0-9]{{3}} [0-9]{{2}}"
    rf"|[A-Z]{{1,2}}[0-9][0-9A-Z]? [0-9][A-Z]{{2}})"
)
# The lines of an envelope after the street: town, state, country, at last the post code.
_REST = (
    rf"(?:[\s,>]{{1,9}}(?:{_WORD}|nan)(?: (?:{_WORD}|de|del|do|da"
    rf"|\([A-Z][a-z]{{1,20}}\))){{0,4}}){{1,3}}[\s,>]{{1,9}}"
    r"(?:[0-9]{3,5}(?:[ -][0-9]{2,4})?|[0-9]{2}-[0-9]{3}|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2})"
)
# The same without a post code: more lines of an envelope (indented, quoted, or after a comma), or a town and a country.
_PLACE = rf"(?:[{UPPER}∆][{LETTERS}∆'’.-]{{1,30}}|nan|[A-Z]{{2}})"
_PLACES = rf"{_PLACE}(?: (?:{_PLACE}|de|del|do|da|nad|na|\([A-Z][a-z]{{1,20}}\))){{0,3}}(?![{LETTERS}]|:)"
_LINES = (
    rf"(?:(?:\n[ >]{{1,6}}|,\s{{0,3}}| ){_PLACES}){{1,3}}(?:[\s,>]{{1,9}}[0-9]{{3,5}}(?:[ -][0-9]{{2,4}})?(?![0-9]))?"
)
_SUFFIXES = (
    "straße|strasse|str\\.|weg|platz|allee|gasse|ring|ufer|damm|katu|tie|kuja|polku|vej|vænget|gade|gatan|vägen|gata"
    "|veien|vegen|"
    "laan|straat|plein|gracht|kade|utca|tér|ulica|ulice|rkp\\.|u\\.|út|tere|terrasse|bakken|stræde|torget|aukio"
    "|tänav|maantee|puiestee"
)
_HOUSE_LEAD = "(?i:" + "|".join(f"(?<={suffix})|(?<={suffix} )" for suffix in _SUFFIXES.split("|")) + ")[0-9]"
_LIVES = (
    "address", "lives at", "live at", "living at", "located at", "office is at", "is at", "restaurant is at",
    "meet you at", "ship to", "send to", "sent to", "deliver", "delivered to", "return to", "moved to", "street",
    "drops you off at", "new one to", "apt", "suite", "billing", "his address", "residence", "corner of",
)  # fmt: skip

_COMPOUND = (
    rf"[{UPPER}][{LETTERS}]{{2,20}}(?:straße|strasse|allee|gasse|platz|gade|vej|gatan|vägen|straat|gracht|katu|utca)"
)

PLACES: tuple[Row, ...] = (
    Row(
        "LOCATION",
        rf"(?:{START}(?:Flat|Apt\.?|Unit|Suite|Room) [0-9A-Z]{{1,5}},? )?{START}"
        rf"(?:[0-9]{{3,6}} )?[0-9]{{1,6}}[A-Za-z]?(?:-[0-9]{{1,4}})?,? (?:{_NAME} {_STREET}"
        rf"|{_COMPOUND}){END}{_FLAT}{{0,2}}"
        rf"(?:{_TOWN}|{_REST}|(?:, ?{_PLACES}){{1,2}})?",
        0.7,
        (
            "at «221B Baker Street» now",
            "to «350 Fifth Avenue, Suite 3300, New York, NY 10118».",
            "«1600 Pennsylvania Ave» NW",
            "«10 Downing Street, London SW1A 2AA»",
            "«742 Evergreen Terrace»입니다",
            "at «44 Lindenallee, Lagos».",
            "to «22 Priory Gate, Durham DH1 4NS» in",
        ),
        ("12 Monkeys were better", "3 Street food stalls", "in 5 easy steps", "12 people drive home"),
        at="digit",
    ),
    Row(
        "LOCATION",
        rf"{START}[0-9]{{1,6}} (?:[0-9]{{1,5}} )?(?!{MONTHS}{END}){_NAME} [0-9]{{1,5}}[A-Za-z]?{END}{_FLAT}{{0,2}}"
        rf"(?:{_TOWN}|{_REST})?",
        0.2,
        (
            "lives at «86036 Rua do Arenque 1634»",
            "address: «5049 Harjukuja 54»",
            "moved to «25615 Tawastintie 72 Apt. 004»",
        ),
        ("the 2024 Report 17", "12 March 2024", "we moved to 3 March 2024"),
        at="digit",
        context=_LIVES,
    ),
    Row(
        "LOCATION",
        rf"(?<!\w)(?:[0-9]{{2,6}} )?(?!Version|Phase|Step|Table|Figure|During|Spring)[{UPPER}][\w'’-]{{1,30}}"
        rf"(?: [{UPPER}][\w'’-]{{1,30}}){{0,2}}?[ -]?(?<=[\w -])(?i:{_SUFFIXES})"
        rf" ?[0-9]{{1,4}}[a-z]?(?:\.(?!\w))?{END}{_FLAT}{{0,2}}(?:,? [0-9]{{4,5}} [{UPPER}][\w'’-]{{1,30}}"
        rf"|(?<=[0-9.]){_REST}|{_LINES})?",
        0.6,
        ("in der «Hauptstraße 12, 10115 Berlin»", "«Puruntie 82»", "nach «Berliner Allee 5a»", "at «Kungsgatan 44»"),
        ("the King 5", "Ring 5 times", "Weg"),
        at="digit",
        back=70,
        lead=_HOUSE_LEAD,
    ),
    Row(
        "LOCATION",
        rf"(?<!\w)(?:Rua|Rue|Via|Calle|Avenida|Avda\.?|Piazza|Plaza|Corso|Viale|Largo|Chemin|Travessa|Estrada|Odos"
        rf"|Leoforos"
        rf"|Ulica|ul\.|Carrer|Paseo|Quai"
        rf"|[Rr]ue|[Aa]venue|[Bb]oulevard) (?:{_WORD}|d[aeou]s?|del|della|la|le|les|van){{1}}(?: (?:{_WORD}"
        rf"|d[aeou]s?|del|della|la|le|les)){{0,4}},? [0-9]{{1,5}}{END}{_FLAT}{{0,2}}",
        0.6,
        ("«Rua do Arenque 1634»", "«Via Franscini 71 Suite 838»", "la «Calle de Alcalá 42»"),
        ("Via Slack", "via email 2", "rue the day"),
        needs=(
            "rua ",
            "rue ",
            "via ",
            "calle ",
            "avenida ",
            "avda",
            "piazza ",
            "plaza ",
            "corso ",
            "viale ",
            "largo ",
            "chemin ",
            "travessa ",
            "estrada ",
            "odos ",
            "leoforos ",
            "ulica ",
            "ul. ",
            "carrer ",
            "paseo ",
            "quai ",
            "avenue ",
            "boulevard ",
        ),
    ),
    Row(
        "LOCATION",
        rf"(?<![0-9A-Za-z])(?:(?:PSC|Unit|CMR|USNV|USNS|USCGC|USS) [\w'’.-]{{1,20}}"
        r"(?:,? Box [0-9]{1,6})?\s{1,3})?(?:APO|FPO|DPO),? A[AEP] [0-9]{5}(?:-[0-9]{4})?"
        rf"|(?<![0-9A-Za-z])(?:[0-9]{{2,6}} )?(?:P\.? ?O\.? ?Box|Postbo(?:x|ks)|Postfach|Box No\.?|Apartado"
        rf"|Casilla) [0-9]{{1,6}}(?![0-9A-Za-z])"
        rf"(?-i:(?: {_WORD}){{0,3}}{_FLAT}(?:{_REST}|{_LINES})?)?",
        0.8,
        (
            "«PSC 0413, Box 8144\nAPO AA 42323»",
            "to «Unit 4719 Box 7394\nDPO AP 70942» in",
            "write to «P.O. Box 1234»",
            "«USNV Smith\nFPO AE 10301»",
        ),
        ("APO tests", "PO Box", "box 12"),
        needs=("apo", "fpo", "dpo", "box", "postboks", "postfach", "apartado", "casilla"),
        flags=re.IGNORECASE,
    ),
    Row(
        "LOCATION",
        rf"{START}{_WORD}(?: {_WORD}){{0,2}}, ?[A-Z]{{2}} [0-9]{{5}}(?:-[0-9]{{4}})?{END}",
        0.6,
        ("in «Springfield, IL 62704»", "«New York, NY 10118-0001»입니다"),
        ("Section A, B 12345",),
        at="digit",
        back=60,
        lead=r"(?<=, [A-Z]{2} )[0-9]{5}|(?<=,[A-Z]{2} )[0-9]{5}",
    ),
    Row(  # a house number is enough where a flat follows, on this line or the next; then the rest of the envelope
        "LOCATION",
        rf"{START}(?:[0-9]{{1,6}}\s{{1,2}})?(?:[0-9]{{1,6}} )?(?:{_WORD}|[a-z]{{2,4}})(?: (?:{_WORD}|de|da|do|del"
        rf"|la|u\.|tér|[0-9]{{1,5}})){{0,5}} (?:[0-9]{{1,5}}[A-Za-z]?|{_STREET})\.?{_FLAT}{{1,2}}(?:{_REST}"
        rf"|{_LINES})?{END}",
        0.6,
        (
            "at «20789 Allika 46\n Suite 501\n Riisa\n\n Estonia 62488»",
            "«28245 Puruntie 82 Apt. 595\n   LAPPEENRANTA\n    SK\n    53650»",
            "to «370 3911 Fourth 9 Suite 697 Apt. 397, Mora de Rubielos, Spain 16200»",
        ),
        ("in Suite 5", "the Year 2000 in Suite"),
        at="digit",
    ),
    Row(
        "LOCATION",
        rf"(?<![0-9A-Za-z])(?:Apt|Apartment|Suite|Ste)\.? [0-9]{{1,5}}[A-Z]?(?![0-9A-Za-z])(?:{_REST})?{END}",
        0.5,
        ("knock at «Apt. 595»", "«Suite 501», please", "«Suite 084\n María Albina\n Uruguay 77212»"),
        ("a suite 5 star", "apt-get 12 packages"),
        needs=("apt", "suite", "ste", "apartment"),
    ),
    Row(
        "LOCATION",
        rf"(?:the )?corner of (?:[0-9]{{1,6}} )?(?:(?:{_WORD}|ul\.) ){{1,4}}(?:[0-9]{{1,5}} )?(?:(?i:st|str|street"
        rf"|ave|road)\.? )?and {_WORD}(?: {_WORD}){{0,2}}",
        0.6,
        ("meet at «the corner of Third and Main»", "«the corner of 35 Pentelis Str. and Waechter Turnpike»"),
        ("the corner of the room and the door",),
        needs=("corner of",),
    ),
    Row(
        "LOCATION",
        rf"(?:[Oo]n|[Aa]t|[Aa]long|[Oo]ff|near|side of) (?P<value>{_WORD}(?: {_WORD}){{0,2}} (?:Street|St\.|Avenue"
        rf"|Ave\.|Road|Rd\.|Boulevard|Blvd\.?|Lane|Terrace))"
        rf"(?![{LETTERS}])",
        0.5,
        ("shows on «Marina Fort Street» were", "lives off «Elm Road»"),
        ("on The road", "at the Street level"),
        needs=("street", "st.", "avenue", "ave.", "road", "rd.", "boulevard", "blvd", "lane", "terrace"),
    ),
    Row(
        "LOCATION",
        r"(?i:(?<![a-z])(?:lives? (?:at|in|on)|living (?:at|on)|address(?: is)?:?|drops you off at|located at"
        r"|office is at|moved to|side of"
        rf"|meet (?:me|you) at))\s{{1,3}}(?P<value>(?:[0-9]{{1,6}} )?(?!with |the |a |my |version )(?:(?:ul\.|av"
        rf"|[{LETTERS}][{LETTERS}'’-]{{2,24}}) ){{1,3}}[0-9]{{1,5}}[a-z]?)(?![0-9A-Za-z:%]|[.,][0-9])"
        r"(?! (?:years|times|percent|km|miles|min|hours|days|people|other|of))",
        0.5,
        (
            "eva lives at «255 hersnapvej 18», by",
            "address:\n«947 trg revolucije 17» apt",
            "located at «Joaquin Suarez 2906».",
        ),
        ("lives in room 3 of 4", "moved to v2 3.1", "lives on for 20 years"),
        needs=("live", "living", "address", "drops you off", "located", "office is", "moved to", "side of", "meet "),
    ),
    *KOREAN,
    *JAPANESE,
)
