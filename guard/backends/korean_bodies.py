"""What Korean institutions are called, as patterns: the bodies that the law names, the kinds of office, their work.

The central bodies are those of the Government Organization Act (정부조직법) of 2025 and of the years before it, with
the short forms of the press. Everything else goes by its form: a local office by its kind, a corporation by its task.
"""

from __future__ import annotations

__all__ = ["BODY", "DEPARTMENT", "REGION", "WORK"]


def _either(words: str) -> str:
    """A pattern of any of the words, longer ones first."""
    return "|".join(sorted(words.split(), key=len, reverse=True))


_CENTRAL = _either(
    "기획재정부 재정경제부 기획예산처 교육부 과학기술정보통신부 외교부 통일부 법무부 국방부 행정안전부 국가보훈부 "
    "문화체육관광부 농림축산식품부 산업통상자원부 산업통상부 보건복지부 환경부 기후에너지환경부 고용노동부 "
    "여성가족부 성평등가족부 국토교통부 해양수산부 중소벤처기업부 기재부 과기정통부 과기부 행안부 문체부 농식품부 "
    "산업부 복지부 고용부 노동부 여가부 국토부 해수부 중기부 보훈부 국무부 안전행정부 행정자치부 미래창조과학부 "
    "교육과학기술부 지식경제부 국토해양부 외교통상부 농림수산식품부 국민안전처 소방방재청 식품의약품안전청 "
    "방송통신심의위원회 농림축산검역본부 인사혁신처 법제처 식품의약품안전처 식약처 국가보훈처 지식재산처 "
    "고위공직자범죄수사처 공수처 대통령경호처 국세청 관세청 조달청 통계청 병무청 방위사업청 경찰청 해양경찰청 소방청 "
    "국가유산청 문화재청 농촌진흥청 산림청 특허청 기상청 질병관리청 재외동포청 우주항공청 대검찰청 대검 "
    "공정거래위원회 공정위 금융위원회 금융위 국민권익위원회 권익위 개인정보보호위원회 방송통신위원회 방통위 "
    "국가인권위원회 인권위 중앙선거관리위원회 선관위 원자력안전위원회 중앙노동위원회 감사원 국가정보원 국정원 "
    "금융감독원 금감원 대법원 헌법재판소 헌재 국회사무처 국무조정실 국무총리실 대통령실 청와대 한국은행 "
    "건강보험심사평가원 심평원 건보공단 한국전력 코레일 우정사업본부 정부 행정부 경찰 검찰 국회 지방의회 재판부 국군 "
    "육군 해군 공군 해병대 합참 합동참모본부"
)
# What authorities let people do at home: the name stands for theirs.
_SERVICES = "홈택스|손택스|위택스|이택스|정부24|고용24|민원24|나라장터|온비드|복지로|워크넷|하이코리아|인터넷등기소"
# Kinds of office, each behind the name of its place; the two last also without one.
_OFFICES = _either(
    "시청 구청 군청 도청 읍사무소 면사무소 동사무소 주민자치센터 교육청 교육지원청 경찰서 파출소 소방서 소방본부 "
    "세무서 지방국세청 세관 지방법원 지법 고등법원 고법 가정법원 행정법원 회생법원 시법원 군법원 지방검찰청 "
    "고등검찰청 지검 고검 경찰청 고용노동청 노동청 고용노동지청 고용센터 보건소 우체국 등기소 교도소 구치소 "
    "보호관찰소 외국인청 출입국 출입국관리사무소 병무청 보훈청 보훈지청 환경청 국토관리청 식품의약품안전청 "
    "자동차등록사업소 차량등록사업소 대사관 영사관 총영사관 시의회 구의회 군의회 도의회 선거관리위원회 노동위원회 "
    "주민센터 행정복지센터"
)
# What a public corporation looks after. An estate of factories is called 공단, too, but by its place.
_TASK = "보험|연금|복지|구조|안전|관리|진흥|인력|교통|시설|환경|에너지|체육|철도|보훈|장애인|도로|국립공원"
_CORPORATIONS = (
    rf"[가-힣]{{0,8}}?(?:{_TASK})공단|한국[가-힣]{{2,10}}?(?:공사|진흥원|평가원|정보원|개발원|관리원)"
    r"|[가-힣]{2,6}?(?:도시|교통|관광|주택도시|도시개발)공사"
)
REGION = (
    r"(?:[가-힣]{2,6}(?:특별자치시|특별자치도|특별시|광역시|특례시)|[가-힣]{1,4}[시도군구]"
    r"|서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|[충전경][남북]|제주)"
)
BODY = (
    rf"(?:(?:{_CENTRAL}|[가-힣○]{{1,8}}?(?:{_OFFICES})|{_CORPORATIONS})(?:장관|차관|장)?"
    rf"|(?:주민센터|행정복지센터|외국인청장?|{_SERVICES})|{REGION} [가-힣]{{1,4}}[시군]장|{REGION} [가-힣]{{1,5}}군수)"
)
"""A public body, its head, or its service."""

WORK = (
    "(?:"
    + _either(
        "가사 가치 가치세 감사 개발 개인 건강 건설 건축 검사 경리 경비 경영 경제 계획 고객 고용 공보 공원 관광 관리 "
        "교무 교육 교통 구매 국적 국제 근로 금융 급여 기술 기획 기업 노동 녹지 농정 단속 대외 도로 도시 등기 디자인 "
        "마케팅 문화 물류 민사 민원 발급 방역 법무 법인 병무 보건 보안 보험 보호 복지 봉사 부가 부동산 사범 사업 "
        "사회 산림 산업 상담 생산 생활 서무 서비스 설비 세무 세정 소득 소방 소송 수납 수도 수사 시설 식품 신고 신청 "
        "심사 안전 약무 여권 여성 연구 영업 예방 예산 외사 운영 원무 위생 의약 의약품 의정 인력 인사 인재 인프라 "
        "일자리 입국 자동차 자산 자원 자재 자치 장애인 재난 재무 재산 재외국민 재정 재판 전략 전산 접수 정보 정책 "
        "정착 제도 조사 조직 주민 주택 주차 지역 지원 진료 집행 징병 징세 징수 차량 채권 청년 청소년 체납 체류 체육 "
        "총괄 총무 축산 출입국 치안 커뮤니케이션 컨텐츠 콘텐츠 토지 통계 통신 통합 투자 파산 품질 학사 학생 학적 "
        "해외 행정 허가 협력 형사 혁신 현장 홍보 환경 회계 회생 대학 외국인 보육 아동 노인 가족 식의약 감염병 세원 "
        "소비자 개인정보 인권 준법 재물 손해 사고 보상 심판 조세 상가 배송 품의"
    )
    + ")"
)
"""What departments do."""

DEPARTMENT = (
    rf"(?:{WORK}{{1,4}}[0-9]?(?:과|팀|계|실|국|부|반|부서|담당관|본부|센터|사업부|상담실|민원실)"
    r"|원무과|교무처|행정실|민원실|학적부)"
)
"""A department that is called by what it does, as every house has one."""
