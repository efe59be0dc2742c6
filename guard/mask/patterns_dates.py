"""Rows for dates: those that belong to a person by a word beside them, and dates as such.

A date as such (`DATE_TIME`) points at nobody, and the default policy keeps it. It is found where an English word or a
time of day shows that it is one; other bare dates are not looked for.
"""

from __future__ import annotations

from guard.mask.rows import ALONE, END, MONTHS, START, Row

_YEAR = r"(?:1[89]|20)[0-9]{2}"
_DAY = r"(?:3[01]|[12][0-9]|0?[1-9])"
_PAST = r"(?:19[2-9][0-9]|200[0-9]|201[0-9])"  # years in which people are born who are written about
_WESTERN = (
    rf"{MONTHS}\.? {_DAY}(?:st|nd|rd|th)?(?:,? {_YEAR})?|{_DAY}(?:st|nd|rd|th"
    rf"|\.)?[ -](?:of )?{MONTHS}\.?,?[ -](?:{_YEAR}|[0-9]{{2}})"
    rf"|{MONTHS}\.? {_YEAR}"
)
_NUMERIC = (
    rf"{_YEAR}\. (?:1[0-2]|0?[1-9])\. {_DAY}\.(?![0-9])|"
    rf"{_YEAR}(?P<s>[-./ ]) ?(?:1[0-2]|0?[1-9])(?P=s) ?{_DAY}|{_DAY}(?P<t>[-./ ]){_DAY}(?P=t){_YEAR}"
    rf"|{_DAY}/{_DAY}/[0-9]{{2}}"
)
_EASTERN = (
    r"(?:(?:19|20)?[0-9]{2}년\s?[0-9]{1,2}월\s?[0-9]{1,2}일|(?:19|20)[0-9]{2}年\s?[0-9]{1,2}月\s?[0-9]{1,2}日"
    r"|(?:明治|大正|昭和|平成|令和)\s?(?:[0-9]{1,2}|元)年\s?[0-9]{1,2}月\s?[0-9]{1,2}日"
    r"|[MTSHR][0-9]{1,2}[./][0-9]{1,2}[./][0-9]{1,2})"
)
_WHEN = (
    r"(?i:(?<![a-z])(?:on|since|until|till|by|before|after|from|to|dated?|between|and|of|in|during|around|circa"
    r"|an?))[ :]{1,2}(?:the )?"
)
_COMPACT = r"(?:19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])"
_DATE = rf"(?:{_NUMERIC}|{_WESTERN}|{_EASTERN}|{_COMPACT})"
_AFTER = rf"{END}(?![-./][0-9])"
# Between the word and its date: a colon, a form's brackets, "on the", a particle; no digit, no other field.
_GAP = r"[^0-9\n,;/|]{0,16}?(?:\n\s{0,3})?(?P<value>"

