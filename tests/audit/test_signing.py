"""What was sealed is signed a moment later, from memory; what an interrupted process left is checked before it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint, SigningKey
from guard.audit.merkle import Frontier
from guard.audit.proving import prove, status
from guard.audit.report import verify
from guard.audit.signing import Signer
from guard.audit.store import Store
from guard.audit.tip import Commit, Row
from guard.audit.verify import UNSIGNED_S
from guard.errors import AuditError, ConfigError
from tests.audit.conftest import Place
from tests.audit.samples import ACT, NOW, closing, opening

KEY = SigningKey("guard/test", Ed25519PrivateKey.generate())
NEVER_S = 1e6
PATIENCE_S = 20.0


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def sealing(place: Place, *, now: float = NOW) -> Store:
    """A store that signs only when it is told to, as one that is killed before it does."""
    store = place.store(now=now)
    store._signer._after_s = NEVER_S  # type: ignore[attr-defined]
    return store


def killed(store: Store) -> None:
    """End `store` as a kill does: nothing more is signed."""
    store._signer._seen = store._signer._sealed  # type: ignore[attr-defined]
    store.close()


def signed(place: Place) -> Checkpoint | None:
    note = place.reader().checkpoint()
    return None if note is None else notes.verify(note, place.reader().public_key)


# --- when ------------------------------------------------------------------------------------------------------------


def test_the_newest_commit_is_signed_a_moment_later_by_itself(place: Place) -> None:
    store = place.store()
    for number in range(3):
        made = store.append([opening(f"{number}")])
        until(lambda made=made: signed(place) == made)  # type: ignore[misc]
    with place.reader().state() as state:
        sizes = [size for size, _ in state.signed()]
    assert sizes[-1] == 3
    assert place.reader().verify(store.public_key).sealed == 0


def test_a_busy_process_signs_now_and_then_and_all_at_its_end(place: Place) -> None:
    store, end, count = place.store(), time.monotonic() + 0.7, 0
    while time.monotonic() < end:
        store.append([opening(f"{count}")])
        count += 1
    store.close()
    with place.reader().state() as state:
        sizes = [size for size, _ in state.signed()]
    assert 1 <= len(sizes) <= 6
    assert len(sizes) < count
    assert sizes[-1] == count
    report = place.reader().verify(store.public_key)
    assert (report.ok, report.checkpoints, report.sealed) == (True, count, 0)


def test_what_is_signed_is_what_this_process_made_and_not_what_stands_in_the_database(place: Place) -> None:
    store = sealing(place)
    made = store.append([opening("0")])
    place.without_triggers("UPDATE checkpoint SET note = replace(note, 'time 1', 'time 2')")
    store.sign()
    assert signed(place) == made
    assert "signature" in {finding.kind for finding in place.reader().verify(store.public_key).findings}


def test_several_writers_sign_one_log(place: Place) -> None:
    one, other = sealing(place), sealing(place)
    for number in range(3):
        one.append([opening(f"{number}")])
        other.append([closing(f"{number}")])
        if number == 1:
            other.sign()
            one.sign()  # of what is behind the other's
    assert place.reader().verify(one.public_key).sealed == 2
    one.close()
    other.close()
    again = place.store()
    again.append([ACT])
    again.close()
    report = place.reader().verify(one.public_key)
    assert (report.ok, report.entries, report.sealed) == (True, 7, 0)


class Rows:
    """A table of signed notes, which fails for as many times as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.rows: list[Row] = []
        self.failures = failures

    def __call__(self, row: Row, *, patient: bool) -> None:
        if self.failures:
            self.failures -= 1
            raise AuditError("the disk is full")
        self.rows.append(row)


def commit(size: int, signed: tuple[Row, ...] = ()) -> Commit:
    sealed = Checkpoint(KEY.origin, size, bytes(32), size - 1, 0, bytes(32), bytes(32))
    text = notes.text_of(notes.sign(sealed, KEY))
    return Commit(sealed, KEY, Frontier(), size - 1, (), (size, text, None), signed, (), (), False, False)


def test_a_commit_takes_along_what_was_signed_before_it() -> None:
    rows = Rows()
    signer = Signer(rows, after_s=0.001, along_s=NEVER_S)
    signer.made(commit(1))
    until(lambda: signer.ready)
    (taken,) = signer.ready
    signer.made(commit(2, signer.ready))
    assert signer.ready == ()
    signer.close()
    assert [row[0] for row in (taken, *rows.rows)] == [1, 2]
    assert all(notes.verify(note, KEY.public) for _, note in (taken, *rows.rows))


def test_a_commit_that_failed_took_nothing_along() -> None:
    rows = Rows()
    signer = Signer(rows, after_s=0.001, along_s=0.01)
    signer.made(commit(1))
    until(lambda: rows.rows)
    assert signer.ready == ()
    signer.made(commit(2))
    signer.close()
    assert [row[0] for row in rows.rows] == [1, 2]


