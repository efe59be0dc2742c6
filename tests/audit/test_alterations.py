"""A test alters everything there is to alter, once: what there is comes from the schemas, so nothing new is forgotten.

Each field of each kind of entry, each column of each table, each part of a note, each node of a frontier, each piece of
content; by someone with the database and without the key, clumsily and with hashes and columns made to fit.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from contextlib import closing as closed
from typing import Any

import pytest

from guard.audit.checkpoint import text_of
from guard.audit.entries import COLUMNS, columns, columns_of, decode
from guard.audit.merkle import HASH_BYTES, leaf_hash
from guard.audit.reading import SqliteReader
from guard.audit.retention import Steward, erase
from guard.audit.rotating import rotate
from guard.audit.store import SqliteStore
from guard.errors import AuditError
from guard.types import Act, Closing, Entry, Keeping, Opening, Verdict
from tests.audit.altering import BESIDE, Log, every_change
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, SPAN, encoded, new_store, signed

# Entries in which no field is empty, so that each can be altered.
WHOLE: dict[type, Any] = {
    Opening: dataclasses.replace(OPENING, verdicts=(Verdict("a", 0.5, "fired", ((1, 2),), "why", (("x", 0.5),)),)),
    Closing: dataclasses.replace(CLOSING, spans=(SPAN,), not_judged=("b",)),
    Act: ACT,
}


def named(kind: type, exchange: str) -> Any:
    return dataclasses.replace(WHOLE[kind], exchange=exchange)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guard.audit.tables.SNAPSHOT", 3)
        with closed(new_store(tmp_path_factory.mktemp("log"))) as store:
            store.append([WHOLE[Opening], WHOLE[Act]])
            store.append([WHOLE[Closing]])
            store.sign()
            store.append([named(Opening, "1"), dataclasses.replace(named(Opening, "2"), keeping=Keeping("none"))])
            store.append([named(Act, "3"), named(Closing, "1")])
            old = store.public_key
            rotate(store, store.path.with_suffix(".key"), "asked", Steward("op", "operator", lambda: NOW))
            store.append([dataclasses.replace(named(Opening, "4"), keeping=Keeping("masked", "bob", NOW + 1e6))])
            erase(store, "bob", "asked", Steward("op", "operator", lambda: NOW))
            key = store.public_key
        assert key != old
        made = Log(SqliteReader(store.path), key)
        yield made
        made.raw.close()


def test_every_table_is_walked_over_or_said_not_to_be(log: Log) -> None:
    assert {*log.tables} == {"leaf", "checkpoint", "signed", "key_change", "content", "person_key"}
    assert {name.partition("_")[0] if name.startswith("search") else name for name in log.beside} == {*BESIDE}
    assert all(log.sound[table] for table in log.tables)
    assert {*COLUMNS} | {"seq", "hash", "body"} == {*log.columns("leaf")}
    assert log.findings() == ()


def test_no_column_of_any_table_can_be_altered(log: Log) -> None:
    found = {change: log.findings(change) for change in every_change(log)}
    assert {change[0].split()[1] for change in found} == {*log.tables}
    assert {change[0].split()[3] for change in found} == {name for table in log.tables for name in log.columns(table)}
    assert [change for change, findings in found.items() if findings == ()] == []
    assert sum(findings is not None for findings in found.values()) > 500


# --- the fields of entries -----------------------------------------------------------------------------------------


def fields_of(hint: Any) -> Iterator[tuple[str, str]]:
    """Every field of every dataclass that a type hint reaches."""
    if dataclasses.is_dataclass(hint):
        for name, inner in typing.get_type_hints(hint).items():
            yield hint.__name__, name  # type: ignore[union-attr]
            yield from fields_of(inner)
    for argument in typing.get_args(hint):
        if typing.get_origin(hint) is not typing.Literal and not isinstance(argument, types.EllipsisType):
            yield from fields_of(argument)


def test_the_sample_entries_leave_no_field_empty() -> None:
    """What is empty cannot be altered: a new field has to be given something here."""
    for kind, entry in WHOLE.items():
        filled: set[tuple[str, str]] = set()

        def visit(value: Any, filled: set[tuple[str, str]] = filled) -> None:
            if dataclasses.is_dataclass(value):
                for field in dataclasses.fields(value):
                    inner = getattr(value, field.name)
                    if inner not in ((), {}):
                        filled.add((type(value).__name__, field.name))
                    visit(inner)
            elif isinstance(value, tuple):
                for part in value:
                    visit(part)

        visit(entry)
        assert {*fields_of(kind)} - filled == set(), kind
    assert {*typing.get_args(Entry)} == {*WHOLE}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a JSON value, containers too."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def forged(body: bytes) -> Iterator[bytes]:
    """Every field of a body altered, emptied, left out, doubled or joined by another, once each."""
    data = json.loads(body)
    for *path, last in places(data):
        for value in others(at(data, [*path, last])):
            copy = json.loads(body)
            at(copy, path)[last] = value
            yield canonical(copy)
        copy = json.loads(body)
        del at(copy, path)[last]
        yield canonical(copy)
        copy = json.loads(body)
        holder = at(copy, path)
        if isinstance(holder, dict):
            holder[f"{last}_"] = holder[last]
        else:
            holder.insert(last, holder[last])
        yield canonical(copy)
    yield body + b" "  # the same values in other bytes
    yield json.dumps(data).encode()


def others(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (value + 1, -value - 1, 0.5)
        case str():
            yield from (value + "x", value[1:], value.swapcase() + "!", "")
        case list():
            yield from ([], [*value, *value[:1]], value[::-1])
        case dict():
            yield {}
    yield None


def at(data: Any, path: list[Any]) -> Any:
    for key in path:
        data = data[key]
    return data


def canonical(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("effort", ["body", "hash", "columns"])
def test_no_field_of_an_entry_can_be_altered(log: Log, kind: type, effort: str) -> None:
    seq, body = next((row[0], row[-1]) for row in log.leaves if type(decode(row[-1])) is kind)
    assert canonical(json.loads(body)) == body
    tried = 0
    for new in {*forged(body)} - {body}:
        changes = [("UPDATE leaf SET body = ? WHERE seq = ?", new, seq)]
        if effort != "body":
            changes.append(("UPDATE leaf SET hash = ? WHERE seq = ?", leaf_hash(new), seq))
        if effort == "columns":
            try:
                derived = columns_of(new)
            except AuditError:
                continue  # no reader would take it
            setting = ", ".join(f"{name} = ?" for name in COLUMNS)
            changes.append((f"UPDATE leaf SET {setting} WHERE seq = ?", *derived, seq))
        found = log.findings(*changes)
        if found is None:
            continue  # the tables themselves do not take it
        assert {one.kind for one in found} & ({"altered"} if effort == "body" else {"altered", "root"}), new
        tried += 1
    assert tried > 25
    assert log.findings() == ()


def test_a_new_kind_or_schema_of_entry_cannot_be_slipped_in(log: Log) -> None:
    body = encoded(WHOLE[Act]).replace(b'"kind":"act"', b'"kind":"deed"')
    assert "altered" in log.kinds(("UPDATE leaf SET body = ?, hash = ? WHERE seq = 1", body, leaf_hash(body)))


# --- notes and frontiers -------------------------------------------------------------------------------------------


def test_no_byte_and_no_line_of_a_note_can_be_altered(log: Log) -> None:
    for (size, note, *_), table in [(row, "checkpoint") for row in log.checkpoints] + [
        (row, "signed") for row in log.signed
    ]:
        raw, lines = note.encode(), note.splitlines(keepends=True)
        count = len(lines)
        assert count - ("\nkey " in note) == {"checkpoint": 7, "signed": 9}[table]
        bytes_ = {
            raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :] for place in range(len(raw)) for flip in (1,)
        }
        left_out = ["".join(lines[:place] + lines[place + 1 :]) for place in range(count)]
        doubled = ["".join(lines[: place + 1] + lines[place:]) for place in range(count)]
        swapped = [
            "".join([*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]) for place in range(count - 1)
        ]
        new = [*(one.decode("utf-8", "replace") for one in bytes_), *left_out, *doubled, *swapped]
        if size not in {log.checkpoints[0][0], log.signed[0][0]}:  # all of the first, one of each class for the others
            new = new[:: len(new) // 15]
        for other in {*new} - {note}:
            assert "signature" in log.kinds((f"UPDATE {table} SET note = ? WHERE size = ?", other, size)), other


def test_a_note_cannot_be_signed_by_another_key(log: Log, tmp_path: Any) -> None:
    with closed(new_store(tmp_path)) as other:
        entries = [decode(row[-1]) for row in log.leaves]
        other.append(entries[:3])
        note = signed(other)
    for forgery in (note, note.replace(note.split("\n", maxsplit=1)[0], log.key.origin)):
        assert "signature" in log.kinds(("UPDATE signed SET note = ? WHERE size = 3", forgery))
        both = [(f"UPDATE {table} SET note = ? WHERE size = 3", forgery) for table in ("checkpoint", "signed")]
        assert "signature" in log.kinds(*both)
        assert "signature" in log.kinds(("UPDATE checkpoint SET note = ? WHERE size = 2", text_of(forgery)))


def test_notes_cannot_change_places(log: Log) -> None:
    sizes = [row[0] for row in log.checkpoints]
    for one in sizes:
        for other in sizes:
            if one != other:
                taken = "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = ?) WHERE size = ?"
                assert "signature" in log.kinds((taken, one, other))


def test_no_node_of_a_frontier_can_be_altered(log: Log) -> None:
    frontiers = [(row[0], row[2]) for row in log.checkpoints if row[2] is not None]
    assert len(frontiers) == 3
    assert max(len(data) for _, data in frontiers) >= 2 * HASH_BYTES
    for size, data in frontiers:
        nodes = [data[place : place + HASH_BYTES] for place in range(0, len(data), HASH_BYTES)]
        new = {data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :] for place in range(len(data))}
        new |= {b"".join(nodes[:place] + nodes[place + 1 :]) for place in range(len(nodes))}
        new |= {b"".join(nodes[: place + 1] + nodes[place:]) for place in range(len(nodes))}
        new |= {b"".join(nodes[::-1]), bytes(len(data)), data + bytes(HASH_BYTES)}
        for other in new - {data}:
            assert "frontier" in log.kinds(("UPDATE checkpoint SET frontier = ? WHERE size = ?", other, size))
        assert "frontier" in log.kinds(("UPDATE checkpoint SET frontier = NULL WHERE size = ?", size))
    for size in {row[0] for row in log.checkpoints} - {size for size, _ in frontiers}:
        assert "frontier" in log.kinds(("UPDATE checkpoint SET frontier = ? WHERE size = ?", frontiers[0][1], size))


# --- rows ----------------------------------------------------------------------------------------------------------


def test_rows_cannot_change_places_with_all_that_belongs_to_them(log: Log) -> None:
    for one, first in enumerate(log.leaves):
        for second in log.leaves[:one]:
            found = log.kinds(
                ("DELETE FROM leaf WHERE seq IN (?, ?)", first[0], second[0]),
                (f"INSERT INTO leaf VALUES ({', '.join('?' * len(first))})", second[0], *first[1:]),
                (f"INSERT INTO leaf VALUES ({', '.join('?' * len(first))})", first[0], *second[1:]),
            )
            assert "root" in found


def test_no_entry_can_be_doubled_or_slipped_in_between(log: Log) -> None:
    last = len(log.leaves)
    for seq in range(last):
        for place in (last, -1, seq):
            moved = [("UPDATE leaf SET seq = -100 - seq WHERE seq >= ?", place)] if place == seq else []
            moved += [("UPDATE leaf SET seq = -99 - seq WHERE seq <= -100",)] if place == seq else []
            row = log.leaves[seq]
            copy = [place, row[1], f"{row[2]}!", *row[3:]]
            found = log.findings(*moved, (f"INSERT INTO leaf VALUES ({', '.join('?' * len(row))})", *copy))
            assert found, (seq, place)


def test_the_end_cannot_be_cut_off_unnoticed(log: Log) -> None:
    newest = log.signed[-1][1]
    for size, *_ in log.checkpoints[:-1]:
        entries = ("DELETE FROM leaf WHERE seq >= ?", size)
        beside = ("DELETE FROM content WHERE (exchange, kind) NOT IN (SELECT exchange, kind FROM leaf)",)
        if size >= 8:
            continue  # who cuts the act of an erasure off leaves content that is gone for no reason
        assert "removed" in log.kinds(entries)
        ends = [(f"DELETE FROM {table} WHERE size > ?", size) for table in ("checkpoint", "signed", "key_change")]
        key = log.keys.at(size)
        assert "unsigned" in log.kinds(*ends, key=key)
        whole = (entries, *ends, beside)
        # A log that ended there would be the same, if it was signed there.
        found = set() if size in {row[0] for row in log.signed} else {"unsigned"}
        assert log.kinds(*whole, key=key) == found
        if key == log.key:
            assert log.kinds(*whole, trusted=newest) == {"truncated", *found}
        else:  # the newest key has signed nothing of it, and is never said to follow
            assert "truncated" in log.kinds(*whole, trusted=newest)
            kept = log.signed[0][1]
            assert log.kinds(*whole, key=key, trusted=kept) == {*found, *(["truncated"] if size < 3 else [])}


# --- content beside the tree ---------------------------------------------------------------------------------------


def test_content_is_destroyed_by_acts_alone_and_neither_exchanged_added_nor_handed_on(log: Log) -> None:
    assert log.kinds(("DELETE FROM content WHERE exchange = '1'",)) == {"content"}
    assert log.kinds(("DELETE FROM content",)) == {"content"}
    assert log.kinds(("UPDATE content SET exchange = 'gone' WHERE exchange = '1'",)) == {"content"}
    add = """
        INSERT INTO content SELECT leaf.seq, leaf.exchange, leaf.kind, leaf.time, person, sealed, key_id, until, destroyed, act
        FROM leaf, content WHERE content.exchange = '1' AND content.kind = 'opening' AND leaf.exchange = ? AND leaf.kind = ?
    """
    assert log.kinds((add, "2", "opening")) == {"content"}  # nothing was kept of it
    for column in ("sealed", "sealed = NULL, destroyed", "sealed = NULL, act"):
        taken = f"UPDATE content SET {column} = (SELECT {column.split()[-1]} FROM content WHERE exchange = '4')"
        assert log.kinds((f"{taken} WHERE exchange = '1'",)) == {"content"}
    act = "(SELECT act FROM content WHERE exchange = '4')"
    gone = f"UPDATE content SET sealed = NULL, destroyed = {NOW}, act = {act} WHERE exchange = '1'"
    assert log.kinds((gone,)) == {"content"}  # the act was to destroy what another said
    assert log.kinds(("DELETE FROM person_key",)) == {"content"}


# --- times ---------------------------------------------------------------------------------------------------------


def test_who_has_the_key_cannot_date_back_what_is_added(tmp_path: Any) -> None:
    times = iter((NOW, NOW + 7200, NOW + 3000))
    with closed(SqliteStore(tmp_path / "audit.db", clock=lambda: next(times))) as store:
        store.append([dataclasses.replace(ACT, exchange="0", time=NOW)])
        store.append([dataclasses.replace(ACT, exchange="1", time=NOW + 7200)])
        store.append([dataclasses.replace(ACT, exchange="2", time=NOW + 3000)])
        found = store.verify(store.public_key).findings
    assert {one.kind for one in found} == {"back-dated"}


def test_a_column_that_is_derived_is_derived_the_same_way_twice() -> None:
    for entry in WHOLE.values():
        assert columns(entry) == columns_of(encoded(entry))
