"""What masking puts in the place of what was found, and what it says of it."""

import base64
import json
import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends.stack import Spec, Stack
from guard.mask.masker import Masked, Masker
from guard.mask.placeholders import Coder
from guard.mask.restore import restore
from guard.mask.text import read
from guard.mask.vault import Vault
from guard.types import Operator, Span
from tests.dialogue import BOB, CARD, DIGITS, ENTITIES, KEY, MAIL, NAME, SECRET, recognized, spans

ALIKE = "<PERSON_K7Q2M4XD>"


def mask(
    raw: str,
    operators: Mapping[str, Operator] = {},
    default: Operator = "placeholder",
    *,
    kind: str = "text",
    vault: Vault | None = None,
) -> Masked:
    given = read(raw, kind)  # type: ignore[arg-type]
    found = recognized(reading for leaf in given.leaves() for reading in leaf.readings)
    vault = Vault(Coder(KEY)) if vault is None else vault
    return Masker(vault, operators, default).mask(given, found, "f")


# --- operators ---------------------------------------------------------------------------------------------------


def test_what_nothing_was_found_in_stays_the_same_text() -> None:
    raw = "nothing to see"
    assert mask(raw) == Masked(raw, ())
    assert mask(raw).text is raw


@pytest.mark.parametrize(
    ("operator", "pattern"),
    [
        ("placeholder", r"to <EMAIL_ADDRESS_[0-9A-Z]{8}>, ok"),
        ("block", r"to <EMAIL_ADDRESS_[0-9A-Z]{8}>, ok"),  # the log keeps the masked text of what is refused
        ("redact", r"to \[EMAIL_ADDRESS\], ok"),
        ("hash", r"to \[EMAIL_ADDRESS [0-9a-f]{24}\], ok"),
        ("keep", re.escape(f"to {MAIL}, ok")),
    ],
)
def test_each_operator(operator: Operator, pattern: str) -> None:
    by_entity, by_default = mask(f"to {MAIL}, ok", {"EMAIL_ADDRESS": operator}), mask(f"to {MAIL}, ok", {}, operator)
    assert by_entity == by_default
    assert re.fullmatch(pattern, by_entity.text)
    if operator == "keep":
        assert (by_entity.found, by_entity.spans) == ((), ())
    for entry in by_entity.kept if operator == "keep" else by_entity.found:
        assert (entry.field, entry.entity, entry.recognizer, entry.score) == ("f", "EMAIL_ADDRESS", "regex", 0.9)
        assert entry.operator == operator
        assert entry.value_hash == Coder(KEY).value_hash("EMAIL_ADDRESS", MAIL)
    assert len(by_entity.found) + len(by_entity.kept) == 1


@pytest.mark.parametrize(
    "raw",
    [
        f"{MAIL} {CARD} {MAIL}",
        json.dumps({"to": MAIL, "cc": [MAIL], "card": CARD}),
        json.dumps({"to": MAIL.replace("@", "\\u0040"), MAIL: CARD}),
        f"alice.meyer%40example.com, {CARD}, {MAIL}",
        f"{base64.b64encode(MAIL.encode()).decode()} {CARD}",
    ],
)
def test_what_is_kept_is_counted_once_a_field_however_it_is_written(raw: str) -> None:
    result = mask(raw, {"EMAIL_ADDRESS": "keep"})
    assert [(entry.field, entry.entity, entry.operator) for entry in result.kept] == [("f", "EMAIL_ADDRESS", "keep")]
    assert result.kept[0].value_hash == Coder(KEY).value_hash("EMAIL_ADDRESS", MAIL)
    assert {entry.entity for entry in result.found} == {"CREDIT_CARD"}
    assert mask(raw, {"EMAIL_ADDRESS": "keep", "CREDIT_CARD": "keep"}).text is raw
    assert mask(raw).kept == ()


def test_hashes_of_one_value_are_alike_however_it_is_spelled() -> None:
    one, other = mask(CARD, {}, "hash"), mask(DIGITS, {}, "hash")
    assert one.text == other.text != mask(MAIL, {}, "hash").text


operators = st.dictionaries(
    st.sampled_from(sorted(ENTITIES)), st.sampled_from(("placeholder", "redact", "hash", "keep"))
)
pieces = st.sampled_from(
    (MAIL, CARD, SECRET, NAME, BOB, " to ", "님께 ", "\n", "{", '"', "\\", "<", "_", " a_b ", ALIKE)
)
texts = st.lists(pieces | st.text(max_size=2), max_size=8).map("".join)


