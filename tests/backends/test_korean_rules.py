"""Rules for Korean names, apart from the model."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from guard.backends.crf import Token
from guard.backends.korean_everyday import told_apart
from guard.backends.korean_rules import SCORE, by_rule, repeated
from guard.mask.patterns import Result


def found(text: str) -> list[tuple[str, str]]:
    return [(text[r.start : r.end], r.entity_type) for r in by_rule(text, ())]


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("성명: 김민수", "김민수"),
        ("성 명 : 김민수 (인)", "김민수"),
        ("담당자(정): 박서연", "박서연"),
        ("예금주\t홍 길 동", "홍 길 동"),
        ("대표자: 남궁솔", "남궁솔"),
        ("환자명\n이하늘\n", "이하늘"),
    ],
)
def test_a_label_gives_a_person_away(text: str, person: str) -> None:
    assert (person, "PERSON") in found(text)


@pytest.mark.parametrize(
    "text", ["성명: 없음", "담당자: 미정", "담당자: 이하 생략", "담당 부서에 문의", "성명 기재", "작성자: 고객지원센터"]
)
def test_what_is_no_name_stays(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("서울 강남구 역삼동에서", "서울 강남구 역삼동"),
        ("부산광역시 해운대구로", "부산광역시 해운대구"),
        ("전북 전주시 완산구 효자동3가", "전북 전주시 완산구"),
        ("경기도 가평군 설악면은", "경기도 가평군 설악면"),
    ],
)
def test_the_levels_of_an_address(text: str, place: str) -> None:
    assert any(value.startswith(place) for value, entity in found(text) if entity == "LOCATION")


def test_a_full_name_before_a_title() -> None:
    text = "기획팀 오세린 과장"
    tokens = [Token("기획팀", "NNP", 0, 3), Token("오세린", "NNP", 4, 7), Token("과장", "NNG", 8, 10)]
    assert [(r.start, r.end) for r in by_rule(text, tokens)] == [(4, 7)]
    assert not list(by_rule("기획팀 과장", [tokens[0], Token("과장", "NNG", 4, 6)]))


def test_a_sure_name_is_found_again_whole_and_by_its_given_name() -> None:
    text = "표가은 과장. 가은씨, 가은 님, 표가은은, 가은이, 들표가은"
    sure = Result("PERSON", 0, 3, SCORE)
    assert [text[r.start : r.end] for r in repeated([sure], text)] == ["표가은", "가은", "가은", "표가은"]
    assert not list(repeated([replace(sure, score=0.6)], text))
    assert not list(repeated([replace(sure, entity_type="LOCATION")], text))


@pytest.mark.parametrize("unit", ["가", "서울", "성명 ", "(주)", "a", " ", "서울 강남구 "])
def test_monotonous_texts_take_no_long_time(unit: str) -> None:
    start = time.process_time()
    list(by_rule("성명" + (unit * 8_000)[:8_000], ()))
    assert time.process_time() - start < 0.3


@pytest.mark.parametrize(
    ("text", "found", "name"),
    [
        ("수신 국립대학교", "수신 국립대학교", "국립대학교"),
        ("채권자  주식회사 빠른물류", "채권자  주식회사 빠른물류", "주식회사 빠른물류"),
        ("한빛전자 인사팀", "한빛전자 인사팀", "한빛전자"),
        ("다온물류 해외영업부 귀중", "다온물류 해외영업부 귀중", "다온물류"),
        ("도담 교육", "도담 교육", "도담 교육"),
        ("재외국민보호과", "재외국민보호과", ""),
        ("쎄오린정 10mg", "쎄오린정", ""),
        ("쎄오린정 10층", "쎄오린정", "쎄오린정"),
        ("강남구 고시 제2031-7호", "고시 제2031-7호", ""),
        ("2031가합4477", "2031가합4477", ""),
        ("쎄오린 10mg", "쎄오린 10mg", ""),
        ("누리-진정-1129", "누리-진정-1129", ""),
        ("한빛병원 정형외과", "한빛병원 정형외과", "한빛병원"),
        ("판   결", "판   결", ""),
        ("건강보험증번호", "건강보험증번호", ""),
        ("인사총무팀", "인사총무팀", ""),
        ("소아청소년과", "소아청소년과", ""),
        ("이 씨", "이", "이"),
        ("LG", "LG", "LG"),
    ],
)
def test_what_forms_print_is_no_name(text, found, name):
    start = text.index(found)
    told = told_apart(text, Result("ORGANIZATION", start, start + len(found), 0.9))
    assert (text[told.start : told.end] if told else "") == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("오세린 과장", "오세린"),
        ("오 과장", "오"),
        ("오세린 지원", "오세린"),
        ("오 지원", "오 지원"),
        ("보호자 오세린", "오세린"),
        ("오 세 린", "오 세 린"),
        ("담당자", ""),
        ("구청장", ""),
    ],
)
def test_a_person_is_without_title_and_label(text: str, name: str) -> None:
    told = told_apart(text, Result("PERSON", 0, len(text), 0.99))
    assert (text[told.start : told.end] if told else "") == name


@pytest.mark.parametrize(
    ("text", "place"), [("춘천시 일대", "춘천시"), ("상무대로 12 부근", "상무대로 12"), ("남이섬 앞", "남이섬 앞")]
)
def test_a_place_is_without_its_surroundings(text: str, place: str) -> None:
    told = told_apart(text, Result("LOCATION", 0, len(text), 0.99))
    assert told is not None
    assert text[told.start : told.end] == place


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("| 사번 | 성명 |\n|---|---|\n| 7 | 반만수 |", "반만수"),
        ("INSERT INTO 고객 (번호, 성명) VALUES (1, '류 슬기');", "류 슬기"),
        ('{"이름": "진준서"}', "진준서"),
        ("주문=7 고객=석나리 전화=0", "석나리"),
        ("(예금주 정보람)로 입금", "정보람"),
        ("이름: Isla L. Arden, 체류지", "Isla L. Arden"),
        ("성명(영문): HAN JIWOO", "HAN JIWOO"),
    ],
)
def test_people_in_data(text: str, person: str) -> None:
    assert (person, "PERSON") in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "| 이름 | 가격 |\n| 볼펜 | 500 |",
        "담당자 연락처는",
        "예금주 정보를 확인",
        "보증인 서명란에",
        "담당: 고객",
        "평가자 만족도 조사",
    ],
)
def test_labels_without_a_person(text: str) -> None:
    assert not [value for value, entity in found(text) if entity == "PERSON"]


@pytest.mark.parametrize("name", ["해온경찰서", "큰바위은행", "나눔손해보험", "솔뫼고등학교", "세움중공업", "참빛치과"])
def test_organisations_by_their_kind(name: str) -> None:
    assert (name, "ORGANIZATION") in found(f"어제 {name}에서 연락이 왔다.")


@pytest.mark.parametrize(
    "text", ["지방은행에", "관할경찰서에", "주거래은행은", "외국어고등학교를", "초등학교에", "고객은행"]
)
def test_a_kind_without_a_name(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "score", "everyday"),
    [
        ("커밋", 0.99, True),
        ("배너 버튼을", 0.99, True),
        ("배포일정", 0.6, True),
        ("배포일정", 0.95, False),
        ("Docker 이미지", 0.99, True),
        ("반만수", 0.6, False),
        ("도담교육", 0.6, False),
        ("제척기간", 0.6, True),
    ],
)
def test_everyday_words_are_no_names(text: str, score: float, everyday: bool) -> None:
    assert (told_apart(text, Result("PERSON", 0, len(text), score)) is None) == everyday


def test_the_name_of_a_theorem_is_no_person() -> None:
    name = Result("PERSON", 0, 3, 0.99)
    assert told_apart("베이즈 정리를 설명해 줘", name) is None
    assert told_apart("베이즈 씨를 만났다", name) == name
