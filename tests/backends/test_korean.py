"""Korean names: forms, mails, lists; and ordinary prompts, in which nothing is to be found."""

from __future__ import annotations

import threading

import pytest

from guard.backends.crf import Bounds
from guard.backends.korean import KoreanNames
from tests.backends.ordinary import KOREAN


@pytest.fixture(scope="module")
def names() -> KoreanNames:
    return KoreanNames()


def found(names: KoreanNames, text: str, entity: str | None = None) -> set[str]:
    return {text[r.start : r.end] for r in names.analyze(text, [entity] if entity else None)}


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("이 건은 김민수 과장에게 전달했습니다.", "김민수"),
        ("박서연 님께서 문의하신 내용입니다.", "박서연"),
        ("성명: 최도윤\n직급: 대리", "최도윤"),
        ("환자명 : 남궁민재 (남, 45세)", "남궁민재"),
        ("예금주: 홍 길 동", "홍 길 동"),
        ("담당자\t윤하늘\t내선 1234", "윤하늘"),
        ("| 3 | 오세린 | 인사팀 |", "오세린"),
        ("신청인 성명: 응우옌 티 란", "응우옌 티 란"),
        ("어제 한지우가 전화했어", "한지우"),
        ("한지우라는 사람이 왔어요", "한지우"),
    ],
)
def test_people_without_their_particles(names: KoreanNames, text: str, person: str) -> None:
    assert person in found(names, text, "PERSON")


@pytest.mark.parametrize(
    ("text", "organisation"),
    [
        ("(주)하늘소프트는 다음 달에 상장한다.", "(주)하늘소프트"),
        ("㈜하늘소프트와 계약했다.", "㈜하늘소프트"),
        ("주식회사 푸른들에서 연락이 왔습니다.", "주식회사 푸른들"),
        ("하늘소프트(주) 귀중", "하늘소프트(주)"),
        ("그는 서울대학교를 졸업했다.", "서울대학교"),
    ],
)
def test_organisations_with_their_legal_form(names: KoreanNames, text: str, organisation: str) -> None:
    assert any(organisation in value for value in found(names, text, "ORGANIZATION"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("본사는 서울 강남구 역삼동에 있습니다.", "서울 강남구 역삼동"),
        ("경기도 성남시 분당구 정자동으로 이사했다.", "경기도 성남시 분당구 정자동"),
        ("부산에서 만나자", "부산"),
    ],
)
def test_places_down_to_the_quarter(names: KoreanNames, text: str, place: str) -> None:
    covered = {i for r in names.analyze(text) for i in range(r.start, r.end)}
    start = text.index(place)
    assert all(i in covered or text[i].isspace() for i in range(start, start + len(place)))
    assert start + len(place) not in covered  # the particle


def test_a_name_with_a_title_is_found_where_only_the_given_name_stands(names: KoreanNames) -> None:
    text = "수신: 표가은 과장\n\n지난번에 가은씨가 말한 대로 합시다. 표가은은 찬성입니다."
    starts = {(text[r.start : r.end], r.start) for r in names.analyze(text, ["PERSON"])}
    assert ("가은", text.index("가은씨")) in starts
    assert ("표가은", text.index("표가은은")) in starts


def test_ordinary_prompts_stay_as_they_are(names: KoreanNames) -> None:
    touched = [text for text in KOREAN if names.analyze(text)]
    assert len(touched) / len(KOREAN) < 0.02, touched


def test_offsets_are_those_of_the_whole_text(names: KoreanNames) -> None:
    english = "nothing to be read here " * 20
    text = f"😀 {english}\n" * 3 + "성명: 김민수\n" + f"{english}\n" * 3 + "담당자: 이서연 대리"
    assert {"김민수", "이서연"} <= found(names, text, "PERSON")


def test_a_batch_finds_what_single_texts_do(names: KoreanNames) -> None:
    texts = ["김민수 과장", "", "nothing", "서울 강남구 역삼동", "김민수 과장"]
    assert names.analyze_batch(texts) == [names.analyze(text) for text in texts]


def test_a_text_without_hangul_loads_nothing() -> None:
    fresh = KoreanNames()
    assert fresh.analyze_batch(["Alice Meyer in Berlin", "田中さん", "", "12345"]) == [[], [], [], []]
    assert not fresh.loaded
    fresh.analyze("김민수")
    assert fresh.loaded


def test_threads_share_one_model() -> None:
    fresh = KoreanNames()
    texts = ["김민수 과장은 서울에 있다.", "박서연 대표가 (주)하늘소프트를 세웠다."] * 3
    expected = KoreanNames().analyze_batch(texts)
    results: list[object] = [None] * len(texts)

    def work(index: int) -> None:
        results[index] = fresh.analyze(texts[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == expected


def test_wider_bounds_find_no_less(names: KoreanNames) -> None:
    text = "\n".join(KOREAN[:20]) + "\n지난주에 가람테크 사람들과 춘천에서 만났다."
    strict = {i for r in KoreanNames(bounds=Bounds(0.6, 0.9)).analyze(text) for i in range(r.start, r.end)}
    wide = {i for r in names.analyze(text) for i in range(r.start, r.end)}
    assert strict <= wide