BIRTHS = (
    Row(
        "DATE_OF_BIRTH",
        rf"(?i:(?<![a-z])(?:date of birth|birth ?date|birth ?day|dob|d\.o\.b\.?|born|geboren|geb\.|née?|nacido|nata))"
        rf"(?:[ ](?:in|at) [^\n,;0-9]{{2,40}},?)?[^0-9A-Za-z\n]{{0,6}}(?:\([^()\n]{{1,14}}\))?"
        rf"(?:[^0-9\n;|]{{0,12}}?|\s{{0,6}}?){START}(?P<value>{_DATE}){_AFTER}",
        0.6,
        (
            "born on «1990-05-17» in",
            "DOB: «05/17/1990».",
            "date of birth «May 17, 1990»",
            "she was born on «17 May 1990»",
            "born in Seoul on «3 June 1988»",
            "birthday «19900517»",
            "Date of Birth (dd/mm/yyyy): «17/05/1990»",
            "geboren am «17.05.1990»",
        ),
        ("due on 2024-05-17", "the meeting on May 17, 2024", "stubborn 2024-05-17", "born to run in 5 days"),
        needs=("born", "birth", "dob", "d.o.b", "gebor", "geb.", "né", "nacido", "nata"),
    ),
    Row(
        "DATE_OF_BIRTH",
        rf"(?:생년월일|출생년월일|출생일자?|출생일시|생일|생년|태어난|앞자리|앞번호|生年月日|誕生日|出生日?"
        rf"|生まれ){_GAP}{_DATE}){_AFTER}",
        0.6,
        (
            "생년월일은 «1990년 5월 17일»입니다",
            "생년월일: «1991.07.23»",
            "출생년월일: «1968-12-15»",
            "生年月日は«1990年5月17日»です",
            "生年月日：«昭和63年4月1日»",
            "생년월일(양력): «1990-05-17»",
            "생년월일: «2006. 9. 11.»\n",
            "주민번호 앞자리는 «820605»",
        ),
        (
            "2024년 5월 17일 회의",
            "작성일: 2026년 6월 2일\n성명: 홍길동\n생년월일: 비공개",
            "생년월일: 비공개\n검진일: 2026.03.19",
        ),
        needs=("생년", "생일", "출생", "태어난", "앞자리", "앞번호", "生年月日", "誕生日", "出生", "生まれ"),
    ),
    Row(  # a date or a year and "생", born
        "DATE_OF_BIRTH",
        r"(?<![0-9])(?:(?:19|20)?[0-9]{2}년(?:\s?[0-9]{1,2}월(?:\s?[0-9]{1,2}일)?)?"
        r"|(?:19|20)[0-9]{2}\s?[-./]\s?[0-9]{1,2}\s?[-./]\s?[0-9]{1,2}\.?)\s?생(?![가-힣](?<!이)(?<!으)(?<!입)"
        r"(?<!인)(?<!은)(?<!의))"
        r"|(?<![0-9])[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])생(?![가-힣])"
        r"|(?<![0-9])(?:(?:(?:19|20)[0-9]{2}|(?:明治|大正|昭和|平成|令和)(?:[0-9]{1,2}"
        r"|元))年(?:[0-9]{1,2}月[0-9]{1,2}日)?"
        r"|(?:19|20)[0-9]{2}(?P<m>[-./])[0-9]{1,2}(?P=m)[0-9]{1,2})(?=生(?:まれ|[)）、,]))",
        0.7,
        (
            "«1979년 12월 5일생» 남성",
            "나 «91년생»이고",
            "«2016. 4. 8.생» 아동",
            "«1985년생» 김",
            "«1990年5月17日»生まれ",
            "母(«昭和60年7月21日»生)",
        ),
        ("1979년 12월 5일 생산", "2024년 생활비", "3년 생존율", "2024년 생명"),
        needs=("생", "生"),
    ),
    Row(  # a patient's sex and date, as in "(M / 1996-12-05)"
        "DATE_OF_BIRTH",
        rf"[(（,/]\s?(?:[MF남여男女]|남성|여성|남자|여자|[Mm]ale|[Ff]emale)\s?[,/"
        rf"|]\s?(?P<value>{_DATE}){_AFTER}(?=\s?[)）,/])",
        0.7,
        ("환자: 문가영 (F / «1996-12-05»)", "patient Lee (M/«1958-11-04»)"),
        ("(M / 12)", "F / 1996-12-05"),
        needs=("(m", "(f", "남", "여", "男", "女", "/ m", "/m", "/ f", "/f", "male", ",m", ",f", ", m", ", f"),
    ),
    Row(  # a cell of a table, a list or a statement whose head names the column
        "DATE_OF_BIRTH",
        rf"(?<=[|/,\t '\"(、]){ALONE}(?:{_PAST}(?P<s>[-./])(?:1[0-2]|0?[1-9])(?P=s){_DAY}"
        rf"|{_PAST}년\s?[0-9]{{1,2}}월\s?[0-9]{{1,2}}일"
        rf"|(?:{_PAST}|(?:昭和|平成)[0-9]{{1,2}})年[0-9]{{1,2}}月[0-9]{{1,2}}日"
        r"|[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?=\s{0,2}[|/,\t'\")、])",
        0.1,
        (
            "번호/성명/생년월일/주소\n1 / 김하나 / «1988.04.22» / 수원시\n",
            "name,dob,city\nKim, «1990-05-17»,Seoul",
            "INSERT INTO 고객 (이름, 생년월일) VALUES ('김하나', '«880819»')",
            "본인확인: 김하나, «1986년 3월 4일», 휴대폰",
        ),
        ("| 1988-04-22 |", "생년월일\n" + "가" * 310 + " | 1988-04-22 |"),
        at="digit",
        context=("생년월일", "본인확인", "本人確認", "dob", "birth", "birthdate", "date of birth", "生年月日"),
        before=300,
    ),
    Row(  # behind a name that a role announces, in brackets
        "DATE_OF_BIRTH",
        rf"(?:환자|산모|수검자|피보험자|신청인|보호자|학생|원아|대상자|고객|회원"
        rf"|자녀)(?:명)?\s?[:：]?\s?[가-힣 ]{{2,6}}\s?[(（]"
        rf"(?P<value>{_PAST}(?P<s>[-./])\s?(?:1[0-2]|0?[1-9])(?P=s)\s?{_DAY}"
        rf"|{_PAST}년\s?[0-9]{{1,2}}월\s?[0-9]{{1,2}}일)(?=\s?[)）,])",
        0.6,
        ("산모 도해인(«1991.08.23»), 31주", "환자: 김하나 («1958년 3월 4일»)"),
        ("고객 모임(2024.05.17)", "환자 수 (12)"),
        needs=(
            "환자",
            "산모",
            "수검자",
            "피보험자",
            "신청인",
            "보호자",
            "학생",
            "원아",
            "대상자",
            "고객",
            "회원",
            "자녀",
        ),
    ),
)

