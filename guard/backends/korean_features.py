"""What the Korean model for names is told of every word: form, part of speech, neighbours, and what the tables know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from guard.backends.crf import Token, shaped_by

# The surnames in use, the rarest left out; of two syllables at the end.
_SURNAMES_WORDS = (
    "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 류 유 홍 전 고 문 손 양 배 백 허 남 심 노 하 곽 성 차 "
    "주 우 구 민 진 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 설 마 길 연 위 표 명 기 반 라 왕 금 옥 육 "
    "인 맹 제 모 탁 국 어 은 편 용 예 봉 경 사 부 나 리 림 량 계 피 두 감 음 빈 동 온 호 범 좌 팽 승 간 상 시 갈 "
    "단 견 당 화 창 남궁 황보 제갈 선우 독고 사공 서문 동방"
)
SURNAMES = frozenset(_SURNAMES_WORDS.split())
# What stands after a name, or before it in a list of people.
_TITLES_WORDS = (
    "님 씨 군 양 옹 대표 대표이사 이사 사장 부사장 회장 부회장 부장 차장 과장 대리 주임 사원 팀장 실장 본부장 국장 "
    "센터장 원장 부원장 소장 지점장 점장 반장 계장 파트장 그룹장 전무 상무 고문 감사 책임 선임 수석 연구원 "
    "책임연구원 선임연구원 매니저 프로 인턴 교수 부교수 조교수 정교수 박사 석사 선생 선생님 강사 교사 학생 조교 "
    "의원 장관 차관 총리 대통령 대변인 위원 위원장 총장 시장 지사 도지사 구청장 청장 서장 경위 경감 경사 경장 순경 "
    "대위 대령 소령 중위 병장 장군 주무관 사무관 서기관 변호사 검사 판사 법무사 세무사 회계사 노무사 의사 간호사 "
    "약사 전문의 과장님 부장님 팀장님 대표님 감독 선수 코치 배우 가수 기자 앵커 작가 아나운서 목사 신부 스님 여사 "
    "부인 의장 총재 담당자 고객 고객님 환자 환자분 피고 원고 피고인 피해자 참고인 신청인 보호자 임차인 임대인 "
    "매수인 매도인 형 누나 오빠 언니 이모 삼촌 할머니 할아버지 어머니 아버지"
)
TITLES = frozenset(_TITLES_WORDS.split())
# How the names of organisations and of places end.
_ORGANISATIONS_WORDS = (
    "회사 그룹 전자 은행 대학교 대학 대 고등학교 중학교 초등학교 학교 병원 의원 연구소 연구원 협회 위원회 재단 "
    "공사 공단 청 부 처 원 당 팀 단 사 증권 카드 보험 생명 화재 건설 산업 중공업 화학 제약 통신 텔레콤 방송 신문 "
    "일보 뉴스 컴퍼니 코리아 시스템 시스템즈 솔루션 네트웍스 테크 랩 연합 연맹 법원 검찰 경찰 경찰서 정부 국회 군 "
    "구단 은행 상사 물산 무역 약국 센터 클리닉"
)
ORGANISATIONS = frozenset(_ORGANISATIONS_WORDS.split())
_PLACES_WORDS = (
    "시 도 군 구 읍 면 동 리 로 길 역 산 강 섬 국 주 해 만 항 공항 해수욕장 해변 마을 시장 거리 공원 궁 터 계곡 "
    "호수 반도 대륙 특별시 광역시 자치도 아파트 빌딩 타워"
)
PLACES = frozenset(_PLACES_WORDS.split())
_LONGEST_ENDING = 4
_LONGEST_FORM = 12  # characters of a form from which pairs are made


def features(tokens: Sequence[Token], text: str) -> list[list[str]]:
    """The features of each token of `text`."""
    edges = [_edges(token, text) for token in tokens]
    owns = [_own(token.form, token.tag) for token in tokens]
    times = Counter(token.form for token in tokens)
    last = len(tokens) - 1
    found: list[list[str]] = []
    for i, token in enumerate(tokens):
        row = ["b" + edges[i], *owns[i]]
        row += _beside(tokens[i - 1].form, tokens[i - 1].tag, edges[i - 1], token.tag, "-") if i else ["-end"]
        row += _beside(tokens[i + 1].form, tokens[i + 1].tag, edges[i + 1], token.tag, "+") if i < last else ["+end"]
        if i > 1:
            row += _near(tokens[i - 2].form, tokens[i - 2].tag, "-2")
        if i + 1 < last:
            row += _near(tokens[i + 2].form, tokens[i + 2].tag, "+2")
        if token.tag[0] in "NS":
            row += _titles(tokens, i)
            if times[token.form] > 1:
                row.append("again")
        found.append(row)
    return found


def _edges(token: Token, text: str) -> str:
    """Whether space stands before and after the token."""
    before = token.start == 0 or text[token.start - 1].isspace()
    after = token.end >= len(text) or text[token.end].isspace()
    return f"{before:d}{after:d}"


@lru_cache(maxsize=20_000)
def _own(form: str, tag: str) -> tuple[str, ...]:
    row = [
        "w=" + form,
        "t=" + tag,
        "s1=" + form[-1:],
        "s2=" + form[-2:],
        "s3=" + form[-3:],
        "p1=" + form[:1],
        "p2=" + form[:2],
        f"tl={tag}{min(len(form), 6)}",
        "sh=" + shape(form),
    ]
    if tag[0] in "NS":
        row += _known(form, tag)
    if tag[0] == "N" and len(form) > 1:
        short = form[:_LONGEST_FORM]
        row += ["g=" + short[i : i + 2] for i in range(len(short) - 1)]
        row += ["c=" + character for character in short]
    return tuple(row)


def _known(form: str, tag: str) -> Iterator[str]:
    if tag[0] == "N" and 2 <= len(form) <= 4 and form[0] in SURNAMES:
        yield f"surname{len(form)}"
    for name, table in (("org=", ORGANISATIONS), ("place=", PLACES)):
        ending = next((form[-n:] for n in range(min(_LONGEST_ENDING, len(form) - 1), 0, -1) if form[-n:] in table), "")
        if ending:
            yield name + ending
    if form in TITLES:
        yield "title"


def _titles(tokens: Sequence[Token], i: int) -> Iterator[str]:
    for distance in (-1, 1, 2):
        if 0 <= i + distance < len(tokens) and tokens[i + distance].form in TITLES:
            yield f"title{distance}"


@lru_cache(maxsize=50_000)
def _beside(form: str, tag: str, edges: str, own_tag: str, side: str) -> tuple[str, ...]:
    """What a neighbour tells; `side` is "-" for the one before and "+" for the one after."""
    return (
        f"{side}w={form}",
        f"{side}t={tag}",
        f"{side}s1={form[-1:]}",
        f"{side}tt={own_tag}{tag}",
        f"{side}b={edges}",
        f"{side}tl={tag}{min(len(form), 6)}",
        f"{side}wt={form}{own_tag}",
    )


@lru_cache(maxsize=20_000)
def _near(form: str, tag: str, side: str) -> tuple[str, ...]:
    return f"{side}w={form}", f"{side}t={tag}"


def shape(form: str) -> str:
    """The kinds of the characters, repetitions marked: "h+" for Hangul, "A0+" for "A4522"."""
    return shaped_by(_kind, form)


def _kind(character: str) -> str:
    if "가" <= character <= "힣":
        return "h"
    if "一" <= character <= "鿿":
        return "c"
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character
