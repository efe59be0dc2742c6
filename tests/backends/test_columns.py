"""Values under a label: of tables, of INSERT statements, of objects."""

from __future__ import annotations

import re
import time

import pytest

from guard.backends.columns import labelled

LABEL = re.compile("성명|이름")


def values(text: str) -> list[str]:
    return [text[start:end] for _, start, end in labelled(text, LABEL)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "| 사번 | 성명 | 부서 |\n|---|---|---|\n| 7 | 반만수 | 개발 |\n| 8 | 고하늘 | 영업 |\n끝",
            ["---", "반만수", "고하늘"],
        ),
        ("이름,전화\n마재윤,010\n'석 솔',011\n\n다른 글, 쉼표", ["마재윤", "석 솔"]),
        ("번호\t이름\n1\t탁한결", ["탁한결"]),
        ("INSERT INTO t (id, 이름) VALUES (1, '류 슬기'), (2, '위이안');", ["류 슬기", "위이안"]),
        ('{"이름": "진준서", "메모": "없음"}', ["진준서"]),
        ("| 부서 | 직급 |\n| 개발 | 대리 |", []),
        ("| 성명 | 부서 |\n| 넓은 줄 | 칸 | 셋 |", []),
        ("성명을 적고, 이름을 지운다", []),
    ],
)
def test_values_under_their_label(text: str, expected: list[str]) -> None:
    assert values(text) == expected


def test_two_labels_in_one_row_each_have_their_column() -> None:
    found = list(labelled("성명|나이|이름\n가|1|나", LABEL))
    assert [(label, start) for label, start, _ in found] == [("성명", 9), ("이름", 13)]


@pytest.mark.parametrize("unit", ["|", "이름,", "(", "(이름) VALUES (", '"이름": ', "\n|", "이름|\n"])
def test_monotonous_texts_take_no_long_time(unit: str) -> None:
    start = time.process_time()
    list(labelled((unit * 8_000)[:8_000], LABEL))
    assert time.process_time() - start < 0.5
