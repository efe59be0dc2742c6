"""Rows for what is said of a person: education, nationality, age, height and weight.

None of them names anybody alone; together, and beside a number or a place, they do.
"""

from __future__ import annotations

from guard.mask.rows import END, Row

# --- education -------------------------------------------------------------------------------------------------------

_DEGREE = r"(?:전문학사|학사|석사|박사|수료|졸업|재학(?: 중|중)?|중퇴|휴학|석사과정|박사과정)"

EDUCATION = (
    Row(
        "EDUCATION",
        rf"(?<![가-힣])(?!일반|단과|국립|공립|사립|전문|명문|해당|의과|사범)[가-힣]{{2,8}}대학(?:교"
        rf"|(?!교))(?:\s?대학원)?(?!병원|총장|교수|[가-힣]{{0,2}}평가)"
        rf"(?:\s[가-힣]{{2,12}}(?:학과|학부|공학|과))?(?:\s{_DEGREE})?",
        0.5,
        ("학력은 «부산대학교 국어교육과»를", "«연세대학교 졸업»,", "[학력] «성균관대학교 소프트웨어학과 학사»\n",
         "«한빛대학교 재학» /"),
        ("서울대학교병원", "대학교 등록금", "어느 대학"),
        needs=("대학",),
    ),
    Row(
        "EDUCATION",
        rf"(?<![A-Za-z가-힣])(?:KAIST|POSTECH|UNIST|GIST|DGIST|(?:[가-힣]{{2,6}}|[A-Z][a-z]{{2,12}})대)"
        rf"(?:(?:\s[가-힣]{{2,12}}(?:학과|학부|공학))?\s{_DEGREE}|(?=\s출신))",
        0.5,
        ("- «KAIST 산업및시스템공학과 석사» 재학 중", "«스탠퍼드대 컴퓨터공학 학사» 출신", "«고려대» 출신"),
        ("KAIST 연구팀", "학사 일정"),
        needs=("kaist", "postech", "unist", "gist", "대 "),
    ),
    Row(
        "EDUCATION",
        r"(?:최종\s?)?(?:학력|학위)(?:사항)?(?:[은는]|\s?[:：])\s{0,2}(?P<value>[가-힣A-Za-z]{2,14}?"
        r"(?:\s[가-힣]{2,12}?){0,2}?(?:\([^()\n]{2,14}\))?)"
        r"(?=입니다|이며|이고|\s?[\n,/|)]|\s{2}|$)",
        0.55,
        ("학력: «대졸»\n", "최종학력: «고졸»,", "학력: «박사(한국대학교 대학원)»\n", "학력: «대학교 졸업» / 전공"),
        ("학력 무관", "학력을 확인"),
        needs=("학력", "학위"),
    ),
    Row(
        "EDUCATION",
        r"(?:전공|학과|부전공|복수전공|専攻|学科|Department|Major|major|department)(?:[은는]"
        r"|\s?[:：])\s{0,2}(?P<value>[가-힣一-鿿]{2,14}?(?:\s[가-힣]{2,8}?)?)"
        r"(?=입니다|이며|이고|\s?[\n,/|()]|\s{2}| [0-9]|です|$)",
        0.55,
        ("전공: «경제학과» (일반", "전공은 «산업공학»이며", "학과: «무역학과»    연령", "専攻：«機械工学»\n"),
        ("전공 과목", "Department: Sales"),
        needs=("전공", "학과", "専攻", "学科", "major", "department"),
    ),
    Row(
        "EDUCATION",
        r"(?<![가-힣])(?!어느|모든|각|해당|무슨|다른|동일|의과|관련"
        r"|유사)[가-힣]{2,11}(?:학과(?<!의학과)(?<![가-힣]{3}화학과)|교육과"
        r"|학부)(?![가-힣](?<![를을은는이가에의로와과])|장)",
        0.45,
        ("본교 «행정학과»에 적을", "«통계학과» 3학년", "«국어교육과»를 졸업"),
        ("정신건강의학과 진료", "어느 학과", "학과 사무실", "해당학과"),
        needs=("학과", "교육과", "학부"),
    ),
    Row(
        "EDUCATION",
        r"(?<![가-힣])(?P<value>[가-힣]{2,8}(?:공학|경영학|경제학|통계학|심리학|사회학|법학|의학|약학|간호학|물리학"
        r"|화학|수학|문학|행정학|교육학|복지학|원예학))"
        r"(?=\s?(?:또는 [가-힣]{2,8} )?(?:전공|학사|석사|박사|복수전공|부전공))",
        0.45,
        ("«컴퓨터공학» 전공", "«전자공학» 박사"),
        ("컴퓨터공학 개론",),
        needs=("공학", "학 전공", "학 학사", "학 석사", "학 박사"),
    ),
)  # fmt: skip

