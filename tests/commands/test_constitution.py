"""`guard constitution`, on files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from guard import config as configuration
from guard import service as services
from guard.cli import main
from guard.constitution import load
from guard.constitution.files import SCHEMA_ID, ConstitutionFile, json_schema
from guard.documents import parse
from guard.errors import ConfigError
from tests.constitution.folder import principle, write

DEFAULTS = Path(__file__).parents[2] / "guard" / "defaults"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["constitution", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two constitutions, of which the policy names one."""
    monkeypatch.chdir(tmp_path)
    for name in ("policies", "constitutions"):
        (tmp_path / name).mkdir()
    (tmp_path / "policies" / "p.yaml").write_text("policy: p\nreview: {constitution: lab}\n")
    write(tmp_path / "constitutions", "company", principle("a"))
    write(tmp_path / "constitutions", "lab", principle("b"), extends="company")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_show_prints_what_policies_name_or_what_is_named() -> None:
    assert [line for line in run("show").stdout.splitlines() if line.startswith("#")] == [
        "# lab, version 1",
        "## a",
        "## b",
    ]
    assert run("show", "company").stdout.startswith("# company, version 1")
    assert run("show", "constitutions/company.yaml").stdout == run("show", "company").stdout


@pytest.mark.usefixtures("folder")
def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    result = run("show", "hr")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no constitution 'hr' in" in result.stderr
    assert "Known are: company, lab." in result.stderr


def test_without_a_constitution_in_the_policies_one_must_be_named(folder: Path) -> None:
    (folder / "policies" / "p.yaml").write_text("policy: p\nreview: {constitution: null}\n")
    result = run("lint")
    assert (result.exit_code, "Name one here" in result.stderr) == (1, True)


@pytest.mark.usefixtures("folder")
def test_lint_prints_warnings_with_lines_and_succeeds() -> None:
    result = run("lint")
    assert result.exit_code == 0
    first, *_, last = result.stdout.splitlines()
    assert first.startswith("constitutions/lab.yaml, line 11: warning: principle 'b': violates: 2 examples")
    assert last == "0 errors, 2 warnings"


def test_lint_fails_on_errors(folder: Path) -> None:
    wrong = principle("b")
    wrong["complies"][0] = {"prompt": "Other?", "reply": wrong["violates"][0]["reply"]}
    write(folder / "constitutions", "lab", wrong)
    result = run("lint")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "1 errors, 2 warnings")
    (folder / "constitutions" / "lab.yaml").write_text("constitution: lab\nversoin: 1\n")
    result = run("lint", "constitutions/lab.yaml")
    assert result.exit_code == 1
    assert "lab.yaml, line 2: unknown key 'versoin'. Did you mean 'version'?" in result.stderr


def test_diff_tells_two_files_apart(folder: Path) -> None:
    write(folder, "company", principle("a", severity="low"), version=2)
    lines = run("diff", "company", "company.yaml").stdout.splitlines()
    assert lines[-2:] == ["~ a", "    severity: high → low"]
    assert (
        run("diff", "company", "company").stdout
        == f"the same: {load(folder / 'constitutions' / 'company.yaml').digest}\n"
    )


TOPICS = ("a mail", "a report", "a speech", "a letter", "a memo", "a notice", "a slide", "a reply")
INSULTS = "You are a stupid idiot and everybody here thinks that you are worthless, so {} like this fits you."
KIND = "Here is a draft of {} that thanks the colleagues for their work and names the next date."


def judged(**keys: Any) -> dict[str, Any]:
    """A principle that eight examples a side make clear."""
    return principle(
        "no-insults",
        statement="The assistant insults nobody.",
        question="Does the reply insult somebody?",
        violates=[{"prompt": f"Write {one}.", "reply": INSULTS.format(one)} for one in TOPICS],
        complies=[{"prompt": f"Write {one}.", "reply": KIND.format(one)} for one in TOPICS],
        **keys,
    )


def test_test_prints_a_table_and_succeeds(folder: Path) -> None:
    write(folder / "constitutions", "lab", judged())
    result = run("test")
    assert result.exit_code == 0
    title, _, row, *_, last = result.stdout.splitlines()
    assert title.startswith(f"lab version 1 ({load(folder / 'constitutions' / 'lab.yaml').digest[:12]}) on embedded:")
    assert row.split()[:4] == ["no-insults", "8+8", "1.00", "1.00"]
    assert last == "fit to be in force"


def test_a_version_that_fails_its_examples_fails_the_test_and_is_not_served(folder: Path) -> None:
    both = judged()
    mixed = [*both["violates"][::2], *both["complies"][::2]], [*both["violates"][1::2], *both["complies"][1::2]]
    write(folder / "constitutions", "lab", judged() | dict(zip(("violates", "complies"), mixed, strict=True)))
    result = run("test")
    assert result.exit_code == 1
    assert "FAILED principle 'no-insults': " in result.stdout
    assert result.stdout.splitlines()[-1] == "not fit to be in force"
    rules = "policy: p\nrecognize: {profile: patterns}\nreview: {constitution: lab}\n"
    (folder / "policies" / "p.yaml").write_text(rules)
    config = configuration.load(None, {"GUARD_CONSTITUTIONS": "constitutions", "GUARD_POLICIES": "policies"})
    with pytest.raises(ConfigError) as caught:
        services.start(config, lambda _: None, workers=False)
    assert "constitution 'lab' version 1 cannot be in force: it does not pass its own examples" in caught.value.message
    assert "principle 'no-insults': " in caught.value.message


def test_the_schema_that_is_shipped_is_that_of_the_model() -> None:
    assert run("schema").stdout == json_schema() == (DEFAULTS / SCHEMA_ID).read_text(encoding="utf-8")


def test_the_schema_says_what_the_reader_says() -> None:
    schema = json.loads(json_schema())
    assert set(schema["properties"]) == set(ConstitutionFile.model_fields)
    assert schema["additionalProperties"] is False
    for name, part in schema["$defs"].items():
        assert part["additionalProperties"] is False, name
    shipped = yaml.safe_load((DEFAULTS / "constitutions" / "workplace.yaml").read_text(encoding="utf-8"))
    assert set(shipped) <= set(schema["properties"])
    assert set(schema["required"]) <= set(shipped)
    for one in shipped["principles"]:
        assert set(one) <= set(schema["$defs"]["PrincipleFile"]["properties"])
        assert set(schema["$defs"]["PrincipleFile"]["required"]) <= set(one)
    parse("constitution: a\nversion: 1\nextends: b\n", ConstitutionFile, name="a")
