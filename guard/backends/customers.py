"""The index of a customer list: read from CSV, hashed and written, for `guard fingerprint --rows FILE`."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guard.backends import arrays, charsets
from guard.backends.fingerprints import ROWS, check_of, make_key, new_version
from guard.errors import ConfigError, GuardError
from guard.mask.cells import Lengths, forms, hash_of
from guard.mask.grams import Hasher
from guard.mask.records import bits_of, combined, slow
from guard.types import Progress

_DELIMITERS = ",;\t|"
_SNIFFED = 200  # rows that are looked at before the rest
_OFTEN, _OFTEN_SHARE = 5, 0.001  # a value in more rows than both is not rare
_RARE_COLUMN = 0.5  # a column is chosen if so many of its rows have a rare value
_MOST_COLUMNS = 8  # chosen without being named: combinations grow with their square
_ALONE, _ALONE_ODDS = 7, 10_000  # letters of a value that is enough alone; how many numbers there are for each row
_DATA = re.compile(r"@|[0-9]{5}|[0-9]{4}[-./][0-9]")  # never in the name of a column

Forms = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A customer list: the names of its columns, and its rows as forms of cells, empty ones left empty."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Forms, ...], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What was built. `lonely` rows have too few rare cells; `weak` values are too short to stand alone."""

    columns: tuple[str, ...]
    rows: int
    combinations: int
    alone: int
    lonely: int
    weak: int


def build(
    file: Path,
    index: Path,
    progress: Progress,
    *,
    columns: Sequence[str] = (),
    alone: Sequence[str] = (),
    cells: int = 2,
) -> Report:
    """Make the index of a CSV file and, where there is none, its key. Raises ConfigError.

    Without `columns` those are taken whose values are mostly rare. Cells of the columns `alone` are recognised without
    others near them.
    """
    listed = read(file)
    progress(f"{len(listed.rows)} rows")
    often = _often(listed)
    used = _places(listed, columns, file) if columns else _guessed(listed, often)
    single = _places(listed, alone, file)
    used = tuple(dict.fromkeys((*used, *single)))
    if len(used) < cells and not single:
        raise ConfigError(
            f"{file}: {len(used)} columns hold rare values, and {cells} are needed. Name others with --columns."
        )
    key = make_key(index)
    progress("hashing")
    chosen = [[row[place] for place in used if row[place] and row[place][0] not in often] for row in listed.rows]
    combinations = {value for row in chosen for value in combined(row, cells, key)}
    strong, weak = _strong(listed, single)
    _write(index, key, cells, chosen, combinations, strong)
    lonely = sum(
        len(row) < cells and not any(row_[p] for p in single) for row, row_ in zip(chosen, listed.rows, strict=True)
    )
    names = tuple(listed.columns[place] for place in used)
    return Report(names, len(listed.rows), len(combinations), len(strong), lonely, weak)


def _write(
    index: Path, key: bytes, cells: int, chosen: Sequence[Sequence[Forms]], combinations: set[int], strong: set[str]
) -> None:
    known = sorted({form for row in chosen for cell in row for form in cell} | strong)
    lengths = Lengths.of(known)
    header = {
        "kind": ROWS,
        "version": new_version(),
        "check": check_of(key),
        "cells": cells,
        "lengths": {"cjk": lengths.cjk, "others": lengths.others},
    }
    alone = sorted(slow((form,), key) for form in strong)
    kept: dict[str, NDArray[Any]] = {
        "bits": bits_of(np.array(hash_of(known, Hasher(key)), np.uint64)),
        "combined": np.array(sorted(combinations), np.uint64),
        "single": np.array(alone, np.uint64),
    }
    arrays.write(index, header, kept)


def read(file: Path) -> Rows:
    """A CSV file; its encoding and delimiter are guessed. Raises ConfigError, whose message holds no value."""
    try:
        text = charsets.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}). Check the path and its rights.") from error
    except GuardError as error:
        raise ConfigError(f"{file}: {error.message}") from error
    delimiter = _delimiter(text)
    rows = _parsed(text, delimiter, file)
    first = next(rows, None)
    if first is None:
        raise ConfigError(f"{file}: holds no rows. Name a CSV file whose first line names the columns.")
    named = not any(_DATA.search(cell) for cell in first)
    columns = tuple(cell.strip() for cell in first) if named else tuple(str(i + 1) for i in range(len(first)))
    formed = cache(forms)
    rest = rows if named else chain([first], rows)
    kept = tuple(tuple(formed(cell) for cell in (*row, *[""] * len(columns))[: len(columns)]) for row in rest)
    if not kept:
        raise ConfigError(f"{file}: holds no rows but its first. Name a CSV file with a row for each customer.")
    return Rows(columns, kept)


def _delimiter(text: str) -> str:
    """The delimiter that parts most rows into equally many cells."""
    sample = text[:100_000]

    def fit(delimiter: str) -> tuple[int, int]:
        widths = Counter(
            len(row) for row in islice(csv.reader(io.StringIO(sample), delimiter=delimiter), _SNIFFED) if row
        )
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (times if width > 1 else 0, width)

    return max(_DELIMITERS, key=fit)


def _parsed(text: str, delimiter: str, file: Path) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error:  # not `from` it: what it says may hold a value
        raise ConfigError(f"{file}, line {reader.line_num}: is not CSV. Save the table as CSV in UTF-8.") from None


def _often(listed: Rows) -> set[str]:
    """The plain forms of values that stand in too many rows to say anything."""
    times = Counter(form for row in listed.rows for form in {cell[0] for cell in row if cell})
    most = max(_OFTEN, len(listed.rows) * _OFTEN_SHARE)
    return {form for form, count in times.items() if count > most}


def _guessed(listed: Rows, often: set[str]) -> tuple[int, ...]:
    """The columns that mostly hold rare values, those with the most first."""
    rare = {
        place: sum(bool(row[place]) and row[place][0] not in often for row in listed.rows)
        for place in range(len(listed.columns))
    }
    enough = [place for place, count in rare.items() if count >= _RARE_COLUMN * len(listed.rows)]
    return tuple(sorted(sorted(enough, key=lambda place: -rare[place])[:_MOST_COLUMNS]))


def _places(listed: Rows, names: Sequence[str], file: Path) -> tuple[int, ...]:
    known = {name.casefold(): place for place, name in reversed(list(enumerate(listed.columns)))}
    missing = [name for name in names if name.strip().casefold() not in known]
    if missing:
        raise ConfigError(
            f"{file}: has no column '{missing[0]}'. Take a name from its first line, or where that names no columns a"
            f" number up to {len(listed.columns)}."
        )
    return tuple(known[name.strip().casefold()] for name in names)


def _strong(listed: Rows, single: Sequence[int]) -> tuple[set[str], int]:
    """The forms that stand alone, and how many values are too short for that or stand in several rows."""
    values = Counter(row[place] for row in listed.rows for place in single if row[place])
    odds = _ALONE_ODDS * len(listed.rows)
    strong: set[str] = set()
    weak = 0
    for cell, times in values.items():
        enough = [form for form in cell if len(form) >= _ALONE and not (form.isdecimal() and 10 ** len(form) < odds)]
        if times > 1 or not enough:
            weak += 1
        else:
            strong.update(enough)
    return strong, weak