# --- nationality -----------------------------------------------------------------------------------------------------

_COUNTRY = (
    "대한민국|한국|미국|중국|일본|베트남|필리핀|태국|몽골|우즈베키스탄|캄보디아|네팔|인도네시아|인도|미얀마|스리랑카"
    "|방글라데시|파키스탄|러시아|카자흐스탄"
    "|키르기스스탄|우크라이나|캐나다|호주|뉴질랜드|영국|프랑스|독일|이탈리아|스페인|브라질|멕시코|대만|홍콩|싱가포르"
    "|말레이시아|라오스|이란|이라크|시리아|예멘"
    "|나이지리아|가나|이집트|남아프리카공화국|터키|튀르키예|폴란드|네덜란드|스웨덴|아일랜드"
)
_NATION = r"(?:[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}|[a-z]{3,14}(?:ans?|ese|ish|is|eans?|ians?))"

NATIONALITY = (
    Row(
        "NRP",
        rf"국적(?:[은는이가]|\s?[:：]|\s)\s?(?P<value>{_COUNTRY})(?=이[지고며]|[\s,)\n/.]|입니다|인|$)",
        0.6,
        ("국적: «베트남»\n", "국적이 «필리핀»이지?", "국적 «중국»)"),
        ("국적 항공사", "미국 출장"),
        needs=("국적",),
    ),
    Row(
        "NRP",
        rf"(?<![가-힣])(?:{_COUNTRY})(?:\s국적|\s?시민권자|\s?국민(?=입|이)|(?=\s{{1,4}}[0-9]{{6}}-[5-8]))",
        0.55,
        ("«베트남 국적»)", "대표는 «미국 국적»의", "«중국»  880612-5778201"),
        ("미국 시장", "베트남 출장"),
        needs=("국적", "시민권자", "국민", "-5", "-6", "-7", "-8"),
    ),
    Row(
        "NRP",
        r"(?:国籍)(?:は|が|\s?[:：])\s?(?P<value>[一-鿿ァ-ヶー]{2,10})(?=です|[\n、,)）]|\s|$)",
        0.6,
        ("国籍：«ベトナム»\n", "国籍は«中国»です"),
        ("国籍条項",),
        needs=("国籍",),
    ),
    Row(
        "NRP",
        rf"(?i:(?<![a-z])(?:nationality|citizenship|ethnicity|ethnic origin|religion"
        rf"|race)) ?[:=] ?(?P<value>{_NATION}){END}",
        0.6,
        ("Nationality: «Vietnamese»", "Citizenship: «United States»", "religion: «Buddhist»"),
        ("nationality: str", "race: 5 km"),
        needs=("nationality", "citizenship", "ethnic", "religion", "race"),
    ),
    Row(
        "NRP",
        rf"(?i:(?<![a-z])(?:i am|i'm|we are|he is|she is|they are|we're))(?: (?:an?|proud|originally|half"
        rf"|of))? (?P<value>[A-Za-z][a-z]{{2,12}}(?:ans?|ese|ish|is|ch|ians?|i))"
        rf"(?= (?:but|by birth|citizens?|nationals?|and (?:I|we) live)|[.!]?(?:\n"
        rf"|$)){END}(?<!this)(?<!wish)(?<!finish)(?<!each)(?<!such)(?<!rich)(?<!english)"
        rf"(?<!fans)(?<!humans)(?<!human)(?<!means)(?<!Pakis)(?<!analysis)",
        0.45,
        ("I am «cambodian» but I live", "We are proud «ecuadoreans»", "I'm a «Canadian» citizen"),
        ("I am selfish with code", "we are human", "it is this"),
        needs=("i am", "i'm", "we are", "we're", "he is", "she is", "they are"),
    ),
)  # fmt: skip

# --- age ------------------------------------------------------------------------------------------------------------

