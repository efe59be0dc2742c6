"""Korean names that their surroundings give away: a label, a title, a company's legal form, the levels of an address.

Rules over the text and its morphemes, beside the trained model: for forms and lists, which are not in its training set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from guard.backends.columns import labelled
from guard.backends.crf import Token
from guard.backends.korean_everyday import is_everyday
from guard.backends.korean_features import ORGANISATIONS, PLACES, SURNAMES, TITLES
from guard.mask.patterns import Result

SCORE = 0.8

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
# Of nouns and particles, seldom of given names.
_NO_ENDINGS = "를을는에와과로률율도적함됨란팀실비록증법제료액량식력처부과망단계층군형"
_LATIN_NAME = r"[A-Z][A-Za-z'’-]*\.?(?:,? [A-Z][A-Za-z'’-]*\.?){1,3}(?![A-Za-z])"
_LABELLED_LATIN = re.compile(
    rf"(?<![가-힣])(?:{_SPACED_LABELS})(?:\s?\([^()\n]{{1,12}}\))?[ \t]*+[:：=]?[ \t]*+(?:{_NAME} ?\()?({_LATIN_NAME})"
)
_HEADER = re.compile("|".join(re.escape(label) for label in _LABELS) + "|성 명|고객 ?성명")
_VAGUE = frozenset({"이름", "고객", "회원", "담당"})  # headers of products, companies and departments, too
_CELL = re.compile(
    rf"(?:{_NAME})|[가-힣]{{1,6}}(?: [가-힣]{{1,6}}){{1,3}}"
    r"|[A-Za-z][A-Za-z.'’-]*(?:,? [A-Za-z][A-Za-z.'’-]*){1,3}"
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
    "지방 시중 중앙 투자 인터넷 혈액 상업 외국 국내 해외 관할 인근 근처 가까운 동네 해당 국립 공립 사립 일반 특성화 "
    "대안 "
    "기숙 남녀 여자 남자 외국어 과학 공업 상업 대형 소형 중소 개인 직장 어린이 유아 영아 종합 전문 대학 지역 모든 "
    "다른 어느 우리 이런 "
    "저희 그런 같은 모바일 디지털 주거래 거래 제휴 협력 글로벌 다국적 신생 통신 복제 원료 유가 문제 데이터 토종 "
    "야간 주간 공공 민간 "
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
_WORD = re.compile("[가-힣A-Za-z0-9&.-]+")
_ENDINGS = ("J", "VCP", "EF", "EC", "SF")  # particles, "to be", ends of sentences
_HONORED = "씨|님|군|양"


def by_rule(text: str, tokens: Sequence[Token]) -> Iterator[Result]:
    """The names that rules find, overlaps allowed."""
    for start, end in _people(text, tokens):
        yield Result("PERSON", start, end, SCORE)
    for match in _PLACE.finditer(text):
        if " " in match.group() or len(match.group()) > 5:
            yield Result("LOCATION", *match.span(), SCORE)
    for start, end in _organisations(text, tokens):
        yield Result("ORGANIZATION", start, end, SCORE)


def _people(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for match in _LABELLED.finditer(text):
        if match.group(1) not in _NO_NAMES:
            yield match.span(1)
    yield from (match.span(1) for match in _LABELLED_LATIN.finditer(text))
    particles = {token.end for token in tokens if token.tag.startswith("J")}
    for match in _BESIDE_LABEL.finditer(text):
        name = match.group(1)
        if name[-1] not in _NO_ENDINGS and match.end() not in particles and not is_everyday(name, weak=True):
            yield match.span(1)
    for label, start, end in labelled(text, _HEADER):
        value = text[start:end]
        if (_FULL_NAME if label in _VAGUE else _CELL).fullmatch(value) and value not in _NO_NAMES:
            yield start, end
    for token, after in pairwise(tokens):
        if after.form in TITLES and _is_full_name(token) and after.start - token.end <= 1:
            yield token.start, token.end


def _organisations(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    yield from (match.span() for match in _BY_KIND.finditer(text) if _is_stem(match["stem"]))
    yield from (match.span() for match in _COMPANY_BEFORE.finditer(text))
    for match in _COMPANY.finditer(text):
        yield match.start(), _end_of_word(text, match.end(), tokens)


def _is_stem(stem: str) -> bool:
    return stem not in _NO_STEMS and not is_everyday(stem, weak=True)


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