@settings(deadline=None)
@given(texts, operators)
def test_what_was_found_is_replaced_and_every_other_character_stays(
    raw: str, operators: Mapping[str, Operator]
) -> None:
    vault = Vault(Coder(KEY))
    result = mask(raw, operators, vault=vault)
    values = {"EMAIL_ADDRESS": MAIL, "CREDIT_CARD": CARD, "SECRET": SECRET, "PERSON": NAME}
    for entity, value in values.items():
        kept = raw.count(value) if operators.get(entity) == "keep" else 0
        assert result.text.count(value) <= kept
    assert len(result.found) == len(result.spans)
    assert [entry.operator for entry in result.found] == [operators.get(s.entity, "placeholder") for s in result.spans]
    rest, last = "", 0
    for span in result.spans:
        assert last <= span.start < span.end <= len(raw)
        rest += re.escape(raw[last : span.start]) + r"(?:<\w+>|\[[\w ]+\])"
        last = span.end
    if ALIKE not in raw and not result.text.startswith("<LITERAL_"):
        assert re.fullmatch(rest + re.escape(raw[last:]), result.text)


# --- kinds of texts ----------------------------------------------------------------------------------------------


def test_an_identifier_is_replaced_as_a_whole_by_an_identifier() -> None:
    vault = Vault(Coder(KEY))
    result = mask(f"mail_{MAIL}_x", kind="name", vault=vault)
    assert re.fullmatch(r"EMAIL_ADDRESS_\w+", result.text)
    assert restore(result.text, vault) == f"mail_{MAIL}_x"
    assert [(span.start, span.end) for span in result.spans] == [(0, len(f"mail_{MAIL}_x"))]
    assert mask("get_weather", kind="name").text == "get_weather"


def test_of_several_finds_in_an_identifier_the_surest_names_it() -> None:
    text = read("ab", "name")
    found = (Span(0, 1, "PERSON", 0.4, "r"), Span(1, 2, "SECRET", 0.8, "r"))
    assert Masker(Vault(Coder(KEY)), {}).mask(text, [found], "f").text.startswith("SECRET_")


def test_in_json_the_strings_are_masked_and_everything_around_them_keeps_its_bytes() -> None:
    raw = '{ "to" : "\\u0061lice.meyer@example.com",\n  "n":[1, 2.50], "who": "Bob \\"Bo\\" Stone" }'
    vault = Vault(Coder(KEY))
    result = mask(raw, vault=vault)
    assert re.fullmatch(
        r'\{ "to" : "<EMAIL_ADDRESS_\w{8}_\w+>",\n  "n":\[1, 2.50\], "who": "<PERSON_\w{8}(_\w+)?>" \}', result.text
    )
    assert restore(result.text, vault) == raw
    assert [raw[span.start : span.end] for span in result.spans] == [
        "\\u0061lice.meyer@example.com",
        'Bob \\"Bo\\" Stone',
    ]
    assert {entry.value_hash for entry in result.found} == {
        Coder(KEY).value_hash("EMAIL_ADDRESS", MAIL),
        Coder(KEY).value_hash("PERSON", BOB),
    }


@pytest.mark.parametrize(
    ("operator", "pattern"),
    [
        ("placeholder", r'\{"card":"<CREDIT_CARD_\w+>","n":12345678\}'),
        ("redact", r'\{"card":"\[CREDIT_CARD\]","n":12345678\}'),
    ],
)
def test_a_number_becomes_a_string(operator: Operator, pattern: str) -> None:
    result = mask(f'{{"card":{DIGITS},"n":12345678}}', {}, operator)
    assert re.fullmatch(pattern, result.text)
    assert json.loads(result.text)["n"] == 12345678


# --- what only looks like a placeholder --------------------------------------------------------------------------


def test_what_looks_like_a_placeholder_is_masked_and_not_counted() -> None:
    vault = Vault(Coder(KEY))
    result = mask(f"is {ALIKE} or PERSON_K7Q2M4XD", {"PERSON": "redact"}, "redact", vault=vault)
    assert re.fullmatch(r"is <LITERAL_\w+> or <LITERAL_\w+>", result.text)
    assert (result.found, result.spans) == ((), ())
    assert restore(result.text, vault) == f"is {ALIKE} or PERSON_K7Q2M4XD"


