"""`guard held` and `guard audit` show what others wrote, and nothing of it steers the terminal."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from guard import config as configuration
from guard.asks import Held
from guard.audit.log import store_of
from guard.audit.tenant import load_or_create_tenant_key
from guard.cli import main
from guard.config import Config
from guard.service import open_held
from guard.types import Principal
from tests.audit.samples import NOW, OPENING

STEERING = "\x1b[2J\x1b]0;owned\x07\x9b1m\r"
WHO = Principal(f"ann{STEERING}", "sales\nx-9  pending")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guard.yaml").write_text("tenant: acme\n")
    made = configuration.load(Path("guard.yaml"), {})
    made.data.mkdir()
    return made


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_nothing_that_is_held_steers_the_terminal(config: Config) -> None:
    held = Held(
        exchange="x-1",
        time=NOW,
        principal=WHO,
        surface="chat",
        model=f"m{STEERING}",
        principles=(f"no-deals{STEERING}",),
        prompt=f"Ask.{STEERING}\nAgain.",
        reply=f"안녕 Sell.{STEERING}",
        sent=f"No.{STEERING}",
        body=b"{}",
        names={},
        decision="revise",
    )
    with closing(open_held(config, load_or_create_tenant_key(config.data / "tenant.key"))) as store:
        store.hold(held)
    listed, shown = run("held", "list"), run("held", "show", "x-1")
    approved = run("held", "approve", "x-1", "--yes", "--note", f"fine{STEERING}")
    again = run("held", "show", "x-1")
    for text in (listed, shown, approved, again):
        assert [c for c in text if not c.isprintable() and c != "\n"] == []
        assert "\\x1b[2J" in text
    assert len(listed.splitlines()) == 1
    assert approved.startswith(shown)  # what is decided about is shown before, and one line says what became of it
    assert len(approved.splitlines()) == len(shown.splitlines()) + 1
    assert "  Ask.\\x1b[2J\\x1b]0;owned\\x07\\x9b1m\n" in shown
    assert "\n  Again.\n" in shown
    assert "\n  안녕 Sell.\\x1b[2J" in shown


def test_nothing_in_the_log_steers_the_terminal(config: Config) -> None:
    with closing(store_of(config)) as store:
        store.append([replace(OPENING, principal=WHO, model=f"m{STEERING}", request=f"Ask.{STEERING}")])
    run("audit", "hold", "--user", WHO.user, "--reason", f"suit{STEERING}")
    for command in (("list",), ("show", OPENING.exchange), ("holds",)):
        text = run("audit", *command)
        assert [c for c in text if not c.isprintable() and c != "\n"] == []
        assert "\\x1b[2J" in text
    assert len(run("audit", "list").splitlines()) == 1
