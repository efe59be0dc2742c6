"""Rows for names that a title or a phrase announces."""

from __future__ import annotations

from guard.mask.rows import LETTERS, UPPER, Row

_GIVEN = rf"[{UPPER}][{LETTERS}'’-]{{1,24}}"
_FULL = rf"{_GIVEN}(?: (?:[{UPPER}]\.|(?:van|von|de|da|di|del|der|den|la|bin|al) |){{0,1}} ?{_GIVEN}){{0,3}}"

PEOPLE = (
    Row(
        "PERSON",
        rf"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herr|Frau|Sir|Madam|Monsieur|Madame)\.? (?P<value>{_FULL})",
        0.6,
        ("ask Mr. «Leiva» about", "Dr. «Kyle Kuefer» is", "Mrs «Labrie» came", "Frau «Müller»에게"),
        ("Sir bot", "Mr. and Mrs.", "Dr. no"),
        needs=("mr", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "sir ", "mada", "monsieur"),
    ),
    Row(
        "PERSON",
        rf"(?i:my (?:full |first |last |sur|maiden |nick)?name(?: is|'s| appears as|:)|maiden name is|i am called"
        rf"|call me|under the name(?: of)?|was called|named"
        rf"|(?:^|\n|[({{,;] ?)(?:full |first |last |customer |patient |contact )?name ?[:=]) ?(?P<value>{_FULL})",
        0.6,
        (
            "My name is «Rubija».",
            "my name is «Alice Meyer»입니다",
            "Name: «Toshimi Arata»",
            "Her maiden name is «Clark»",
        ),
        ("name: string", "my name is on the list", "file name: x"),
        needs=("name", "call"),
    ),
    Row(
        "PERSON",
        rf"(?:^|\n)(?:Dear|Hi|Hello|Hey) (?!(?:All|Team|Everyone|There|Sir|Madam|Sirs|Both|Folks|Colleagues"
        rf"|Customer|World|Support|Bot)(?![a-z]))(?P<value>{_FULL})(?=[ ]?[,!:\n])",
        0.6,
        ("Dear «Alice Meyer»,\nthanks", "Hi «Bob»,", "Hello «Jean-Luc»!"),
        ("Dear All,", "Hello World!", "Hi there,", "Dear customer,"),
        needs=("dear ", "hi ", "hello ", "hey "),
    ),
    Row(
        "PERSON",
        rf"(?i:(?:kind|best|warm|many)? ?regards|sincerely|cheers|best wishes|best),?\n{{1,2}}(?P<value>{_FULL})"
        rf"(?=\s{{0,3}}(?:\n|$))",
        0.6,
        ("Best regards,\n«Alice Meyer»\n", "Cheers,\n«Bob»"),
        ("best,\nsee below",),
        needs=("regards", "sincerely", "cheers", "best"),
    ),
)
