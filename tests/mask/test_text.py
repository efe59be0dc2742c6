"""What a text is read as, and what of it is replaced: in place where that is possible, else the whole of the encoding."""

import base64
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.blobs import blobs
from guard.mask.encodings import decoded
from guard.mask.masker import Masked, Masker
from guard.mask.placeholders import LITERAL, Coder
from guard.mask.restore import restore
from guard.mask.text import Text, read
from guard.mask.vault import Vault
from guard.types import Operator, Span
from tests.dialogue import CARD, KEY, MAIL, recognized


def b64(text: str, codec: str = "utf-8") -> str:
    return base64.b64encode(text.encode(codec)).decode()


def readings(text: str) -> list[str]:
    return [reading for leaf in read(text).leaves() for reading in leaf.readings]


def masked(text: Text | str, operators: dict[str, Operator] | None = None, seams: tuple[Span, ...] = ()) -> Masked:
    vault = Vault(Coder(KEY))
    given = read(text) if isinstance(text, str) else text
    spans = recognized(reading for leaf in given.leaves() for reading in leaf.readings)
    result = Masker(vault, operators or {}).mask(given, spans, "f", seams=seams)
    if not operators and not re.search(r"\d{8}", given.raw):  # a number comes back as a string
        assert restore(result.text, vault) == given.raw
    return result


def shown(result: Masked) -> str:
    """The masked text with every code left out."""
    return re.sub(r"_(?=[A-Z]*[0-9])[0-9A-Z]{8}(?:_[0-9A-Z]{4})?", "", result.text)