def test_what_could_not_be_stored_is_stored_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.audit.signing.AGAIN_S", 0.001)
    rows = Rows(failures=3)
    signer = Signer(rows, after_s=0.001, along_s=0.001)
    signer.made(commit(1))
    until(lambda: rows.rows)
    rows.failures = 1
    signer.made(commit(2))
    signer.close()
    signer.close()
    assert rows.rows[0][0] == 1
    failing = Signer(Rows(failures=1), after_s=NEVER_S)
    failing.made(commit(3))
    with pytest.raises(AuditError, match="full"):
        failing.now()
    failing.close()


# --- after a process that was killed --------------------------------------------------------------------------------


def test_what_a_killed_process_sealed_is_signed_by_the_next(place: Place) -> None:
    store = sealing(place)
    store.append([opening("0")])
    store.sign()
    store.append([closing("0")])
    store.append([opening("1")])
    killed(store)
    found = signed(place)
    assert found is not None
    assert found.size == 1
    again = place.store()
    found = signed(place)
    assert found is not None
    assert found.size == 3
    assert again.append([closing("1")]).size == 4
    assert place.reader().verify(again.public_key).ok


ALTERATIONS = (
    "UPDATE checkpoint SET note = replace(note, 'time 1764', 'time 1765') WHERE size = {}",
    "UPDATE checkpoint SET note = replace(note, 'seal ', 'seal A') WHERE size = {}",
    "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 1) WHERE size = {}",
)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("change", ALTERATIONS)
def test_an_end_that_was_altered_before_it_was_signed_is_not_gone_on_with(place: Place, change: str, size: int) -> None:
    store = sealing(place)
    store.append([opening("0")])
    store.sign()
    store.append([closing("0")])
    store.append([opening("1")])
    killed(store)
    place.without_triggers(change.format(size))
    with pytest.raises(AuditError):
        place.store()
    report = place.reader().verify(place.reader().public_key)
    assert "signature" in {finding.kind for finding in report.findings}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE leaf SET hash = (SELECT hash FROM leaf WHERE seq = 0) WHERE seq = 1",
        "DELETE FROM leaf WHERE seq = 2",
        "DELETE FROM checkpoint WHERE size = 2",
        "DELETE FROM checkpoint WHERE size >= 2",
        "DELETE FROM checkpoint",
        "UPDATE signed SET note = replace(note, 'after', 'below')",
        "UPDATE signed SET size = 2",
        "DELETE FROM signed",
    ],
)
def test_an_end_whose_entries_or_signature_were_altered_is_not_gone_on_with(place: Place, change: str) -> None:
    store = sealing(place)
    store.append([opening("0")])
    store.sign()
    store.append([closing("0")])
    store.append([opening("1")])
    killed(store)
    place.without_triggers(change)
    if change == "DELETE FROM signed":  # it is sealed all the same: nothing is lost, and nothing was altered
        assert place.store().append([closing("1")]).size == 4
        assert place.reader().verify(place.reader().public_key).ok
        return
    with pytest.raises(AuditError):
        place.store().append([closing("1")])
    assert not place.reader().verify(place.reader().public_key).ok


@pytest.mark.parametrize(
    "changes",
    [
        (
            "DELETE FROM leaf WHERE seq >= 1",
            "DELETE FROM content WHERE seq >= 1",
            "DELETE FROM checkpoint WHERE size > 1",
        ),
        ("UPDATE signed SET note = replace(note, '— guard/', '— guard/x') WHERE size = 2",),
        ("UPDATE signed SET note = replace(note, '=\n', 'A=\n')",),
    ],
)
def test_a_log_that_does_not_fit_its_last_signature_is_not_gone_on_with(place: Place, changes: tuple[str, ...]) -> None:
    store = sealing(place)
    store.append([opening("0")])
    store.append([closing("0")])
    store.sign()
    killed(store)
    place.without_triggers(*changes)
    with pytest.raises(AuditError):
        place.store()
    assert not place.reader().verify(place.reader().public_key).ok


def test_an_altered_signature_under_the_right_text_is_not_gone_on_with(place: Place) -> None:
    store = sealing(place)
    store.append([opening("0")])
    store.sign()
    note = str(place.reader().checkpoint())
    killed(store)
    foreign = notes.sign_text(notes.text_of(note), SigningKey(note.split("\n", maxsplit=1)[0], KEY.key))
    head, _, line = note.rpartition(" ")
    raw = foreign.rpartition(" ")[2]
    assert len(raw) == len(line)
    forged = f"{head} {line[:6]}{raw[6:]}"  # the id of the right key, the signature of another
    place.without_triggers(f"UPDATE signed SET note = '{forged}'")
    with pytest.raises(AuditError):
        place.store()
    assert [one.kind for one in place.reader().verify(place.reader().public_key).findings] == ["signature"]


def test_a_signed_note_that_belongs_to_no_checkpoint_is_found(place: Place) -> None:
    store = sealing(place)
    store.append([opening("0")])
    store.append([closing("0"), opening("1")])
    store.close()
    for size in (0, 2, 99):
        place.without_triggers(f"INSERT INTO signed SELECT {size}, note FROM signed")
        (finding,) = place.reader().verify(place.reader().public_key).findings
        assert (finding.kind, finding.at) == ("removed", size)
        place.without_triggers(f"DELETE FROM signed WHERE size = {size}")


