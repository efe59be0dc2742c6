"""Korean words that are no names, and what speaks for the others: forms print the ones, requests are made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from guard.backends.crf import Token
from guard.backends.korean_bodies import DEPARTMENT
from guard.backends.korean_features import ORGANISATIONS, PLACES, SURNAMES, TITLES
from guard.backends.korean_words import CONCEPTS, EPONYMS, ORDINARY
from guard.backends.machine_words import without_technology
from guard.backends.weak_names import Evidence
from guard.mask.patterns import Result

_SURE = 0.9  # from this score on the model is believed, were a name made of two everyday words
# What forms, letters and reports print and a model takes for a name: it points at nobody.
_PRINTED_WORDS = (
    "성명 이름 부서 직위 직급 직책 소속 수신 발신 참조 제목 주세요 안내문 판결 결정 명령 공고 고시 주문 초진 재진 통원 "
    "입원 외래 확정일자 유통기한 생년월일 신용카드 체크카드 교통카드 자동이체 정기결제 희망계좌 콜센터 종합병원 "
    "검진센터 인사위원회 채권자 채무자 연대보증인 근저당권자 임차인 임대인 신고인 신청인 원고 피고 대리인 "
    "위임인 수임인 승용자동차 승용차 공업사 일반복학 대학원 일반대학원 단과대학 학적부 반전세 전월세 기재사항 법인명 "
    "상호 진정인 피진정인 전대인 전차인 원임차인 변호인 양도인 양수인 수검자 제적자 북한이탈주민 배송지 물건지 청구지 "
    "현장명 양도일 조제일 조제비 회사원 자영업 무직 주부 학생 직장인 사법경찰관 근로감독관"
)
_PRINTED = frozenset(_PRINTED_WORDS.split())
_PRINTED_FORM = re.compile(
    r"[가-힣A-Za-z]{0,12}(?:번호|일자|번호판|검사|여과율|정보|내역|증명원|증명서|확인서|계약서|통보서|안내)"
    r"|(?:[가-힣]{0,3}(?:의학|외|내|안|피부|비뇨기|산부인|이비인후|소아청소년|치)과)"
    rf"|{DEPARTMENT}|(?:[가-힣]{{2,10}}-){{1,2}}[0-9]{{2,}}|.*[0-9](?:mg|㎎|mcg|ml|mL)"  # a file's number, a medicine
    r"|(?:[가-힣]{0,4}(?:공고|고시))?제?[0-9]{4}-[0-9]+호|[0-9]{4}[가-힣]{1,3}[0-9]{2,}"  # of notices, of cases
    r"|FVC|DUR|GPA|SMS|MBI|FDS|CMS|VIP|BMI|MRI|CT|HSK|(?:일|이|삼|사|오|육|칠|팔|구|십|백|천|만|억){3,}원?|"
    r"내선[0-9]+|催告"
)
_PRINTED_BEFORE = re.compile(
    r"(?:수신|시행|소송대리인|발신|참조|채권자|채무자|대리인|근저당권자|원고|피고|신청인|위임인|사건|검진일|개설일|발급일|"
    r"작성일|접수일)[\s:：]+"
)
# Words that stand before or behind a name and are none of it, beside the everyday ones.
_BESIDE_WORDS = (
    "일대 부근 근처 인근 일원 소재 거주 방면 사거리 횡단보도 주무관 사무관 조사관 근로감독관 귀중 귀하 전결 주문자명 "
    "대상자 외 내 등 졸업 재학 재학중 수료 휴학"
)
_BESIDE = frozenset(_BESIDE_WORDS.split())
_POSTS = frozenset(title for title in TITLES if len(title) > 1)
_DOSE = re.compile(r" ?[0-9.]+ ?(?:mg|㎎|mcg|g|ml|mL|정|캡슐|%)(?![가-힣A-Za-z])")  # behind the name of a medicine
_SPACELESS = re.compile(r"\S+")
_CONCEPT = re.compile(CONCEPTS)
_PARTICLES = re.compile(
    "(?<=[가-힣]{2})(?:에서|에게|께서|에|의|은|는|이|가|을|를|과|와|랑|이랑|으로|로|도|만|까지|부터|이나|나|들|별|"
    "용|님|색|하기)$"
)
_LEAST_PHRASE = 4
_BUSINESSES_WORDS = (
    "교육 물류 광고 여행 관광 투자 금융 항공 호텔 마트 카페 식당 컨설팅 디자인 커머스 쇼핑몰 네트워크 서비스 데이터 "
    "클라우드 "
    "콘텐츠 게임 음악 전기 가스 환경 안전 품질 설비 유통 출판 브랜드 마케팅 엔진 의원 농장 공장 창고"
)
_BUSINESSES = frozenset(_BUSINESSES_WORDS.split())  # everyday words that companies are called by
_SURNAME = "|".join(sorted(SURNAMES, key=len, reverse=True))
_THREE = re.compile(rf"(?:{_SURNAME})[가-힣]{{2}}")
_SPACED = re.compile(rf"(?:{_SURNAME}) {{1,3}}[가-힣] {{0,3}}[가-힣]")
_REQUEST = re.compile(
    r"(?:줘|줘요|주세요|주십시오|줄래요?|부탁해요?|까요?|나요|가요|[은는인]지요?|뭐야|뭐예요|어때요?|되나|싶어요|"
    r"필요합니다|주실래요|알고 싶습니다)[ .?!~\"”]*$"
)


def told_apart(text: str, found: Result) -> Result | None:
    """What of a find is a name: without the printed word before it, and nothing where that is all there is."""
    label = _PRINTED_BEFORE.match(text, found.start, found.end)
    start = label.end() if label else found.start
    start, end = _without_edges(text, start, found.end, person=found.entity_type == "PERSON")
    bare = re.sub(r"\s+", "", text[start:end])
    if not bare or bare in _PRINTED or bare in _POSTS or _PRINTED_FORM.fullmatch(bare) or _DOSE.match(text, end):
        return None
    if found.score < _SURE and _is_phrase(bare):
        return None
    if bare in EPONYMS and _CONCEPT.match(text, end):
        return None
    if is_everyday(text[start:end], weak=found.score < _SURE):
        return None
    return found if (start, end) == (found.start, found.end) else Result(found.entity_type, start, end, found.score)


def _without_edges(text: str, start: int, end: int, *, person: bool) -> tuple[int, int]:
    """The find without the words at its edges that are no part of a name: "한빛전자 인사팀", "성남시 일대".

    "김 지원" is no Kim that supports; but a title goes.
    """
    words = [match.span() for match in _SPACELESS.finditer(text, start, end)]
    while person and len(words) > 1 and text[slice(*words[-1])] in _POSTS:
        words.pop()
    while len(words) > 1 and _is_beside(text[slice(*words[-1])]) and not (person and _is_syllable(words[-2])):
        words.pop()
    while len(words) > 1 and _is_beside(text[slice(*words[0])]):
        words.pop(0)
    if not words:
        return start, end
    return words[0][0], words[-1][1]


def _is_syllable(extent: tuple[int, int]) -> bool:
    return extent[1] - extent[0] == 1


@lru_cache(maxsize=20_000)
def _is_beside(word: str) -> bool:
    if word in _BESIDE or word in _PRINTED or _PRINTED_FORM.fullmatch(word):
        return True
    return word in ORDINARY and word not in _BUSINESSES and word not in ORGANISATIONS and word not in PLACES


def is_everyday(name: str, *, weak: bool) -> bool:
    """Whether all words of `name` are everyday ones, particles left out; `weak`: or made of two everyday words."""
    return all(_is_everyday(word, weak) for word in without_technology(name).split())


@lru_cache(maxsize=20_000)
def _is_everyday(word: str, weak: bool) -> bool:  # noqa: FBT001  for the cache
    bare = _PARTICLES.sub("", word)
    return word in ORDINARY or bare in ORDINARY or (weak and (_is_compound(word) or _is_compound(bare)))


def _is_compound(word: str) -> bool:
    return any(word[:i] in ORDINARY and word[i:] in ORDINARY for i in range(2, len(word) - 1))


def _is_phrase(word: str) -> bool:
    """Whether a long word ends in an everyday one that no organisation or place ends in: "제척기간"."""
    last = word[-2:]
    named = last in ORGANISATIONS or last in PLACES or last in _BUSINESSES or last[-1:] in ORGANISATIONS
    return len(word) >= _LEAST_PHRASE and last in ORDINARY and not named


def _looks_full(name: str, tokens: Sequence[Token]) -> bool:
    if len(tokens) == 1 and tokens[0].common:
        return False
    return bool(_THREE.fullmatch(name)) or bool(_SPACED.fullmatch(name))


EVIDENCE = Evidence(
    TITLES | {"씨", "님", "군", "양", "에게", "한테", "께", "께서", "에게서", "한테서"},
    ORGANISATIONS | PLACES,
    _looks_full,
    _REQUEST,
)