PERCENT = "alice.meyer%40example.com"
BLOB = b64(MAIL)
LINES = base64.encodebytes(f"Dear Bob, this is a letter, and it goes on. Ask {MAIL} for more.".encode()).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # percent-encoding
        (f"mail {PERCENT} now", "mail <EMAIL_ADDRESS> now"),
        ("%61%6C%69%63e.meyer%40example.com", "<EMAIL_ADDRESS>"),
        ("alice.meyer%2540example.com", "<EMAIL_ADDRESS>"),
        ("alice.meyer%u0040example.com", "<EMAIL_ADDRESS>"),
        (f"https://x.io/?to={PERCENT}&q=a%20b", "https://x.io/?to=<EMAIL_ADDRESS>&q=a%20b"),
        ("name=Alice+Meyer&a=%40&b=1+1", "name=<PERSON>&a=%40&b=1+1"),
        ("%EA%B9%80 Alice%20Meyer%EB%8B%98", "%EA%B9%80 <PERSON>%EB%8B%98"),
        ("100% of 5%4111 1111 1111 1111", "100% of 5<CREDIT_CARD>"),
        # HTML entities
        ("alice.meyer&#64;example.com", "<EMAIL_ADDRESS>"),
        ("alice.meyer&#x40;example.com", "<EMAIL_ADDRESS>"),
        ("alice.meyer&commat;example&period;com", "<EMAIL_ADDRESS>"),
        ("<td>Alice&nbsp;</td><td>Alice&#32;Meyer&amp;Co</td>", "<td>Alice&nbsp;</td><td><PERSON>&amp;Co</td>"),
        ("alice.meyer&amp;#64;example.com", "<EMAIL_ADDRESS>"),
        # escapes
        ("say alice.meyer\\u0040example.com", "say <EMAIL_ADDRESS>"),
        ("\\x61lice.meyer\\x40example.com", "<EMAIL_ADDRESS>"),
        ("\\101lice Meyer, \\352\\271\\200", "<PERSON>, \\352\\271\\200"),
        ("alice.meyer\\u{40}example.com \\U00000041lice Meyer", "<EMAIL_ADDRESS> <PERSON>"),
        ('log {\\"to\\": \\"alice.meyer\\\\u0040example.com\\"}', 'log {\\"to\\": \\"<EMAIL_ADDRESS>\\"}'),
        ("Hello\\nalice.meyer@example.com", "Hello\\n<EMAIL_ADDRESS>"),
        ("C:\\new\\Alice Meyer\\x", "C:\\new<PERSON>\\x"),
        # base64
        (f"see {BLOB} ok", "see <EMAIL_ADDRESS> ok"),
        (f"see {BLOB.rstrip('=')}, ok", "see <EMAIL_ADDRESS>, ok"),
        (f"Authorization: Basic {b64('bob:' + MAIL)}", "Authorization: Basic <EMAIL_ADDRESS>"),
        (f"data:text/plain;base64,{BLOB}", "data:text/plain;base64,<EMAIL_ADDRESS>"),
        (f"메일은 {BLOB}입니다", "메일은 <EMAIL_ADDRESS>입니다"),
        (f"/api/v2/organizations/acme/users/{BLOB}/edit", "/api/v2/organizations/acme/users/<EMAIL_ADDRESS>/edit"),
        (f"user_{BLOB}", "user_<EMAIL_ADDRESS>"),
        (f"id{BLOB}", "<EMAIL_ADDRESS>"),
        (f"Part:\n\n{LINES}Regards\nCarol", "Part:\n\n<EMAIL_ADDRESS>\nRegards\nCarol"),
        (f"Part:\r\n  {LINES.rstrip().replace(chr(10), chr(13) + chr(10) + '  ')}\r\n", "Part:\r\n  <EMAIL_ADDRESS>\r\n"),
        (f"{b64(CARD)}\n{BLOB}", "<CREDIT_CARD>\n<EMAIL_ADDRESS>"),
        (f"x {b64(BLOB)}", "x <EMAIL_ADDRESS>"),
        (f"x {b64(b64(BLOB))}", "x <EMAIL_ADDRESS>"),
        (f"x {b64(json.dumps({'a': [PERCENT]}))}", "x <EMAIL_ADDRESS>"),
        (f"powershell -enc {b64('echo ' + MAIL, 'utf-16-le')}", "powershell -enc <EMAIL_ADDRESS>"),
        (f"k={BLOB.replace('=', '%3D')}&z", "k=<EMAIL_ADDRESS>&z"),
        # hexadecimal digits
        (f"x {MAIL.encode().hex()} y", "x <EMAIL_ADDRESS> y"),
        (f"0x{MAIL.encode().hex().upper()}", "<EMAIL_ADDRESS>"),
        # inside JSON, and JSON inside
        (json.dumps({"a": PERCENT, "b": f"{BLOB}!"}), '{"a": "<EMAIL_ADDRESS>", "b": "<EMAIL_ADDRESS>!"}'),
        (json.dumps({"a": json.dumps(["&#65;lice Meyer"])}), '{"a": "[\\"<PERSON>\\"]"}'),
        (json.dumps({PERCENT: 1}), '{"EMAIL_ADDRESS": 1}'),
        ("%7B%22Alice%20Meyer%22%3A%20%22x%22%7D", "%7B%22<PERSON>%22%3A%20%22x%22%7D"),
        # forms that NFKC folds
        ("ａｌｉｃｅ．ｍｅｙｅｒ％４０example.com", "<EMAIL_ADDRESS>"),
        ("alice.meyer%4\u200b0example.com", "<EMAIL_ADDRESS>"),
    ],
)  # fmt: skip
def test_what_is_hidden_is_replaced(text: str, expected: str) -> None:
    assert shown(masked(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", ["plain text"]),
        ("a%20b", ["a%20b", "a b"]),  # no encoding, perhaps
        ("a &amp; b", ["a & b"]),
        ('a \\"b\\"', ['a "b"']),
        ("C:\\new", ["C:\\new", "C:\new"]),
        ("\\\\server\\\\x40", ["\\server\\x40", "\\server@"]),
        (f"see {BLOB}", [f"see {BLOB}", MAIL]),
        ("a%00b&#1;c%FFd", ["a%00b&#1;c%FFd", "a%00b&#1;cÿd"]),
        ("q=1+1&b=%20+82", ["q=1+1&b=%20+82", "q=1 1&b=  82"]),
        ("to=a+b%40c.d&tel=+82+10%2D1", ["to=a+b%40c.d&tel=+82+10%2D1", "to=a+b@c.d&tel=+82 10-1"]),
    ],
)
def test_a_text_is_read_as_it_stands_where_it_may_mean_that(text: str, expected: list[str]) -> None:
    assert readings(text) == expected


def test_a_hidden_text_is_read_under_its_key() -> None:
    given = read("hunter%32", context="password")
    assert [leaf.readings for leaf in given.leaves()] == [("password: hunter%32",), ("password: hunter2",)]


def test_a_name_with_something_hidden_is_replaced_as_a_whole() -> None:
    assert shown(masked(read(f"for_{PERCENT}", "name"))) == "EMAIL_ADDRESS"
    assert shown(masked(read(f"for-{BLOB}", "name"))) == "EMAIL_ADDRESS"


def test_of_all_that_a_blob_holds_the_gravest_decides() -> None:
    blob = b64(f"{CARD} and {MAIL}")
    assert shown(masked(blob, {"EMAIL_ADDRESS": "redact"})) == "[EMAIL_ADDRESS]"
    assert masked(blob, {"CREDIT_CARD": "block"}).found[0].operator == "block"
    assert shown(masked(blob, {"CREDIT_CARD": "keep"})) == "<EMAIL_ADDRESS>"
    assert masked(blob, {"CREDIT_CARD": "keep", "EMAIL_ADDRESS": "keep"}).text == blob


