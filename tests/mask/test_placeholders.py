"""What stands for a value, and which of its bendings are still recognised."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guard.mask.placeholders import (
    BENT,
    CROCKFORD,
    NUMBERS,
    Coder,
    code_parts,
    key_of,
    looks_like_one,
    normalised,
    usual,
)

KEY = b"k" * 32
CODE = re.compile(rf"[{CROCKFORD}]+")

# --- codes -------------------------------------------------------------------------------------------------------


@given(st.sampled_from(("PERSON", "CREDIT_CARD", "SECRET")), st.text(), st.integers(8, 26))
def test_a_code_holds_a_digit_and_a_letter_and_longer_ones_begin_with_it(entity: str, value: str, length: int) -> None:
    coder = Coder(KEY)
    code, longer, form = (
        coder.code(entity, value),
        coder.code(entity, value, length),
        coder.form(entity, value, "other"),
    )
    assert CODE.fullmatch(longer)
    assert CODE.fullmatch(form)
    assert (len(code), len(longer), len(form)) == (8, length, 4)
    assert any(c.isdigit() for c in code)
    assert any(c.isalpha() for c in code)
    assert longer.startswith(code)
    assert looks_like_one(f"{entity}_{longer}")
    assert looks_like_one(f"{entity}_{longer}_{form}")


def test_codes_stay_what_they_are() -> None:
    """They stand in vaults, logs and provider caches: another way to make them would be another version of guard."""
    coder = Coder(bytes(range(32)), "acme")
    assert coder.code("PERSON", "alice meyer") == "939G1N6C"
    assert coder.code("PERSON", "alice meyer", 10) == "939G1N6CQS"
    assert coder.form("PERSON", "alice meyer", "ALICE MEYER") == "C1VX"
    assert coder.value_hash("PERSON", "Alice  Meyer") == "a12225aba5f48377065c92ec"


triples = st.tuples(*[st.text(st.sampled_from("ab\x00\x04"), max_size=3)] * 3)


@given(triples, triples)
def test_tenant_entity_and_value_count_wherever_one_ends_and_the_next_begins(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assume(one != other)
    codes = [Coder(KEY, tenant).code(entity, value, 26) for tenant, entity, value in (one, other)]
    forms = [Coder(KEY, "t").form(entity, value, spelling, 26) for entity, value, spelling in (one, other)]
    assert codes[0] != codes[1]
    assert forms[0] != forms[1]


def test_another_key_gives_other_codes_forms_and_hashes() -> None:
    one, other = Coder(KEY), Coder(b"o" * 32)
    assert one.code("PERSON", "a") != other.code("PERSON", "a")
    assert one.form("PERSON", "a", "A") != other.form("PERSON", "a", "A")
    assert one.value_hash("PERSON", "a") != other.value_hash("PERSON", "a")
    assert one.note("turn", "a") != other.note("turn", "a")
    assert one.note("turn", "a") != one.note("turna")


def test_half_of_a_surrogate_pair_has_a_code() -> None:
    assert Coder(KEY).code("SECRET", "\ud800") != Coder(KEY).code("SECRET", "\udc00")


# --- spellings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "spellings"),
    [
        ("PERSON", ("Alice Meyer", "ALICE MEYER", "alice\u00a0meyer", " Ａlice\n Meyer")),
        ("CREDIT_CARD", ("4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "４１１１ 1111 1111 1111")),
        ("PHONE_NUMBER", ("+1 415-555-2671", "+1 (415) 555 2671", "+14155552671")),
        ("IBAN_CODE", ("DE89 3704 0044", "de8937040044")),
        ("EMAIL_ADDRESS", ("Alice@Example.com", "alice@example.com")),
    ],
)
def test_spellings_of_one_value_have_one_code_and_one_hash(entity: str, spellings: tuple[str, ...]) -> None:
    assert len({normalised(entity, spelling) for spelling in spellings}) == 1
    assert len({Coder(KEY).value_hash(entity, spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("entity", "one", "other"),
    [
        ("SECRET", "sk-a", "sk-A"),
        ("SECRET", "a b", "a  b"),
        ("PHONE_NUMBER", "+1 415", "1 415"),  # a plus is part of the number
        ("CREDIT_CARD", "4111 **** 1111", "4111 1111"),
        ("PERSON", "Ann Lee", "Annlee"),
        ("LITERAL", "<PERSON_K7Q2M4XD>", "<person_k7q2m4xd>"),
    ],
)
def test_what_means_something_else_has_a_code_of_its_own(entity: str, one: str, other: str) -> None:
    assert normalised(entity, one) != normalised(entity, other)


@pytest.mark.parametrize(
    ("entity", "spelling"),
    [
        ("PERSON", "Alice Meyer"),
        ("CREDIT_CARD", "4111 1111 1111 1111"),
        ("CREDIT_CARD", "378282246310005"),  # of another length than its groups
        ("US_SSN", "078-05-1120"),
        ("KR_RRN", "900101-1234567"),
        ("IBAN_CODE", "DE89370400440532013000"),
        ("EMAIL_ADDRESS", "alice.meyer@example.com"),
        ("SECRET", "sk-Aa  b"),
        ("PERSON", "김민준"),
    ],
)
def test_the_usual_spelling_needs_no_form(entity: str, spelling: str) -> None:
    assert usual(entity, normalised(entity, spelling)) == spelling


@given(st.sampled_from(sorted(NUMBERS | {"PERSON", "EMAIL_ADDRESS", "SECRET"})), st.text(st.characters(codec="ascii")))
def test_the_usual_spelling_is_one_of_the_same_value(entity: str, spelling: str) -> None:
    normal = normalised(entity, spelling)
    assert normalised(entity, usual(entity, normal)) == normal


# --- bendings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("PERSON_K7Q2M4XD", True),
        ("PERSON_K7Q2M4XD_7F2K", True),
        ("person\\_k7q2m4xd", True),
        ("KR_RRN_K7Q2M4XDAB", True),
        ("PERSON_K7Q2M4XD_7F", False),  # too short for a form, and no code
        ("PERSON_K7Q2M4XU", False),  # Crockford has no U
        ("MAX_PASSWORD", False),
        ("ORDER_12345678", False),
        ("K7Q2M4XD", False),
        ("A_0A1B2C3D4E5F6G7H8J9K0M1N2PQ", False),  # longer than any code
    ],
)
def test_what_looks_like_a_placeholder(name: str, is_one: bool) -> None:
    assert looks_like_one(name) is is_one


def test_a_name_holds_its_code() -> None:
    assert code_parts("person\\_k7q2m4xd_7f2k") == ["K7Q2M4XD"]
    assert code_parts("PERSON_K7Q2M4XD_7F2KAB9XY") == ["K7Q2M4XD", "7F2KAB9XY"]
    assert code_parts("SHORT_7F2K") == []


@pytest.mark.parametrize("bent", ["person_k7q2m4x0", "PERSON\\_K7Q2M4XO", "PERS0N_K7Q2M4X0", "Person_K7Q2m4Xo"])
def test_every_bending_is_filed_under_one_name(bent: str) -> None:
    assert key_of(bent) == key_of("PERSON_K7Q2M4X0")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("<PERSON_K7Q2M4XD>", ["PERSON_K7Q2M4XD"]),
        ("< person\\_k7q2m4xd >", ["person\\_k7q2m4xd"]),
        ("&lt;A_B&gt; ＜A_B＞ \\u003cA_B\\u003E \\<A_B\\> %3cA_B%3E", ["A_B"] * 5),
        ("<A_B&gt;", ["A_B"]),
        ("A_B님께서, A_Bさん", ["A_B", "A_B"]),
        ("a_b <A> <_B> A_B_ xA_B A_Bx \\A_B A_b", []),
        ("<  A_B>", ["A_B"]),  # as a bare name
    ],
)
def test_where_placeholders_may_stand(text: str, names: list[str]) -> None:
    assert [match["name"] or match["bare"] for match in BENT.finditer(text)] == names
