"""The vault of one exchange: one value, one placeholder; one placeholder, one value."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.placeholders import CODE_LENGTH, FORM_LENGTH, Coder, normalised
from guard.mask.vault import Vault
from guard.types import Spelling

KEY = b"k" * 32


class Narrow(Coder):
    """A coder of which every code and every form begins alike, so that what is rare in a vault is the rule."""

    def __init__(self, alike: int = CODE_LENGTH, *, form: int = FORM_LENGTH) -> None:
        super().__init__(KEY)
        wide, wide_form = self.code, self.form
        self.code = lambda *a: ("A1" * 20)[:alike] + wide(*a)[alike:]  # type: ignore[assignment, method-assign]
        self.form = lambda *a: ("B2" * 20)[:form] + wide_form(*a)[form:]  # type: ignore[assignment, method-assign]


entities = st.sampled_from(("PERSON", "CREDIT_CARD", "SECRET"))
words = st.text(st.sampled_from("aAß 1-４\n"), min_size=1, max_size=6)
spellings = st.tuples(entities, words, st.none() | st.sampled_from(("\\u0061", "\\n")))
met = st.lists(spellings, max_size=12)
coders = st.sampled_from((Coder(KEY), Narrow(), Narrow(10), Narrow(0), Narrow(12, form=0)))


def named(vault: Vault, met: Sequence[tuple[str, str, str | None]]) -> dict[tuple[str, str, str | None], str]:
    return {spelling: vault.name(*spelling) for spelling in met}


@settings(deadline=None)
@given(met, coders)
def test_every_spelling_has_a_name_of_its_own_that_leads_back_to_it(
    met: list[tuple[str, str, str | None]], coder: Coder
) -> None:
    vault = Vault(coder)
    names = named(vault, met)
    assert names == named(vault, met)
    assert len(set(names.values())) == len(names) == len(vault)
    for (entity, text, escaped), name in names.items():
        assert vault.find(name) == Spelling(text, escaped)
        assert vault.find(name.lower().replace("_", "\\_")) == Spelling(text, escaped)
        assert name.startswith(f"{entity}_")
        assert all(vault.may_become(name[:end]) for end in range(len(name) + 1))


@given(met, st.randoms())
def test_names_do_not_depend_on_the_order_of_meeting(met: list[tuple[str, str, str | None]], random: object) -> None:
    other = list(met)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert named(Vault(Coder(KEY)), met) == named(Vault(Coder(KEY)), other)


@given(met, coders)
def test_spellings_of_one_value_share_its_code(met: list[tuple[str, str, str | None]], coder: Coder) -> None:
    vault = Vault(coder)
    codes: dict[tuple[str, str], set[str]] = {}
    for spelling, name in named(vault, met).items():
        entity = spelling[0]
        codes.setdefault((entity, normalised(*spelling[:2])), set()).add(name.removeprefix(f"{entity}_").split("_")[0])
    assert all(len(found) == 1 for found in codes.values())
    assert set().union(*codes.values()) == set(vault.values)
    assert sum(map(len, codes.values())) == len(vault.values)


def test_of_two_values_that_share_a_code_the_later_one_has_a_longer_one() -> None:
    vault = Vault(Narrow())
    names = [vault.name("PERSON", name) for name in ("Ann", "Ben", "Cat")]
    assert [len(name) - len("PERSON_") for name in names] == [8, 10, 10]
    assert names[0] == "PERSON_A1A1A1A1"
    assert all(later.startswith(names[0]) for later in names)


def test_of_two_spellings_that_share_a_form_the_later_one_has_a_longer_one() -> None:
    vault = Vault(Narrow())
    names = [vault.name("PERSON", name) for name in ("Ann Lee", "ANN LEE", "ann lee", "ann LEE")]
    assert names[0] == "PERSON_A1A1A1A1"
    forms = [name.removeprefix("PERSON_A1A1A1A1_") for name in names[1:]]
    assert forms[0] == "B2B2"
    assert [len(form) for form in forms[1:]] == [5, 5]
    assert len(set(forms)) == 3


# --- codes that are taken ----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(met, coders, st.data())
def test_codes_that_are_taken_are_left_and_nothing_else_changes(
    met: list[tuple[str, str, str | None]], coder: Coder, data: st.DataObject
) -> None:
    vault = Vault(coder)
    before = named(vault, met)
    codes = sorted(vault.values)
    taken = data.draw(st.sets(st.sampled_from(codes)) if codes else st.just(set()))
    for _ in range(1 + len(met)):  # a longer code may be taken too
        vault.avoid(taken & set(vault.values))
    assert not taken & set(vault.values)
    after = named(vault, met)
    assert len(set(after.values())) == len(after) == len(vault)
    for spelling, name in after.items():
        assert vault.find(name) == Spelling(*spelling[1:])
        old = before[spelling]
        if old.removeprefix(f"{spelling[0]}_").split("_")[0] in taken:
            assert len(name) > len(old)
        else:
            assert name == old


def test_a_code_that_is_taken_no_longer_leads_anywhere() -> None:
    vault = Vault(Coder(KEY))
    names = [vault.name("PERSON", name) for name in ("Ann Lee", "ANN LEE", "Ben")]
    (code,) = {code for code, value in vault.values.items() if value.normal == "ann lee"}
    vault.avoid([code])
    assert [vault.find(name) for name in names] == [None, None, Spelling("Ben")]
    renamed = [vault.name("PERSON", name) for name in ("Ann Lee", "ANN LEE", "Ben")]
    assert renamed[2] == names[2]
    assert [len(new) - len(old) for new, old in zip(renamed, names, strict=True)] == [2, 2, 0]
    assert all(new.startswith(f"PERSON_{code}") for new in renamed[:2])


def test_a_form_that_is_taken_is_left_and_its_code_stays() -> None:
    vault = Vault(Coder(KEY))
    usual, other, third = (vault.name("PERSON", name) for name in ("Ann Lee", "ANN LEE", "ann lee"))
    vault.avoid([other.removeprefix("PERSON_")])
    assert vault.find(other) is None
    again = [vault.name("PERSON", name) for name in ("Ann Lee", "ANN LEE", "ann lee")]
    assert (again[0], again[2]) == (usual, third)
    assert (again[1].startswith(other), len(again[1])) == (True, len(other) + 1)


def test_what_was_learnt_stays_when_codes_are_given_anew() -> None:
    vault = Vault(Coder(KEY))
    vault.learn("PERSON", "K7Q2M4XD", {"": Spelling("Bob")})
    vault.name("PERSON", "Ann")
    assert vault.codes == {"K7Q2M4XD", *vault.values}
    vault.avoid(list(vault.values))
    assert vault.find("PERSON_K7Q2M4XD") == Spelling("Bob")
    assert vault.codes == {"K7Q2M4XD", *vault.values}


def test_a_code_may_be_taken_again_and_again() -> None:
    vault = Vault(Coder(KEY))
    lengths = []
    for _ in range(4):
        vault.name("PERSON", "Ann")
        lengths.append(len(next(iter(vault.values))))
        vault.avoid(list(vault.values))
    assert [later - earlier for earlier, later in pairwise(lengths)] == [2, 2, 2]


# --- what earlier exchanges met ----------------------------------------------------------------------------------


def test_what_was_learnt_is_found_and_what_is_met_here_comes_first() -> None:
    vault = Vault(Coder(KEY))
    name = vault.name("PERSON", "Ann Lee")
    code = name.removeprefix("PERSON_")
    vault.learn("PERSON", code, {"": Spelling("another"), "7F2K": Spelling("ANN LEE", "ANN\\u0020LEE")})
    vault.learn("EMAIL_ADDRESS", "K7Q2M4XDAB", {"": Spelling("a@b.c")})
    assert vault.find(name) == Spelling("Ann Lee")
    assert vault.find(f"person\\_{code}_7f2k") == Spelling("ANN LEE", "ANN\\u0020LEE")
    assert vault.find("EMAIL_ADDRESS_K7Q2M4XDAB") == Spelling("a@b.c")
    assert vault.may_become("EMAIL_ADDRESS_K7Q2M4XDA")
    assert len(vault) == 3
    assert set(vault.values) == {code}  # what is only learnt is not given out


@pytest.mark.parametrize("beginning", ["X", "PERSON_0", "PERSON_A1A1A1A1A", "PERSONS"])
def test_what_no_placeholder_begins_with_is_not_waited_for(beginning: str) -> None:
    vault = Vault(Narrow())
    assert not vault.may_become("")
    vault.name("PERSON", "Ann")
    assert vault.may_become("person\\_a1a1a1a1")
    assert not vault.may_become(beginning)
