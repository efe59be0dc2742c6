"""Every alteration that a person with the database file and without the signing key can make is found."""

import shutil
import sqlite3
from contextlib import closing as closed

import pytest

from guard.audit.reading import SqliteReader
from guard.audit.store import SqliteStore
from guard.errors import AuditError
from tests.audit.altering import Log
from tests.audit.samples import NOW, closing, encoded, new_store, opening

COMMITS = (1, 2, 1, 3, 2, 1)  # entries each; with a frontier kept at every fourth entry


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guard.audit.tables.SNAPSHOT", 4)
        entries = [half(f"{number}-exchange") for number in range(5) for half in (opening, closing)]
        with closed(new_store(tmp_path_factory.mktemp("log"))) as store:
            for count in COMMITS:
                store.append([entries.pop(0) for _ in range(count)])
                if count == 3:  # the others are sealed
                    store.sign()
            key = store.public_key
        made = Log(SqliteReader(store.path), key)
        yield made
        made.raw.close()


def test_the_log_is_sound_to_begin_with(log):
    assert log.findings() == ()
    assert len(log.leaves) == 10
    assert [bool(row[2]) for row in log.checkpoints] == [False, False, True, False, True, False]


def test_no_entry_can_be_removed(log):
    for seq in range(10):
        assert "removed" in log.kinds(("DELETE FROM leaf WHERE seq = ?", seq))


def test_no_entry_can_be_removed_by_moving_the_others_up(log):
    for seq in range(10):
        changes = [("DELETE FROM leaf WHERE seq = ?", seq)]
        changes += [("UPDATE leaf SET seq = ? WHERE seq = ?", later - 1, later) for later in range(seq + 1, 10)]
        assert log.kinds(*changes) & {"removed", "root"}


def test_no_checkpoint_can_be_removed(log):
    for size, *_ in log.checkpoints[:-1]:
        assert "removed" in log.kinds(("DELETE FROM checkpoint WHERE size = ?", size))
    assert "unsigned" in log.kinds(("DELETE FROM checkpoint WHERE size = 10",))


def test_no_two_entries_can_change_places(log):
    for one in range(10):
        for other in range(one):
            found = log.kinds(
                ("UPDATE leaf SET seq = 99 WHERE seq = ?", one),
                ("UPDATE leaf SET seq = ? WHERE seq = ?", one, other),
                ("UPDATE leaf SET seq = ? WHERE seq = 99", other),
            )
            assert "root" in found


@pytest.mark.parametrize("seq", [10, 11, -1, -7, 2**62])
def test_no_entry_can_be_added(log, seq):
    fields = "hash, exchange || '!', kind, time, user, team, application, surface, model, decision, outcome, body"
    assert log.findings((f"INSERT INTO leaf SELECT ?, {fields} FROM leaf WHERE seq = 4", seq))


def test_no_checkpoint_can_be_added(log):
    assert "signature" in log.kinds(("INSERT INTO checkpoint SELECT 11, note, NULL FROM checkpoint WHERE size = 10",))
    assert "signature" in log.kinds(("INSERT INTO checkpoint SELECT -1, note, NULL FROM checkpoint WHERE size = 10",))


def test_a_consistent_forgery_is_found_by_its_root(log, tmp_path):
    """Entry, hash and columns all changed so that they fit each other: only the signed root tells."""
    with closed(new_store(tmp_path)) as other:
        other.append([opening("9-other"), closing("9-other")])
        with closed(sqlite3.connect(other.path)) as raw:
            forged = raw.execute("SELECT * FROM leaf WHERE seq = 0").fetchone()[1:]
    names = [row[1] for row in log.raw.execute("PRAGMA table_info(leaf)")][1:]
    for seq in range(0, 10, 2):
        change = f"UPDATE leaf SET {', '.join(f'{name} = ?' for name in names)} WHERE seq = ?"
        found = log.findings((change, *forged, seq))
        assert {finding.kind for finding in found} == {"root", "content"}
        sizes = [0, *[row[0] for row in log.checkpoints]]
        assert found[0].at == max(size for size in sizes if size <= seq)


def cut_to(size):
    """Delete the end of a log, and all that tells of it."""
    return [
        ("DELETE FROM leaf WHERE seq >= ?", size),
        *((f"DELETE FROM {table} WHERE size > ?", size) for table in ("checkpoint", "signed")),
    ]


