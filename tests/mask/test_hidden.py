"""What is hidden in encodings or behind look-alikes does not leave, comes back byte for byte, and nothing else is touched."""

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends.stack import Stack
from guard.mask.blobs import blobs
from guard.mask.masker import Masked, Masker
from guard.mask.placeholders import Coder
from guard.mask.restore import StreamRestorer, restore
from guard.mask.text import read
from guard.mask.vault import Vault
from tests.dialogue import KEY

MAIL = "alice.meyer@example.com"
CARD = "4111 1111 1111 1111"
TOKEN = "sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4xY7z"
PHONE = "010-1234-5678"
VALUES = (MAIL, CARD, TOKEN, PHONE)

STACK = Stack()


def masked(text: str, vault: Vault) -> Masked:
    given = read(text)
    spans = STACK.recognize([reading for leaf in given.leaves() for reading in leaf.readings])
    return Masker(vault, {"URL": "keep", "DATE_TIME": "keep"}).mask(given, spans, "f")  # as the default policy


# --- encoders: a text, and a number that decides what the standard leaves open -----------------------------------------


def in_bytes(text: str, written: str) -> str:
    return "".join(written.format(byte) for byte in text.encode())


def some(text: str, number: int, encode: Callable[[str], str]) -> str:
    """Every character encoded that is no letter, and every second or third of the others, or each."""
    return "".join(encode(c) if not c.isalnum() or not at % (number % 3 + 1) else c for at, c in enumerate(text))


def entity(character: str) -> str:
    return {"@": "&commat;", ".": "&period;", "-": "&#x2d;", "&": "&amp;"}.get(character, f"&#{ord(character)};")


def escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


def base64_of(text: str, number: int) -> str:
    code = (base64.b64encode, base64.urlsafe_b64encode)[number % 2](text.encode()).decode()
    code = code.rstrip("=") if number % 3 == 0 else code
    width = (10**9, 76, 60, 64)[number % 4]
    return ("\r\n" if number % 5 == 0 else "\n").join(code[at : at + width] for at in range(0, len(code), width))


ENCODERS: dict[str, Callable[[str, int], str]] = {
    "percent": lambda text, _: quote(text, safe=""),
    "percent all": lambda text, number: in_bytes(text, ("%{:02x}", "%{:02X}")[number % 2]),
    "entities": lambda text, number: some(text, number, entity),
    "hexadecimal entities": lambda text, number: some(text, number, lambda c: f"&#x{ord(c):x};"),
    "escapes": lambda text, number: some(text, number, escaped),
    "bytes": lambda text, _: in_bytes(text, "\\x{:02x}"),
    "a JSON string": lambda text, number: json.dumps(text, ensure_ascii=bool(number % 2)),
    "a JSON object": lambda text, number: json.dumps({"a": [1, text]}, ensure_ascii=bool(number % 2)),
    "base64": base64_of,
    "base64 of UTF-16": lambda text, _: base64.b64encode(text.encode("utf-16-le")).decode(),
    "hexadecimal digits": lambda text, number: (text.encode().hex(), "0x" + text.encode().hex().upper())[number % 2],
    "full width": lambda text, _: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "zero width": lambda text, number: ("\u200b", "\u00ad", "\u2060")[number % 3].join(text),
}  # fmt: skip


def alike(value: str, number: int) -> str:
    """`value` behind letters and digits that only look like its own."""
    if number % 2:
        return value.translate(str.maketrans("aecopx", "аесорх")) if "@" in value else value.replace("1", "１")
    return "".join(chr(0x1D7CE + int(c)) if c.isascii() and c.isdigit() else c for c in value)


AROUND = (
    "{}",
    "mail: {} please",
    "제 연락처는 {} 입니다",
    "連絡先は「{}」です。",
    "«{}»",
    "Hello,\n{}\nRegards\nBob",
    "<b>{}</b>",
)


@st.composite
def hidden(draw: st.DrawFn, most: int = 3) -> tuple[str, str]:
    """A value, and a text that holds it in up to `most` encodings, each with prose around."""
    value = draw(st.sampled_from(VALUES))
    text = alike(value, draw(st.integers(0, 1))) if draw(st.booleans()) else value
    text = draw(st.sampled_from(AROUND)).replace("{}", text)
    for name in draw(st.lists(st.sampled_from(sorted(ENCODERS)), max_size=most)):
        text = ENCODERS[name](text, draw(st.integers(0, 59)))
        text = draw(st.sampled_from(AROUND)).replace("{}", text)
    return value, text


# --- decoders of our own, so that what guard overlooks is not overlooked here ------------------------------------------