def test_a_find_in_what_looks_like_one_takes_the_whole() -> None:
    raw, at = f"see {ALIKE}", len("see <")
    found = (Span(at, at + 6, "PERSON", 0.5, "r"),)
    result = Masker(Vault(Coder(KEY)), {}).mask(read(raw), [found], "f")
    assert re.fullmatch(r"see <PERSON_\w+>", result.text)
    assert [raw[span.start : span.end] for span in result.spans] == [ALIKE]


def test_what_sticks_out_on_either_side_is_taken_too() -> None:
    raw = f"x <{ALIKE[1:-1]}>tail"
    for start, end in ((0, 9), (9, len(raw))):
        found = (Span(start, end, "PERSON", 0.5, "r"),)
        result = Masker(Vault(Coder(KEY)), {}).mask(read(raw), [found], "f")
        (span,) = result.spans
        assert (span.start, span.end) == (min(start, 2), max(end, raw.index(">") + 1))


# --- replies -----------------------------------------------------------------------------------------------------


def with_values(text: str, found: Sequence[Span]) -> list[tuple[Span, str]]:
    return [(span, text[span.start : span.end]) for span in found]


def test_what_was_found_is_located_in_the_text_with_the_value_it_stands_for() -> None:
    raw = '{"to": "\\u0061lice.meyer@example.com", "see": "<PERSON_K7Q2M4XD>"}'
    text = read(raw)
    found = recognized(reading for leaf in text.leaves() for reading in leaf.readings)
    ((span, value),) = Masker(Vault(Coder(KEY)), {}).located(text, found)
    assert raw[span.start : span.end] == "\\u0061lice.meyer@example.com"
    assert (span.entity, value) == ("EMAIL_ADDRESS", MAIL)


@settings(deadline=None)
@given(st.lists(pieces | st.sampled_from(("known", "KNOWN_0 ")), max_size=8), operators)
def test_in_a_reply_placeholders_stay_and_values_move(parts: list[str], operators: Mapping[str, Operator]) -> None:
    vault = Vault(Coder(KEY))
    known = vault.name("PERSON", "Carol Known")
    text = "".join(f"<{known}>" if part == "known" else part for part in parts)
    masked, moved = Masker(vault, operators).mask_reply(text, with_values(text, spans(text)), "reply")
    assert len(moved) == len(masked.found)
    back, last = "", 0
    for span, value in moved:
        placeholder = masked.text[span.start : span.end]
        assert vault.find(placeholder.strip("<>")).text == value  # type: ignore[union-attr]
        assert placeholder.startswith(f"<{span.entity}_")
        assert operators.get(span.entity) != "keep"
        back += masked.text[last : span.start] + value
        last = span.end
    assert back + masked.text[last:] == text
    assert masked.text.count(f"<{known}>") >= text.count(f"<{known}>")


def test_in_a_reply_what_a_known_placeholder_touches_is_not_a_find_and_overlaps_count_once() -> None:
    vault = Vault(Coder(KEY))
    known = vault.name("PERSON", "Carol Known")
    text = f"<{known}> and {MAIL}"
    at = text.index(MAIL)
    found = (
        Span(3, 9, "SECRET", 0.9, "r"),
        Span(at, len(text), "EMAIL_ADDRESS", 0.9, "r"),
        Span(at + 3, len(text), "URL", 0.5, "r"),
    )
    masked, moved = Masker(vault, {}).mask_reply(text, with_values(text, found), "reply")
    assert [(span.entity, value) for span, value in moved] == [("EMAIL_ADDRESS", MAIL)]
    assert re.fullmatch(rf"<{known}> and <EMAIL_ADDRESS_\w+>", masked.text)
    assert [entry.entity for entry in masked.found] == ["EMAIL_ADDRESS"]


@pytest.mark.parametrize(
    "written", ["alice.meyer%40example.com", "alice.meyer&#64;example.com", "ALICE.MEYER@example.com"]
)
def test_an_encoded_spelling_of_a_value_shares_its_code(written: str) -> None:
    vault = Vault(Coder(b"k" * 32))
    masker = Masker(vault, {})
    stack = Stack.of(Spec(profile="patterns"))

    def masked(text: str) -> str:
        given = read(text)
        found = masker.mask(given, stack.recognize([r for leaf in given.leaves() for r in leaf.readings]), "f").text
        assert restore(found, vault) == text
        return found

    plain, other = masked("alice.meyer@example.com"), masked(written)
    assert other != plain
    assert other.startswith(plain.removesuffix(">") + "_")
