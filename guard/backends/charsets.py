"""Text files that do not say their encoding: UTF-8, else what makes sense of Korean, Japanese or Latin."""

from __future__ import annotations

from guard.errors import RequestError

_MARKED = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_GUESSED = ("cp949", "cp932", "euc-jp", "cp1252")
_LEAST = 0.5  # of the characters that are not ASCII so many must make sense
_LOOKED_AT = 1 << 16


def decode(data: bytes) -> str:
    """The text of a file. Raises RequestError for what is no text, or in an encoding that cannot be told.

    Of the encodings that can be read without an error the one is taken in which most of what is not ASCII is Hangul
    of everyday use, kana among Chinese characters, or letters of Western Europe.
    """
    marked = next((name for mark, name in _MARKED if data.startswith(mark)), "")
    for encoding in (marked,) if marked else ("utf-8",):
        text = _strictly(data, encoding)
        if text is not None:
            return text
    guesses = [(encoding, _strictly(data, encoding)) for encoding in _GUESSED if not marked]
    rated = [(_sense(text, encoding), text) for encoding, text in guesses if text is not None]
    sense, text = max(rated, key=lambda pair: pair[0], default=(0.0, ""))
    if sense < _LEAST:
        raise RequestError("A text is in an encoding that guard does not know. Save it as UTF-8.")
    return text


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeError:
        return None
    return None if "\0" in text else text


def _sense(text: str, encoding: str) -> float:
    """The share of characters that are not ASCII that make sense in an encoding."""
    foreign = [character for character in text[:_LOOKED_AT] if not character.isascii()]
    match encoding:
        case "cp949":
            sensible = sum("가" <= c <= "힣" and _is_common(c, "euc-kr", 0xFE) for c in foreign)
        case "cp932":
            sensible = sum(_is_japanese(c) for c in foreign)
        case "euc-jp":  # without kana it looks like Korean, which is met more often
            sensible = sum(_is_japanese(c) for c in foreign) if any("ぁ" <= c <= "ヿ" for c in foreign) else 0
        case _:
            sensible = sum("À" <= c <= "ÿ" or c in "‘’“”–—€…" for c in foreign)
    return sensible / max(len(foreign), 1)


def _is_japanese(character: str) -> bool:
    """Whether it is kana, a full-width sign or a Chinese character of level 1 of JIS X 0208, those of everyday use."""
    return "、" <= character <= "ヿ" or "！" <= character <= "～" or _is_common(character, "cp932", 0x98)


def _is_common(character: str, encoding: str, last: int) -> bool:
    """Whether a character has two bytes in an encoding of which the first is not above `last`.

    Of Hangul those are in euc-kr the 2,350 of KS X 1001; cp949 has the others too, which is what other encodings look
    like.
    """
    try:
        encoded = character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(encoded) == 2 and encoded[0] <= last
