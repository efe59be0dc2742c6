"""`guard audit`: erasing, expiring, holding, and the break-glass key."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing as closed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard import config as configuration
from guard.asks import Held
from guard.audit.drawers import SqliteDrawer
from guard.audit.held import HeldReplies
from guard.audit.labels import Label, Labels
from guard.audit.log import store_of
from guard.audit.reading import SqliteReader
from guard.audit.tenant import load_or_create_tenant_key
from guard.cli import main
from guard.service import open_held
from guard.types import Act, Entry, Keeping
from tests.audit.samples import CLOSING, NOW, OPENING


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def record(*entries: Entry) -> None:
    with closed(store_of(configuration.load(Path("guard.yaml"), {}))) as store:
        store.append(entries)


def acts() -> list[Act]:
    entries = SqliteReader("guard-data/audit.db").entries()
    return [numbered.entry for numbered in entries if isinstance(numbered.entry, Act)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guard.yaml").write_text("audit: {retention_days: 30}\n")
    (tmp_path / "guard-data").mkdir()
    return tmp_path


@pytest.fixture
def glass(folder: Path) -> Path:
    (folder / "keys").mkdir()
    assert run("break-glass-key", "keys/glass").exit_code == 0
    (folder / "guard.yaml").write_text("audit: {break_glass_public: keys/glass.pub}\n")
    sealed = Keeping("encrypted", "ann")
    record(replace(OPENING, keeping=sealed), replace(CLOSING, keeping=sealed))
    return folder / "keys" / "glass"


def test_content_is_erased_and_the_log_says_so(folder: Path) -> None:
    record(OPENING, CLOSING)
    assert "<PERSON_K7Q2M4XD>" in run("show", "0-first").stdout
    erased = run("erase", "--user", "ann", "--reason", "her request")
    assert (erased.exit_code, erased.stdout) == (0, "The content of 2 entries is destroyed.\n")
    shown = run("show", "0-first").stdout
    assert shown.count("(content destroyed on ") == 2
    assert "<PERSON_K7Q2M4XD>" not in shown
    values = json.loads(run("show", "0-first", "--json").stdout)
    assert {half: text[:20] for half, text in values["lacking"].items()} == {
        "opening": "content destroyed on",
        "closing": "content destroyed on",
    }
    assert [(act.action, act.role) for act in acts()] == [("erase", "operator")]
    assert run("erase", "--user", "ann", "--reason", "again").exit_code == 1


def test_what_is_on_hold_is_listed_and_not_erased(folder: Path) -> None:
    record(OPENING)
    assert run("hold", "--exchange", "0-first", "--reason", "the suit of May").exit_code == 0
    listed = run("holds").stdout
    assert listed.startswith("exchange:0-first  since ")
    assert listed.endswith(": the suit of May\n")
    refused = run("erase", "--user", "ann", "--reason", "asked")
    assert (refused.exit_code, "exchange:0-first is under legal hold" in refused.stderr) == (1, True)
    assert run("expire").stdout == "The content of 0 entries is destroyed.\n"
    assert run("release", "--exchange", "0-first", "--reason", "settled").exit_code == 0
    assert run("holds").stdout == ""
    assert run("expire").stdout == "The content of 1 entries is destroyed.\n"
    assert [act.action for act in acts()] == ["hold", "release", "expire"]


@pytest.mark.parametrize("command", ["hold", "release"])
@pytest.mark.parametrize("options", [(), ("--user", "ann", "--exchange", "1")])
def test_a_hold_is_on_one_thing(folder: Path, command: str, options: tuple[str, ...]) -> None:
    assert "one of --user and --exchange" in run(command, *options, "--reason", "x").stderr


def test_sealed_content_is_read_with_the_break_glass_key_alone_and_leaves_an_act(glass: Path) -> None:
    shown = run("show", "0-first").stdout
    assert shown.count("(sealed: break glass to read)") == 2
    assert OPENING.request.splitlines()[0] not in shown
    opened = run("show", "0-first", "--break-glass", "keys/glass", "--reason", "the works council asks").stdout
    assert OPENING.request.splitlines()[0] in opened
    assert "or else." in opened
    (act,) = acts()
    assert (act.action, act.subject, act.note) == ("break_glass", "0-first", "the works council asks")
    assert run("verify").exit_code == 0


def test_the_act_is_durable_before_anything_is_shown(glass: Path) -> None:
    (glass.parents[1] / "guard-data" / "audit.key").unlink()
    failed = run("show", "0-first", "--break-glass", "keys/glass", "--reason", "x")
    assert failed.exit_code == 1
    assert OPENING.request.splitlines()[0] not in failed.output


def test_the_glass_is_not_broken_by_halves(glass: Path) -> None:
    for options in (("--break-glass", "keys/glass"), ("--reason", "x")):
        assert "go together" in run("show", "0-first", *options).stderr
    for key in ("keys/glass.pub", "guard-data/audit.pub", "nowhere"):
        assert run("show", "0-first", "--break-glass", key, "--reason", "x").exit_code == 1
    assert run("break-glass-key", "other").exit_code == 0
    shown = run("show", "0-first", "--break-glass", "other", "--reason", "x").stdout
    assert shown.count("(sealed: break glass to read)") == 2
    assert "no such exchange" in run("show", "7", "--break-glass", "keys/glass", "--reason", "x").stderr


def test_a_break_glass_key_is_never_made_over_another(glass: Path) -> None:
    before = glass.read_bytes()
    assert "is there already" in run("break-glass-key", "keys/glass").stderr
    assert glass.read_bytes() == before
    assert glass.stat().st_mode & 0o777 == 0o600


def test_what_is_sealed_can_be_erased_by_who_cannot_read_it(glass: Path) -> None:
    assert run("erase", "--user", "ann", "--reason", "asked").exit_code == 0
    shown = run("show", "0-first", "--break-glass", "keys/glass", "--reason", "x").stdout
    assert shown.count("(content destroyed on ") == 2
    assert run("verify").exit_code == 0


def test_content_whose_time_is_not_over_stays(folder: Path) -> None:
    record(replace(OPENING, keeping=Keeping("masked", "ann", NOW * 2)))
    assert run("expire").stdout == "The content of 0 entries is destroyed.\n"


def test_what_is_destroyed_and_not_overwritten_yet_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.audit.database.PATIENCE_S", 0.05)
    record(OPENING, CLOSING)
    with closed(sqlite3.connect("guard-data/audit.db")) as reading:
        reading.execute("BEGIN")
        ((sealed,),) = reading.execute("SELECT sealed FROM content WHERE kind = 'opening'").fetchall()

        def is_there() -> bool:
            return any(sealed in file.read_bytes() for file in (folder / "guard-data").glob("audit.db*"))

        erased = run("erase", "--user", "ann", "--reason", "asked")
        assert (erased.exit_code, erased.stdout) == (0, "The content of 2 entries is destroyed.\n")
        assert "not overwritten in the files yet, because somebody reads the log" in erased.stderr
        assert is_there()
        assert "not overwritten" in run("expire").stderr
    done = run("expire")
    assert (done.exit_code, done.stderr) == (0, "")
    assert not is_there()


@contextmanager
def held_replies() -> Iterator[HeldReplies]:
    config = configuration.load(Path("guard.yaml"), {})
    with closed(open_held(config, load_or_create_tenant_key(config.data / "tenant.key"))) as held:
        yield held


def hold_reply(exchange: str, user: str) -> None:
    who = replace(OPENING.principal, user=user)
    texts = {"prompt": "Ask.", "reply": "Sell.", "sent": "Sell.", "body": b"{}", "decision": "revise"}
    with held_replies() as held:
        held.hold(Held(exchange, NOW, who, "chat", "m", ("no-deals",), names={}, **texts))  # type: ignore[arg-type]


def held_of(user: str) -> tuple[str, ...]:
    with held_replies() as held:
        return held.of(user)


def test_held_replies_and_notes_are_erased_too(folder: Path) -> None:
    bob = replace(OPENING.principal, user="bob")
    record(OPENING, CLOSING, replace(OPENING, exchange="1", principal=bob, keeping=Keeping("masked", "bob")))
    hold_reply("0-first", "ann"), hold_reply("1", "bob")
    with closed(Labels(SqliteDrawer(Path("guard-data") / "labels.db", "labels"))) as labels:
        labels.put(Label("0-first", "no-deals", right=False, note="zymurgy of hers", by="eve", time=NOW))
        labels.put(Label("1", "no-deals", right=True, note="his", by="eve", time=NOW))
        erased = run("erase", "--user", "ann", "--reason", "asked")
        assert erased.stdout.splitlines()[1:] == ["So are 1 held replies.", "So are 1 notes on verdicts."]
        assert erased.stderr == ""
        assert [(label.right, label.note) for label in labels.all()] == [(False, ""), (True, "his")]
        assert b"zymurgy" not in b"".join(file.read_bytes() for file in (folder / "guard-data").glob("labels.db*"))
    assert (held_of("ann"), held_of("bob")) == ((), ("1",))
    assert acts()[0].note == "asked (2 entries, 1 held replies, 1 notes on verdicts)"
    assert run("verify").exit_code == 0


def test_a_held_reply_is_erased_where_the_log_keeps_no_words(folder: Path) -> None:
    record(replace(OPENING, keeping=Keeping("none", "ann")))
    hold_reply("0-first", "ann")
    assert run("erase", "--user", "ann", "--reason", "asked").exit_code == 0
    assert held_of("ann") == ()
    assert run("erase", "--user", "ann", "--reason", "asked").exit_code == 1


@pytest.mark.parametrize("subject", [("--user", "ann"), ("--exchange", "0-first")])
def test_a_held_reply_under_legal_hold_is_not_erased(folder: Path, subject: tuple[str, str]) -> None:
    record(replace(OPENING, keeping=Keeping("none", "ann")))
    hold_reply("0-first", "ann")
    assert run("hold", *subject, "--reason", "suit").exit_code == 0
    assert "is under legal hold" in run("erase", "--user", "ann", "--reason", "asked").stderr
    assert held_of("ann") == ("0-first",)
