"""What models do to placeholders is undone, whole and streamed; what is not known stays as it is."""

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.placeholders import Coder
from guard.mask.restore import StreamRestorer, escape, restore, unescape
from guard.mask.vault import Vault
from guard.types import Spelling

NAME, MAIL = "Alice Meyer", "alice.meyer@example.com"
# Codes in which O, I and L may have been read for digits.
PERSON, OTHER, ADDRESS = "PERSON_K0Q1M4XD", "PERSON_K0Q1M4XD_7F2K", "EMAIL_ADDRESS_0Z11AB9Y"


@pytest.fixture(scope="module")
def vault() -> Vault:
    made = Vault(Coder(b"k" * 32))
    made.learn("PERSON", "K0Q1M4XD", {"": Spelling(NAME), "7F2K": Spelling(NAME.upper())})
    made.learn("EMAIL_ADDRESS", "0Z11AB9Y", {"": Spelling(MAIL)})
    return made


VALUES = {PERSON: NAME, OTHER: NAME.upper(), ADDRESS: MAIL}
BRACKETS = (
    ("<", ">"),
    ("&lt;", "&gt;"),
    ("＜", "＞"),
    ("\\u003c", "\\u003E"),
    ("\\<", "\\>"),
    ("%3C", "%3e"),
    ("<", "&gt;"),
)
SHAPES = {
    "as it is": lambda name: name,
    "lower case": str.lower,
    "title case": str.title,
    "escaped": lambda name: name.replace("_", "\\_"),
    "escaped twice": lambda name: name.replace("_", "\\\\_"),
    "read for letters": lambda name: name.replace("0", "O").replace("1", "l"),
    "spaced": lambda name: f" {name} ",
}
BENT = [
    (f"{opened}{shape(name)}{closed}", value)
    for (opened, closed), shape, (name, value) in product(BRACKETS, SHAPES.values(), VALUES.items())
]
BARE = [
    (shape(name), value)
    for shape, (name, value) in product([SHAPES["as it is"], SHAPES["read for letters"]], VALUES.items())
]
BARE = [(bent, value) for bent, value in BARE if bent.isupper()]


@pytest.mark.parametrize("brackets", BRACKETS, ids="".join)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_models_do_to_a_placeholder_is_undone(vault: Vault, brackets: tuple[str, str], shape: str) -> None:
    for name, value in VALUES.items():
        bent = SHAPES[shape](name)
        assert restore(f"to {brackets[0]}{bent}{brackets[1]}님께", vault) == f"to {value}님께"


@pytest.mark.parametrize("around", ["{}", "to {}.", "{}님께서", "{}さんへ", "**{}**", "({})", "'{}'", "{}'s", "a-{}"])
def test_without_brackets_an_upper_case_name_that_stands_alone_is_read(vault: Vault, around: str) -> None:
    for bent, value in BARE:
        assert restore(around.format(bent), vault) == around.format(value)


@pytest.mark.parametrize(
    "text",
    [
        "<PERSON_K0Q1M4XE>",  # not of this vault
        "<PERSON_K0Q1M4X>",
        "<EMAIL_ADDRESS_K0Q1M4XD>",  # another entity's code
        "<PERSON_K0Q1M4XD_7F2M>",
        "<PERSON K0Q1M4XD>",
        "<  PERSON_K0Q1M4XD_7F>",
        "person_k0q1m4xd",  # a word, for all that is known
        f"MY_{PERSON}",
        f"{PERSON}_ID",
        f"x{PERSON}",
        f"{PERSON}x",
    ],
)
def test_guard_never_guesses(vault: Vault, text: str) -> None:
    assert restore(text, vault) == text


def test_what_is_not_known_is_counted(vault: Vault) -> None:
    restorer = StreamRestorer(vault)
    told = restorer.feed("<PERSON_K7Q2M4XD> PERSON_K7Q2M4XD MAX_PASSWORD <a_b>") + restorer.flush()
    assert (told, restorer.unknown, restorer.changed) == (
        "<PERSON_K7Q2M4XD> PERSON_K7Q2M4XD MAX_PASSWORD <a_b>",
        2,
        False,
    )
    restorer.feed(f"<{PERSON}>")
    assert (restorer.unknown, restorer.changed) == (2, True)


# --- streams -----------------------------------------------------------------------------------------------------

noise = ("<", ">", "&", "&lt;", "&g", "%3", "\\", "\\u00", "\\u003c", "_", " ", "P", "PERSON_", "PERSON_K0", "x", "님", "_7F2K",
         "<PERSON_K7Q2M4XD>", "MAX_PASSWORD", "E", "7", "\\_", "\n", "<<", "<b>", "＜", '{"', '":"', '"}', '\\"', "[")  # fmt: skip
replies = st.lists(st.sampled_from(noise) | st.sampled_from([bent for bent, _ in BENT + BARE]), max_size=8).map("".join)


@settings(deadline=None)
@given(replies, st.lists(st.integers(1, 9), max_size=60))
def test_any_reply_is_restored_to_the_same_however_it_is_cut(vault: Vault, reply: str, sizes: list[int]) -> None:
    whole = StreamRestorer(vault)
    expected = whole.feed(reply) + whole.flush()
    streamed = StreamRestorer(vault)
    told, at = "", 0
    for size in [*sizes, len(reply)]:
        told += streamed.feed(reply[at : at + size])
        at += size
        assert len(streamed._held) <= 2 * (len(OTHER) + len("\\u003c"))
        assert streamed.holds == bool(streamed._held)
    assert told + streamed.flush() == expected
    assert not streamed.holds
    assert streamed.changed == whole.changed