def undone(text: str) -> Iterator[str]:
    """`text` decoded by every decoder, each on its own."""
    yield html.unescape(text)
    yield unquote(text)
    yield re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    yield re.sub(
        r"(?:\\+x[0-9a-fA-F]{2})+",
        lambda match: bytes.fromhex(re.sub(r"\\+x", "", match[0])).decode(errors="replace"),
        text,
    )
    yield "".join(c for c in unicodedata.normalize("NFKC", text) if c not in "\u200b\u00ad\u2060")
    yield text.translate(str.maketrans("аесорх", "aecopx"))
    yield re.sub(r"\\+([nr])", "\n", text)
    for run in re.findall(r"[0-9A-Za-z+/_-]{16,}(?:\r?\n[0-9A-Za-z+/_-]+)*", text):
        code = "".join(run.split()).replace("-", "+").replace("_", "/")
        digits = code.removeprefix("0x")
        if re.fullmatch("(?:[0-9a-fA-F]{2})+", digits):
            yield bytes.fromhex(digits).decode("utf-8", "replace")
        for length in range(len(code) % 4 == 1, min(12, len(code) - 12)):  # a word may follow it
            try:
                data = base64.b64decode(code[: len(code) - length] + "==")
            except binascii.Error:
                continue
            yield data.decode("utf-8", "replace")
            yield data.decode("utf-16-le", "replace")


def holds(text: str, value: str, depth: int = 5) -> bool:
    """Whether `text` holds `value` after any decoders, `depth` one after the other."""
    seen, texts = {text}, {text}
    for _ in range(depth):
        texts = {inner for text in texts for inner in undone(text)} - seen
        seen |= texts
    return any(value in text for text in seen)


# --- properties --------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(hidden())
def test_nothing_that_is_hidden_leaves_and_it_comes_back_byte_for_byte(planted: tuple[str, str]) -> None:
    value, text = planted
    vault = Vault(Coder(KEY))
    result = masked(text, vault)
    assert result.found
    assert not holds(result.text, value)
    assert restore(result.text, vault) == text


@settings(max_examples=200, deadline=None)
@given(hidden(2), st.integers(1, 9))
def test_it_comes_back_however_it_is_cut(planted: tuple[str, str], size: int) -> None:
    _, text = planted
    vault = Vault(Coder(KEY))
    result = masked(text, vault).text
    restorer = StreamRestorer(vault)
    pieces = [restorer.feed(result[at : at + size]) for at in range(0, len(result), size)]
    assert "".join(pieces) + restorer.flush() == text


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("other", ["", *ENCODERS])
def test_the_decoders_of_this_test_find_what_guard_must_find(value: str, name: str, other: str) -> None:
    text = ENCODERS[name](f"x {value} y", 1)
    assert holds(ENCODERS[other](f"x {text} y", 2) if other else text, value)


# --- what is not to be touched -----------------------------------------------------------------------------------

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HARMLESS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 99d018c4a1f0b8c2d3e4f5a6b7c8d9e0f1a2b3c4",
    "trace 00f067aa0ba902b7 of 4bf92f3577b34da6a3ce929d0e0e4736",
    "id 123e4567-e89b-12d3-a456-426614174000",
    "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "integrity sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "_id: 507f1f77bcf86cd799439011",
    "https://example.com/search?q=quarterly%20report&page=2",
    "https://ko.wikipedia.org/wiki/%EB%8C%80%ED%95%9C%EB%AF%BC%EA%B5%AD",
    "50%de réduction, 100%25 und %d von %s",
    "SELECT * FROM t WHERE name LIKE '%ab%' AND x = 5 % 3",
    "Tom&nbsp;&amp;&nbsp;Jerry &lt;3 &copy; 2024 &hellip;",
    "a && b || c & d; x &= y; &foo; &notreal;",
    f"data:image/png;base64,{PNG}",
    PNG,
    "document.getElementsByClassName('internationalizationConfiguration')",
    "from sklearn.feature_extraction.text import TfidfVectorizer",
    "/usr/local/lib/python3.11/site-packages/hypothesis/strategies/_internal",
    "C:\\Users\\new\\x64\\bin\\101\\tool.exe",
    r"re.compile(r'\d{3}-\x41[\w.]+\101')",
    'printf("%08x %02d\\n", value, 100);',
    "-" * 80,
    "/" * 40,
    "A" * 64,
    "0000000000000000000000000000000000000000",
    "SGVsbG8gd29ybGQsIHRoaXMgaXMgYSBncmVldGluZy4=",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "48656c6c6f20776f726c642c206772656574696e6773",
    "%48%65%6c%6c%6f &#72;&#101;llo \\u0048ello \\x48ello",
    "Ｆｕｌｌ　ｗｉｄｔｈ ｔｅｘｔ，１２３ と カタカナ",
    "Москва, 2024 год: iPhone-ом и SMSка, email-адрес в 10А",
    "Η Αθήνα είναι πόλη, α-helix και μm",
    "안녕하세요, 회의는 금요일입니다. 자료는 GitHub에 있습니다.",
    '{"hash": "d41d8cd98f00b204e9800998ecf8427e", "url": "https://example.com/a%20b?x=%7B%7D"}',
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo",
    "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEZ79ojWnPbdG",
    "Pneumonoultramicroscopicsilicovolcanoconiosis",
)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_hides_nothing_is_not_touched(text: str) -> None:
    vault = Vault(Coder(KEY))
    assert masked(text, vault).text is text
    assert not len(vault)


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=12, max_size=4000))
def test_random_bytes_hide_nothing_whatever_they_are_written_in(data: bytes) -> None:
    for text in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode(), data.hex()):
        assert not any(STACK.recognize([blob.text for blob in blobs(f"data: {text}")]))