BESIDE = ("DELETE FROM content WHERE (exchange, kind) NOT IN (SELECT exchange, kind FROM leaf)",)


def test_a_log_without_its_end_needs_a_checkpoint_that_was_kept(log):
    changes = (*cut_to(7), BESIDE)
    kept = log.signed[-1][1]
    assert log.findings(*changes) == ()
    assert log.kinds(*changes, trusted=kept) == {"truncated"}
    assert log.kinds(*cut_to(9), BESIDE) == {"unsigned"}  # it ends between two signatures, and that long ago
    assert log.findings(trusted=kept) == ()
    assert log.findings(trusted=log.signed[0][1]) == ()


def test_an_emptied_log_is_found_by_the_checkpoint_that_was_kept(log):
    changes = (*cut_to(0), BESIDE)
    assert log.kinds(*changes, trusted=log.signed[0][1]) == {"truncated"}


def test_a_log_that_was_made_anew_with_the_key_is_found_by_the_checkpoint_that_was_kept(log, tmp_path):
    for suffix in (".key", ".pub"):
        shutil.copy(log.reader.path.with_suffix(suffix), tmp_path / f"audit{suffix}")
    with closed(new_store(tmp_path)) as store:
        for number in range(5):
            store.append([opening(f"{number}-other"), closing(f"{number}-other")])
        assert store.verify(log.key).ok
        report = store.verify(log.key, trusted=log.signed[-1][1])
    assert [finding.kind for finding in report.findings] == ["truncated"]


def test_a_kept_checkpoint_must_itself_be_sound(log):
    with pytest.raises(AuditError):
        log.reader.verify(log.key, trusted=log.signed[-1][1].replace("10\n", "11\n", 1))


@pytest.mark.parametrize(
    ("time", "sound"), [(NOW - 299, True), (NOW - 301, False), (NOW + 299, True), (NOW + 301, False)]
)
def test_an_entry_that_is_back_dated_or_ahead_of_its_commit_is_found(tmp_path, time, sound):
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0")])
        store.append([opening("1", time)])
        report = store.verify(store.public_key)
        assert [finding.kind for finding in report.findings] == ([] if sound else ["back-dated"])
        assert store.verify(store.public_key, tolerance_s=400).ok


def test_a_clock_that_was_turned_back_is_found(tmp_path):
    times = iter((NOW, NOW - 3600))
    with closed(SqliteStore(tmp_path / "audit.db", clock=lambda: next(times))) as store:
        store.append([opening("0", NOW)])
        store.append([opening("1", NOW - 3600)])
        report = store.verify(store.public_key)
    assert {finding.kind for finding in report.findings} == {"back-dated"}


def test_only_the_first_findings_are_listed_and_all_are_counted(tmp_path):
    with closed(new_store(tmp_path)) as store:
        store.append([opening(f"{number}") for number in range(150)])
        store._connection.execute("DROP TRIGGER leaf_no_update")
        store._connection.execute("UPDATE leaf SET user = 'bob'")
        report = store.verify(store.public_key)
    assert (report.problems, len(report.findings), report.ok) == (150, 100, False)


def test_a_long_commit_is_checked_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("guard.audit.walking.AT_ONCE", 8)
    with closed(new_store(tmp_path)) as store:
        store.append([opening(f"{number}") for number in range(20)])
        report = store.verify(store.public_key)
    assert (report.ok, report.entries, report.unfinished) == (True, 20, 20)


def test_an_entry_that_was_written_by_a_newer_guard_is_said_to_be_unreadable(tmp_path):
    from guard.audit.entries import SCHEMA, Leaf, columns
    from guard.audit.merkle import leaf_hash

    entry = opening("0")
    body = encoded(entry).replace(b'"schema":%d' % SCHEMA, b'"schema":%d' % (SCHEMA + 1))
    with closed(new_store(tmp_path)) as store:
        store.append([Leaf(body, leaf_hash(body), columns(entry))])
        report = store.verify(store.public_key)
    assert "schema" in report.findings[0].message


def test_the_log_may_grow_while_it_is_checked(tmp_path):
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0")])
        assert store.verify(store.public_key).entries == 1
        store.append([closing("0")])
        assert store.verify(store.public_key).entries == 2
