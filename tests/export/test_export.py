"""The log, written out: what a reader of the place gets, once, in order, whatever broke off before."""

import json
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.dataset
import pytest

import guard.export as exports
from guard.audit.reading import SqliteReader
from guard.audit.store import SqliteStore
from guard.errors import ConfigError
from guard.export import Form, export
from guard.export.places import STATE, place_of
from guard.export.rows import COLUMNS, without_words
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, closing, new_store, opening

FORMS: tuple[Form, ...] = ("jsonl", "parquet", "delta")
DAY_S = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closed(new_store(tmp_path)) as made:
        made.append([OPENING, CLOSING, ACT])
        yield made


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    chosen: Form = request.param
    return chosen


def rows(form: Form, target: Path) -> list[dict[str, Any]]:
    """What stands at the place, in the order of the log."""
    if form == "jsonl":
        found = [json.loads(line) for file in target.rglob("*.jsonl") for line in file.read_text().splitlines()]
    elif form == "parquet":
        found = pyarrow.dataset.dataset(target, partitioning="hive", exclude_invalid_files=True).to_table().to_pylist()
    else:
        found = pa.table(deltalake.DeltaTable(target).to_pyarrow_dataset().to_table()).to_pylist()
    return sorted(found, key=lambda row: row["seq"])


def run(store: SqliteStore, form: Form, target: Path, *, content: bool = True) -> tuple[int, int]:
    reader = SqliteReader(store.path)
    done = export(reader, place_of(form, str(target), reader.public_key.origin), content=content)
    return done.entries, done.last


def test_each_entry_is_a_row_with_its_fields_in_columns(store: SqliteStore, form: Form, tmp_path: Path) -> None:
    target = tmp_path / "lake"
    assert run(store, form, target) == (3, 2)
    begun, ended, act = rows(form, target)
    assert (begun["kind"], ended["kind"], act["kind"]) == ("opening", "closing", "act")
    assert (begun["user"], begun["team"], begun["entities"]) == ("ann", "legal", ["PERSON"])
    assert begun["spans"][0]["value_hash"] == "5f2c"
    assert begun["request"] == OPENING.request
    assert (ended["decision"], ended["principles_fired"], ended["status"]) == ("revise", ["no-threats"], 200)
    assert ended["verdicts"][0]["score"] == 0.91
    assert dict(ended["usage"]) == {"prompt_tokens": 12.0}
    assert (act["user"], act["action"], act["subject"]) == ("eve", "look", "0-first")
    time = begun["time"] if form != "jsonl" else datetime.fromisoformat(begun["time"])
    assert time == datetime.fromtimestamp(OPENING.time, UTC)
    assert {str(begun["day"])} == {f"{datetime.fromtimestamp(OPENING.time, UTC):%Y-%m-%d}"}
    whole = ended["entry"] if form == "jsonl" else json.loads(ended["entry"])
    assert whole["revisions"][0]["critique"] == "or else"


def test_without_content_no_words_leave(store: SqliteStore, form: Form, tmp_path: Path) -> None:
    target = tmp_path / "lake"
    run(store, form, target, content=False)
    told = repr(rows(form, target))
    for words in (OPENING.request, CLOSING.reply, CLOSING.sent, "or else"):
        assert words not in told
    assert "no-threats" in told


def test_an_export_goes_on_where_the_last_one_ended(store: SqliteStore, form: Form, tmp_path: Path) -> None:
    target = tmp_path / "lake"
    run(store, form, target)
    assert run(store, form, target) == (0, 2)
    later = NOW + DAY_S
    with closed(new_store(tmp_path, now=later)) as tomorrow:
        tomorrow.append([opening("2", later), closing("2", later)])
    assert run(store, form, target) == (2, 4)
    found = rows(form, target)
    assert [row["seq"] for row in found] == [0, 1, 2, 3, 4]
    assert len({str(row["day"]) for row in found}) == 2
    assert len(list(target.glob("day=*"))) == 2


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_batch_that_broke_off_is_written_anew(
    store: SqliteStore, form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "lake"
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    written: list[Path] = []
    from guard.export import places

    real = places._replaced

    def breaking(file: Path, data: bytes) -> None:
        if file.name == STATE and len(written) == 3:
            raise OSError("no space left on device")
        real(file, data)
        written.append(file)

    monkeypatch.setattr(places, "_replaced", breaking)
    with pytest.raises(ConfigError, match="no space left on device"):
        run(store, form, target)  # the second state of it is not written
    monkeypatch.setattr(places, "_replaced", real)
    store.append([opening("3")])
    run(store, form, target)
    assert [row["seq"] for row in rows(form, target)] == [0, 1, 2, 3]


def test_two_exports_at_once_write_nothing_twice(store: SqliteStore, tmp_path: Path) -> None:
    target = str(tmp_path / "lake")
    reader = SqliteReader(store.path)
    origin = reader.public_key.origin
    one, other = place_of("delta", target, origin), place_of("delta", target, origin)
    export(reader, one, content=True)
    store.append([opening("3")])
    entries = [exports.row_of(item, content=True) for item in reader.entries(2)]
    assert one.last() == other.last() == 2
    one.add(entries)
    with pytest.raises(ConfigError):
        other.add(entries)  # began before the first had ended
    assert [row["seq"] for row in rows("delta", tmp_path / "lake")] == [0, 1, 2, 3]


def test_a_place_of_something_else_is_refused(store: SqliteStore, form: Form, tmp_path: Path) -> None:
    target = tmp_path / "lake"
    if form == "delta":
        deltalake.write_deltalake(target, pa.table({"a": [1]}))
    else:
        target.mkdir()
        (target / "letters.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"Give a"):
        run(store, form, target)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_folder_of_another_log_form_or_state_is_refused(store: SqliteStore, form: Form, tmp_path: Path) -> None:
    target = tmp_path / "lake"
    run(store, form, target)
    state = json.loads((target / STATE).read_text())
    for changed in ({**state, "log": "guard/other"}, {**state, "form": "csv"}, {**state, "last": "2"}, {}):
        (target / STATE).write_text(json.dumps(changed))
        with pytest.raises(ConfigError, match="empty folder"):
            run(store, form, target)


def test_every_kind_of_entry_has_the_same_columns() -> None:
    made = [exports.row_of(exports.Numbered(0, entry), content=True) for entry in (OPENING, CLOSING, ACT)]
    assert all(list(row) == list(COLUMNS) for row in made)


def test_what_has_no_words_stays_as_it_is() -> None:
    assert without_words(ACT) is ACT
    assert without_words(replace(OPENING, request="")) == replace(OPENING, request="")
