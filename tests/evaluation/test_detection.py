"""A whole run over small files: what is measured with which policy, and what the figures come to."""

import json
from pathlib import Path
from typing import Any

import pytest

from guard import config as configuration
from guard.config import Config
from guard.errors import ConfigError
from guard.evaluation import Wish, detection, measure
from guard.evaluation.report import Alarms
from guard.evaluation.scoring import Tally
from tests.house import MAIL

CARD = "4111 1111 1111 1111"


def row(text: str, *values: tuple[str, str], **groups: str) -> dict[str, Any]:
    spans = [{"start": text.index(v), "end": text.index(v) + len(v), "entity": e} for v, e in values]
    return {"text": text, "spans": spans, **groups}


ROWS = [
    row(f"Mail {MAIL}", (MAIL, "EMAIL_ADDRESS"), language="en", half="held"),
    row("Ann Lee called", ("Ann Lee", "PERSON"), language="en", half="tuning"),
    row(f"카드 {CARD}로", (CARD, "CREDIT_CARD"), language="ko", half="held"),
    row("See https://x.example/a", ("https://x.example/a", "URL"), language="en", half="tuning"),
]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "policies").mkdir()
    rules = "policy: p\nrecognize: {profile: patterns}\nmask: {entities: {URL: keep}}\nreview: {constitution: null}\n"
    (tmp_path / "policies" / "p.yaml").write_text(rules)
    (tmp_path / "guard.yaml").write_text("policies: policies\ndata: data\n")
    return configuration.load(tmp_path / "guard.yaml", {})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in ROWS))
    return file


def test_a_run(config: Config, data: Path) -> None:
    told: list[str] = []
    report = measure(config, Wish(data=(data,), rows=30), told.append)
    assert (report.data, report.rows, report.policy, report.kept) == (("set.jsonl",), 4, "p", ("URL",))
    (system,) = report.systems
    mail, card = len(MAIL), len(CARD.replace(" ", ""))
    assert system.total == Tally(4, 2, mail + card, mail + card)
    assert system.masked == Tally(3, 2, mail + card, mail + card)
    assert system.groups["PERSON", "en"] == Tally(1, 0, 0, 0)
    assert system.groups["CREDIT_CARD", "ko"] == Tally(1, 1, card, card)
    assert system.languages["en",] == Tally(3, 1, mail, mail)
    assert sum(alarm.prompts for alarm in system.alarms) == 30
    assert [(cost.language, cost.texts) for cost in system.costs] == [("en", 1), ("ko", 1)]
    assert all(cost.per_kilobyte > 0 and cost.by_row > 0 and cost.history for cost in system.costs)
    assert told == ["guard (patterns): 4 rows", "guard (patterns): timing"]


def test_profiles_are_measured_one_after_the_other(config: Config, data: Path) -> None:
    report = measure(config, Wish(data=(data,), rows=4, profiles=("none", "patterns"), by=()))
    assert [(system.name, system.total.whole) for system in report.systems] == [
        ("guard (none)", 0),
        ("guard (patterns)", 2),
    ]
    assert report.systems[0].groups == {}


def test_a_half_and_a_number_of_rows_are_picked(config: Config, data: Path) -> None:
    held = measure(config, Wish(data=(data,), half="held", rows=1, by=("half",)))
    assert (held.rows, set(held.systems[0].groups)) == (1, {("held",)})
    both = measure(config, Wish(data=(data, data), rows=2, by=("half",)))
    assert (both.rows, both.systems[0].groups["held",].golds) == (4, 4)  # the first and the third row, twice
    with pytest.raises(ConfigError, match="has no row of the half 'spare'"):
        measure(config, Wish(data=(data,), half="spare"))


def test_ordinary_prompts_are_counted_by_what_is_masked_in_them(
    config: Config, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    texts = ["Sort a list", f"{MAIL} or {CARD}", "See https://x.example/a", f"To {MAIL}, {MAIL}"]
    prompts = [{"text": text, "language": "en"} for text in texts] + [{"text": "정렬", "language": "ko"}]
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "ordinary.jsonl").write_text("".join(json.dumps(prompt) + "\n" for prompt in prompts))
    monkeypatch.setattr(detection, "SETS", tmp_path / "evals")
    (system,) = measure(config, Wish(data=(data,))).systems
    assert system.alarms == (
        Alarms("en", 4, 2, {"CREDIT_CARD": 1, "EMAIL_ADDRESS": 2}),
        Alarms("ko", 1, 0, {}),
    )


def test_an_installed_guard_needs_data(
    config: Config, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(detection, "SETS", tmp_path / "evals")
    with pytest.raises(ConfigError, match="--data FILE"):
        measure(config, Wish())
    report = measure(config, Wish(data=(data,)))
    assert report.systems[0].alarms == ()