def test_the_log_knows_a_value_again_in_any_encoding() -> None:
    hashes = {masked(text).found[0].value_hash for text in (MAIL, PERCENT, f"{BLOB}", "alice.meyer&#64;example.com")}
    assert len(hashes) == 1


def test_what_only_looks_like_a_placeholder_inside_a_blob_needs_no_protection() -> None:
    blob = b64("<PERSON_K7Q2M4XD> and more")
    assert masked(blob).text == blob
    assert masked("%3CPERSON_K7Q2M4XD%3E").text.startswith(f"<{LITERAL}_")


def test_what_would_not_come_back_as_it_was_is_replaced_as_a_whole() -> None:
    assert shown(masked('{"a": "Bob "Bo" Stone"}')) == "<LITERAL>"  # no JSON, but it looks like it


def test_pieces_of_what_stands_across_a_seam_join_what_was_found() -> None:
    text = f"{MAIL} and 4111 1111"
    result = masked(text, seams=(Span(text.index("4111"), len(text), "CREDIT_CARD", 0.9, "seam"),))
    assert shown(result) == "<EMAIL_ADDRESS> and <CREDIT_CARD>"
    joined = masked(MAIL, seams=(Span(6, 11, "CREDIT_CARD", 0.8, "seam"),))
    assert shown(joined) == "<EMAIL_ADDRESS>"
    longer = masked(f"{MAIL} and on", seams=(Span(6, len(MAIL) + 4, "CREDIT_CARD", 0.8, "seam"),))
    assert shown(longer) == "<EMAIL_ADDRESS> on"
    assert (
        shown(masked(MAIL, {"EMAIL_ADDRESS": "keep"}, (Span(6, 11, "CREDIT_CARD", 0.8, "seam"),)))
        == "alice.<CREDIT_CARD>@example.com"
    )


def test_lines_that_may_not_belong_together_are_also_read_each_on_its_own() -> None:
    first, second = b64("the first of two lines, "), b64("and then another of them")
    assert [blob.text for blob in blobs(f"{first}\n{second}")] == [
        "the first of two lines, and then another of them",
        "the first of two lines, ",
        "and then another of them",
    ]
    assert len(list(blobs(LINES))) == 1


# --- properties --------------------------------------------------------------------------------------------------

ODD = st.sampled_from(("%", "%4", "%41", "%EA%B9%80", "%e9", "%u0041", "&", "&#", "&#64;", "&amp;", "&nope;", "&NotEqualTilde;",
    "\\", "\\\\", "\\u", "\\u0041", "\\ud83d\\ude00", "\\ud83d", "\\x4", "\\x41", "\\101", "\\u{41}", "\\U0001f600", "\\n", '"',
    "+", "=", " ", "\n", "a", "A", "％", "é", "한", "\u200b"))  # fmt: skip
TEXTS = st.lists(ODD | st.characters(), max_size=20).map("".join)


@settings(deadline=None)
@given(TEXTS)
def test_offsets_are_sorted_and_span_the_text(text: str) -> None:
    found = decoded(text)
    if found is None:
        return
    assert len(found.offsets) == len(found.text) + 1
    assert list(found.offsets) == sorted(found.offsets)
    assert found.offsets[-1] == len(text)
    assert found.text != text


@settings(deadline=None)
@given(TEXTS, st.data())
def test_every_decoded_character_comes_from_where_its_offset_says(text: str, data: st.DataObject) -> None:
    found = decoded(text)
    if found is None or "+" in text:  # whether a plus is a space depends on what stands around it
        return
    (item,) = (read(text).hidden or (None,))[:1]
    if item is None or item.text.raw != found.text:  # it was brought to its usual form first
        return
    at = data.draw(st.integers(0, len(found.text) - 1))
    start, end = item.outer(at, at + 1)
    assert 0 <= start < end <= len(text)
    piece = decoded(text[start:end])
    assert found.text[at] in (piece.text if piece else text[start:end])


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=16, max_size=400), st.sampled_from(("utf-8", "utf-16-le")), st.booleans())
def test_a_blob_that_is_a_text_is_read_as_that(text: str, codec: str, urlsafe: bool) -> None:
    text = "A plain beginning, " + "".join(c for c in text if c.isprintable() and c.isascii())
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    blob = encode(text.encode(codec)).decode()
    assert (0, len(blob), text) in [(found.start, found.end, found.text) for found in blobs(blob)]


@settings(deadline=None)
@given(st.sampled_from("%&\\/aA+\n=4"), st.sampled_from(("", "%41", "u0041", "&#64;", "QUJD")), st.integers(0, 3))
def test_reading_takes_time_in_proportion(character: str, other: str, last: int) -> None:
    text = (character * 3 + other) * 3000 + character * last
    assert sum(map(len, readings(text))) <= 15 * len(text)
