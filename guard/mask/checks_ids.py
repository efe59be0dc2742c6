"""Checksums of national and trade identifiers. Each takes the value as it was written and looks at its digits.

A checksum is evidence and not a veto: numbers are mistyped, invented for examples, or issued without one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Sequence

from guard.mask.checks import luhn

_NOT_DIGIT = re.compile(r"[^0-9]")
_NOT_WORD = re.compile(r"[^0-9A-Z]")


def _digits(value: str) -> list[int]:
    return [int(c) for c in _NOT_DIGIT.sub("", value)]


def _sum(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(d * w for d, w in zip(digits, weights, strict=False))


# --- Korea and Japan -------------------------------------------------------------------------------------------------


def kr_brn(value: str) -> bool:
    """Korean business registration number: ten digits, the last a check digit (National Tax Service)."""
    d = _digits(value)
    return len(d) == 10 and (10 - (_sum(d, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + d[8] * 5 // 10) % 10) % 10 == d[9]


def kr_crn(value: str) -> bool:
    """Korean corporate registration number: thirteen digits, weights 1 and 2 in turn, modulo 10."""
    d = _digits(value)
    return len(d) == 13 and (10 - _sum(d, (1, 2) * 6) % 10) % 10 == d[12]


def my_number(value: str) -> bool:
    """Japan's individual number: eleven digits and a check digit (ministerial ordinance 85 of 2014, article 5)."""
    d = _digits(value)
    if len(d) != 12:
        return False
    rest = _sum(d[10::-1], (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)) % 11
    return d[11] == (0 if rest <= 1 else 11 - rest)


def corporate_number(value: str) -> bool:
    """Japan's corporate number: a check digit before twelve digits (modulo 9)."""
    d = _digits(value)
    return len(d) == 13 and d[0] == 9 - _sum(d[:0:-1], (1, 2) * 6) % 9


# --- United States -------------------------------------------------------------------------------------------------


def aba(value: str) -> bool:
    """American bank routing number: weights 3, 7, 1, modulo 10."""
    d = _digits(value)
    return len(d) == 9 and any(d) and _sum(d, (3, 7, 1) * 3) % 10 == 0


def npi(value: str) -> bool:
    """American provider identifier: Luhn over the digits with the prefix 80840."""
    return len(_digits(value)) == 10 and luhn("80840" + _NOT_DIGIT.sub("", value))


def dea(value: str) -> bool:
    """American prescriber number: two letters, seven digits, the last a check digit."""
    d = _digits(value)
    return len(d) == 7 and (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


_VIN = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, *range(2, 10)), strict=True))


