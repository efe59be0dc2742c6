"""Checksums hold for numbers that their issuers publish as examples, and for no number that differs in one digit."""

import pytest

from guard.mask import checks_ids as checks

# Published examples: statutes, standards and the issuers' own pages.
GOOD = [
    (checks.kr_brn, ("220-81-62517", "1248100998")),
    (checks.kr_crn, ("130111-0006246",)),
    (checks.my_number, ("123456789018", "1234-5678-9018")),
    (checks.corporate_number, ("7000012050002", "T5010401067252")),
    (checks.aba, ("021000021", "1110-0002-5")),
    (checks.npi, ("1234567893", "1003 000 126")),
    (checks.dea, ("AB1234563", "BJ6125341")),
    (checks.vin, ("1M8GDM9AXKP042788", "1hgcm82633a004352")),
    (checks.nhs, ("943 476 5919",)),
    (checks.verhoeff, ("2341 2341 2346",)),
    (checks.cpf, ("529.982.247-25",)),
    (checks.dni, ("12345678Z", "X1234567L", "12345678-Z")),
    (checks.pesel, ("44051401359",)),
    (checks.nric, ("S1234567D", "F1234567N", "G1234567X", "M1234567K")),
    (checks.hetu, ("131052-308T",)),
    (checks.personnummer, ("811218-9876", "19811218-9876")),
    (checks.abn, ("51 824 753 556",)),
    (checks.tfn, ("123 456 782",)),
    (checks.medicare, ("2123 45670 1",)),
    (checks.nir, ("2 55 08 14 168 025 38",)),
    (checks.resident_identity, ("11010519491231002X",)),
    (checks.steuer_id, ("86095742719",)),
    (checks.bsn, ("111222333",)),
    (checks.thai, ("1101700230708",)),
    (checks.turkish, ("10000000146",)),
    (checks.codice_fiscale, ("RSSMRA85T10A562S",)),
]


def altered(value):
    """The value with its last digit but one raised by one."""
    place = [i for i, c in enumerate(value) if c.isdigit()][-2]
    return value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]


@pytest.mark.parametrize(("check", "values"), GOOD, ids=lambda x: getattr(x, "__name__", None))
def test_published_numbers_pass_and_altered_ones_do_not(check, values):
    for value in values:
        assert check(value), value
        assert not check(altered(value)), altered(value)


@pytest.mark.parametrize("check", [check for check, _ in GOOD if check not in (checks.codice_fiscale, checks.vin)])
def test_a_value_of_another_length_does_not_pass(check):
    assert not check("A123A")


def test_a_number_of_zeros_is_nobodys():
    assert not any(check("0" * 9) for check in (checks.aba, checks.tfn, checks.bsn))
    assert not checks.cpf("111.111.111-11")
    assert not checks.vin("1M8GDM9AXKP0427")
    assert not checks.vin("IOQGDM9AXKP042788")


@pytest.mark.parametrize(
    "address",
    [
        "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ],
)
def test_bitcoin_addresses_carry_a_checksum(address):
    assert checks.bitcoin(address)
    swapped = address[:-2] + address[-1] + address[-2]
    assert not checks.bitcoin(swapped)
    assert not checks.bitcoin("z" * 60)


@pytest.mark.parametrize(
    ("address", "somebodys"),
    [("10.0.0.1", True), ("fe80::1", True), ("10.0.0.0/8", True), ("127.0.0.1", False), ("::1", False), ("0.0.0.0", False),
     ("300.1.1.1", False), ("", False)],
)  # fmt: skip
def test_an_address_of_this_machine_or_of_all_is_nobodys(address, somebodys):
    assert checks.host(address) is somebodys
