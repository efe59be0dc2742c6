"""What is proven and found in SQLite is proven and found in PostgreSQL, by the same code over its own tables."""

from collections.abc import Iterator
from contextlib import closing as closed
from pathlib import Path

import pytest

from guard.audit.bundles import check, dump, load
from guard.audit.places import Folder
from guard.audit.postgres_store import PostgresStore
from guard.audit.proving import grew, prove, status
from guard.audit.publishing import Publisher
from guard.errors import AuditError
from tests.audit.postgres import Server, running
from tests.audit.samples import NOW, closing, opening, signed


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as made:
        yield made


def test_a_log_in_postgresql_is_proven_published_and_watched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.audit.tables.SNAPSHOT", 4)
    server.run("CREATE DATABASE proofs")
    with closed(PostgresStore(server.url("proofs"), tmp_path / "audit.key", clock=lambda: NOW)) as store:
        notes = []
        for number in range(20):
            store.append([opening(f"{number:02}"), closing(f"{number:02}")])
            notes.append(signed(store))
        key = store.public_key
        with store.state() as state:
            for number in range(20):
                proof = load(dump(prove(state, f"{number:02}", key, under=notes[number])))
                assert len(check(proof, key)) == 3
                assert len(check(grew(state, notes[number], key), key)) == 2
        place = Folder(tmp_path / "kept")
        told = Publisher(store, [(place, 60)], lambda act: store.append([act]), tmp_path / "published")
        assert told.publish(place) is not None
        assert told.publish(place) is None
        server.run("ALTER TABLE leaf DISABLE TRIGGER ALL; DELETE FROM leaf WHERE seq = 7", "proofs")
        with store.state() as state:
            assert status(state, "00", key).problem is not None
            with pytest.raises(AuditError):
                grew(state, notes[2], key)
