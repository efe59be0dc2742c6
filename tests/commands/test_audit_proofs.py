"""From the log to a stranger: a proof is written here and checked elsewhere, with the public key and nothing else."""

import json
import shutil
import socket
from contextlib import closing as closed
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard.audit.checkpoint import verify
from guard.audit.places import Timestamps
from guard.audit.reading import SqliteReader
from guard.cli import main
from tests.audit.outside import TimeAuthority, serving
from tests.audit.samples import NOW, closing, new_store, opening, signed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with closed(new_store(tmp_path / "guard-data")) as store:
        store.append([opening("0"), closing("0")])
        (tmp_path / "early").write_text(signed(store))
        store.append([opening("1")])
        (tmp_path / "late").write_text(signed(store))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def test_a_proof_is_checked_where_there_is_no_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("prove", "0", "--out", "proof.json").exit_code == 0
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(folder / "proof.json", elsewhere)
    shutil.copy(folder / "guard-data" / "audit.pub", elsewhere)
    shutil.rmtree(folder / "guard-data")
    monkeypatch.chdir(elsewhere)
    checked = run("check-proof", "proof.json", "--public-key", "audit.pub")
    assert checked.exit_code == 0
    assert len(checked.stdout.splitlines()) == 3
    assert not (elsewhere / "guard-data").exists()
    text = Path("proof.json").read_text().replace("legal", "sales")
    Path("proof.json").write_text(text)
    refused = run("check-proof", "proof.json", "--public-key", "audit.pub")
    assert refused.exit_code == 1
    assert "entry 0 is not in the log that was signed" in refused.stderr


def test_what_an_interrupted_guard_left_is_signed_by_a_command(folder: Path) -> None:
    with closed(new_store(folder / "guard-data")) as store:
        store.append([closing("1")])
        store._signer._seen = store._signer._sealed  # it was killed before it signed
    verified = run("verify")
    assert verified.exit_code == 0
    assert "The last 1 entries are sealed and not signed yet" in verified.stdout
    assert "guard audit sign" in run("prove", "1").stderr
    assert run("sign").stdout == "The log is signed, up to its newest entry: 4 entries.\n"
    assert run("prove", "1").exit_code == 0
    assert len(run("verify").stdout.splitlines()) == 1


def test_a_proof_can_be_made_under_a_checkpoint_that_was_kept(folder: Path) -> None:
    made = run("prove", "0", "--under", "early")
    assert json.loads(made.stdout)["checkpoint"] == (folder / "early").read_text()
    assert "after this checkpoint" in run("prove", "1", "--under", "early").stderr
    assert "no such exchange" in run("prove", "7").stderr


def test_the_log_is_shown_to_continue_a_checkpoint_that_was_kept(folder: Path) -> None:
    shown = run("consistency", "--from", "early", "--out", "grown.json")
    assert shown.exit_code == 0
    assert "It begins with the 2 entries that it held" in shown.stdout
    assert run("check-proof", "grown.json").stdout == shown.stdout
    with closed(new_store(folder / "other")) as other:
        other.append([opening("0")])
        (folder / "strange").write_text(signed(other))
    strange = run("consistency", "--from", "strange")
    assert (strange.exit_code, "not signed by the key of this log" in strange.stderr) == (1, True)


def test_what_is_shown_of_an_exchange_says_whether_it_can_be_proven(folder: Path) -> None:
    signed = "of 3 entries, signed 2025-11-24 16:00:00 UTC; for others: guard audit prove"
    assert run("show", "0").stdout.splitlines()[-1] == f"proof        entry 0 and 1 {signed}"
    assert run("show", "1").stdout.splitlines()[-1] == f"proof        entry 2 {signed}"
    assert json.loads(run("show", "1", "--json").stdout)["proof"]["entries"] == [2]


def test_a_file_that_cannot_be_read_or_written_is_told(folder: Path) -> None:
    for arguments in (
        ("check-proof", "nowhere"),
        ("prove", "0", "--out", "nowhere/x"),
        ("consistency", "--from", "no"),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stderr.startswith("Error: no")) == (1, True)


def test_checkpoints_are_published_and_time_stamps_checked_by_commands(folder: Path) -> None:
    assert "No place is named" in run("publish").stderr
    tsa = TimeAuthority(lambda: NOW + 3600)
    tsa.pem(folder / "root.pem")
    with serving(tsa.answer) as url, closed(socket.create_server(("127.0.0.1", 0))) as silent:
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}"
        silent.close()
        places = [{"file": "kept"}, {"timestamp": url, "certificates": "root.pem"}, {"webhook": nowhere}]
        (folder / "guard.yaml").write_text(json.dumps({"audit": {"publish": places}}))
        made = run("publish")
        assert made.exit_code == 1
        assert made.stdout.splitlines() == [
            "folder kept: the checkpoint of 3 entries",
            "time-stamp authority at 127.0.0.1: the checkpoint of 4 entries",
            "webhook at 127.0.0.1: NOT published: the webhook at 127.0.0.1 cannot be reached (URLError)",
        ]
        assert run("publish").stdout.splitlines()[:2] == [
            "folder kept: nothing new", "time-stamp authority at 127.0.0.1: nothing new",
        ]  # fmt: skip
    assert len([*(folder / "kept").iterdir()]) == 1


def test_verify_reads_time_stamps(folder: Path) -> None:
    tsa = TimeAuthority(lambda: NOW + 3600)
    tsa.pem(folder / "root.pem")
    assert "there is no time-stamp" in run("verify", "--timestamps", "root.pem").stderr
    assert "--tokens needs --timestamps" in run("verify", "--tokens", "here").stderr
    store = SqliteReader(folder / "guard-data" / "audit.db")
    note = str(store.checkpoint())
    with serving(tsa.answer) as url:
        Timestamps(url, folder / "guard-data" / "timestamps").publish(note, verify(note, store.public_key))
    sound = run("verify", "--timestamps", "root.pem")
    assert (sound.exit_code, sound.stdout.splitlines()) == (0, [
        "1 time-stamps: none of the first 3 entries was made more than 1:00:00 hours after the time that it bears; "
        "0 are newer than the last time-stamp",
        "3 entries under 2 checkpoints, 1 exchanges unfinished: sound",
    ])  # fmt: skip
    shutil.copytree(folder / "guard-data" / "timestamps", folder / "copy")
    (token,) = (folder / "copy").glob("*.tsr")
    token.write_bytes(token.read_bytes()[:-1])
    damaged = run("verify", "--timestamps", "root.pem", "--tokens", "copy")
    assert damaged.exit_code == 1
    assert damaged.stdout.splitlines() == [
        f"time-stamp {token.name}: was altered, or is not by this authority, or not of this log",
        "3 entries under 2 checkpoints, 1 exchanges unfinished: NOT sound, 1 problems",
    ]
    TimeAuthority(lambda: NOW).pem(folder / "other.pem")
    assert run("verify", "--timestamps", "other.pem").exit_code == 1