OTHER_DATES = (
    Row(
        "DATE_OF_DEATH",
        rf"(?i:(?<![a-z])(?:date of death|died|deceased|passed away|death date|dod)|사망일자?|사망일시|별세|死亡日"
        rf"|没年月日|永眠)"
        rf"[^0-9\n,;/|]{{0,16}}?(?P<value>{_DATE}){_AFTER}",
        0.6,
        ("He died on «17 May 1990»", "date of death: «05/17/2020»", "사망일: «2024-05-17»", "死亡日：«2020年5月17日»"),
        ("the server died 3 times", "사망 2건"),
        needs=("death", "died", "deceased", "passed away", "dod", "사망", "별세", "死亡", "没年", "永眠"),
    ),
    Row(
        "DATE_OF_CARE",
        rf"(?i:(?<![a-z])(?:admi(?:tted|ssion)|discharged?|hospitali[sz]ed|date of (?:service|admission|discharge"
        rf"|visit|surgery"
        rf"|injury|procedure|onset)|dos|surgery|operated|visit(?: date)?|seen|collected|diagnosed|vaccinated"
        rf"|appointment)"
        rf"(?: date)?|(?:입원|퇴원|수술|진료|내원|초진|입소|퇴소|접종|수상)(?:일자?|일시)|入院日|退院日|手術日"
        rf"|受診日|診察日|接種日|初診日)"
        rf"[^0-9\n,;/|]{{0,16}}?(?P<value>{_DATE}){_AFTER}",
        0.55,
        (
            "admitted on «2024-05-17» with",
            "Discharge date: «05/20/2024»",
            "입원일: «2024.05.17»",
            "手術日：«2024年5月17日»",
            "seen on «17 May 2024»",
        ),
        ("release on 2024-05-17", "the visit counter 12", "접수일: 2024.05.17"),
        needs=("admi", "discharge", "hospitali", "date of", "dos", "surgery", "operated", "visit", "seen", "collected",
               "diagnosed", "vaccinated", "appointment", "입원", "퇴원", "수술", "진료", "내원", "초진", "입소",
               "퇴소", "접종",
               "수상", "入院", "退院", "手術", "受診", "診察", "接種", "初診"),
    ),
    Row(
        "DATE_TIME",
        rf"{ALONE}(?:1[89]|20)[0-9]{{2}}(?P<s>[-/.])(?:1[0-2]|0?[1-9])(?P=s){_DAY}[ T][0-2]?[0-9]:[0-5][0-9]"
        rf"(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?"
        rf"(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?{END}",
        0.5,
        ("at «2007-01-17 23:08:55»", "«2024-05-17T08:00:00Z» GET", "«2024/5/7 8:30» に"),
        ("2024-05-17 costs", "12:30:45"),
        at="digit",
    ),
    Row(
        "DATE_TIME",
        rf"{_WHEN}(?P<value>{_NUMERIC}|(?:1[89]|20)[0-9]{{2}}(?![-.,/%]?[0-9]))(?![0-9A-Za-z%])(?! ?(?:%|ms|px|km|kg"
        rf"|items|rows))",
        0.45,
        ("since «5/5/1937»", "founded in «1977». Since", "During «2017», it", "due by «2024-05-17»", "a «2017» film"),
        ("in 2048px", "version 2017", "of 2000 items", "in 3 days"),
        at="digit",
        back=12,
        lead=r"(?<=[A-Za-z:] )(?:(?:1[89]|20)[0-9]{2}(?![0-9])|[0-3]?[0-9][-./][0-3]?[0-9][-./])",
    ),
    Row(
        "DATE_TIME",
        rf"{_WHEN}(?P<value>{_WESTERN})(?![0-9A-Za-z%])",
        0.45,
        ("on «May 17, 2024»", "since «3 June 2020»"),
        ("may 17 be right", "in June"),
        needs=("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    Row(
        "DATE_TIME",
        r"(?<![0-9A-Za-z])(?:(?i:on|last|next|this|every|by|until|since|from) )(?P<value>(?:Mon|Tues|Wednes|Thurs"
        r"|Fri|Satur|Sun)day)(?![a-z])",
        0.45,
        ("flew on «Saturday» morning", "until «Friday»"),
        ("Black Friday sale", "on Sundays only"),
        needs=("day",),
    ),
)  # fmt: skip

DATES: tuple[Row, ...] = (*BIRTHS, *OTHER_DATES)