def test_a_writer_checks_the_seals_of_the_others(place: Place) -> None:
    one, other = sealing(place), sealing(place)
    one.append([opening("0")])
    other.append([closing("0")])
    place.without_triggers("UPDATE checkpoint SET note = replace(note, 'time 1764', 'time 1765') WHERE size = 2")
    with pytest.raises(AuditError, match="not sealed by the key of this log: it was altered"):
        one.append([opening("1")])


# --- what the check says ---------------------------------------------------------------------------------------------


def test_the_check_says_what_is_not_signed_yet_and_whose_word_that_is(place: Place, tmp_path: Path) -> None:
    now = time.time()
    store = sealing(place, now=now)
    store.append([opening("0", now)])
    store.sign()
    store.append([closing("0", now), opening("1", now)])
    store.append([closing("1", now)])
    told, ok = verify(place.reader(), None, None)
    assert (told[0], ok) == (
        "The last 3 entries are sealed and not signed yet, which takes guard a moment; their seals are right.", True
    )  # fmt: skip
    place.key.rename(tmp_path / "away")
    told, ok = verify(place.reader(), None, None)
    assert ok
    assert told[0].endswith("only who has the signing key can check their seals.")
    assert place.reader().verify(store.public_key).sealed == 3


def test_what_was_never_signed_is_found_unless_the_seals_show_it_to_be_sound(place: Place, tmp_path: Path) -> None:
    now = time.time() - UNSIGNED_S - 1
    store = sealing(place, now=now)
    store.append([opening("0", now)])
    assert place.reader().verify(store.public_key).ok
    place.key.rename(tmp_path / "away")
    (finding,) = place.reader().verify(store.public_key).findings
    assert (finding.kind, finding.at) == ("unsigned", 0)
    assert "the last 1 entries were sealed and never signed" in finding.message
    (tmp_path / "away").rename(place.key)
    store.sign()
    place.key.unlink()
    assert place.reader().verify(store.public_key).ok


def test_a_seal_that_was_made_up_is_found_by_who_has_the_key(place: Place, tmp_path: Path) -> None:
    """Whoever has the database and no key can make a tail that looks as if it was sealed a moment ago."""
    now = time.time()
    store = sealing(place, now=now)
    store.append([opening("0", now)])
    killed(store)
    ((_, sealed, _),) = rows(place)
    made_up = f"{sealed[: sealed.index('seal ')]}seal {'A' * 43}=\n"
    place.without_triggers(f"UPDATE checkpoint SET note = '{made_up}'")
    (finding,) = place.reader().verify(store.public_key).findings
    assert (finding.kind, "not sealed by the key" in finding.message) == ("signature", True)
    place.key.rename(tmp_path / "away")
    without = place.reader().verify(store.public_key)
    assert (without.ok, without.sealed, without.seals) == (True, 1, False)


def rows(place: Place) -> list[tuple[Any, ...]]:
    with place.reader().state() as state:
        return [*state.checkpoints()]


def test_an_exchange_is_proven_once_it_is_signed(place: Place) -> None:
    store = sealing(place)
    store.append([opening("0"), closing("0"), opening("1")])
    store.sign()
    store.append([closing("1")])
    with place.reader().state() as state:
        assert prove(state, "0", store.public_key)
        problem = status(state, "1", store.public_key).problem or ""
        assert "recorded and sealed, but not signed yet" in problem
        assert "guard audit sign" in problem
    store.sign()
    with place.reader().state() as state:
        assert status(state, "1", store.public_key).entries == (2, 3)


@pytest.mark.parametrize(
    ("sealed", "made", "kind"),
    [(10 * 365 * 86_400.0, 10 * 365 * 86_400.0, "back-dated"), (0.0, -1800.0, "unsigned"), (0.0, -10.0, None)],
)
def test_without_a_key_nothing_old_is_added_behind_the_last_signature(
    place: Place, tmp_path: Path, sealed: float, made: float, kind: str | None
) -> None:
    now = time.time()
    store = sealing(place, now=now - 3600)
    store.append([opening("0", now - 3600)])
    store.sign()
    store.close()
    other = sealing(place, now=now + sealed)  # as whoever has no key would, but that the seal is right
    other.append([opening("1", now + made)])
    killed(other)
    place.key.rename(tmp_path / "away")
    report = place.reader().verify(place.reader().public_key)
    assert {finding.kind for finding in report.findings} == ({kind} if kind else set())


def test_an_error_of_any_kind_does_not_end_the_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.audit.signing.AGAIN_S", 0.001)
    stored: list[Row] = []

    def store(row: Row, *, patient: bool) -> None:
        if not stored and not failed:
            failed.append(row)
            raise ConfigError("the tables are those of another version")
        stored.append(row)

    failed: list[Row] = []
    signer = Signer(store, after_s=0.0, along_s=0.0)
    signer.made(commit(1))
    until(lambda: stored)
    signer.close()
    assert (len(failed), len(stored)) == (1, 1)
