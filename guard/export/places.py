"""Folders of files and Delta Lake tables, to which entries are written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from guard.errors import ConfigError
from guard.export import Form, Place
from guard.export.rows import COLUMNS, Row, arrow_schema

LIBRARIES: Final = "Install what it needs: pip install 'constitutional-guard[lake]'"
STATE: Final = "_guard_export.json"
VERSION: Final = 1


def place_of(form: Form, target: str, log: str) -> Place:
    """The place `target` for entries of the log with the origin `log`. Raises ConfigError."""
    if form == "delta":
        return DeltaTable(target, log)
    return Folder(Path(target), form, log)


class Folder:
    """A folder of files by day: `day=2026-11-24/part-000000000000.parquet`, named for the first entry of their batch.

    Which entries it has stands in a file of its own, which is replaced when all files of a batch are there: a batch
    that broke off is written anew, under the same names.
    """

    def __init__(self, path: Path, form: Form, log: str) -> None:
        if form == "parquet":
            _pyarrow()
        self._path = path
        self._form = form
        self._log = log

    def last(self) -> int:
        """The number of the last entry that it has."""
        file = self._path / STATE
        if self._path.exists() and not self._path.is_dir():
            raise ConfigError(f"{self._path}: is a file. Give a folder.")
        if not self._path.exists() or not any(self._path.iterdir()):
            return -1
        try:
            state = json.loads(file.read_text(encoding="utf-8"))
            version, log, form, last = (state[key] for key in ("version", "log", "form", "last"))
        except FileNotFoundError:
            if not any(self._path.glob("[!._]*")) or any(self._path.glob("day=*/part-000000000000.*")):
                return -1  # the first batch broke off
            raise ConfigError(f"{self._path}: holds other files and no export. Give an empty folder.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{file}: cannot be read. Export to an empty folder.") from error
        if (version, log, form) != (VERSION, self._log, self._form) or type(last) is not int:
            raise ConfigError(f"{self._path}: holds an export of another log or form. Give an empty folder.")
        return last

    def add(self, rows: Sequence[Row]) -> None:
        """Write a file for each day, then say that they are there."""
        first, last = rows[0]["seq"], rows[-1]["seq"]
        with _writing(self._path):
            for day, of_day in groupby(sorted(rows, key=lambda row: (row["day"], row["seq"])), lambda row: row["day"]):
                folder = self._path / f"day={day}"
                folder.mkdir(parents=True, exist_ok=True)
                file = folder / f"part-{first:012d}.{self._form}"
                self._write(file, tuple(of_day))
            state = {"version": VERSION, "log": self._log, "form": self._form, "last": last}
            _replaced(self._path / STATE, json.dumps(state).encode())

    def _write(self, file: Path, rows: Sequence[Row]) -> None:
        if self._form == "jsonl":
            _replaced(file, b"".join(_line(row) for row in rows))
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        # The day is the name of the folder, from which readers take the column.
        schema = pa.schema([field for field in arrow_schema() if field.name != "day"])
        sink = pa.BufferOutputStream()
        pq.write_table(_table(rows, schema), sink, compression="zstd")
        _replaced(file, sink.getvalue().to_pybytes())


class DeltaTable:
    """A Delta Lake table, partitioned by day, in a folder or an object store.

    How far it has come is a transaction identifier in the table's own log, written with the entries in one commit, so
    that two exports at once cannot write an entry twice. What an object store asks for is taken from the environment,
    as deltalake does.
    """

    def __init__(self, target: str, log: str) -> None:
        try:
            import deltalake
        except ImportError as error:
            raise ConfigError(f"The form 'delta' needs deltalake. {LIBRARIES}") from error
        _pyarrow()
        self._lake = deltalake
        self._target = target
        self._application = f"guard-export/{log}"
        self._table: Any = None  # as it was when it said how far it has come

    def last(self) -> int:
        """The number of the last entry that it has."""
        with _writing(self._target):
            if not self._lake.DeltaTable.is_deltatable(self._target):
                return -1
            self._table = self._lake.DeltaTable(self._target)
            version = self._table.transaction_version(self._application)
        if version is None:
            raise ConfigError(f"{self._target}: is a table, and no export of this log. Give another place.")
        return int(version)

    def add(self, rows: Sequence[Row]) -> None:
        """Add the rows in one commit."""
        last = rows[-1]["seq"]
        done = self._lake.Transaction(self._application, last)
        with _writing(self._target):
            self._lake.write_deltalake(
                self._table or self._target,
                _table(rows, arrow_schema()),
                partition_by=["day"],
                mode="append",
                name="guard_audit_log",
                description="The entries of guard's audit log.",
                commit_properties=self._lake.CommitProperties(app_transactions=[done], max_commit_retries=0),
            )
            self._table = self._lake.DeltaTable(self._target)
        if self._table.transaction_version(self._application) != last:
            raise ConfigError(f"{self._target}: another export writes to it at once. Run one at a time.")


def _pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"The forms 'parquet' and 'delta' need pyarrow. {LIBRARIES}") from error


def _table(rows: Sequence[Row], schema: Any) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names})


def _line(row: Row) -> bytes:
    told = {name: row[name] for name in COLUMNS if row[name] is not None}
    told["time"] = row["time"].isoformat(timespec="microseconds").replace("+00:00", "Z")
    told["entry"] = json.loads(row["entry"])
    for name in ("usage", "timings_ms"):
        if name in told:
            told[name] = dict(told[name])
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def _replaced(file: Path, data: bytes) -> None:
    """Write `file` whole or not at all; durable on return."""
    draft = file.with_name(f".{file.name}.draft")
    with draft.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _writing(place: Path | str) -> Iterator[None]:
    """Turn what files and object stores raise into a ConfigError. Their messages name places, not rows."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:  # deltalake raises kinds of its own
        told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ConfigError(
            f"{place}: cannot be written ({told}). Check it and its rights, then run it again."
        ) from error
