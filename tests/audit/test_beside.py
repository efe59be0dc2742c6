"""What lies beside the tree: written with its entry, opened with it, destroyed without breaking a proof."""

import os
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path

import pytest

from guard.audit.committing import RefusedEntryError
from guard.audit.content import Lack
from guard.audit.reading import Kept, Numbered, Recorded, SqliteReader
from guard.audit.retention import Steward, erase
from guard.audit.store import SqliteStore
from guard.types import Keeping, Opening
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, new_store, opening


def of(person: str, exchange: str, time: float = NOW) -> Opening:
    return replace(opening(exchange, time), keeping=Keeping("masked", person))


def steward(now: float = NOW + 3) -> Steward:
    return Steward("op", "operator", lambda: now)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closed(new_store(tmp_path)) as made:
        yield made


@pytest.fixture
def reader(store: SqliteStore) -> SqliteReader:
    return SqliteReader(store.path)


def test_an_entry_is_told_with_what_lies_beside_it(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING, CLOSING, ACT])
    assert reader.show(OPENING.exchange) == Recorded(OPENING, CLOSING)
    assert list(reader.entries()) == [Numbered(0, OPENING), Numbered(1, CLOSING), Numbered(2, ACT)]


def test_without_the_tenant_key_no_word_is_told(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([OPENING, CLOSING])
    words = (OPENING.request, CLOSING.reply, CLOSING.sent, "or else")
    while store.index():  # single words are in the index
        pass
    assert store.scrub()
    in_the_files = b"".join(file.read_bytes() for file in store.path.parent.glob("audit.db*"))
    assert [word for word in words if word.encode() in in_the_files] == []
    (store.path.parent / "tenant.key").rename(store.path.parent / "elsewhere")
    found = reader.show(OPENING.exchange)
    assert found is not None
    assert found.closing is not None
    assert (found.opening.request, found.closing.reply, found.closing.sent) == ("", "", "")
    assert (found.lack, found.closing_lack) == (Lack("locked"), Lack("locked"))
    assert reader.verify(reader.public_key).ok  # that takes no key
    (store.path.parent / "tenant.key").write_bytes(os.urandom(32))
    (store.path.parent / "tenant.key").chmod(0o600)
    assert SqliteReader(store.path).show(OPENING.exchange) == found


def test_nothing_is_kept_where_the_policy_says_so(store: SqliteStore, reader: SqliteReader) -> None:
    none = Keeping("none", "ann")
    store.append([replace(OPENING, keeping=none), replace(CLOSING, keeping=none)])
    found = reader.show(OPENING.exchange)
    assert found is not None
    assert found.closing is not None
    assert (found.opening.request, found.closing.reply, found.closing.revisions[0].critique) == ("", "", "")
    assert (found.lack, found.closing_lack) == (Lack("none"), Lack("none"))
    assert reader.kept() == ()
    bodies = b"".join(file.read_bytes() for file in store.path.parent.glob("audit.db*"))
    assert b'sealed":""' in bodies
    assert OPENING.request.encode() not in bodies


def test_content_is_kept_with_its_entry_or_not_at_all(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([replace(OPENING, keeping=Keeping("none"))])
    with pytest.raises(RefusedEntryError):
        store.append([opening("1"), OPENING])
    assert reader.kept() == ()


def test_what_is_kept_is_found_by_person_and_time(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([of("bob", "1", NOW + 1), of("ann", "0"), of("ann", "2", NOW + 2)])
    rows = [
        Kept("0", "opening", NOW, "ann"),
        Kept("1", "opening", NOW + 1, "bob"),
        Kept("2", "opening", NOW + 2, "ann"),
    ]
    assert list(reader.kept()) == rows
    assert list(reader.kept(limit=2)) == rows[:2]
    assert list(reader.kept("ann")) == [rows[0], rows[2]]
    assert list(reader.kept(until=NOW + 1)) == rows[:1]


def test_altered_content_is_told_as_altered(store: SqliteStore, reader: SqliteReader) -> None:
    store.append([opening("0"), opening("1")])
    store._connection.execute(
        "UPDATE content SET sealed = (SELECT sealed FROM content WHERE exchange = '1') WHERE exchange = '0'"
    )
    found = reader.show("0")
    assert found is not None
    assert (found.opening.request, found.lack) == ("", Lack("altered"))
    assert [finding.kind for finding in reader.verify(reader.public_key).findings] == ["content"]


def test_another_process_seals_anew_where_a_key_was_destroyed_meanwhile(store: SqliteStore, tmp_path: Path) -> None:
    store.append([opening("0")])
    waiting = store.leaf(opening("1"))
    with closed(new_store(tmp_path)) as other:
        assert erase(other, "ann", "asked", steward()).entries == 1
        before = other._connection.execute("SELECT id FROM person_key").fetchall()
    store.append([waiting])
    after = store._connection.execute("SELECT id FROM person_key").fetchall()
    assert (before, len(after)) == ([], 1)
    assert after[0][0] != waiting.content.key_id  # type: ignore[union-attr]
    found = store.show("1")
    assert found == Recorded(opening("1"), None)
    assert store.verify(store.public_key).ok


def test_a_key_that_was_destroyed_before_its_first_commit_was_known_does_not_come_back(
    store: SqliteStore, tmp_path: Path
) -> None:
    first, second = store.leaf(opening("0")), store.leaf(opening("1"))
    assert first.content is not None
    assert second.content is not None
    assert first.content.key == second.content.key is not None
    store.append([first])
    with closed(new_store(tmp_path)) as other:
        erase(other, "ann", "asked", steward())
    store.append([second])
    assert store._connection.execute("SELECT 1 FROM person_key WHERE id = ?", (first.content.key_id,)).fetchall() == []
    assert store.show("1") == Recorded(opening("1"), None)
