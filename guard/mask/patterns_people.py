"""Rows for when a person was born, and for names that a title or a phrase announces."""

from __future__ import annotations

from guard.mask.rows import END, LETTERS, MONTHS, START, UPPER, Row

# --- dates of birth ----------------------------------------------------------------------------------------------

_BIRTH = (
    "born", "birth", "birthday", "birthdate", "date of birth", "birth date", "dob", "d.o.b", "d.o.b.", "geboren",
    "geb.", "생년월일", "생일", "출생", "生年月日", "誕生日", "生まれ",
)  # fmt: skip
_DATE = (
    r"(?:(?:19|20)[0-9]{2}(?P<s>[-./ ]) ?(?:1[0-2]|0?[1-9])(?P=s) ?(?:3[01]|[12][0-9]|0?[1-9])"
    r"|(?:3[01]|[12][0-9]|0?[1-9])(?P<t>[-./ ])(?:3[01]|[12][0-9]|0?[1-9])(?P=t)(?:(?:19|20)[0-9]{2}|[0-9]{2})"
    rf"|{MONTHS}\.? (?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?(?:,? (?:19|20)[0-9]{{2}})?"
    rf"|(?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th|\.)? (?:of )?{MONTHS}\.?,? (?:19|20)[0-9]{{2}}"
    r"|(?:19|20)?[0-9]{2}년\s?[0-9]{1,2}월\s?[0-9]{1,2}일|(?:19|20)[0-9]{2}年\s?[0-9]{1,2}月\s?[0-9]{1,2}日"
    r"|(?:昭和|平成|令和)\s?[0-9]{1,2}年\s?[0-9]{1,2}月\s?[0-9]{1,2}日|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01]))"
)

BIRTHS = (
    Row(
        "DATE_OF_BIRTH",
        rf"{START}{_DATE}{END}(?![-./][0-9])",
        0.1,
        (
            "born on «1990-05-17» in",
            "DOB: «05/17/1990».",
            "date of birth «May 17, 1990»",
            "she was born on «17 May 1990»",
            "생년월일은 «1990년 5월 17일»입니다",
            "생년월일: «1991.07.23»",
            "生年月日は«1990年5月17日»です",
            "birthday «19900517»",
        ),
        (
            "due on 2024-05-17",
            "the meeting on May 17, 2024",
            "stubborn 2024-05-17",
            "2024년 5월 17일 회의",
            "작성일: 2026년 6월 2일\n성명: 홍길동\n생년월일: 비공개",
        ),
        needs=("born", "birth", "dob", "d.o.b", "geb", "생년월일", "생일", "출생", "生年月日", "誕生日", "生まれ"),
        context=_BIRTH,
        after=6,  # what follows is more often the next field of a form
    ),
    Row(
        "DATE_OF_BIRTH",
        r"(?<![0-9])(?:19|20)?[0-9]{2}년\s?[0-9]{1,2}월\s?[0-9]{1,2}일(?=\s?생(?![가-힣]))",
        0.8,
        ("«1979년 12월 5일»생 남성",),
        ("1979년 12월 5일 생산",),
        needs=("일생", "일 생"),
    ),
)

# --- names that are announced ------------------------------------------------------------------------------------

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
