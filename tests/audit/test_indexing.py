"""The search index is made behind the exchanges, and what fails is tried again."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from guard.audit.indexing import Indexer
from guard.audit.reading import Filters
from guard.audit.retention import Steward, erase
from guard.audit.store import AT_ONCE, SqliteStore
from guard.errors import AuditError
from guard.types import Keeping
from tests.audit.conftest import Place
from tests.audit.samples import CLOSING, NOW, OPENING, new_store, opening


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_appended_is_found_soon_after(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store, closed(Indexer(store, every_s=0.01)):
        for name in ("1", "2"):
            store.append([replace(opening(name), request=f"word{name}")])
            until(lambda name=name: store.list(filters=Filters(text=f"word{name}")))


def in_the_files(store: SqliteStore) -> bytes:
    return b"".join(file.read_bytes() for file in store.path.parent.glob("audit.db*"))


def test_what_waits_waits_sealed_and_its_words_are_in_no_file_before_they_are_indexed(tmp_path: Path) -> None:
    words = (b"zymurgy", b"quixotry", b"syzygy", b"flummery")
    with closed(new_store(tmp_path)) as store:
        revision = replace(CLOSING.revisions[0], critique="The flummery of Falcon")
        store.append([
            replace(OPENING, request="The zymurgy of Falcon"),
            replace(CLOSING, reply="The quixotry of Falcon", sent="The syzygy of Falcon", revisions=(revision,)),
        ])  # fmt: skip
        assert [word for word in words if word in in_the_files(store)] == []
        assert store.index() == 2
        assert [word for word in words if word not in in_the_files(store)] == []
        for word in words:
            assert [row.exchange for row in store.list(filters=Filters(text=word.decode()))] == [OPENING.exchange]
        assert store.index() == 0


def test_what_is_encrypted_is_never_indexed(tmp_path: Path) -> None:
    key = X25519PrivateKey.generate().public_key()
    with closed(SqliteStore(tmp_path / "audit.db", clock=lambda: NOW, break_glass=key)) as store:
        store.append([replace(OPENING, request="The zymurgy of Falcon", keeping=Keeping("encrypted", "ann"))])
        assert store.index() == 0
        assert b"zymurgy" not in in_the_files(store)


def test_what_another_key_sealed_waits_for_who_has_it_and_holds_up_nothing(place: Place) -> None:
    store = place.store()
    store.append([replace(opening(f"{number}"), request="hello") for number in range(AT_ONCE + 1)])
    store.close()
    (place.folder / "tenant.key").rename(place.folder / "elsewhere")
    other = place.store()
    other.append([replace(opening("other"), request="hello")])
    assert [other.index(), other.index(), other.index()] == [AT_ONCE, 2, 0]
    assert [row.exchange for row in place.reader().list(filters=Filters(text="hello"))] == ["other"]
    other.close()
    (place.folder / "elsewhere").replace(place.folder / "tenant.key")
    back = place.store()
    assert [back.index(), back.index(), back.index()] == [AT_ONCE, 1, 0]
    assert len(place.reader().list(100, filters=Filters(text="hello"))) == AT_ONCE + 2


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE content SET sealed = NULL",
        "DELETE FROM content",
        "DELETE FROM person_key",
        "UPDATE content SET person = 'bob'",
        "UPDATE leaf SET body = hash",
    ],
)
def test_what_cannot_be_told_any_more_holds_up_nothing(place: Place, harm: str) -> None:
    store = place.store()
    store.append([replace(OPENING, request="hello")])
    place.without_triggers(harm)
    assert store.index() == 1
    assert store.index() == 0


def test_a_failure_ends_nothing_and_its_end_does_not_wait() -> None:
    class Failing:
        calls = 0

        def index(self) -> int:
            self.calls += 1
            if self.calls % 2:
                raise AuditError("away")
            return self.calls < 9

        def outstanding(self) -> bool:
            return True

        def scrub(self, *, patient: bool = True) -> bool:
            assert not patient
            self.calls += 1
            raise AuditError("away")

    store, others = Failing(), set(threading.enumerate())  # of services that run beside this test
    with closed(Indexer(store, every_s=0.001)):
        until(lambda: store.calls > 20)
    calls = store.calls
    time.sleep(0.02)
    assert store.calls == calls
    Indexer(store, every_s=3600).close()
    assert not {thread for thread in threading.enumerate() if thread.name == "guard-index"} - others


def test_what_another_process_could_not_overwrite_is_overwritten_once_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.audit.database.PATIENCE_S", 0.05)

    class Elsewhere:
        left = True

        def outstanding(self) -> bool:
            return self.left

        def scrub(self, *, patient: bool = True) -> bool:
            self.left = patient
            return True

    other_place = Elsewhere()
    with closed(new_store(tmp_path)) as serving, closed(sqlite3.connect(serving.path)) as reading:
        serving.append([OPENING])
        ((sealed,),) = serving._connection.execute("SELECT sealed FROM content").fetchall()
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM content").fetchall()
        with closed(new_store(tmp_path)) as other:
            assert erase(other, "ann", "asked", Steward("op", "operator", lambda: NOW)).entries == 1
        assert sealed in in_the_files(serving)
        assert serving.outstanding()
        with closed(Indexer(serving, (other_place,), every_s=0.001, again_s=0.01)):
            until(lambda: not other_place.left)
            assert serving.outstanding()
            reading.rollback()
            until(lambda: not serving.outstanding())
        assert sealed not in in_the_files(serving)