AGES = (
    Row(
        "AGE",
        r"(?<![0-9A-Za-z.,-])(?:만\s?[0-9]{1,3}|[1-9][0-9]?|1[01][0-9])\s?(?:세|살|歳|才)(?![대기트션계금]"
        r"|\s?(?:이상|이하|미만|초과|부터|까지|以上|以下|未満))",
        0.5,
        ("환자: «28세», 여", "(«만 46세»)", "나이가 «31세»시니까", "올해 «22살»이에요", "患者は«45歳»です"),
        ("21세기", "3세대", "만 19세 이상", "65세 미만", "20歳以上", "30세트"),
        needs=("세", "살", "歳", "才"),
    ),
    Row(
        "AGE",
        r"(?i:(?<![a-z])(?:age[ds]?|years of age|age at \w{2,12}|나이|연령|年齢))(?: of| is"
        r"| was)?[ \t\"']{0,2}:?[ \t\"']{0,2}"
        r"(?P<value>[1-9][0-9]?|1[01][0-9])(?![0-9A-Za-z%]|[.,:/-][0-9]| ?(?:%|days|hours|minutes|seconds|months"
        r"|and (?:over|up)))",
        0.5,
        ("Age: «74»", "retired at the age of «61»", "aged «45»", "나이: «52»", "age «92», female"),
        ("page 12", "age 30 days", "ages 18 and over", "max-age=3600", "age = 25", "aged 12 months", "storage: 12"),
        needs=("age", "나이", "연령", "年齢"),
    ),
    Row(
        "AGE",
        r"(?<![0-9A-Za-z.,-])(?P<value>[1-9][0-9]?|1[01][0-9])(?:[ -](?:years?|yrs?)[ -](?:old|of age)|[ -]?y/o"
        r"|[ -]?y\.?o\.?(?![A-Za-z])| ?yo(?= (?:male|female|man|woman|[MF](?![a-z]))))"
        r"(?![A-Za-z])(?! (?:company|code|codebase|building|house|car|server|bug|whisky|wine|tree|tradition|startup"
        r"|firm|project|law|file"
        r"|system|software|mortgage|problem|issue|commit|branch))",
        0.6,
        ("a «38»-year-old male", "I am «21» years old", "i'm «41» y/o.", "a «7» year old girl"),
        ("a 10-year-old codebase", "5 years", "12 years older", "a 30 year old company"),
        needs=("old", "y/o", "yo", "y.o", "of age"),
    ),
    Row(
        "AGE",
        r"(?i:(?<![a-z])(?:turn(?:s|ed|ing)?|i am|i'm|he is|she is|he's|she's|i was|he was"
        r"|she was)) (?P<value>[1-9][0-9]"
        r"|1[01][0-9])(?=[.!,;]?(?:\s|$))"
        r"(?!,? (?:%|percent|minutes|hours|days|weeks|months|km|miles|kg|pages|steps|points|of|to|degrees|out|times"
        r"|and a half|th))",
        0.5,
        ("My brother just turned «60»", "I'll turn «23».", "he is «47», from", "when he was «78».", ),
        ("I am 30 minutes late", "turn 90 degrees", "she's 12 of them", "turned 404 pages", "I'm 100% sure"),
        needs=("turn", "i am ", "i'm ", "he is ", "she is ", "he's ", "she's ", "i was ", "he was "),
    ),
)  # fmt: skip

# --- height and weight -----------------------------------------------------------------------------------------------

BODY = (
    Row(
        "BODY_MEASUREMENT",
        rf"(?<![0-9A-Za-z.])[1-9][0-9]{{0,2}}(?:\.[0-9]{{1,2}})?\s?(?:cm|kg|㎝|㎏){END}",
        0.1,
        ("신장 «175cm», 체중", "몸무게: «74kg»", "키 «178cm» / ", "weight «81 kg»", "身長«172cm»"),
        ("상자 30kg", "weight of the parcel 12kg", "두께 12cm"),
        at="digit",
        context=("키", "신장", "체중", "몸무게", "신체", "height", "weight", "身長", "体重"),
        against=("상자", "박스", "택배", "화물", "parcel", "package", "box", "line-height", "font", "px", "제품",
                 "荷物", "키보드", "커버", "width", "length", "depth", "가로", "세로"),
        before=40,
        after=8,
    ),
    Row(
        "BODY_MEASUREMENT",
        r"(?i:(?<![a-z])(?:height|weight|weighs?|ht|wt|bmi))(?: is| of)? ?[:=]? ?(?P<value>[1-9] ?(?:ft|feet"
        r"|')\.? ?[0-9]{1,2} ?(?:in(?:ches)?|\"|''|”)?"
        r"|[1-9][0-9]{1,2}(?:\.[0-9])? ?(?:lbs?|pounds))(?![0-9A-Za-z])",
        0.55,
        ("Height: «5'11\"»", "weight «182 lbs»", "weighs «120 pounds»"),
        ("height: 100px", "weight 0.5"),
        needs=("height", "weigh", "ht", "wt", "bmi"),
    ),
)  # fmt: skip

TRAITS: tuple[Row, ...] = (*EDUCATION, *NATIONALITY, *AGES, *BODY)
