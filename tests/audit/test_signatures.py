"""Signatures are checked by other processes as they are here: each of them, and in bounded memory."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing as closed
from pathlib import Path

import pytest

from guard.audit import signatures
from guard.audit.checkpoint import PublicKey
from guard.audit.reading import SqliteReader
from guard.audit.ring import Ring
from guard.audit.signatures import Signatures, wrong_among
from guard.audit.verify import check
from guard.errors import AuditError
from tests.audit.samples import ACT, new_store

COUNT = 24


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[SqliteReader, list[tuple[int, str]]]:
    import dataclasses

    with closed(new_store(tmp_path_factory.mktemp("log"))) as store:
        for number in range(COUNT):
            store.append([dataclasses.replace(ACT, exchange=f"{number}")])
            store.sign()
    with SqliteReader(store.path).state() as state:
        return SqliteReader(store.path), [*state.signed()]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(signatures, "FEW", 2)
    monkeypatch.setattr(signatures, "BATCH", 3)
    monkeypatch.setattr(signatures, "AHEAD", 1)
    others = {*multiprocessing.active_children()}  # of recognizers that other tests of this process keep
    yield
    assert {*multiprocessing.active_children()} <= others


def forged(note: str) -> str:
    """Another root under the same signature."""
    lines = note.split("\n")
    lines[2] = ("B" if lines[2][0] == "A" else "A") + lines[2][1:]
    return "\n".join(lines)


def test_every_wrong_signature_is_told_wherever_it_is_checked(log: tuple[SqliteReader, list[tuple[int, str]]]) -> None:
    reader, made = log
    key = reader.public_key
    bad = {3, 4, 7, 23, 24}
    with Signatures(Ring((key,)), processes=2) as checked:
        for size, note in made:
            assert checked.check(size, forged(note) if size in bad else note).size == size
        assert {*checked.wrong()} == bad
        assert checked._pool is not None
    assert {
        *wrong_among([(0, str(key))], [(size, forged(note) if size in bad else note) for size, note in made])
    } == bad


def test_the_first_ones_and_what_is_no_note_are_told_at_once(log: tuple[SqliteReader, list[tuple[int, str]]]) -> None:
    reader, made = log
    with Signatures(Ring((reader.public_key,)), processes=2) as checked:
        with pytest.raises(AuditError, match="not right"):
            checked.check(1, forged(made[0][1]))
        checked.check(*made[1])
        for nonsense in ("", made[2][1].replace("— ", "- "), made[2][1] + made[3][1]):
            with pytest.raises(AuditError):
                checked.check(3, nonsense)
        assert [*checked.wrong()] == []


def test_one_process_checks_all_by_itself(log: tuple[SqliteReader, list[tuple[int, str]]]) -> None:
    reader, made = log
    with Signatures(Ring((reader.public_key,))) as checked:
        for size, note in made:
            checked.check(size, note)
            with pytest.raises(AuditError):
                checked.check(size, forged(note))
        assert checked._pool is None


def test_a_log_is_checked_alike_by_one_process_and_by_two(
    log: tuple[SqliteReader, list[tuple[int, str]]], tmp_path: Path
) -> None:
    reader, made = log
    copy = tmp_path / "audit.db"
    with closed(sqlite3.connect(reader.path)) as source, closed(sqlite3.connect(copy)) as raw:
        source.backup(raw)
        raw.execute("DROP TRIGGER signed_no_update")
        signed = made[19][1].split(" ")
        other = " ".join([*signed[:-1], made[18][1].split(" ")[-1]])  # the signature of another checkpoint
        raw.execute("UPDATE signed SET note = ? WHERE size = 20", (other,))
        raw.commit()
    key: PublicKey = reader.public_key
    for source_, kinds in ((reader, []), (SqliteReader(copy), ["signature"])):
        for processes in (1, 2):
            with source_.state() as state:
                report = check(state, key, processes=processes)
            assert [finding.kind for finding in report.findings if finding.at == 20] == kinds
            assert report.ok == (not kinds)
