"""Rows for the position of a person: ranks beside Korean names, jobs after a label, and English titles."""

from __future__ import annotations

from guard.mask.rows import LETTERS, UPPER, Row

_SURNAME = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허노남심하곽성차주우구민진나지엄채원천방공현함변염여추도"
    "소석선설마길연위표명기반왕금옥육맹제모탁편용경봉"
)
# A name, and not a word with its particle or a day that begins like one.
_KOREAN_NAME = (
    rf"(?!이번|이전|이상|이후|이런|지난|지금|정규|정말|전체|신규|신입|주말|오늘|모든|우리|해당|일반|기타|하루|현재"
    rf"|최근|여러|구매|인사|인턴|계약|상담|문의|안내|연락|전화|이메|성명|성함|주소|차량|담당|기재|선정|신청|변경"
    rf"|명단|전결|서명|서류|고객|공고|채용|모집|구인|소개|정보|지원|주차|조정|예정|선출|선임|선거|선발)"
    rf"[{_SURNAME}](?:[가-힣]{{2}}|[가-힣](?![가-힣]))(?<![을를는의에도])"
)
_RANK = (
    r"(?:대표이사|사내이사|사외이사|상무이사|전무이사|부사장|부회장|부교수|조교수|정교수|명예교수|수석연구원"
    r"|책임연구원|선임연구원|주임연구원|전임연구원"
    r"|연구원|연구소장|수석|책임|선임|사원|주임|대리|과장|차장|부장|팀장|실장|본부장|센터장|지점장|지사장|소장|반장"
    r"|국장|처장|원장|학장|총장"
    r"|교장|이사|상무|전무|사장|회장|대표|고문|교수|강사|교사|전문의|전공의|간호사|수간호사|약사|의사|한의사"
    r"|변호사|변리사|회계사|세무사|법무사"
    r"|노무사|판사|주무관|사무관|서기관|행정관|감독관|조사관|순경|경장|경사|경위|경감|경정|비서|매니저|엔지니어"
    r"|개발자|디자이너|상담사|설계사|기사"
    r"|조교|위원장|위원|이사장|주사|서기|기자|아나운서|작가|코치|트레이너|승무원|영양사|복지사)"
)
_MEDICINE = "(?:의학|외|내|안|피부|비뇨기|비뇨의학|부인|청소년|인후|치)과"
# What every rank ends in.
_RANK_NEEDS = tuple("원리장사무표문수의관순위감경정서저어자교기임책선석너")
_AFTER_RANK = r"(?=[\s()/,.:;→·|]|님|은(?!행)|는|이(?![가-힣])|가|을|를|에게|께|와|과|으로|로|입니다|인데|의|$)"
_KR_POSITION_LABEL = (
    r"(?:직위|직급|직책|직함|직업|직무|직종|직렬|현직|포지션|직위/직급|희망직무|지원분야|지원직무|모집분야|응시직렬"
    r"|役職|職業|職種|肩書き?|職位)"
)
_KR_POSITION = r"[0-9]{0,2}[가-힣A-Za-z][가-힣A-Za-z0-9·]{0,12}?(?: [가-힣A-Za-z0-9·]{2,10}?){0,3}?(?:\([A-Z]{2,4}\))?"

