"""Korean names that their surroundings give away: a label, a title, a company's legal form, the levels of an address.

Rules over the text and its morphemes, beside the trained model: for forms and lists, which are not in its training set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from guard.backends.columns import labelled
from guard.backends.crf import Token
from guard.backends.korean_features import ORGANISATIONS, PLACES, SURNAMES, TITLES
from guard.backends.korean_words import CONCEPTS, EPONYMS, ORDINARY
from guard.backends.machine_words import without_technology
from guard.backends.weak_names import Evidence
from guard.mask.patterns import Result

SCORE = 0.8
_SURE = 0.9

_LABELS_WORDS = (
    "성명 이름 성함 담당자 담당 신청인 신청자 환자명 환자 예금주 대표자 대표이사 보호자 수신인 발신인 수취인 "
    "작성자 수령인 받는사람 보내는사람 받는분 보내는분 임차인 임대인 매도인 매수인 고객명 계약자 피보험자 참석자 "
    "지원자 학생명 주치의 담당의 지도교수 접수자 민원인 고소인 피고소인 피의자 피해자 상담원 상담사 기안자 결재자 "
    "검토자 승인자 소유자 대리인 연락담당 회원명 직원명 원고 피고 진술인 운전자 동승자 처방의 의사 채무자 채권자 "
    "보증인 근로자 사용자명 가입자 수익자 세대주 납세자 책임자 인솔자 "
    "평가자 피평가자 승인자 결재권자 고객 회원 상담사 담당의사 당직자 발표자 면접관 강사명 사원명"
)
_LABELS = _LABELS_WORDS.split()
# What stands where a name could, and begins with a surname's syllable.
_NO_NAMES_WORDS = (
    "없음 미정 이하 이상 생략 공란 전체 전원 본인 기재 정보 미상 추후 상동 위와 확인 주식 주소 연락 전화 직접 해당 "
    "동일 여러 가족 부모 모두 안내 지정 공고 문의 신규 기타 변경 고객 담당 이메일 이사 차장 과장 부장 사원 대리 "
    "주임 팀장 원장 소장 국장 실장"
)
_NO_NAMES = frozenset(_NO_NAMES_WORDS.split())
# What forms, letters and reports print and a model takes for a name: it points at nobody.
_PRINTED_WORDS = (
    "성명 이름 부서 직위 직급 직책 소속 수신 발신 참조 제목 주세요 안내문 판결 결정 명령 공고 고시 주문 초진 재진 통원 "
    "입원 외래 확정일자 유통기한 생년월일 신용카드 체크카드 교통카드 자동이체 정기결제 희망계좌 콜센터 종합병원 "
    "검진센터 인사위원회 채권자 채무자 연대보증인 근저당권자 임차인 임대인 신고인 신청인 원고 피고 대리인 "
    "위임인 수임인 승용자동차 승용차 공업사 일반복학 대학원 일반대학원 단과대학 학적부 반전세 전월세 기재사항 법인명 "
    "상호 회사원 자영업 무직 주부 학생 직장인 사법경찰관 근로감독관"
)
_PRINTED = frozenset(_PRINTED_WORDS.split())
_PRINTED_FORM = re.compile(
    r"[가-힣A-Za-z]{0,12}(?:번호|일자|번호판|검사|여과율|정보|내역|증명원|증명서|확인서|계약서|통보서|안내)"
    r"|(?:[가-힣]{0,3}(?:의학|외|내|안|피부|비뇨기|산부인|이비인후|소아청소년|치)과)"
    r"|(?:인사|총무|재무|회계|경리|영업|마케팅|홍보|기획|개발|연구|법무|감사|보안|정보보안|시설보안|고객관리|고객지원|민원|상담"
    r"|물류|구매|생산|품질|운영|경영지원|디자인|전산|교무|학생|원무|세무|징수|위생|건설|교통){1,2}(?:팀|과|부|부서|실|계)"
    r"|FVC|DUR|GPA|SMS|MBI|FDS|CMS|VIP|BMI|MRI|CT|HSK|(?:일|이|삼|사|오|육|칠|팔|구|십|백|천|만|억){3,}원?|내선[0-9]+|催告"
)
_PRINTED_BEFORE = re.compile(
    r"(?:수신|발신|참조|채권자|채무자|대리인|근저당권자|원고|피고|신청인|위임인|사건|검진일|개설일|발급일|작성일|접수일)[\s:：]+"
)
_COMPOUND = "|".join(sorted(name for name in SURNAMES if len(name) == 2))
_SINGLE = "".join(sorted(name for name in SURNAMES if len(name) == 1))
_NAME = (
    rf"(?:(?:{_COMPOUND})[가-힣]{{1,2}}|[{_SINGLE}][가-힣]{{1,2}}|[{_SINGLE}] {{1,3}}[가-힣] {{1,3}}[가-힣])(?![가-힣])"
)
_SPACED_LABELS = "|".join(r"\s?".join(label) for label in sorted(_LABELS, key=len, reverse=True))  # also "성 명"
_LABELLED = re.compile(
    rf"(?<![가-힣])(?:{_SPACED_LABELS})"
    rf"(?:\s?\([^()\n]{{1,12}}\))?(?:[ \t]*+[:：|│=][ \t]*+['\"]?|\t[ \t]*+| {{2,}}+|[ \t]*+\n[ \t]*+)({_NAME})"
)
# Not "고객", "환자": they stand before other words as well.
_SOLE_LABELS = (
    "담당자|예금주|상담원|평가자|승인자|보증인|임차인|임대인|작성자|기안자|결재자|검토자|면접관|인솔자|신청인|수령인"
)
_BESIDE_LABEL = re.compile(rf"(?<![가-힣])(?:{_SOLE_LABELS}) ((?:(?:{_COMPOUND})|[{_SINGLE}])[가-힣]{{2}})(?![가-힣])")
_NO_ENDINGS = "를을는에와과로률율도적함됨란팀실비록증법제료액량식력처부과망단계층군형"  # of nouns and particles, seldom of given names
_LATIN_NAME = r"[A-Z][A-Za-z'’-]*\.?(?:,? [A-Z][A-Za-z'’-]*\.?){1,3}(?![A-Za-z])"
_LABELLED_LATIN = re.compile(
    rf"(?<![가-힣])(?:{_SPACED_LABELS})(?:\s?\([^()\n]{{1,12}}\))?[ \t]*+[:：=]?[ \t]*+(?:{_NAME} ?\()?({_LATIN_NAME})"
)
_HEADER = re.compile("|".join(re.escape(label) for label in _LABELS) + "|성 명|고객 ?성명")
_VAGUE = frozenset({"이름", "고객", "회원", "담당"})  # headers of products, companies and departments, too
_CELL = re.compile(
    rf"(?:{_NAME})|[가-힣]{{1,6}}(?: [가-힣]{{1,6}}){{1,3}}|[A-Za-z][A-Za-z.'’-]*(?:,? [A-Za-z][A-Za-z.'’-]*){{1,3}}"
)
_FULL_NAME = re.compile(rf"(?:{_NAME})|[{_SINGLE}] [가-힣]{{2}}")
_STEM_BEFORE = r"(?<![가-힣A-Za-z0-9])(?P<stem>[가-힣]{2,6}?)"
_KINDS = (
    "은행|저축은행|손해보험|생명보험|증권|캐피탈|자산운용|중공업|홀딩스|엔터테인먼트|게임즈|제약|바이오로직스|"
    "(?:여자|남자|과학|외국어|공업|상업)?고등학교|(?:여자)?중학교|초등학교|유치원|어린이집|경찰서|소방서|세무서|"
    "한의원|정형외과|피부과|치과|요양병원|출판사|로지스틱스|네트웍스|법무법인|회계법인|법률사무소|신용금고|여행사"
)
_BY_KIND = re.compile(rf"{_STEM_BEFORE}(?:{_KINDS})(?![가-힣]{{3}})")
# What says which kind, and not which one.
_NO_STEMS_WORDS = (
    "지방 시중 중앙 투자 인터넷 혈액 상업 외국 국내 해외 관할 인근 근처 가까운 동네 해당 국립 공립 사립 일반 특성화 대안 "
    "기숙 남녀 여자 남자 외국어 과학 공업 상업 대형 소형 중소 개인 직장 어린이 유아 영아 종합 전문 대학 지역 모든 다른 어느 우리 이런 "
    "저희 그런 같은 모바일 디지털 주거래 거래 제휴 협력 글로벌 다국적 신생 통신 복제 원료 유가 문제 데이터 토종 야간 주간 공공 민간 "
    "국영 민영 전국 전체 각급 일선 초중 유명 대기업"
)
_NO_STEMS = frozenset(_NO_STEMS_WORDS.split())
_FORM = r"(?:㈜|㈔|\((?:주|유|재|사|합)\)|주식회사|유한회사|(?:재단|사단|의료|법무|세무|회계|학교|농업회사)법인)"
_COMPANY = re.compile(rf"{_FORM} ?(?=[가-힣A-Za-z0-9])")
_COMPANY_BEFORE = re.compile(
    r"(?<![가-힣A-Za-z0-9])[가-힣A-Za-z0-9&.-]{2,20} ?(?:㈜|\(주\)|주식회사)(?![가-힣A-Za-z0-9])"
)
_PARTICLE = r"(?=(?:에서|에게|에|의|은|는|이|가|을|를|과|와|으로|로|도|까지|부터|입니다|이다|이며)?(?![가-힣]))"
_REGION = (
    r"(?:(?:서울|부산|대구|인천|광주|대전|울산|세종)(?:특별시|광역시|특별자치시|시)?"
    r"|(?:경기|강원|(?:충청|전라|경상)[남북]|제주)(?:특별자치)?도|경기|강원|[충전경][남북]|제주)"
)
_PLACE = re.compile(
    rf"(?<![가-힣]){_REGION}(?: ?[가-힣]{{1,4}}시)?(?: ?[가-힣]{{1,4}}[군구])?"
    rf"(?: ?[가-힣]{{1,5}}(?:[읍면동리가]|[0-9]동))?{_PARTICLE}"
)
_CONCEPT = re.compile(CONCEPTS)
_PARTICLES = re.compile(
    "(?<=[가-힣]{2})(?:에서|에게|께서|에|의|은|는|이|가|을|를|과|와|랑|이랑|으로|로|도|만|까지|부터|이나|나|들|별|용|님|색|하기)$"
)
_WORD = re.compile("[가-힣A-Za-z0-9&.-]+")
_ENDINGS = ("J", "VCP", "EF", "EC", "SF")  # particles, "to be", ends of sentences
_HONORED = "씨|님|군|양"
_LEAST_PHRASE = 4
_BUSINESSES_WORDS = (
    "교육 물류 광고 여행 관광 투자 금융 항공 호텔 마트 카페 식당 컨설팅 디자인 커머스 쇼핑몰 네트워크 서비스 데이터 클라우드 "
    "콘텐츠 게임 음악 전기 가스 환경 안전 품질 설비 유통 출판 브랜드 마케팅 엔진 의원 농장 공장 창고"
)
_BUSINESSES = frozenset(_BUSINESSES_WORDS.split())  # everyday words that companies are called by
_THREE = re.compile(rf"(?:{_COMPOUND}|[{_SINGLE}])[가-힣]{{2}}")


def told_apart(text: str, found: Result) -> Result | None:
    """What of a find is a name: without the printed word before it, and nothing where that is all there is."""
    label = _PRINTED_BEFORE.match(text, found.start, found.end)
    start = label.end() if label else found.start
    bare = re.sub(r"\s+", "", text[start : found.end])
    if not bare or bare in _PRINTED or _PRINTED_FORM.fullmatch(bare):
        return None
    if found.score < _SURE and _is_phrase(bare):
        return None
    if bare in EPONYMS and _CONCEPT.match(text, found.end):
        return None
    if is_everyday(text[start : found.end], weak=found.score < _SURE):
        return None
    return Result(found.entity_type, start, found.end, found.score) if label else found


def by_rule(text: str, tokens: Sequence[Token]) -> Iterator[Result]:
    """The names that rules find, overlaps allowed."""
    for match in _LABELLED.finditer(text):
        if match.group(1) not in _NO_NAMES:
            yield Result("PERSON", *match.span(1), SCORE)
    particles = {token.end for token in tokens if token.tag.startswith("J")}
    for match in _BESIDE_LABEL.finditer(text):
        name = match.group(1)
        if name[-1] not in _NO_ENDINGS and match.end() not in particles and not is_everyday(name, weak=True):
            yield Result("PERSON", *match.span(1), SCORE)
    for match in _LABELLED_LATIN.finditer(text):
        yield Result("PERSON", *match.span(1), SCORE)
    for label, start, end in labelled(text, _HEADER):
        value = text[start:end]
        if (_FULL_NAME if label in _VAGUE else _CELL).fullmatch(value) and value not in _NO_NAMES:
            yield Result("PERSON", start, end, SCORE)
    for match in _BY_KIND.finditer(text):
        if _is_stem(match["stem"]):
            yield Result("ORGANIZATION", *match.span(), SCORE)
    for match in _PLACE.finditer(text):
        if " " in match.group() or len(match.group()) > 5:
            yield Result("LOCATION", *match.span(), SCORE)
    for match in _COMPANY_BEFORE.finditer(text):
        yield Result("ORGANIZATION", *match.span(), SCORE)
    for match in _COMPANY.finditer(text):
        yield Result("ORGANIZATION", match.start(), _end_of_word(text, match.end(), tokens), SCORE)
    for token, after in pairwise(tokens):
        if after.form in TITLES and _is_full_name(token) and after.start - token.end <= 1:
            yield Result("PERSON", token.start, token.end, SCORE)


def _is_stem(stem: str) -> bool:
    return stem not in _NO_STEMS and not is_everyday(stem, weak=True)


def is_everyday(name: str, *, weak: bool) -> bool:
    """Whether all words of `name` are everyday ones, particles left out; `weak`: or made of two everyday words."""
    return all(_is_everyday(word, weak) for word in without_technology(name).split())


@lru_cache(maxsize=20_000)
def _is_everyday(word: str, weak: bool) -> bool:  # noqa: FBT001  for the cache
    bare = _PARTICLES.sub("", word)
    return word in ORDINARY or bare in ORDINARY or (weak and (_is_compound(word) or _is_compound(bare)))


def _is_compound(word: str) -> bool:
    return any(word[:i] in ORDINARY and word[i:] in ORDINARY for i in range(2, len(word) - 1))


def _looks_full(name: str, tokens: Sequence[Token]) -> bool:
    if len(tokens) == 1 and tokens[0].common:
        return False
    return bool(_THREE.fullmatch(name)) or (" " in name and bool(_FULL_NAME.fullmatch(name)))


_TO_PEOPLE = "에게 한테 께 께서 에게서 한테서".split()
_REQUEST = re.compile(
    r"(?:줘|줘요|주세요|주십시오|줄래요?|부탁해요?|까요?|나요|가요|[은는인]지요?|뭐야|뭐예요|어때요?|되나|싶어요|"
    r"필요합니다|주실래요|알고 싶습니다)[ .?!~\"”]*$"
)
EVIDENCE = Evidence(
    frozenset((*_HONORED.split("|"), *TITLES, *_TO_PEOPLE)), ORGANISATIONS | PLACES, _looks_full, _REQUEST
)


def _is_phrase(word: str) -> bool:
    """Whether a long word ends in an everyday one that no organisation or place ends in: "제척기간"."""
    return (
        len(word) >= _LEAST_PHRASE
        and word[-2:] in ORDINARY
        and word[-2:] not in ORGANISATIONS | PLACES
        and word[-1] not in ORGANISATIONS
    )


def _is_full_name(token: Token) -> bool:
    form = token.form
    if token.tag != "NNP" or len(form) != 3 or form[0] not in SURNAMES:
        return False
    return form[-1] not in ORGANISATIONS and form[-1] not in PLACES and form[-2:] not in ORGANISATIONS


def _end_of_word(text: str, start: int, tokens: Sequence[Token]) -> int:
    """Where the word that begins at `start` ends, without the particles at its end."""
    word = _WORD.match(text, start)
    end = word.end() if word else start
    for token in reversed(tokens):
        if token.start > start and token.end == end and token.tag.startswith(_ENDINGS):
            end = token.start
    return end


def repeated(found: Iterable[Result], text: str) -> Iterator[Result]:
    """Further places of full names that are sure: the whole name, and the given name before an honorific."""
    names = {text[r.start : r.end] for r in found if r.entity_type == "PERSON" and r.score >= SCORE - 0.05}
    full = sorted(name for name in names if re.fullmatch("[가-힣]{3}", name) and name[0] in SURNAMES)
    if not full:
        return
    given = "|".join(sorted({name[1:] for name in full}))
    pattern = re.compile(rf"(?<![가-힣])(?:{'|'.join(full)}|(?:{given})(?= ?(?:{_HONORED})(?![가-힣]{{3}})))")
    for match in pattern.finditer(text):
        yield Result("PERSON", *match.span(), 0.6)