def vin(value: str) -> bool:
    """Vehicle identification number: seventeen characters, the ninth a check digit (49 CFR 565.15)."""
    upper = value.upper()
    if len(upper) != 17 or not all(c.isdigit() or c in _VIN for c in upper):
        return False
    rest = _sum(
        [int(c) if c.isdigit() else _VIN[c] for c in upper], (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    )
    return "0123456789X"[rest % 11] == upper[8]


# --- the world -------------------------------------------------------------------------------------------------------


def nhs(value: str) -> bool:
    """British NHS number: weights 10 to 2, modulo 11."""
    d = _digits(value)
    return len(d) == 10 and (11 - _sum(d, range(10, 1, -1)) % 11) % 11 == d[9]


_VERHOEFF = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_TURN = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def verhoeff(value: str) -> bool:
    """Verhoeff's check, which Indian Aadhaar numbers carry."""
    state = 0
    for i, digit in enumerate(reversed(_digits(value))):
        state = int(_VERHOEFF[state][int(_VERHOEFF_TURN[i % 8][digit])])
    return state == 0 and len(_digits(value)) == 12


def cpf(value: str) -> bool:
    """Brazilian CPF: two check digits, modulo 11."""
    d = _digits(value)
    return (
        len(d) == 11
        and len(set(d)) > 1
        and _sum(d, range(10, 1, -1)) * 10 % 11 % 10 == d[9]
        and _sum(d, range(11, 1, -1)) * 10 % 11 % 10 == d[10]
    )


def dni(value: str) -> bool:
    """Spanish NIF and NIE: the letter is the number modulo 23."""
    compact = _NOT_WORD.sub("", value.upper())
    number = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == compact[-1]


def pesel(value: str) -> bool:
    """Polish PESEL: weights 1, 3, 7, 9, modulo 10."""
    d = _digits(value)
    return len(d) == 11 and any(d) and (10 - _sum(d[:10], (1, 3, 7, 9) * 3) % 10) % 10 == d[10]


def nric(value: str) -> bool:
    """Singapore NRIC and FIN: weights 2, 7, 6, 5, 4, 3, 2, modulo 11, by series."""
    first, d, last = value[0].upper(), _digits(value), value[-1].upper()
    total = _sum(d, (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(first, 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    table = letters.get(first, "")
    return len(d) == 7 and bool(table) and table[total % 11 if first != "M" else 10 - total % 11] == last


def hetu(value: str) -> bool:
    """Finnish personal identity code: the last character is the number modulo 31."""
    d = _NOT_DIGIT.sub("", value[:-1])
    return len(d) == 9 and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(d) % 31] == value[-1].upper()


def personnummer(value: str) -> bool:
    """Swedish personal number: Luhn over the last ten digits."""
    d = _NOT_DIGIT.sub("", value)
    return len(d) in {10, 12} and luhn(d[-10:])


def abn(value: str) -> bool:
    """Australian business number: modulo 89 after one is taken from the first digit."""
    d = _digits(value)
    return len(d) == 11 and (_sum(d, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def tfn(value: str) -> bool:
    """Australian tax file number: weights 1, 4, 3, 7, 5, 8, 6, 9, 10, modulo 11."""
    d = _digits(value)
    return len(d) == 9 and any(d) and _sum(d, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def medicare(value: str) -> bool:
    """Australian Medicare number: weights 1, 3, 7, 9, modulo 10; the ninth digit checks the first eight."""
    d = _digits(value)
    return len(d) in {10, 11} and _sum(d[:8], (1, 3, 7, 9) * 2) % 10 == d[8]


def nir(value: str) -> bool:
    """French social security number: 97 minus the first thirteen digits modulo 97."""
    compact = value.upper().replace("2A", "19").replace("2B", "18")
    d = _NOT_DIGIT.sub("", compact)
    return len(d) == 15 and 97 - int(d[:13]) % 97 == int(d[13:])


def resident_identity(value: str) -> bool:
    """Chinese resident identity number: ISO 7064 MOD 11-2 (GB 11643-1999)."""
    d = _digits(value[:17])
    return len(value) == 18 and "10X98765432"[_sum(d, [2**i % 11 for i in range(17, 0, -1)]) % 11] == value[-1].upper()


def steuer_id(value: str) -> bool:
    """German tax identification number: ISO 7064 MOD 11,10."""
    d = _digits(value)
    product = 10
    for digit in d[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return len(d) == 11 and (11 - product) % 10 == d[10]


def bsn(value: str) -> bool:
    """Dutch citizen service number: weights 9 to 2 and -1, modulo 11."""
    d = _digits(value)
    return len(d) == 9 and any(d) and _sum(d, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def thai(value: str) -> bool:
    """Thai identity number: weights 13 to 2, modulo 11."""
    d = _digits(value)
    return len(d) == 13 and (11 - _sum(d, range(13, 1, -1)) % 11) % 10 == d[12]


def turkish(value: str) -> bool:
    """Turkish identity number: two check digits."""
    d = _digits(value)
    return len(d) == 11 and d[0] > 0 and (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]


_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
         10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip


def codice_fiscale(value: str) -> bool:
    """Italian fiscal code: the last letter is the sum of the others modulo 26 (decree of 23 December 1976)."""
    upper = value.upper()
    odd = sum(_ODD[c] for c in upper[0:15:2])
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in upper[1:14:2])
    return chr((odd + even) % 26 + 65) == upper[15]


def host(value: str) -> bool:
    """Whether the value is an IP address, with or without a prefix length, of a machine: no loopback, no wildcard."""
    try:
        address = ipaddress.ip_interface(value).ip
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bitcoin(value: str) -> bool:
    """A Bitcoin address: Base58Check, or Bech32 and Bech32m (BIP 173, BIP 350)."""
    if value.lower().startswith("bc1"):
        return _bech32(value.lower())
    number = 0
    for character in value:
        number = number * 58 + _BASE58.index(character)
    if number >= 1 << 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _bech32(value: str) -> bool:
    state = 1
    for five in (3, 3, 0, 2, 3, *(_BECH32.index(c) for c in value[3:])):
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ five
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= generator if top >> i & 1 else 0
    return state in {1, 0x2BC830A3}
