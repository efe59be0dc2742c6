"""What machines write is no name, by its form alone."""

from __future__ import annotations

import time

import pytest

from guard.backends.machine_words import MachineWords, without_technology
from guard.mask.patterns import Result


def left(text: str, found: str, entity: str = "ORGANIZATION") -> str:
    """What is left of `found` as a find in `text`."""
    start = text.index(found)
    told = MachineWords(text).told_apart(Result(entity, start, start + len(found), 0.9))
    return text[told.start : told.end] if told else ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2025-02-04T22:07:59Z INFO 시작", "2025-02-04T22:07:59Z INFO"),
        ('"id": "8a097127-a15d-42cb-8123-00aa1111ff22"', "a15d-42cb-8"),
        ("금액은 626,320 입니다", "626,320"),
        ("버전 3.11.9rc1에서", "3.11.9rc1"),
        ("해시 28bcb11fe0fc에서", "28bcb"),
        ("INSERT INTO 고객", "INSERT INTO"),
        ("DB_PASSWORD를 바꿔", "DB_PASSWORD"),
        ("numpy.linalg.eigh はどう", "numpy.linalg.eigh"),
        ("wg.Wait()\n}", "wg.Wait()"),
        ("PodがCrashLoopBackOffに", "CrashLoopBackOff"),
        ("range(0, len(items), size)", "len(items"),
        ("config/app.yaml를 열어", "config/app.yaml"),
        ("logs 테이블", "logs"),
        ("=VLOOKUP(B2,単価!A:B,2)", "=VLOOKUP(B2"),
        ("Docker를 설치", "Docker"),
        ('{"이름": "홍길동"}', '": "'),
    ],
)
def test_nothing_is_left_of_what_a_machine_wrote(text: str, found: str) -> None:
    assert left(text, found) == ""


@pytest.mark.parametrize(
    ("text", "found", "name"),
    [
        ('"조준"', '"조준', "조준"),
        ("INFO 고객사 도담", "INFO 고객사 도담", "고객사 도담"),
        ("さくら（元）", "（元", "元"),
        ("(주)하늘 12 개", "(주)하늘 12", "(주)하늘"),
        ("(株)ノース", "(株)ノース", "(株)ノース"),
        ("11번가에서", "11번가", "11번가"),
        ("SK텔레콤", "SK텔레콤", "SK텔레콤"),
        ("KT&G와 S-Oil", "KT&G", "KT&G"),
        ("ASナンシー", "ASナンシー", "ASナンシー"),
    ],
)
def test_what_can_be_a_name_stays(text: str, found: str, name: str) -> None:
    assert left(text, found) == name


def test_a_place_keeps_the_number_of_its_house() -> None:
    assert left("새길동 12 앞", "새길동 12", "LOCATION") == "새길동 12"
    assert left("새길동 12 앞", "새길동 12", "PERSON") == "새길동"


def test_a_find_that_stays_is_the_same_object() -> None:
    found = Result("PERSON", 0, 3, 0.7)
    assert MachineWords("홍길동 님").told_apart(found) is found


def test_technology_beside_another_word() -> None:
    assert without_technology("Dockerイメージ").split() == ["イメージ"]
    assert without_technology("ABC商事") == "ABC商事"


@pytest.mark.parametrize("unit", ["a_", "1", "a.", "-", "(", "0-", "aA", "/a", "a(", '"'])
def test_monotonous_texts_take_no_long_time(unit: str) -> None:
    text = (unit * 8_000)[:8_000]
    start = time.process_time()
    MachineWords(text).told_apart(Result("PERSON", 0, len(text), 0.9))
    assert time.process_time() - start < 0.3


@pytest.mark.parametrize(
    ("text", "found", "name"),
    [
        ("김철수 is not Latin", "김철수 is not Latin", "김철수"),
        ("ask 박서연 about SQL", "박서연 about SQL", "박서연"),
        ("or 田中太郎", "or 田中太郎", "田中太郎"),
        ("LG 화학 본사", "LG 화학 본사", "LG 화학 본사"),
    ],
)
def test_small_words_of_another_language_are_no_part_of_a_name(text, found, name):
    start = text.index(found)
    told = MachineWords(text).told_apart(Result("ORGANIZATION", start, start + len(found), 0.9))
    assert told is not None
    assert text[told.start : told.end] == name
