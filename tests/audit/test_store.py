import shutil
import sqlite3
import stat
from contextlib import closing as closed

import pytest

from guard.audit.committing import LogBusyError, RefusedEntryError
from guard.audit.reading import SqliteReader
from guard.audit.store import SqliteStore
from guard.errors import AuditError, ConfigError
from tests.audit.samples import CLOSING, NOW, OPENING, closing, new_store, opening


@pytest.fixture
def store(tmp_path):
    made = new_store(tmp_path)
    yield made
    made.close()


def test_what_was_appended_is_listed_and_shown(store):
    store.append([OPENING])
    store.append([CLOSING, opening("1-second")])
    newest, first = store.list()
    assert (newest.exchange, newest.ended, newest.decision, newest.outcome) == ("1-second", None, None, None)
    assert (first.user, first.team, first.application, first.surface) == ("ann", "legal", "mailer", "chat")
    assert (first.model, first.time, first.ended) == ("small-2026", OPENING.time, CLOSING.time)
    assert (first.decision, first.outcome) == ("revise", "completed")
    shown = store.show("0-first")
    assert (shown.opening, shown.closing) == (OPENING, CLOSING)
    assert store.show("1-second").closing is None
    assert store.show("nothing") is None


def test_the_list_is_read_page_by_page(store):
    store.append([opening(f"{number}") for number in range(5)])
    first = store.list(limit=2)
    second = store.list(limit=2, before=first[-1].seq)
    assert [row.exchange for row in (*first, *second)] == ["4", "3", "2", "1"]


def test_a_log_goes_on_after_a_restart(tmp_path):
    for number in range(3):
        with closed(new_store(tmp_path)) as store:
            assert store.append([opening(f"{number}"), closing(f"{number}")]).size == 2 * number + 2
    report = store.verify(store.public_key)
    assert report.ok
    assert (report.entries, report.checkpoints, report.unfinished) == (6, 3, 0)
    assert report.last == store.checkpoint()


def test_an_empty_log_is_fine(store):
    assert store.list() == ()
    assert store.checkpoint() is None
    assert store.verify(store.public_key).ok
    with pytest.raises(ValueError, match="needs an entry"):
        store.append([])


def test_a_long_log_starts_from_a_kept_frontier(tmp_path, monkeypatch):
    monkeypatch.setattr("guard.audit.tables.SNAPSHOT", 4)
    for number in range(7):
        with closed(new_store(tmp_path)) as store:
            store.append([opening(f"{number}"), closing(f"{number}")])
    assert store.verify(store.public_key).ok
    with closed(sqlite3.connect(store.path)) as raw:
        kept = raw.execute("SELECT size FROM checkpoint WHERE frontier IS NOT NULL").fetchall()
    assert kept == [(4,), (8,), (12,)]


def test_files_are_private(store):
    store.append([OPENING])
    for name in ("audit.db", "audit.db-wal", "audit.key"):
        assert stat.S_IMODE((store.path.parent / name).stat().st_mode) == 0o600
    assert SqliteReader(store.path).public_key == store.public_key


def test_two_stores_on_one_file_keep_one_log(tmp_path):
    with closed(new_store(tmp_path)) as one, closed(new_store(tmp_path)) as other:
        for number in range(5):
            one.append([opening(f"{number}")])
            other.append([closing(f"{number}")])
        assert one.verify(one.public_key).ok
        assert len(one.list()) == 5


