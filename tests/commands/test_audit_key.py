"""`guard audit rotate-key`: one command where one machine writes the log, two where several may."""

from __future__ import annotations

from contextlib import closing as closed
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard.audit.checkpoint import PublicKey
from guard.cli import main
from tests.audit.samples import new_store, opening


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with closed(new_store(tmp_path / "guard-data")) as store:
        store.append([opening("0")])
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def test_the_key_is_changed_and_the_new_one_shown(folder: Path) -> None:
    public = folder / "guard-data" / "audit.pub"
    old = public.read_text()
    changed = run("rotate-key", "--reason", "as every year")
    assert changed.exit_code == 0
    new = PublicKey.parse(public.read_text())
    assert changed.stdout.splitlines() == [
        f"The key {new.id.hex()} signs the log from now on. Hand its public half to who checks the log:",
        str(new),
    ]
    (folder / "old.pub").write_text(old)
    for key in ("old.pub", "guard-data/audit.pub"):
        told = run("verify", "--public-key", key)
        assert f"The signing key was changed once; the newest is {new.id.hex()}." in told.stdout
    run("prove", "0", "--out", "proof.json")
    assert (
        f"with the key {new.id.hex()} that followed"
        in run("check-proof", "proof.json", "--public-key", "old.pub").stdout
    )


def test_a_key_is_prepared_for_other_machines_and_then_used(folder: Path) -> None:
    prepared = run("rotate-key", "--prepare")
    assert prepared.exit_code == 0
    assert prepared.stdout.startswith("guard-data/audit.next.key: the key ")
    name = prepared.stdout.split()[3].rstrip(".")
    assert name in run("rotate-key", "--prepare").stdout  # the same, until it is used
    assert name in run("rotate-key", "--reason", "as every year").stdout
    assert not (folder / "guard-data" / "audit.next.key").exists()


def test_where_others_may_write_a_key_is_prepared_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_URL", "postgresql://nobody@127.0.0.1:1/none")
    (folder / "guard.yaml").write_text("audit: {store: postgresql, url_env: LOG_URL}\n")
    refused = run("rotate-key", "--reason", "as every year")
    assert refused.exit_code == 1
    assert "Other machines may write this log" in refused.stderr
    assert "guard audit rotate-key --prepare" in refused.stderr


@pytest.mark.parametrize("arguments", [(), ("--prepare", "--reason", "x")])
@pytest.mark.usefixtures("folder")
def test_one_of_the_two_is_asked_for(arguments: tuple[str, ...]) -> None:
    assert "either --prepare or --reason" in run("rotate-key", *arguments).stderr