POSITIONS = (
    Row(
        "TITLE",
        rf"{_KR_POSITION_LABEL}(?:[은는이가]|\s?[:：])\s{{0,2}}(?P<value>{_KR_POSITION}|[一-鿿ァ-ヶー]{{2,12}})"
        r"(?=입니다|이고|이며|으로|\s?[\n,/|()\]→·]| 겸직|\s{2}|\.|です|$)",
        0.55,
        ("직위: «과장»\n연봉", "직책: «마케팅팀장»)", "희망직무는 «데이터분석가»입니다", "직급: «생산팀 대리»\n",
         "役職：«営業部長»\n"),
        ("직위와 직급", "직무 교육", "직업 훈련"),
        needs=("직위", "직급", "직책", "직함", "직업", "직무", "직종", "직렬", "현직", "포지션", "분야", "업무",
               "役職", "職業", "職種", "肩書", "職位"),
    ),
    Row(  # "직위 시스템운영과장": no colon, but a rank
        "TITLE",
        rf"(?:직위|직급|직책|직함)\s{{1,2}}(?P<value>[가-힣]{{0,8}}{_RANK}){_AFTER_RANK}",
        0.55,
        ("사번 보유자 직위 «시스템운영과장»\n", "직위 «부장», 010"),
        ("직위 해제",),
        needs=("직위", "직급", "직책", "직함"),
    ),
    Row(  # after a name
        "TITLE",
        rf"(?<![가-힣]){_KOREAN_NAME}\s{{1,3}}(?:[가-힣0-9]{{1,6}}[부팀과실]\s)?(?P<value>{_RANK}){_AFTER_RANK}",
        0.5,
        ("홍보팀 이수현 «과장»(전화", "송미라 «상무» → 승진", "정민수 «대리»님께", "담당 임승규 «주임» 010"),
        ("지난 대리 계약", "오늘 사원 모집", "이상 과장된"),
        needs=_RANK_NEEDS,
    ),
    Row(  # before a name
        "TITLE",
        rf"(?<![가-힣])(?P<value>(?:[가-힣]{{2,8}}(?:{_MEDICINE}|센터|현장|병원)\s)?[가-힣]{{0,6}}{_RANK})(?:\s?[:：]\s?"
        rf"|\s{{1,4}}){_KOREAN_NAME}"
        rf"(?=[\s(,/.:;\n]|에게|님|입니다|$)",
        0.45,
        ("담당 «주무관» 한지원\n", "예산과 «주무관» 한지원\n", "«정형외과 전문의» 최영석",
         "«대표이사»: 강현석\n", "«현장소장»: 배종철 (010",
         "«사내이사»  이도현  81"),
        ("대리 운전을", "과장 광고는", "이사 비용"),
        needs=_RANK_NEEDS,
    ),
    Row(  # behind a department, an employer or years of service, at the end of its line or cell
        "TITLE",
        rf"(?:[가-힣0-9]\s?(?:팀|파트|본부|센터|지점|그룹|사업부|약국|병원|의원|학교|학원|은행|물류|전자|건설)"
        rf"|[0-9]{{1,2}}년차)\s"
        rf"(?P<value>(?:[가-힣]{{1,6}}\s)?[가-힣]{{0,6}}{_RANK})(?=인데|이고|입니다|[ \t]*(?:\n|$|[,/(]))",
        0.5,
        ("플랫폼개발 파트 «차장»\n", "한빛물류 «화물차 운전기사»\n", "온누리약국 «근무약사»\n", "2년차 «대리»인데"),
        ("개발팀 대리 운전", "인사팀 이사 비용"),
        needs=("팀", "파트", "본부", "센터", "지점", "그룹", "사업부", "약국", "병원", "의원", "학교", "학원", "은행",
               "물류",
               "전자", "건설", "년차"),
    ),
    Row(
        "TITLE",
        rf"(?<=[/(])\s?(?P<value>(?:[가-힣]{{1,8}}\s){{0,2}}[가-힣]{{0,6}}{_RANK})(?=\s?[/)\n(])",
        0.45,
        ("영업3팀 / «대리»\n", "직장인 («과장»)", "노형진 («이사»)"),
        ("(대리 운전)", "비용 (이사 당일)"),
        needs=("/", "("),
    ),
    Row(
        "TITLE",
        rf"(?:에서|근무하는|재직 중인|는|은)\s(?P<value>[가-힣]{{2,6}}\s{_RANK}"
        rf"|[가-힣]{{0,4}}{_RANK})(?=(?:으?로)\s(?:근무|재직|일하|일했|재임|선임|승진|임용|임명|활동))",
        0.5,
        ("학교에서 «국어 교사»로 재직", "랩에서 «마케팅 매니저»로 근무 중", "학원에서 «강사»로 일했"),
        ("회사에서 대리로 접수",),
        needs=("근무", "재직", "일하", "일했", "재임", "선임", "승진", "임용", "임명", "활동"),
    ),
    Row(
        "TITLE",
        rf"(?:→\s?|이\s|을\s|를\s|님이\s|,\s)(?P<value>최고[가-힣]{{2,6}}책임자(?:\([A-Z]{{2,5}}\))?"
        rf"|[가-힣]{{0,4}}{_RANK})(?=(?:으?로)?\s(?:승진|임용|임명|선임|발령|영입))",
        0.5,
        ("님이 «책임연구원»으로 승진", "→ «부사장» 승진", "영입, → «최고기술책임자(CTO)» 선임"),
        ("이 부장 인사",),
        needs=("승진", "임용", "임명", "선임", "발령", "영입"),
    ),
    Row(
        "TITLE",
        rf"(?<![\w'’])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Herr|Frau)\.?(?= [{UPPER}][{LETTERS}'’.-])(?! (?:Bot|No"
        rf"|Not|And|Sir|Or)(?![a-z]))",
        0.5,
        ("ask «Mr.» Leiva", "correct it to «Mrs.» Wallace?", "«Dr» Kuefer"),
        ("Mr. and Mrs.", "dr. no", "MS Word"),
        needs=("mr", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "herr", "frau"),
    ),
    Row(
        "TITLE",
        r"(?i:(?<![a-z])(?:job title|position|occupation|profession|job|role) ?: ?|(?:i work|i worked|working|works"
        r"|work(?:ed|ing)? for"
        r" [^\n,.]{2,40}?) as (?:an? )?|(?:i am|i'm|she is|he is) (?:an? )(?=[a-z]{3,12}(?: [a-z]{3,12})? "
        r"(?:at|for|with) [A-Z]))"
        r"(?!(?:expected|intended|designed|usual|well|long|soon|advertised|planned|described|before|always|team|one"
        r"|follows|needed|it|if)(?![a-z]))(?P<value>[A-Za-z][A-Za-z,-]{2,20}(?: "
        r"(?:and )?[A-Za-z][A-Za-z-]{2,20}){0,4}?)(?=[,.\n)]| (?:at|for|in"
        r"|with|but|since|from|who|until)(?![a-z])|$)",
        0.45,
        ("Occupation: «Technical writer»\n", "work for Acme as «Rolling machine operator», but",
         "She works as a «nurse» at", "Job title: «CFO»"),
        ("role: user1", "works as expected", "works as 3", "position 12"),
        needs=("job", "position", "occupation", "profession", "role", "work", "i am a", "i'm a", "he is a"),
    ),
)  # fmt: skip
