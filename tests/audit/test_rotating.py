"""The signing key changes once, for all who write; who trusts one of the keys can check what the others signed."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

import pytest

from guard.audit import checkpoint as notes
from guard.audit import keyfile, rotating
from guard.audit.bundles import check, dump, load
from guard.audit.checkpoint import PublicKey, SigningKey, sign_text
from guard.audit.findings import Report
from guard.audit.postgres_store import PostgresStore
from guard.audit.proving import grew, prove, status
from guard.audit.report import verify
from guard.audit.retention import Steward
from guard.audit.ring import Ring
from guard.audit.rotating import finish, next_of, prepare
from guard.audit.store import SqliteStore, Store
from guard.errors import AuditError, ConfigError
from guard.types import Act
from tests.audit.conftest import InPostgres, Place
from tests.audit.samples import NOW, closing, new_store, opening, signed

EVE = Steward("eve", "operator", lambda: NOW)


def rotated(store: Store, place: Place, reason: str = "as every year") -> PublicKey:
    return rotating.rotate(store, place.key, reason, EVE)


def key_in(path: Path) -> SigningKey:
    return SigningKey.parse(path.read_text())


def checked(place: Place, key: PublicKey) -> Report:
    return place.reader().verify(key)


# --- one writer ------------------------------------------------------------------------------------------------------


def test_a_new_key_signs_from_then_on_and_each_key_checks_the_whole(place: Place) -> None:
    store = place.store()
    first = place.reader().public_key
    store.append([opening("0")])
    kept = signed(store)
    store.append([closing("0")])
    second = rotated(store, place)
    store.append([opening("1")])
    third = rotated(store, place, "again")
    store.append([closing("1")])
    store.close()
    assert place.reader().public_key == third
    for key in (first, second, third):
        report = checked(place, key)
        assert (report.findings, report.entries, report.changes) == ((), 6, 2)
        assert report.last == place.reader().checkpoint()
        assert place.reader().verify(key, trusted=kept).ok
        assert verify(place.reader(), None, None) == (
            [
                f"The signing key was changed 2 times; the newest is {third.id.hex()}.",
                "6 entries under 6 checkpoints, 0 exchanges unfinished: sound",
            ],
            True,
        )
    assert notes.verify(str(report.last), third).size == 6
    with pytest.raises(AuditError):
        notes.verify(str(report.last), second)
    assert place.reader().keys(second).keys == (first, second, third)
    acts = [one.entry for one in place.reader().entries() if isinstance(one.entry, Act)]
    assert [(act.actor, act.action, act.subject) for act in acts] == [("eve", "key", "signing key of the log")] * 2
    assert acts[0].note == f"as every year ({first.id.hex()} was followed by {second.id.hex()})"


def test_a_log_goes_on_after_a_restart_and_the_old_key_is_gone(place: Place) -> None:
    store = place.store()
    store.append([opening("0")])
    old = place.key.read_text()
    new = rotated(store, place)
    store.close()
    assert key_in(place.key).public == new
    assert not next_of(place.key).exists()
    assert old not in [path.read_text(errors="replace") for path in place.folder.iterdir() if path.is_file()]
    assert stat.S_IMODE(place.key.stat().st_mode) == 0o600
    again = place.store()
    assert again.append([closing("0")]).size == 3
    again.close()
    assert checked(place, new).ok


def test_a_stranger_s_key_checks_nothing(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = place.store()
    store.append([opening("0")])
    rotated(store, place)
    with closed(new_store(tmp_path_factory.mktemp("other"))) as other:
        report = checked(place, other.public_key)
    assert "signature" in {finding.kind for finding in report.findings}
    with pytest.raises(AuditError, match="do not lead from or to the key that was given"):
        place.reader().keys(other.public_key)


def test_proofs_lead_from_the_key_that_an_auditor_has_to_the_one_that_signed(place: Place) -> None:
    store = place.store()
    first = place.reader().public_key
    store.append([opening("0"), closing("0")])
    kept = signed(store)
    second = rotated(store, place)
    store.append([opening("1")])
    store.sign()
    with place.reader().state() as state:
        for key in (first, second):
            proof, growth = prove(state, "0", key), grew(state, kept, key)
            assert status(state, "0", key).size == 4
            for made in (proof, growth):
                assert load(dump(made)) == made
                assert '/2"' in dump(made)
            told = [check(load(dump(one)), key)[0].partition(", with ")[2] for one in (proof, growth)]
            later = f"the key {second.id.hex()} that followed the one that you gave."
            assert told == [later if key == first else "the key that you gave."] * 2
        early = prove(state, "0", first, under=kept)
        assert check(load(dump(early)), first)[0].endswith("with the key that you gave.")
        with pytest.raises(AuditError, match="whoever has the old key could have made it since"):
            check(early, second)
        with pytest.raises(AuditError, match="whoever has the old key could have made it since"):
            check(replace(growth, after=kept), second)
        with pytest.raises(AuditError, match="not signed by the key of this log"):
            check(replace(proof, changes=()), first)
        text = dump(proof)
        for changed in (text.replace("guard-inclusion/2", "guard-inclusion/1"), text.replace('"changes"', '"change"')):
            with pytest.raises(AuditError):
                load(changed)
    assert first != second


def test_a_change_that_only_one_key_signed_or_that_is_missing_leads_nowhere(place: Place) -> None:
    store = place.store()
    first, old = place.reader().public_key, key_in(place.key)
    store.append([opening("0")])
    second = rotated(store, place)
    middle = key_in(place.key)
    third = rotated(store, place)
    one, other = place.reader().keys(first).changes
    assert Ring.of(first, [one, other]).keys == (first, second, third)
    text = notes.text_of(one)
    for forged in (
        [sign_text(text, old), other],
        [sign_text(text, middle), other],
        [sign_text(text.replace("time 1764", "time 1765"), old), other],
        [other, one],
        [one, one],
        [signed(store)],
        [""],
        [None],
    ):
        with pytest.raises(AuditError):
            Ring.of(first, forged)
    with pytest.raises(AuditError):
        Ring.of(first, [other])
    assert Ring.of(second, [other]).keys == (second, third)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM key_change",
        "UPDATE key_change SET size = 1",
        "UPDATE key_change SET note = replace(note, 'time 1764', 'time 1765')",
        "UPDATE key_change SET note = (SELECT note FROM signed WHERE size = 2)",
        "INSERT INTO key_change SELECT 3, note FROM key_change",
        "INSERT INTO key_change SELECT size, note FROM signed WHERE size = 1",
        "UPDATE checkpoint SET note = replace(note, 'key ', 'kex ') WHERE size = 2",
        "DELETE FROM signed WHERE size = 3",
    ],
)
def test_what_tells_of_a_change_cannot_be_altered(place: Place, change: str) -> None:
    store = place.store()
    first = place.reader().public_key
    store.append([opening("0")])
    store.sign()
    second = rotated(store, place)
    store.append([closing("0")])
    store.close()
    place.without_triggers(change)
    place.key.unlink()
    for key in (first, second):
        assert not checked(place, key).ok


# --- several writers, and one that stops in between --------------------------------------------------------------


def test_another_process_on_this_machine_goes_on_with_the_new_key(place: Place) -> None:
    one, other = place.store(), place.store()
    one.append([opening("0")])
    other.append([closing("0")])
    one.append([opening("1")])
    new = rotated(other, place)
    one.append([closing("1")])
    newest = rotated(one, place)
    other.append([opening("2")])
    one.close()
    other.close()
    assert new != newest
    assert key_in(place.key).public == newest
    report = checked(place, newest)
    assert (report.findings, report.entries, report.sealed) == ((), 7, 0)


def test_another_machine_that_was_given_the_key_beforehand_goes_on(in_postgres: InPostgres) -> None:
    place = in_postgres
    here = place.store()
    here.append([opening("0")])
    folder = place.folder / "there"
    folder.mkdir()
    for name in ("audit.key", "audit.pub", "tenant.key"):
        shutil.copy2(place.folder / name, folder / name)
    there = PostgresStore(place.url, folder / "audit.key", clock=lambda: NOW)
    there.append([closing("0")])
    prepare(place.key)
    shutil.copy2(next_of(place.key), next_of(folder / "audit.key"))
    new = rotated(here, place)
    there.append([opening("1")])
    assert key_in(folder / "audit.key").public == new == PublicKey.parse((folder / "audit.pub").read_text())
    assert not next_of(folder / "audit.key").exists()
    there.close()
    here.close()
    assert checked(place, new).ok


def test_another_machine_without_the_key_records_nothing_until_it_has_it(in_postgres: InPostgres) -> None:
    place = in_postgres
    here = place.store()
    here.append([opening("0")])
    folder = place.folder / "there"
    folder.mkdir()
    for name in ("audit.key", "audit.pub", "tenant.key"):
        shutil.copy2(place.folder / name, folder / name)
    there = PostgresStore(place.url, folder / "audit.key", clock=lambda: NOW)
    rotated(here, place)
    for attempt in (lambda: there.append([closing("0")]), lambda: PostgresStore(place.url, folder / "audit.key")):
        with pytest.raises(AuditError, match=r"changed elsewhere, and nothing is recorded here until the new one is"):
            attempt()
    for name in ("audit.key", "audit.pub"):
        shutil.copy2(place.folder / name, folder / name)
    assert there.append([closing("0")]).size == 3
    there.close()


def test_who_stops_in_between_goes_on_from_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.store()
    store.append([opening("0")])
    with monkeypatch.context() as patch:  # killed once the change is durable in the log
        patch.setattr(rotating, "_take", lambda *_: None)
        new = rotated(store, place)
    store.close()
    assert key_in(place.key).public != new
    again = place.store()
    assert again.append([closing("0")]).size == 3
    assert key_in(place.key).public == new == place.reader().public_key
    again.close()
    # killed once the public key is written too
    following = prepare(place.key)
    place.key.with_suffix(".pub").write_text(f"{following.public}\n")
    finish(place.key)
    assert key_in(place.key).public == following.public
    assert not next_of(place.key).exists()


def test_a_change_that_another_process_made_is_not_made_twice(place: Place) -> None:
    one, other = place.store(), place.store()
    one.append([opening("0")])
    following = prepare(place.key)
    new = rotated(one, place)
    with pytest.raises(AuditError, match="changed by another process just now"):
        other.rotate(following, EVE.act("key", "signing key of the log", "late"))
    assert other.append([closing("0")]).size == 3
    report = checked(place, new)
    assert (report.findings, report.changes) == ((), 1)


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0")])
        key = store.path.with_suffix(".key")
        before = store.public_key
        with closed(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("CREATE TRIGGER full BEFORE INSERT ON key_change BEGIN SELECT RAISE(ABORT, 'full'); END")
            with pytest.raises(AuditError):
                rotating.rotate(store, key, "asked", EVE)
            other.execute("DROP TRIGGER full")
        assert store.public_key == key_in(key).public == before
        prepared = key_in(next_of(key))
        store.append([closing("0")])
        assert rotating.rotate(store, key, "asked", EVE) == prepared.public  # the same key, once it can
        assert store.verify(before).ok


def test_a_next_key_of_another_log_is_refused(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store, closed(new_store(tmp_path / "other")) as other:
        store.append([opening("0")])
        key = store.path.with_suffix(".key")
        for data in (other.path.with_suffix(".key").read_bytes(), key.read_bytes(), b"nonsense"):
            next_of(key).unlink(missing_ok=True)
            keyfile.create(next_of(key), data, mode=0o600)
            with pytest.raises(ConfigError, match=r"audit\.next\.key"):
                rotating.rotate(store, key, "asked", EVE)
        assert store.verify(store.public_key).changes == 0


def test_an_old_log_changes_its_key_too(tmp_path: Path) -> None:
    """What an older guard signed commit by commit is still checked, by the key that signed it."""
    with closed(SqliteStore(tmp_path / "audit.db", clock=lambda: NOW)) as store:
        store.append([opening("0")])
        store.append([closing("0")])
    with closed(sqlite3.connect(store.path, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        key = key_in(store.path.with_suffix(".key"))
        rows = raw.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()
        raw.execute("DELETE FROM signed")
        for size, note in rows:
            told = notes.read_text(note, key.public)
            older = notes.sign(replace(told, before=b"", seal=b""), key)
            raw.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (older, size))
        raw.execute("INSERT INTO signed SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1")
    with closed(SqliteStore(store.path, clock=lambda: NOW)) as again:
        old = again.public_key
        new = rotating.rotate(again, again.path.with_suffix(".key"), "asked", EVE)
        again.append([opening("1")])
        for each in (old, new):
            assert again.verify(each, trusted=older).findings == ()
