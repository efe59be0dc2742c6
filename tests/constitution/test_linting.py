from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from guard.constitution.linting import Finding, lint
from guard.constitution.resolving import SHIPPED
from guard.errors import ConfigError
from tests.constitution.folder import principle, write

TODAY = date(2026, 6, 1)


def examples(word: str, count: int = 8) -> list[dict[str, str]]:
    return [{"prompt": f"Question {n} on {word}?", "reply": f"Answer {n} is {word}."} for n in range(count)]


def sound(id_: str, **keys: Any) -> dict[str, Any]:
    return principle(id_, **{"violates": examples(f"{id_} no"), "complies": examples(f"{id_} yes"), **keys})


def found(folder: Path, *principles: dict[str, Any], **keys: Any) -> tuple[Finding, ...]:
    return lint(write(folder, "house", *principles, **keys), TODAY)


def one(folder: Path, *principles: dict[str, Any], **keys: Any) -> Finding:
    (finding,) = found(folder, *principles, **keys)
    text = finding.path.read_text().splitlines()
    assert str(finding).startswith(f"{folder / 'house.yaml'}, line {finding.line}: {finding.grade}: ")
    assert 0 < finding.line <= len(text)
    return finding


def line_of(finding: Finding) -> str:
    return finding.path.read_text().splitlines()[finding.line - 1]


def test_a_sound_document_has_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path, sound("tea"), sound("coffee"), review_by=TODAY) == ()


def test_a_review_that_is_past_is_named(tmp_path: Path) -> None:
    finding = one(tmp_path, sound("tea"), review_by=date(2026, 5, 31))
    assert (finding.grade, line_of(finding)) == ("warning", "review_by: 2026-05-31")
    assert "was due on 2026-05-31" in finding.message


@pytest.mark.parametrize("key", ["statement", "question"])
def test_vague_words_are_named_with_their_line(tmp_path: Path, key: str) -> None:
    finding = one(tmp_path, sound("tea"), sound("coffee", **{key: "Coffee is served appropriately."}))
    assert finding.grade == "warning"
    assert line_of(finding).strip() == f"{key}: Coffee is served appropriately."
    assert "principle 'coffee'" in finding.message
    assert "'appropriately'" in finding.message


def test_double_negatives_are_named(tmp_path: Path) -> None:
    finding = one(tmp_path, sound("tea", question="Does the reply never serve without tea?"))
    assert "question: a double negative" in finding.message
    assert "question:" in line_of(finding)


def test_principles_that_overlap_are_named_once(tmp_path: Path) -> None:
    words = {"statement": "The assistant keeps salaries secret.", "question": "Does the reply reveal a salary?"}
    finding = one(tmp_path, sound("pay", **words), sound("wages", **words), sound("tea"))
    assert "principles 'pay' and 'wages' overlap: 100%" in finding.message
    assert "question:" in line_of(finding)


def test_one_for_prompts_may_say_what_one_for_replies_says(tmp_path: Path) -> None:
    words = {"statement": "The assistant keeps salaries secret.", "question": "Does it reveal a salary?"}
    asked = [{"prompt": f"Ask {n} {side}?"} for side in ("no", "yes") for n in range(8)]
    prompt = sound("asked", **words, applies_to="prompt", violates=asked[:8], complies=asked[8:])
    assert found(tmp_path, sound("pay", **words), prompt) == ()


def test_a_document_is_compared_with_what_it_extends_and_not_that_with_itself(tmp_path: Path) -> None:
    words = {"statement": "The assistant keeps salaries secret.", "question": "Does the reply reveal a salary?"}
    write(tmp_path, "company", sound("pay", **words), sound("wages", **words), sound("x", statement="Is reasonable."))
    assert found(tmp_path, extends="company") == ()
    assert [f.message.split(" overlap")[0] for f in found(tmp_path, sound("salaries", **words), extends="company")] == [
        "principles 'pay' and 'salaries'",
        "principles 'wages' and 'salaries'",
    ]


@pytest.mark.parametrize("side", ["violates", "complies"])
def test_too_few_examples_near_the_line_are_named(tmp_path: Path, side: str) -> None:
    finding = one(tmp_path, sound("tea", **{side: examples("few", 7)}))
    assert (finding.grade, line_of(finding).strip()) == ("warning", f"{side}:")
    assert f"{side}: 7 examples" in finding.message


def test_what_recognizers_check_needs_no_more_examples(tmp_path: Path) -> None:
    assert found(tmp_path, sound("data", check="reveals_unknown_data", violates=examples("few", 2))) == ()


def test_two_examples_that_say_the_same_are_named(tmp_path: Path) -> None:
    again = [*examples("tea no"), {"prompt": "question 0 on  TEA no?", "reply": "Answer 0 is tea no"}]
    finding = one(tmp_path, sound("tea", violates=again))
    assert (finding.grade, line_of(finding).strip()) == ("warning", "- prompt: question 0 on  TEA no?")
    assert "violates: says the same as example 1" in finding.message


def test_examples_that_contradict_each_other_are_an_error(tmp_path: Path) -> None:
    wrong = [*examples("tea yes"), {"prompt": "question 3 on tea no?", "reply": "answer 3 is tea no"}]
    finding = one(tmp_path, sound("tea", complies=wrong))
    assert finding.grade == "error"
    assert "complies: contradicts example 4 of 'violates'" in finding.message


@pytest.mark.parametrize(("applies_to", "grade"), [("reply", "error"), ("exchange", "warning")])
def test_the_same_reply_on_both_sides_is_told(tmp_path: Path, applies_to: str, grade: str) -> None:
    wrong = [*examples("tea yes"), {"prompt": "Quite another question?", "reply": "Answer 3 is tea no."}]
    finding = one(tmp_path, sound("tea", applies_to=applies_to, complies=wrong))
    assert finding.grade == grade
    assert "has the reply of example 4 of 'violates'" in finding.message


def test_what_cannot_be_read_is_no_finding_but_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 4: key 'principles\.0\.statement' is missing"):
        found(tmp_path, {"id": "x"})


def test_what_comes_with_guard_has_no_errors() -> None:
    for file in SHIPPED.glob("*.yaml"):
        assert [str(one) for one in lint(file, TODAY) if one.grade == "error"] == []
