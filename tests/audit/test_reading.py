"""Reading the log: what a reader sees, and that it neither changes nor holds up anything."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.reading import Filters, Numbered, SqliteReader
from guard.audit.store import SqliteStore
from guard.errors import AuditError, ConfigError
from guard.types import Principal
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, closing, new_store, opening


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closed(new_store(tmp_path)) as made:
        yield made


@pytest.fixture
def reader(store: SqliteStore) -> SqliteReader:
    return SqliteReader(store.path)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), unique_by=lambda entry: entry, max_size=12), st.integers(0, 5)
)
def test_pages_put_together_are_every_beginning_the_newest_first(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[int, bool]], size: int
) -> None:
    size += 1
    begun = [number for number, begins in entries if begins]
    with closed(new_store(tmp_path_factory.mktemp("log"))) as store:
        for number, begins in entries:
            store.append([opening(f"{number}") if begins else closing(f"{number}")])
        reader = SqliteReader(store.path)
        pages, before = [], None
        while (page := reader.list(size, before)) and len(pages) <= len(begun):
            assert len(page) <= size
            pages += page
            before = page[-1].seq
    assert [row.exchange for row in pages] == [f"{number}" for number in reversed(begun)]
    assert [row.ended is not None for row in pages] == [(number, False) in entries for number in reversed(begun)]


def test_the_model_of_a_list_is_the_one_that_answered_or_the_one_asked_for(
    store: SqliteStore, reader: SqliteReader
) -> None:
    store.append([OPENING])
    assert reader.list()[0].model == "small"
    store.append([CLOSING])
    assert reader.list()[0].model == "small-2026"


def test_a_reader_sees_what_is_durable_and_nothing_of_what_is_being_written(
    store: SqliteStore, reader: SqliteReader
) -> None:
    store.append([OPENING])
    store.sign()
    checkpoint = reader.checkpoint()
    with closed(sqlite3.connect(store.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO leaf SELECT 1, hash, 'half', kind, time, user, team, application, surface, model, "
                       "decision, outcome, body FROM leaf")  # fmt: skip
        assert [row.exchange for row in reader.list()] == ["0-first"]
        assert reader.show("half") is None
        assert reader.checkpoint() == checkpoint
        assert reader.verify(reader.public_key).ok
        writer.execute("ROLLBACK")
    store.append([CLOSING])
    assert reader.checkpoint() == checkpoint  # the newest that is signed
    store.sign()
    assert reader.checkpoint() != checkpoint
    found = reader.show("0-first")
    assert found is not None
    assert found.closing == CLOSING


def test_a_reader_does_not_hold_up_who_writes(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING])
    for _ in range(3):
        reader.list()
        reader.show("0-first")
        reader.verify(store.public_key)
    store.append([CLOSING], patient=False)
    assert reader.verify(store.public_key).entries == 2


def test_a_reader_needs_no_right_to_write(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING, CLOSING])
    store.close()
    before = store.path.read_bytes()
    assert reader.list()[0].exchange == "0-first"
    assert reader.verify(reader.public_key).ok
    assert store.path.read_bytes() == before


def test_without_its_key_a_log_is_not_checked(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING])
    key = store.path.with_suffix(".pub")
    kept = key.read_text()
    for damaged in (b"", b"no key", b"\xff"):
        key.write_bytes(damaged)
        with pytest.raises(ConfigError, match=r"audit\.pub: the public key of the log cannot be read\. Restore it\."):
            _ = reader.public_key
    key.unlink()
    with pytest.raises(ConfigError, match="Restore it"):
        _ = reader.public_key
    key.write_text(kept)
    assert reader.public_key == store.public_key


def test_a_log_that_cannot_be_read_is_an_error_whatever_is_asked(tmp_path: Path) -> None:
    (tmp_path / "audit.db").write_bytes(b"this is no database, however long it goes on" * 40)
    for path in (tmp_path / "audit.db", tmp_path / "nowhere.db"):
        reader = SqliteReader(path)
        for read in (reader.list, lambda reader=reader: reader.show("0-first"), reader.checkpoint):
            with pytest.raises(AuditError, match=r"cannot be (read|opened)"):
                read()


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), ["2", "1", "0"]),
        (Filters(since=NOW + 1), ["2", "1"]),
        (Filters(until=NOW + 1), ["0"]),
        (Filters(user="bob"), ["1"]),
        (Filters(team="legal", model="small-2026"), ["0"]),
        (Filters(application="mailer", surface="chat"), ["2", "1", "0"]),
        (Filters(decision="revise"), ["0"]),
        (Filters(outcome="unfinished"), ["2", "1"]),
        (Filters(outcome="completed", user="bob"), []),
    ],
)
def test_a_list_holds_what_its_filters_let_through(
    store: SqliteStore, reader: SqliteReader, filters: Filters, found: list[str]
) -> None:
    bob = replace(opening("1", NOW + 1), principal=Principal("bob", "sales", "mailer"))
    store.append([opening("0"), bob, opening("2", NOW + 2), closing("0")])
    assert [row.exchange for row in reader.list(filters=filters)] == found


def test_entries_are_read_in_order_and_from_any_of_them_on(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING, CLOSING, ACT])
    assert list(reader.entries()) == [Numbered(0, OPENING), Numbered(1, CLOSING), Numbered(2, ACT)]
    assert list(reader.entries(after=0, until=2)) == [Numbered(1, CLOSING)]


def test_an_act_is_no_exchange_and_leaves_none_unfinished(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING, CLOSING, ACT])
    assert [row.exchange for row in reader.list()] == [OPENING.exchange]
    assert reader.show(ACT.exchange) is None
    report = reader.verify(reader.public_key)
    assert (report.ok, report.entries, report.unfinished) == (True, 3, 0)
