"""What lies beside the tree: written with its entry, given back to who opens it, destroyed without breaking a proof."""

from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

import pytest

from guard.audit.entries import Content, Leaf, decode, leaf
from guard.audit.reading import Kept, Numbered, Recorded, SqliteReader
from guard.audit.store import RefusedEntryError, SqliteStore
from guard.types import Entry, Opening
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, new_store, opening

SEALED = b"\x00sealed\xff"


def with_content(entry: Entry, person: str = "ann", sealed: bytes = SEALED, words: str | None = None) -> Leaf:
    return replace(leaf(entry), content=Content(person, sealed, words))


def opened(body: bytes, content: Content | None) -> Entry:
    """An opener: the request of an opening is what lies beside the tree."""
    entry = decode(body)
    if isinstance(entry, Opening) and content is not None:
        return replace(entry, request=f"{content.person}:{content.sealed.hex()}")
    return entry


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closed(new_store(tmp_path)) as made:
        yield made


@pytest.fixture
def reader(store: SqliteStore) -> SqliteReader:
    return SqliteReader(store.path, opener=opened)


def test_content_is_given_back_to_who_opens_it(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([with_content(OPENING), CLOSING, ACT])
    told = replace(OPENING, request=f"ann:{SEALED.hex()}")
    assert reader.show(OPENING.exchange) == Recorded(told, CLOSING)
    assert list(reader.entries()) == [Numbered(0, told), Numbered(1, CLOSING), Numbered(2, ACT)]
    assert store.show(OPENING.exchange) == Recorded(OPENING, CLOSING)  # without an opener, the tree's own bytes


def test_content_is_kept_with_its_entry_or_not_at_all(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING])
    with pytest.raises(RefusedEntryError):
        store.append([with_content(opening("1")), with_content(OPENING)])
    assert reader.kept() == ()


def test_what_is_kept_is_found_by_person_and_time(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([
        with_content(opening("1", NOW + 1), "bob"), with_content(opening("0")), with_content(opening("2", NOW + 2)),
    ])  # fmt: skip
    rows = [
        Kept("0", "opening", NOW, "ann"),
        Kept("1", "opening", NOW + 1, "bob"),
        Kept("2", "opening", NOW + 2, "ann"),
    ]
    assert list(reader.kept()) == rows
    assert list(reader.kept(limit=2)) == rows[:2]
    assert list(reader.kept("ann")) == [rows[0], rows[2]]
    assert list(reader.kept(until=NOW + 1)) == rows[:1]


def test_content_is_destroyed_and_the_log_is_sound(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([with_content(OPENING), with_content(CLOSING), with_content(opening("1"), "bob")])
    assert store.destroy([OPENING.exchange, "unknown"]) == 2
    assert reader.show(OPENING.exchange) == Recorded(OPENING, CLOSING)
    assert [kept.exchange for kept in reader.kept()] == ["1"]
    assert reader.verify(reader.public_key).ok
    store.append([ACT])
    assert reader.verify(reader.public_key).entries == 4
