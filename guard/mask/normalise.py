"""The text that recognizers read, and the way back to the text as it was written.

NFKC folds full-width and other compatibility forms; characters that cannot be seen are dropped; dashes, quotes and
digits of other scripts become their ASCII look-alikes, and so do letters of other scripts in a word that hides behind
them (`confusables`). Placeholders and logs never see this text: spans found in it are carried back to the original
with `original`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from string import ascii_uppercase

from guard.mask.confusables import fold

# Unicode's Default_Ignorable_Code_Point: soft hyphen, zero-width and bidirectional controls, fillers, variation
# selectors, tags; and strokes and frames over the character before, as in a keycap. All can split a value for a
# pattern without a reader minding.
_INVISIBLE = (
    "\u0334-\u0338\u20dd-\u20e0\u20e2-\u20e4"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_LOOK_ALIKES = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
    # Circled digits; NFKC knows only some.
    **dict(zip("⓿❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒⓵⓶⓷⓸⓹⓺⓻⓼⓽", "0" + "123456789" * 4, strict=True)),
}
# Letters in black circles and squares.
_CIRCLES = "\U0001f150-\U0001f169\U0001f170-\U0001f189"
_CIRCLED = {chr(start + i): letter for start in (0x1F150, 0x1F170) for i, letter in enumerate(ascii_uppercase)}
# The zeros of other scripts, from Arabic to Meetei: the nine digits after each follow it.
_ZEROS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u1090\u17e0"
    "\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50\ua620\ua8d0\ua900\ua9d0\ua9f0\uaa50\uabf0"
)
_DIGITS = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)
_SURROGATES = "\ud800-\udfff"  # JSON can hold lone halves, which no tokenizer can encode

FOLDED = f"{_INVISIBLE}{_DIGITS}０-９Ａ-Ｚａ-ｚ①-⑳Ⓐ-ⓩ\U0001d400-\U0001d7ff"
"""Characters of words that this module folds to ASCII, for use in a character class."""

_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_ODD = re.compile(f"[{_INVISIBLE}{''.join(_LOOK_ALIKES)}{_CIRCLES}{_DIGITS}{_SURROGATES}]")
# Runs that NFKC leaves alone and whose characters never join the one before: copied without looking at each.
_PLAIN = re.compile("[\\x00-\\x7f가-힣一-鿿ぁ-ゖァ-ヺ]+")


def normalise(text: str) -> tuple[str, Sequence[int] | None]:
    """The clean text, and for each of its positions (its length included) the offset in `text`.

    The offsets are None where every character kept its place, which is the usual case.
    """
    if text.isascii():
        return text, None
    if unicodedata.is_normalized("NFKC", text) and not _ODD.search(text):
        return fold(text), None
    clean: list[str] = []
    offsets: list[int] = []
    for start, piece in _clusters(text):
        folded = piece if piece.isascii() else _fold(piece)
        clean.append(folded)
        offsets.extend(range(start, start + len(piece)) if folded == piece else [start] * len(folded))
    offsets.append(len(text))
    return fold("".join(clean)), offsets


def original(start: int, end: int, offsets: Sequence[int] | None, text: str) -> tuple[int, int]:
    """The range of `text` that the range `start` to `end` (not empty) of its clean form came from.

    Invisible characters inside belong to it, those at its ends do not.
    """
    if offsets is None:
        return start, end
    first, last = offsets[start], offsets[end]
    if last <= offsets[end - 1]:  # the range ends inside one character's expansion: take the whole character
        last = next((offset for offset in offsets[end:] if offset > offsets[end - 1]), len(text))
    while first < last and _HIDDEN.match(text[first]):
        first += 1
    while last > first and _HIDDEN.match(text[last - 1]):
        last -= 1
    return first, last


def _fold(piece: str) -> str:
    return "".join(_substitute(c) for c in unicodedata.normalize("NFKC", piece) if not _HIDDEN.match(c))


def _substitute(character: str) -> str:
    if not _ODD.match(character):
        return character
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return _LOOK_ALIKES.get(character) or _CIRCLED.get(character) or str(unicodedata.decimal(character))


def _clusters(text: str) -> list[tuple[int, str]]:
    """`text` cut into pieces that NFKC treats independently, each with its offset."""
    pieces: list[tuple[int, str]] = []
    position = 0
    while position < len(text):
        plain = _PLAIN.match(text, position)
        if plain and plain.end() - position > 1:
            # The last of a run stays out: a combining mark may follow it.
            pieces.append((position, text[position : plain.end() - 1]))
            position = plain.end() - 1
        end = position + 1
        while end < len(text) and _joins(text[max(position, end - 4) : end], text[end]):
            end += 1
        pieces.append((position, text[position:end]))
        position = end
    return pieces


def _joins(tail: str, character: str) -> bool:
    """Whether NFKC may fuse or reorder `character` with the few characters before it, the end of a cluster."""
    if character.isascii():
        return False
    if unicodedata.combining(unicodedata.normalize("NFKD", character)[0]):
        return True
    fused = unicodedata.normalize("NFKC", tail + character)
    return fused != unicodedata.normalize("NFKC", tail) + unicodedata.normalize("NFKC", character)