@settings(deadline=None)
@given(st.sampled_from(BENT), st.text(max_size=3), st.text(max_size=3))
def test_a_bent_placeholder_is_restored_cut_at_every_place(
    vault: Vault, bent: tuple[str, str], before: str, after: str
) -> None:
    written, value = bent
    text = f"{before} {written} {after}"
    expected = restore(text, vault)
    assert value in expected
    for cut in range(len(text) + 1):
        restorer = StreamRestorer(vault)
        assert restorer.feed(text[:cut]) + restorer.feed(text[cut:]) + restorer.flush() == expected


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("a < b", ""),
        ("if a <", "<"),
        ("<div", ""),
        ("to <PER", "<PER"),
        ("to <PERSONS", ""),
        ("to PERSON_K0Q1", "PERSON_K0Q1"),
        ("to PERSON_K0Q2", ""),
        ("A", ""),
        ("an E", "E"),
        ("xE", ""),
        ("R&", "&"),
        ("50%", "%"),
        ("to <PERSON_K0Q1M4XD&g", "<PERSON_K0Q1M4XD&g"),
        ("to <PERSON\\", "<PERSON\\"),
    ],
)
def test_only_what_may_become_a_placeholder_is_held_back(vault: Vault, text: str, held: str) -> None:
    restorer = StreamRestorer(vault)
    released = restorer.feed(text)
    assert released == text.removesuffix(held)
    assert restorer.holds == bool(held)
    assert released + restorer.flush() == restore(text, vault)


def test_a_name_that_goes_on_from_what_was_released_is_not_held_back(vault: Vault) -> None:
    restorer = StreamRestorer(vault)
    assert [restorer.feed(piece) for piece in ("x", "E", " ", "E", "M")] == ["x", "E", " ", "", ""]


@given(st.lists(st.sampled_from(noise)))
def test_without_placeholders_nothing_is_held_back(pieces: list[str]) -> None:
    restorer = StreamRestorer(Vault(Coder(b"k" * 32)))
    assert [restorer.feed(piece) for piece in pieces] == pieces
    assert not restorer.holds


# --- inside JSON -------------------------------------------------------------------------------------------------


@given(st.text(), st.integers(1, 3))
def test_what_is_escaped_reads_the_same_from_inside_so_many_strings(text: str, depth: int) -> None:
    written = escape(text, depth)
    for _ in range(depth):
        written = json.loads(f'"{written}"')
    assert written == text


@given(st.text(), st.integers(1, 3))
def test_what_cannot_stand_in_so_many_strings_means_nothing_there(text: str, depth: int) -> None:
    assert unescape(escape(text, depth), depth) == text
    assert unescape(f'{text}"', depth) is None


@pytest.mark.parametrize("around", [(), (dict,), (dict, dict), (list, dict), (dict, list)])
def test_values_come_back_escaped_as_deep_as_they_stand(around: tuple[type, ...]) -> None:
    vault = Vault(Coder(b"k" * 32))
    plain = vault.name("PERSON", 'Bob "Bo" Stone')
    written = vault.name("PERSON", "Zoë", "Zo\\u00eb")

    def nested(text: str) -> str:
        for kind in around:
            text = json.dumps({"to": text} if kind is dict else [text], ensure_ascii=False)
        return text

    assert restore(nested(f"<{plain}> and <{plain}>"), vault) == nested('Bob "Bo" Stone and Bob "Bo" Stone')
    # As it was written, where that means the same.
    assert restore(nested(f"<{written}>"), vault) == nested("Zoë").replace("ë", "\\u00eb" if around else "ë")


def test_what_was_written_for_one_string_is_not_put_into_two() -> None:
    vault = Vault(Coder(b"k" * 32))
    name = vault.name("PERSON", 'Z"', "Z\\u0022")
    assert restore(f'{{"to": "<{name}>"}}', vault) == '{"to": "Z\\u0022"}'
    twice = restore(json.dumps({"a": json.dumps({"to": f"<{name}>"})}), vault)
    assert json.loads(json.loads(twice)["a"]) == {"to": 'Z"'}


@given(sizes=st.lists(st.integers(1, 9), max_size=40))
def test_places_move_with_what_is_restored_before_them(vault: Vault, sizes: list[int]) -> None:
    text = f"a <{PERSON}>, b <{ADDRESS}> c <PERSON_UNKNOWN9> d &lt;{OTHER}&gt;"
    restorer, restored, at = StreamRestorer(vault), "", 0
    for size in sizes:
        restored += restorer.feed(text[at : at + size])
        at += size
    restored += restorer.feed(text[at:]) + restorer.flush()
    for mark in ("a ", ", b ", " c ", "<PERSON_UNKNOWN9>", " d "):
        start, end = text.index(mark), text.index(mark) + len(mark)
        assert restored[restorer.moved(start, "start") : restorer.moved(end, "end")] == mark
    for inside in range(text.index(f"<{PERSON}>") + 1, text.index(", b")):
        assert restored[restorer.moved(inside, "start") : restorer.moved(inside, "end")] == NAME
    assert restorer.moved(len(text), "end") == len(restored)
