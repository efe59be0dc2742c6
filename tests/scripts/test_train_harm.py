"""The trainer of the general sense of harm: what it learns from, and that its figures are of what it did not see."""

import json
from pathlib import Path

import numpy as np
import pytest

from guard.backends import harm
from guard.backends.heads import auroc
from scripts import train_harm
from scripts.train_harm import Text


@pytest.fixture
def moderation(tmp_path: Path) -> Path:
    file = tmp_path / "moderation.jsonl"
    file.write_text("".join(json.dumps({"text": f"text {n}", "label": n % 2}) + "\n" for n in range(6)))
    return file


def test_nothing_of_the_held_halves_is_learnt(moderation: Path) -> None:
    learnt = {one.text for one in train_harm.texts(moderation)}
    held = {one.text for one in train_harm.review("held")}
    assert len(held) > 150
    assert not learnt & held
    assert {one.source for one in train_harm.texts(moderation)} == {
        "moderation", "questions", "statements", "replies", "tuning prompt", "tuning reply", "ordinary",
    }  # fmt: skip


def test_what_belongs_together_is_in_one_fold() -> None:
    """Labels are noise, but twins have one vector and one label: a fit that saw the twin knows it, in four of five cases."""
    generator = np.random.default_rng(3)
    vectors = np.repeat(generator.normal(size=(60, 80)), 2, axis=0)
    labels = np.repeat(generator.integers(0, 2, 60), 2)
    training = [Text("", int(label), "x", f"{n // 2}") for n, label in enumerate(labels)]
    apart = [Text("", int(label), "x", f"{n}") for n, label in enumerate(labels)]
    for texts, least, most in ((training, 0.2, 0.75), (apart, 0.85, 1.0)):
        logits = train_harm.out_of_fold(texts, vectors)
        assert least <= auroc(logits[labels == 1], logits[labels == 0]) <= most


def test_calibrated_logits_are_log_odds() -> None:
    """Of two bells of equal width the log-odds are a line: here four times the logit, less two."""
    generator = np.random.default_rng(4)
    logits = np.concatenate([generator.normal(0, 0.5, 400), generator.normal(1, 0.5, 200)])
    slope, shift = train_harm.calibrated([Text("", int(n >= 400), "x", "") for n in range(600)], logits)
    assert slope == pytest.approx(4, abs=0.8)
    assert shift == pytest.approx(-2, abs=0.5)


def test_what_is_written_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_harm, "FILE", tmp_path / "harm.json")
    head = train_harm.Head(np.array([1.0, -0.5, 0.25]), 0.5)
    train_harm.write(head, 2.0, -0.1, train_harm.heads.Thresholds(clear=-1.0, fire=1.5))
    read = harm.load(tmp_path / "harm.json")
    assert read.weights == pytest.approx([2.0, -1.0, 0.5])
    assert (read.bias, read.thresholds.fire, read.thresholds.clear) == (0.9, 1.5, -1.0)