def test_the_tables_take_no_change(store):
    store.append([OPENING])
    with closed(sqlite3.connect(store.path)) as raw:
        for change in (
            "UPDATE leaf SET user = 'bob'",
            "DELETE FROM leaf",
            "UPDATE checkpoint SET size = 9",
            "DELETE FROM checkpoint",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(change)


def test_one_half_of_an_exchange_is_recorded_once(store):
    store.append([OPENING])
    with pytest.raises(RefusedEntryError):
        store.append([opening("1-second"), OPENING])
    assert [row.exchange for row in store.list()] == ["0-first"]
    store.append([CLOSING])
    assert store.verify(store.public_key).ok


def test_a_full_disk_is_an_error_and_nothing_is_half_written(store):
    store.append([OPENING])
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(AuditError, match=r"full.*Free some space"):
        list(map(store.append, ([opening(f"{number}")] for number in range(100))))
    recorded = len(store.list(limit=200))
    report = store.verify(store.public_key)
    assert report.ok
    assert report.entries == recorded < 100
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.append([CLOSING])
    assert store.verify(store.public_key).ok


def test_an_impatient_caller_does_not_wait_for_others(store):
    with closed(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogBusyError):
            store.append([OPENING], patient=False)
        other.execute("ROLLBACK")
    store.append([OPENING], patient=False)
    store.append([CLOSING])


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(AuditError, match="closed"):
        store.append([OPENING])


def slip_in(path, **columns):
    """Add a leaf and a checkpoint as someone would who can write the database and does not have the key."""
    with closed(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TEMP TABLE row AS SELECT * FROM leaf WHERE seq = 0")
        raw.execute("UPDATE row SET seq = 1, exchange = 'slipped'")
        raw.execute("INSERT INTO leaf SELECT * FROM row")
        if columns:
            raw.execute("INSERT INTO checkpoint SELECT 2, note, frontier FROM checkpoint")
        raw.commit()


def test_a_store_does_not_sign_what_somebody_slipped_in(store):
    store.append([OPENING])
    slip_in(store.path)
    with pytest.raises(AuditError):
        store.append([CLOSING])


def test_a_store_does_not_go_on_from_a_forged_checkpoint(store):
    store.append([OPENING])
    slip_in(store.path, checkpoint=True)
    with pytest.raises(AuditError, match="does not fit its last checkpoint"):
        store.append([CLOSING])
    store.close()
    with pytest.raises(AuditError, match="guard audit verify"):
        SqliteStore(store.path)


def without_triggers(path, *changes):
    with closed(sqlite3.connect(path)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for change in changes:
            raw.execute(change)
        raw.commit()


def test_a_store_does_not_go_on_when_the_log_became_shorter(store):
    store.append([OPENING])
    store.append([CLOSING])
    without_triggers(store.path, "DELETE FROM checkpoint WHERE size = 2", "DELETE FROM leaf WHERE seq = 1")
    with pytest.raises(AuditError, match="not what this process wrote"):
        store.append([opening("1-second")])


@pytest.mark.parametrize("frontier", ["x'00'", "'text'", "zeroblob(32)"])
def test_a_store_does_not_start_from_a_damaged_frontier(store, frontier):
    store.append([OPENING])
    store.close()
    without_triggers(store.path, f"UPDATE checkpoint SET frontier = {frontier}")
    with pytest.raises(AuditError, match="guard audit verify"):
        SqliteStore(store.path)


def test_a_lost_signing_key_is_not_silently_replaced(store):
    store.append([OPENING])
    store.close()
    store.path.with_suffix(".key").unlink()
    with pytest.raises(ConfigError, match="key of the audit log is gone"):
        SqliteStore(store.path)


def test_another_signing_key_is_noticed(tmp_path, store):
    store.append([OPENING])
    store.close()
    with closed(new_store(tmp_path / "other")) as other:
        pass
    shutil.copy(other.path.with_suffix(".key"), store.path.with_suffix(".key"))
    with pytest.raises(ConfigError, match="does not belong to"):
        SqliteStore(store.path)
    shutil.copy(other.path.with_suffix(".pub"), store.path.with_suffix(".pub"))
    with pytest.raises(AuditError, match="is of another log"):
        SqliteStore(store.path)


@pytest.mark.parametrize("content", [b"", b"PRIVATE+KEY+a+b+c", b"\xff"])
def test_a_damaged_signing_key_is_refused(tmp_path, content):
    path = tmp_path / "audit.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not the signing key"):
        new_store(tmp_path)


def test_a_damaged_public_key_is_refused(store):
    store.path.with_suffix(".pub").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="public key"):
        _ = store.public_key
    with pytest.raises(ConfigError, match="public key"):
        SqliteStore(store.path)


def test_a_log_of_a_newer_guard_is_refused(store):
    store._connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(ConfigError, match="Update guard"):
        SqliteStore(store.path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "audit.db").write_bytes(b"not a database, whatever its name" * 40)
    with pytest.raises(AuditError, match="cannot be opened"):
        SqliteStore(tmp_path / "audit.db")


def test_other_tables_may_stand_in_the_same_file(tmp_path):
    with closed(sqlite3.connect(tmp_path / "audit.db")) as raw:
        raw.execute("CREATE TABLE other (id)")
    with closed(new_store(tmp_path)) as store:
        store.append([OPENING])
        assert store.verify(store.public_key).ok


def test_a_reader_makes_no_log(tmp_path):
    with pytest.raises(AuditError):
        SqliteReader(tmp_path / "audit.db").list()
    assert list(tmp_path.iterdir()) == []


def test_an_entry_filed_under_the_wrong_kind_is_not_shown(store):
    store.append([OPENING])
    without_triggers(store.path, "UPDATE leaf SET kind = 'closing'")
    assert store.show("0-first") is None
    without_triggers(store.path, "UPDATE leaf SET kind = 'opening', body = (SELECT replace(body, 'opening', 'note'))")
    with pytest.raises(AuditError):
        store.show("0-first")


def test_an_ending_filed_as_a_beginning_is_not_shown(store):
    store.append([CLOSING])
    without_triggers(store.path, "UPDATE leaf SET kind = 'opening'")
    with pytest.raises(AuditError, match="guard audit verify"):
        store.show("0-first")


def test_the_clock_is_that_of_the_commit(store):
    assert store.append([OPENING]).time_ms == NOW * 1000
