"""The table is its own test: every row finds its examples to the character, and nothing in its near misses."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.checks import iban, luhn, phone, rrn, ssn
from guard.mask.checks_secrets import password, random_looking
from guard.mask.patterns import ROWS, VERSION, PatternRecognizer
from guard.mask.rows import THRESHOLD
from guard.mask.spans import ASIDE, disjoint
from guard.types import Span

ALL = PatternRecognizer()


def found(text, recognizer=ALL):
    results = [r for r in recognizer.analyze(text) if r.score >= THRESHOLD]
    spans = disjoint([Span(r.start, r.end, r.entity_type, r.score, "patterns") for r in results], text)
    return [(text[s.start : s.end], s.entity) for s in spans]


def marked(example):
    before, value, after = re.split("[«»]", example)
    return before + value + after, value


EXAMPLES = [
    pytest.param(row, example, id=f"{i}-{row.entity}") for i, row in enumerate(ROWS) for example in row.examples
]
NEAR = [pytest.param(row, text, id=f"{i}-{row.entity}") for i, row in enumerate(ROWS) for text in row.near]
PARTICLES = ("입니다", "으로", "です", "に", "님", "을")


@pytest.mark.parametrize(("row", "example"), EXAMPLES)
def test_a_row_finds_its_example_to_the_character(row, example):
    text, value = marked(example)
    assert found(text, PatternRecognizer([row])) == [(value, row.entity)]


def test_a_row_with_many_numbers_in_it_is_found_once():
    text = "moved to 25615 Tawastintie 72 Apt. 004"
    (address,) = (row for row in ROWS if "25615 Tawastintie" in "".join(row.examples))
    assert [r.start for r in PatternRecognizer([address]).analyze(text)] == [9]


@pytest.mark.parametrize(("row", "example"), EXAMPLES)
def test_the_whole_table_covers_the_example_too(row, example):
    text, value = marked(example)
    covered = "".join(part for part, _ in found(text))
    assert re.sub(r"\W", "", value) in re.sub(r"\W", "", covered)


@pytest.mark.parametrize(("row", "text"), NEAR)
def test_a_row_finds_nothing_in_its_near_misses(row, text):
    assert found(text, PatternRecognizer([row])) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.entity)
def test_a_row_has_examples_near_misses_and_a_reason_to_be_tried(row):
    assert row.examples
    assert row.near or row.entity == "SECRET"
    assert (row.at == "digit") != bool(row.needs)
    assert bool(row.lead) == bool(row.back)
    assert r"\b" not in row.regex


@pytest.mark.parametrize("particle", PARTICLES)
@pytest.mark.parametrize(
    ("value", "entity"),
    [
        ("alice@x.com", "EMAIL_ADDRESS"),
        ("4111 1111 1111 1111", "CREDIT_CARD"),
        ("090-1234-5678", "PHONE_NUMBER"),
        ("+1 212 555 0100", "PHONE_NUMBER"),
        ("10.0.0.12", "IP_ADDRESS"),
        ("DE89 3704 0044 0532 0130 00", "IBAN_CODE"),
        ("460-89-9847", "US_SSN"),
        ("900101-1******", "KR_RRN"),
        ("ghp_aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF12", "SECRET"),
        ("AKIAIOSFODNN7EXAMPLE", "SECRET"),
        ("postgres://app:s3cr3t@db:5432/prod", "SECRET"),
    ],
)
def test_a_particle_may_follow_at_once(value, entity, particle):
    assert found(f"그것은 {value}{particle}") == [(value, entity)]


@pytest.mark.parametrize(
    "text",
    [
        "Upgrade from version 1.2.3 to 10.4.12 of the library.",
        "id 123e4567-e89b-12d3-a456-426614174000 was deleted",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 broke it",
        "on 2024-10-11 at 12:30:45 in room 12",
        "order 1234567890123456 shipped, invoice 2024-000123",
        "import os; os.system('ls'); S3, C4 and EKS are fine",
        "if x == 10 and y < 3.14159: return None",
        "The price rose from 12,500 to 13,999.99 in 2023.",
        "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "Chapter 3, pages 100-120, ISBN 978-3-16-148410-0",
        "http://localhost:8080/v1/chat/completions?limit=100",
        "max_tokens=256, temperature=0.7, top_p=0.95",
        "def get_password(user: str) -> str: return vault.read(user)",
        "Please reset my password, I forgot my password.",
        "timestamp 1700000000 and 1700000000123",
        "예산은 12,500,000원이고 2024년 10월 11일까지입니다",
        "3월 5일에 회의로 5명이 앞으로 3년간 진행",
        "価格は1,280円、2024年10月11日です",
    ],
)
def test_everyday_text_is_left_alone(text):
    assert [entity for _, entity in found(text) if entity not in ASIDE] == []


def test_only_the_entities_asked_for():
    text = "alice@x.com 4111 1111 1111 1111"
    assert {r.entity_type for r in ALL.analyze(text, ["EMAIL_ADDRESS"])} == {"EMAIL_ADDRESS"}


def test_the_version_is_the_same_in_every_process_and_changes_with_a_row():
    code = "from guard.mask.patterns import VERSION; print(VERSION)"
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert elsewhere.strip() == VERSION
    row = next(row for row in ROWS if row.check)
    assert len({row.fingerprint, replace(row, score=0.123).fingerprint, replace(row, check=None).fingerprint}) == 3
    assert row.fingerprint == replace(row, near=("another",)).fingerprint


def test_it_has_the_shape_of_a_presidio_recognizer():
    assert ALL.name == "patterns"
    assert ALL.supported_language == "*"
    assert {"EMAIL_ADDRESS", "SECRET", "KR_RRN", "LOCATION"} <= set(ALL.supported_entities)
    assert re.fullmatch("[0-9a-f]{16}", VERSION)


def test_a_word_near_by_raises_or_lowers_the_score():
    def score(text):
        return max((r.score for r in ALL.analyze(text) if r.entity_type == "CREDIT_CARD"), default=0)

    plain, context, against = (score(f"{w} 4111111111111112") for w in ("the", "my card", "tracking"))
    assert against < plain < THRESHOLD <= context


def test_a_failing_checksum_lowers_and_does_not_forbid():
    by_value = {value: ALL.analyze(f"pay {value}")[0].score for value in ("4111 1111 1111 1111", "4111 1111 1111 1112")}
    assert by_value["4111 1111 1111 1111"] > by_value["4111 1111 1111 1112"] >= THRESHOLD


def test_lowering_that_changes_the_length_moves_no_offset():
    assert found("İİİ my password is hunter2") == [("hunter2", "SECRET")]


@given(st.text(max_size=200))
def test_any_text_gives_results_inside_it(text):
    for result in ALL.analyze(text):
        assert 0 <= result.start < result.end <= len(text)
        assert 0 < result.score <= 1


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            ["1", "-", " ", ".", "a", "A", "@", "://", "password is ", ":", "+", "(", "가", "로 ", "-----BEGIN ", "\n"]
        ),
        max_size=60,
    ).map("".join)
)
def test_fragments_of_patterns_in_any_order_are_survived(text):
    found(text)


NASTY = (
    "a.", "1-", "1 ", "12 ", "A1", "a@", "@a.", "a:", "::", "1:", "://a:", "ab:", "(1", "+1",
    "password is ", "password=", "-----BEGIN PRIVATE KEY-----\n", "eyJaaaaaaaa.", "key: ", "Aa ",
    "1 Aa ", "Aa, ", "로 1", "서울 중구 ", "東京都", "12 Main ", "Mr. A", "name is Aa ", "born 1.1.", "sk-",
    "\n", "=", "a", "1", "가", "Server=", "Suite 1 ", "1 Aa 1 ", "http://a:a", "Hauptstraße 1",
    "비밀번호 ", "token: a", "김가나 ", "김가나 과장 ", "가나팀 ", "대학교 ", "학과 ", "記号1", "東京都新宿区", "普通 ", "중구 가동 1-1 ", "동 1층",
    "on 1.1.1990", "May 1 ", "age: ", "born in A ", "http://", "corner of A and ", "lives at aaa ", "work as a b ", "국적 ",
    "MRN: A-", "license no. ", "직위: 가 ", "국민은행 1-", "12가 1", "A1B2", "I am abish ", "Apt 1 Aa,\n  ", "Lindenallee, Aa", "(M/",
)  # fmt: skip


@pytest.mark.parametrize("unit", NASTY)
def test_a_long_row_of_anything_is_read_in_time_that_grows_with_its_length(unit):
    """Counted, not timed: a quadratic row would not come back from 50 KB within the time limit of the whole run."""
    text = (unit * 50_000)[:50_000]
    ALL.analyze(text)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (luhn, ("4111111111111111", "3782 822463 10005"), ("4111111111111112", "", "0000")),
        (iban, ("GB29 NWBK 6016 1331 9268 19", "de89370400440532013000"), ("GB28NWBK60161331926819",)),
        (ssn, ("460-89-9847",), ("000-12-3456", "666-12-3456", "900-12-3456", "123-00-1234", "123-12-0000")),
        (rrn, ("960917-2331057", "960917-2331059"), ("960917-2331056", "900101-1******")),
        (phone, ("+82 10 1234 5678",), ("123", "1" * 16)),
        (
            random_looking,
            ("0a1b2c3d4e5f", "Ab8~Q.xyz"),
            ("os.environ", "aaaaaaaa", "short1", "your-key-1", "${TOKEN_1}"),
        ),
        (password, ("hunter2", "swordfish", "4821"), ("incorrect", "required.", "getpass()", "${PW}", "****", "<pw>")),
    ],
)
def test_the_checks(check, good, bad):
    assert all(check(value) for value in good)
    assert not any(check(value) for value in bad)
