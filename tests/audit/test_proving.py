"""A proof shows that an exchange is in the log, is made of few hashes, and is never made of a log that was altered."""

import sqlite3
from contextlib import closing as closed
from pathlib import Path
from typing import Any

import pytest

from guard.audit.bundles import check, check_growth, check_inclusion
from guard.audit.proving import grew, prove, status
from guard.audit.reading import SqliteReader
from guard.audit.store import SqliteStore
from guard.errors import AuditError
from guard.types import Closing, Opening
from tests.audit.samples import ACT, NOW, closing, new_store, opening, signed

COMMITS = (1, 2, 5, 1, 1, 7, 3, 13, 1, 1, 2, 9)  # entries each


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[SqliteReader, list[str]]:
    """A log with a frontier kept at about every fourth entry, and all its checkpoints."""
    entries = [half(f"{number:02}") for number in range(23) for half in (opening, closing)]
    notes = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guard.audit.tables.SNAPSHOT", 4)
        with closed(new_store(tmp_path_factory.mktemp("log"))) as store:
            for count in COMMITS:
                store.append([entries.pop(0) for _ in range(count)])
                notes.append(signed(store))
    return SqliteReader(store.path), notes


def alter(folder: Path, change: str) -> SqliteReader:
    path = folder / "audit.db"
    with closed(sqlite3.connect(path, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(change)
    return SqliteReader(path)


def test_every_exchange_is_proven_under_every_checkpoint_that_covers_it(log: tuple[SqliteReader, list[str]]) -> None:
    reader, notes = log
    proven = 0
    with reader.state() as state:
        for number in range(23):
            for note in notes:
                size = int(note.split("\n")[1])
                if size <= 2 * number:
                    with pytest.raises(AuditError, match="after this checkpoint"):
                        prove(state, f"{number:02}", reader.public_key, under=note)
                    continue
                proof = prove(state, f"{number:02}", reader.public_key, under=note)
                checkpoint, entries = check_inclusion(proof, reader.public_key)
                whole = [(2 * number, Opening), (2 * number + 1, Closing)]
                assert [(index, type(entry)) for index, entry in entries] == whole[: size - 2 * number]
                assert {entry.exchange for _, entry in entries} == {f"{number:02}"}
                assert checkpoint.size == size
                proven += 1
    assert proven > 100


def test_a_proof_is_made_under_the_newest_checkpoint(log: tuple[SqliteReader, list[str]]) -> None:
    reader, notes = log
    with reader.state() as state:
        assert prove(state, "00", reader.public_key).checkpoint == notes[-1]
        assert status(state, "00", reader.public_key).size == 46


def test_the_log_is_shown_to_continue_each_of_its_checkpoints(log: tuple[SqliteReader, list[str]]) -> None:
    reader, notes = log
    with reader.state() as state:
        for note in notes:
            before, after = check_growth(grew(state, note, reader.public_key), reader.public_key)
            assert (before.size, after.size) == (int(note.split("\n")[1]), 46)


def test_a_long_log_is_proven_from_few_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.audit.tables.SNAPSHOT", 16)
    with closed(new_store(tmp_path)) as store:
        for start in range(0, 4000, 8):
            store.append([opening(f"{number:04}") for number in range(start, start + 8)])
        store.sign()
        with store.state() as state:
            read = 0

            def counted(start: int, end: int) -> Any:
                nonlocal read
                for one in asked(start, end):
                    read += 1
                    yield one

            asked, state.hashes = state.hashes, counted  # type: ignore[method-assign]
            for name in ("0000", "1999", "2048", "3999"):
                prove(state, name, store.public_key)
                assert read < 12 * 16
                read = 0


def test_an_act_is_proven_too_and_an_exchange_without_its_end(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0"), ACT])
        store.sign()
        with store.state() as state:
            key = store.public_key
            assert status(state, ACT.exchange, key).entries == (1,)
            told = check(prove(state, "0", key), key)
            assert "Entry 0 of them is, byte for byte, the one in this file: the beginning of exchange 0" in told[1]
            assert told[2] == "Not shown: how the exchange ended. Its end is not in this file."
            assert "(look)" in check(prove(state, ACT.exchange, key), key)[1]


def test_what_is_not_there_is_not_proven(log: tuple[SqliteReader, list[str]], tmp_path: Path) -> None:
    reader, _ = log
    with reader.state() as state:
        with pytest.raises(AuditError, match="no such exchange"):
            prove(state, "99", reader.public_key)
        assert status(state, "99", reader.public_key).problem is not None
    with closed(new_store(tmp_path)) as store, store.state() as state, pytest.raises(AuditError, match="empty"):
        prove(state, "00", store.public_key)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE leaf SET body = replace(CAST(body AS TEXT), 'legal', 'sales') WHERE seq = 2",
        "UPDATE leaf SET body = CAST(body AS TEXT) WHERE seq = 2",
        "UPDATE leaf SET hash = zeroblob(32) WHERE seq = 5",
        "UPDATE leaf SET hash = 'x' WHERE seq = 5",
        "DELETE FROM leaf WHERE seq = 5",
        "UPDATE checkpoint SET frontier = zeroblob(32) WHERE size = 4",
        "UPDATE checkpoint SET frontier = 'x' WHERE size = 4",
        "UPDATE signed SET note = replace(note, 'time', 'tame') WHERE size = 8",
        "UPDATE signed SET note = 1 WHERE size = 8",
        "UPDATE signed SET size = 9 WHERE size = 8",
    ],
)
def test_a_log_that_was_altered_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr("guard.audit.tables.SNAPSHOT", 4)
    with closed(new_store(tmp_path)) as store:
        for number in range(4):
            store.append([opening(f"{number}"), closing(f"{number}")])
        first = signed(store)
    sound = SqliteReader(store.path)
    with sound.state() as state:
        assert status(state, "1", sound.public_key).problem is None
    altered = alter(tmp_path, change)
    with altered.state() as state:
        assert any(status(state, name, altered.public_key).problem for name in "0123")
        with pytest.raises(AuditError):
            grew(state, first.replace("8\n", "7\n", 1), altered.public_key)


def test_a_log_that_was_cut_or_made_anew_does_not_continue(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0")])
        store.sign()
        store.append([closing("0")])
        late = signed(store)
    cut = alter(tmp_path, "DELETE FROM signed WHERE size = 2")
    with cut.state() as state, pytest.raises(AuditError, match="the log was cut: it held 2 entries and now holds 1"):
        grew(state, late, cut.public_key)
    (tmp_path / "audit.db").unlink()
    with closed(SqliteStore(tmp_path / "audit.db", clock=lambda: NOW)) as store:
        store.append([opening("0"), closing("1"), opening("1")])
        store.sign()
        with store.state() as state, pytest.raises(AuditError, match="does not continue"):
            grew(state, late, store.public_key)
        with store.state() as state, pytest.raises(AuditError):
            prove(state, "0", store.public_key, under=late)
