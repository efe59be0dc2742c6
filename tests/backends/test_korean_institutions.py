"""Authorities, courts and public corporations, which are told from other organisations by their form."""

from __future__ import annotations

import time

import pytest

from guard.backends.korean import KoreanNames
from guard.backends.korean_institutions import ENTITY, institutions, with_institutions
from guard.mask.patterns import Result


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in institutions(text)]


@pytest.mark.parametrize(
    ("text", "institution"),
    [
        ("국세청에 신고했다", "국세청"),
        ("기후에너지환경부는 어제 밝혔다", "기후에너지환경부"),
        ("수신: 보건복지부장관", "보건복지부장관"),
        ("경찰은 조사 중이다", "경찰"),
        ("누리세무서에서 온 안내문", "누리세무서"),
        ("누리시청 도시계획과 민원팀", "누리시청 도시계획과 민원팀"),
        ("누리지방법원 샛별지원으로", "누리지방법원 샛별지원"),
        ("경기도 누리시장 귀하", "경기도 누리시장"),
        ("누리광역시 샛별구청장", "누리광역시 샛별구청장"),
        ("한국누리진흥원의 공모", "한국누리진흥원"),
        ("누리도시공사와", "누리도시공사"),
        ("국민연금공단입니다", "국민연금공단"),
        ("홈택스에서", "홈택스"),
        ("누리시 샛별구 공고 제2031-44호", "누리시 샛별구"),
        ("주누리대사관", "주누리대사관"),
    ],
)
def test_a_public_body_by_its_form(text: str, institution: str) -> None:
    assert found(text) == [institution]


@pytest.mark.parametrize(
    "text",
    [
        "누리은행",
        "누리대학교",
        "누리병원에서",
        "누리약국",
        "누리공단에 입주한 업체",
        "신축공사 현장",
        "당사자의 신청",
        "텔레비전 시청률",
        "남대문시장에서",
        "산업부품을 만드는 회사",
        "이정부 씨가",
        "경찰관이 왔다",
        "교육부문의 예산",
        "누리시 샛별구에 산다",
        "새솔로 12 우체국",
        "부산 새솔길 4-1, 누리세무서 별관",
    ],
)
def test_no_public_body(text: str) -> None:
    assert found(text) == []


def names(text: str, *entities: tuple[str, str]) -> list[tuple[str, str]]:
    """What is left of `entities` (entity and value) in a text, sorted by their place."""
    results = [Result(kind, text.index(value), text.index(value) + len(value), 0.8) for kind, value in entities]
    left = sorted(with_institutions(results, text), key=lambda one: one.start)
    return [(one.entity_type, text[one.start : one.end]) for one in left]


def test_an_organisation_that_is_one_is_it() -> None:
    assert names("국세청에 물었다", ("ORGANIZATION", "국세청")) == [(ENTITY, "국세청")]
    assert names("누리시청에", ("LOCATION", "누리시청")) == [(ENTITY, "누리시청")]
    assert names("국토부 산하", ("ORGANIZATION", "국토부 산하")) == [(ENTITY, "국토부")]


def test_a_part_of_one_is_no_name() -> None:
    assert names("누리시청 도시계획과로", ("ORGANIZATION", "도시계획과")) == [(ENTITY, "누리시청 도시계획과")]


def test_what_stands_beside_one_stays_a_name() -> None:
    assert names("국세청 하늘소프트 계약", ("ORGANIZATION", "국세청 하늘소프트")) == [
        (ENTITY, "국세청"),
        ("ORGANIZATION", "하늘소프트"),
    ]
    assert names("하늘소프트 국세청 푸른들", ("ORGANIZATION", "하늘소프트 국세청 푸른들")) == [
        ("ORGANIZATION", "하늘소프트"),
        (ENTITY, "국세청"),
        ("ORGANIZATION", "푸른들"),
    ]


def test_a_person_stays_a_person() -> None:
    assert ("PERSON", "오세린") in names("누리시청 오세린과 통화했다", ("PERSON", "오세린"))
    assert ("PERSON", "박민도") in names("박민도 누리시청 주무관", ("PERSON", "박민도"))
    assert names("국정원", ("PERSON", "국정원")) == [(ENTITY, "국정원")]


def test_a_text_without_one_keeps_its_names() -> None:
    name = Result("ORGANIZATION", 0, 5, 0.8)
    assert with_institutions([name], "하늘소프트와") == [name]


def test_the_recognizer_tells_them_apart() -> None:
    recognizer = KoreanNames()
    text = "하늘소프트(주)는 서울중앙지방법원에 소장을 냈고 고용노동부에도 알렸다."
    entities = {text[r.start : r.end]: r.entity_type for r in recognizer.analyze(text)}
    assert entities["서울중앙지방법원"] == entities["고용노동부"] == ENTITY
    assert any(kind == "ORGANIZATION" and value.startswith("하늘소프트") for value, kind in entities.items())
    assert ENTITY in recognizer.supported_entities


@pytest.mark.parametrize(
    "unit", ["가", "가시 ", "경기도 ", "세무서 ", "개인정보", "정보과", "누리시청 개인정보", "한국 "]
)
def test_monotonous_texts_take_no_long_time(unit: str) -> None:
    text = (unit * 8_000)[:8_000]
    start = time.process_time()
    with_institutions([Result("ORGANIZATION", 0, len(text), 0.8)], text)
    assert time.process_time() - start < 0.3
