"""The command line of `guard eval`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from guard.cli import main
from guard.commands import eval as command
from guard.evaluation.formats import Format
from guard.evaluation.review_rows import ReviewFormat
from guard.evaluation.samples import Group
from guard.policy import Profile

ROW = {"text": "Mail a.b@example.com", "spans": [{"start": 5, "end": 20, "entity": "EMAIL_ADDRESS"}]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    rules = "policy: p\nrecognize: {profile: patterns}\nreview: {constitution: null}\n"
    (tmp_path / "policies" / "p.yaml").write_text(rules)
    (tmp_path / "guard.yaml").write_text("policies: policies\n")
    (tmp_path / "set.jsonl").write_text(json.dumps(ROW) + "\n")
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, because it keeps torch out of its process."""
    command = [sys.executable, "-m", "guard", "eval", "detect", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_choices_are_those_of_the_parts() -> None:
    assert get_args(Format) == command.FORMATS
    assert get_args(Profile) == command.PROFILES
    assert get_args(Group) == command.GROUPS
    assert get_args(ReviewFormat) == command.REVIEW_FORMATS


def test_every_option_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    first, second = page.split("# What a critic is worth")
    for part, told in ((first, command.detect), (second, command.review_critic)):
        documented = re.findall(r"^\| `(--[\w-]+)", part, re.MULTILINE)
        assert documented == [option.opts[0] for option in told.params]


@pytest.mark.usefixtures("folder")
def test_a_run_for_machines() -> None:
    told = run("--data", "set.jsonl", "--rows", "12", "--by", "entity", "--json")
    assert (told.returncode, told.stderr.splitlines()) == (
        0,
        ["  guard (patterns): 1 rows", "  guard (patterns): timing"],
    )
    values = json.loads(told.stdout)
    assert (values["data"], values["policy"]) == (["set.jsonl"], "p")
    (group,) = values["systems"]["guard (patterns)"]["groups"]
    assert (group["entity"], group["fully_masked"], group["character_precision"]) == ("EMAIL_ADDRESS", 1.0, 1.0)


@pytest.mark.usefixtures("folder")
def test_profiles_side_by_side_with_presidio() -> None:
    told = run(
        "--data", "set.jsonl", "--rows", "3", "--profile", "patterns", "--profile", "full", "--compare", "presidio"
    )
    assert told.returncode == 0, told.stderr
    for name in ("guard (patterns)", "guard (full)", "plain Presidio"):
        assert f"| {name}" in told.stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "no.jsonl"], "no.jsonl: cannot be read"),
        (["--data", "set.jsonl", "--policy", "q"], "there is no policy 'q' in"),
        (["--data", "set.jsonl", "--by", "entity,colour"], "'colour' is no group"),
        (["--data", "set.jsonl", "--format", "klue"], "line 1: is not a character"),
    ],
)
def test_what_is_wrong_is_one_message(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["eval", "detect", *arguments])
    assert result.exit_code != 0
    assert message in result.stderr
    assert "a.b@example.com" not in result.output


def test_a_critic_is_measured_for_machines(folder: Path) -> None:
    rows = [{"text": "I will break your legs.", "label": 1}, {"text": "The meeting moved to ten.", "label": 0}]
    (folder / "review.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = CliRunner().invoke(main, ["eval", "review", "--data", "review.jsonl", "--no-zero-shot", "--json"])
    assert told.exit_code == 0, told.output
    values = json.loads(told.stdout)
    assert [(one["system"], one["rows"]) for one in values["sets"]] == [
        ("embedded:all-MiniLM-L6-v2", 2),
        ("chance", 2),
        ("list of words", 2),
    ]
    assert values["sets"][0]["auroc"] == 1.0
    assert "review.jsonl: chance" in told.stderr


@pytest.mark.usefixtures("folder")
def test_a_critic_cannot_be_measured_on_nothing() -> None:
    told = CliRunner().invoke(main, ["eval", "review", "--data", "none.jsonl", "--no-zero-shot"])
    assert told.exit_code == 1
    assert (
        told.stderr == "Error: none.jsonl: cannot be read (No such file or directory). Check the path and its rights.\n"
    )
