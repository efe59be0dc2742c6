"""Letters and digits of other scripts that look like ASCII ones, as those, where a word gives itself away.

`аlice@exаmple.com` with a Cyrillic а is an address to a reader and not to a pattern. A word is folded where all its
letters of other scripts look like Latin ones and it also has ASCII letters or many digits, and an address where all of
its letters do: so words of Russian, Greek or Armenian stay as they are, also with a Latin word joined to them. Every
character becomes one character, so that offsets stay what they were.

The pairs are those of Unicode's confusables.txt (Unicode Technical Standard 39) that fonts draw alike, less what NFKC
folds, and a few lower-case letters that it leaves out because they look like small capitals. The Turkish ı is a letter
of its own and stays.
"""

from __future__ import annotations

import re

# What a script has, and what it looks like.
_PAIRS = (
    # Cyrillic
    ("аАВсСԁеЕԌһНіІјЈКМоОрРԛԚѕЅТѵѴԝԜхХуУүҮӏӀЬькмт", "aABcCdeEGhHiIjJKMoOpPqQsSTvVwWxXyYyYllbbkmt"),
    # Greek
    ("αΑΒεΕΖΗηιΙϳͿκΚΜνΝοΟρΡστΤυΥχΧγω", "aABeEZHniIjJkKMvNoOpPotTuYxXyw"),
    # Armenian
    ("օՕսՍհոցգզքաՏյԼ", "oOuUhngqqfwSjL"),
    # Cherokee, Lisu and Coptic
    ("ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᏔᎩᏃꮯꮪꮩꮃꮓ", "ABCDEGHJKLMPRSTVWYZcsvwz"),
    ("ꓮꓐꓚꓓꓰꓝꓖꓧꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "ABCDEFGHJKLMNOPRSTUVWXYZ"),
    ("ⲟⲞⲣⲢⲥⲤⲔⲘⲚⲦⲬ", "oOpPcCKMNTX"),
    # Latin letters of phonetic alphabets
    ("ɑɡɩɪʋᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "agiivabcdefghjklmnoprstuvwyz"),
)  # fmt: skip
_TABLE = {ord(alike): latin for some, latins in _PAIRS for alike, latin in zip(some, latins, strict=True)}
_ALIKE = "".join(map(chr, _TABLE))
_OTHER_SCRIPTS = re.compile("[\u0370-\u058f\u13a0-\u13ff\u2c80-\u2cff\ua4d0-\ua4ff\uab70-\uabbf]")

_MIXED = re.compile(f"[A-Za-z0-9][{_ALIKE}]|[{_ALIKE}][A-Za-z0-9@]|@[{_ALIKE}]")
_WORD = re.compile(r"[^\W_]+")
_SUSPECT = re.compile(r"[A-Za-z]|[0-9]{4}")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.\u3002-]{1,255}")
_FULL_STOP = re.compile("(?<=[0-9A-Za-z])\u3002(?=[0-9A-Za-z])")

# Between two digits only: letters that look like a digit, and strokes that people type for a hyphen.
_BETWEEN = {**dict.fromkeys("ОоΟοՕօ", "0"), "З": "3", "б": "6", **dict.fromkeys("ー一\u1173", "-")}
_BETWEEN_DIGITS = re.compile(f"(?<=[0-9])[{''.join(_BETWEEN)}](?=[0-9])")
_ANY = re.compile(f"[{_ALIKE}{''.join(_BETWEEN)}\u3002]")


def fold(text: str) -> str:
    """`text`, which is in form NFKC, with look-alikes as what they look like; of the same length."""
    if not _ANY.search(text):
        return text
    text = _BETWEEN_DIGITS.sub(lambda match: _BETWEEN[match.group()], text)
    if _MIXED.search(text):
        text = _WORD.sub(lambda match: _word(match.group()), text)
    if "@" in text:
        text = _ADDRESS.sub(lambda match: _FULL_STOP.sub(".", _folded(match.group())), text)
    return text


def _word(word: str) -> str:
    return _folded(word) if _SUSPECT.search(word) else word


def _folded(text: str) -> str:
    if text.isascii():
        return text
    folded = text.translate(_TABLE)
    return text if _OTHER_SCRIPTS.search(folded) else folded
