"""The evaluation sets: made as they are written, halved, and with numbers that hold."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
import yaml

from evals import make, marks, numbers
from evals.slots import POOLS, SLOTS
from guard.config import DEFAULTS
from guard.constitution import load
from guard.evaluation.formats import read, read_ordinary
from guard.evaluation.review_rows import read_review
from guard.mask import checks

EVALS = Path(__file__).parent.parent / "evals"
DETECT = EVALS / "detect.jsonl"


def test_the_set_is_what_its_sources_make() -> None:
    assert make.content() == DETECT.read_bytes()


def test_marks_are_compiled_to_offsets() -> None:
    filled = iter(["Ann", "Bo"])
    text, spans = marks.compiled("«a» and «b#2» and «a», «01-2|PHONE»", lambda _: (next(filled), "PERSON"))
    assert text == "Ann and Bo and Ann, 01-2"
    assert [(text[s["start"] : s["end"]], s["entity"]) for s in spans] == [
        ("Ann", "PERSON"), ("Bo", "PERSON"), ("Ann", "PERSON"), ("01-2", "PHONE"),
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), [("서연", "서연이랑"), ("지우", "지우랑")])
def test_a_particle_follows_the_last_sound(value: str, text: str) -> None:
    assert marks.compiled("«a»[이랑/랑]", lambda _: (value, "")).text == text


@pytest.mark.parametrize(("value", "text"), [("부산", "부산으로"), ("서울", "서울로"), ("대구", "대구로")])
def test_a_particle_knows_its_exception(value: str, text: str) -> None:
    assert marks.compiled("«a»[으로/로] «b|X»", lambda _: (value, "")).text == f"{text} b"


@pytest.mark.parametrize("text", ["«a", "«a|b»", "«a|»", "a»"])
def test_a_broken_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"mark|slot"):
        marks.compiled(text)


def test_rows_are_many_halved_and_by_hand() -> None:
    rows = [json.loads(line) for line in DETECT.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len(rows) > 1_600
    by_hand = Counter(row["language"] for row in rows if "-hand-" in row["id"])
    assert min(by_hand[language] for language in make.LANGUAGES) >= 40
    halves = Counter((row["language"], row["half"]) for row in rows)
    assert all(
        abs(halves[language, "held"] - halves[language, "tuning"]) <= make.ROUNDS + 1 for language in make.LANGUAGES
    )


@pytest.mark.parametrize("pool", ["ko_company", "ja_company", "en_company_head", "en_country", "en_street"])
def test_generated_halves_share_no_value_of_a_larger_pool(pool: str) -> None:
    rows = [row for row in make.rows() if "-hand-" not in row["id"]]
    seen = {
        half: {value for value in POOLS[pool] if any(value in row["text"] for row in rows if row["half"] == half)}
        for half in make.HALVES
    }
    assert all(seen.values())
    assert not set.intersection(*seen.values())


def test_every_slot_and_entity_is_used() -> None:
    used = {
        mark.partition("#")[0]
        for language in make.LANGUAGES
        for _, text in marks.records(EVALS / "templates" / f"{language}.txt")
        for mark in marks.slots(text)
    }
    assert used == set(SLOTS)
    entities = {gold.entity for sample in read(DETECT) for gold in sample.golds}
    assert {slot.entity for slot in SLOTS.values() if slot.entity} <= entities


def test_ordinary_prompts_are_three_hundred() -> None:
    prompts = read_ordinary(EVALS / "ordinary.jsonl")
    assert Counter(prompt.language for prompt in prompts) == {"en": 180, "ko": 60, "ja": 60}
    assert len({prompt.text for prompt in prompts}) == 300
    assert max(len(prompt.text.encode()) for prompt in prompts) <= 2_048


def test_the_policy_knows_every_code_name_and_customer() -> None:
    lists = yaml.safe_load((EVALS / "policies" / "evaluation.yaml").read_text())["recognize"]["lists"]
    for item in lists:
        lines = (EVALS / "policies" / item["file"]).read_text(encoding="utf-8").splitlines()
        terms = {line for line in lines if line and not line.startswith("#")}
        golds = {s.text[g.start : g.end] for s in read(DETECT) for g in s.golds if g.entity == item["entity"]}
        assert golds <= terms
        assert terms == set(POOLS[item["entity"].lower()])


@pytest.mark.parametrize(
    ("make_number", "holds"),
    [
        (numbers.card, checks.luhn),
        (numbers.iban, checks.iban),
        (numbers.us_ssn, checks.ssn),
        (numbers.kr_frn, checks.rrn),
    ],
)
def test_numbers_pass_their_checks(make_number: numbers.Maker, holds: object) -> None:
    draw = random.Random(5)
    assert callable(holds)
    assert all(holds(make_number(draw)) for _ in range(200))


@pytest.mark.parametrize(
    ("computed", "known"),
    [
        (numbers.luhn_digit("7992739871"), "3"),  # the example of ISO/IEC 7812-1
        (numbers.luhn_digit("80840" + "123456789"), "3"),  # the example of the NPI's standard: 1234567893
    ],
)
def test_check_digits_are_those_of_published_examples(computed: str, known: str) -> None:
    assert computed == known


def test_replies_on_principles_stand_in_no_constitution_and_cover_all_of_three() -> None:
    documents = [load(DEFAULTS / "constitutions" / f"{name}.yaml") for name in ("finance", "hr", "engineering")]
    principles = [one for document in documents for one in document.principles]
    known = {text for p in principles for one in (*p.violates, *p.complies) for text in (one.prompt, one.reply)}
    (these,) = read_review(EVALS / "review_principles.jsonl")
    assert [row for row in these.rows if {row.dialogue.prompt, row.dialogue.reply} & known] == []
    for side in (True, False):
        assert Counter(row.principle for row in these.rows if row.label is side) == {one.id: 3 for one in principles}
