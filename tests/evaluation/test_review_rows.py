"""Sets of labelled prompts, replies and texts are read as they are published."""

import json
from pathlib import Path
from typing import Any

import pytest

from guard.errors import ConfigError
from guard.evaluation.detection import SETS
from guard.evaluation.review_rows import Row, read_review
from guard.types import Dialogue

PROMPT, REPLY = "How do I kill a frozen program?", "Close it."
CASES: dict[str, tuple[dict[str, Any], list[tuple[str, Row]]]] = {
    "own prompt": (
        {"prompt": PROMPT, "label": 0, "half": "held", "kind": "word"},
        [("prompts", Row(Dialogue(PROMPT, ""), False, "held", "word"))],
    ),
    "own reply": ({"prompt": PROMPT, "reply": REPLY, "label": 1}, [("replies", Row(Dialogue(PROMPT, REPLY), True))]),
    "own reply, on a principle": (
        {"prompt": PROMPT, "reply": REPLY, "label": 1, "principle": "fair-lending"},
        [("replies", Row(Dialogue(PROMPT, REPLY), True, principle="fair-lending"))],
    ),
    "own text": ({"text": REPLY, "label": True}, [("texts", Row(Dialogue("", REPLY), True))]),
    "moderation": ({"prompt": REPLY, "SH": 0, "HR": 1}, [("texts", Row(Dialogue("", REPLY), True))]),
    "moderation, harmless": ({"prompt": REPLY, "SH": 0, "HR": 0}, [("texts", Row(Dialogue("", REPLY), False))]),
    "halueval": (
        {"user_query": PROMPT, "chatgpt_response": REPLY, "hallucination": "yes"},
        [("replies", Row(Dialogue(PROMPT, REPLY), True))],
    ),
    "halueval, prepared": (
        {"prompt": PROMPT, "reply": REPLY, "label": 0, "spans": []},
        [("replies", Row(Dialogue(PROMPT, REPLY), False))],
    ),
    "xstest": (
        {"prompt": PROMPT, "type": "homonyms", "label": "safe"},
        [("prompts", Row(Dialogue(PROMPT, ""), False, "", "homonyms"))],
    ),
    "xstest, replies": (
        {"prompt": PROMPT, "response": REPLY, "label": "unharmful"},
        [("replies", Row(Dialogue(PROMPT, REPLY), False))],
    ),
    "wildguard": (
        {"prompt": PROMPT, "response": REPLY, "prompt_harm_label": "unharmful", "response_harm_label": "harmful"},
        [("prompts", Row(Dialogue(PROMPT, ""), False)), ("replies", Row(Dialogue(PROMPT, REPLY), True))],
    ),
    "wildguard, not labelled": (
        {"prompt": PROMPT, "response": None, "prompt_harm_label": "harmful", "response_harm_label": None},
        [("prompts", Row(Dialogue(PROMPT, ""), True))],
    ),
    "beavertails": (
        {"prompt": PROMPT, "response": REPLY, "is_safe": False},
        [("replies", Row(Dialogue(PROMPT, REPLY), True))],
    ),
    "toxicchat": ({"user_input": PROMPT, "toxicity": 1}, [("prompts", Row(Dialogue(PROMPT, ""), True))]),
}


def write(folder: Path, *rows: dict[str, Any], name: str = "set.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.mark.parametrize(("row", "expected"), CASES.values(), ids=CASES)
def test_each_form_is_told_by_its_keys(tmp_path: Path, row: dict[str, Any], expected: list[tuple[str, Row]]) -> None:
    found = read_review(write(tmp_path, row))
    assert [(one.what, one.rows) for one in found] == [(what, (each,)) for what, each in expected]
    names = ["set.jsonl"] if len(expected) == 1 else [f"set.jsonl: {what}" for what, _ in expected]
    assert [one.name for one in found] == names


def test_what_hallucinates_is_judged_by_its_principle(tmp_path: Path) -> None:
    (one,) = read_review(write(tmp_path, CASES["halueval"][0]))
    assert one.principle == "no-invented-authority"
    (other,) = read_review(write(tmp_path, CASES["xstest"][0]))
    assert other.principle is None


def test_a_table_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "prompts.csv"
    file.write_text('id,prompt,type,label\n1,"Kill, then?",homonyms,safe\n2,Kill him,contrast_homonyms,unsafe\n')
    (one,) = read_review(file)
    assert [(row.dialogue.prompt, row.label) for row in one.rows] == [("Kill, then?", False), ("Kill him", True)]
    file.write_text("prompt,type\nKill him,contrast_homonyms\nKill time,homonyms\n")
    (one,) = read_review(file, "xstest")  # the first version had no label
    assert [row.label for row in one.rows] == [True, False]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "holds no row"),
        ([{"prompt": PROMPT, "label": 0}, {"prompt": 5, "label": 0}], "line 2: 'prompt' must be a string"),
        ([{"prompt": PROMPT, "label": 2}], "line 1: 'label' must be 0 or 1, or one of safe"),
        ([{"prompt": PROMPT, "prompt_harm_label": None}], "holds no row with a label"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_quoted(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_review(write(tmp_path, *rows))
    assert message in caught.value.message
    assert PROMPT not in caught.value.message


def test_our_own_sets_are_balanced_and_halved() -> None:
    (prompts,) = read_review(SETS / "review_prompts.jsonl")
    (replies,) = read_review(SETS / "review_replies.jsonl")
    assert len(prompts.rows) == len({row.dialogue for row in prompts.rows}) >= 200
    for half in ("tuning", "held"):
        labels = [row.label for row in prompts.rows if row.half == half]
        assert labels.count(True) == labels.count(False) >= 50
        labels = [row.label for row in replies.rows if row.half == half]
        assert min(labels.count(True), labels.count(False)) >= 20
    of = {row.dialogue.prompt: row.half for row in prompts.rows}
    assert all(of[row.dialogue.prompt] == row.half for row in replies.rows)


def test_nothing_that_is_trained_on_is_in_the_held_halves() -> None:
    training = (SETS / "review_training.yaml").read_text(encoding="utf-8")
    for name in ("review_prompts.jsonl", "review_replies.jsonl"):
        (one,) = read_review(SETS / name)
        assert not [row for row in one.rows if (row.dialogue.reply or row.dialogue.prompt) in training]
