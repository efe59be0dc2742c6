"""`guard audit export` as its user runs it."""

import json
import sqlite3
from contextlib import closing as closed
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard.audit.reading import SqliteReader
from guard.cli import main
from guard.types import Act
from tests.audit.samples import CLOSING, OPENING, new_store, opening


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with closed(new_store(tmp_path)) as store:
        store.append([OPENING, CLOSING])
    return tmp_path


def run(log: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", "export", *arguments], env={"GUARD_DATA": str(log)})


def test_an_export_says_what_it_wrote_and_leaves_an_act(log: Path) -> None:
    target = log / "out"
    result = run(log, str(target), "--content", "--actor", "eve")
    assert result.exit_code == 0, result.output
    assert result.output == f"2 entries were written to {target}; it has all up to entry 1.\n"
    (*_, last) = SqliteReader(log / "audit.db").entries()
    assert isinstance(last.entry, Act)
    told = last.entry
    assert (told.actor, told.action, told.subject) == ("eve", "export", str(target))
    assert told.note == "from entry 0 on, as jsonl, with content"
    lines = [json.loads(line) for file in target.rglob("*.jsonl") for line in file.read_text().splitlines()]
    assert len(lines) == 2


def test_without_being_asked_no_content_leaves(log: Path) -> None:
    assert run(log, str(log / "out")).exit_code == 0
    told = "".join(file.read_text() for file in (log / "out").rglob("*.jsonl"))
    assert json.dumps(OPENING.request, ensure_ascii=False)[1:-1] not in told
    assert "PERSON" in told


def test_nothing_is_written_before_it_is_on_record(log: Path) -> None:
    with closed(sqlite3.connect(log / "audit.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = run(log, str(log / "out"), "--content")
    assert result.exit_code == 1
    assert not list(log.rglob("*.jsonl"))


def test_that_somebody_exported_is_no_news_alone(log: Path) -> None:
    target = log / "out"
    run(log, str(target))
    entries = len(list(SqliteReader(log / "audit.db").entries()))
    assert run(log, str(target)).output.startswith("0 entries were written")
    assert len(list(SqliteReader(log / "audit.db").entries())) == entries
    with closed(new_store(log)) as store:
        store.append([opening("3")])
    assert run(log, str(target)).output.startswith("2 entries were written")


def test_a_wrong_place_is_told(log: Path) -> None:
    (log / "file").write_text("x")
    result = run(log, str(log / "file"))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "file" in result.output
