"""Rows of JSON, one a line: read from standard input, written to standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from guard.errors import RequestError


def rows_with(fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of standard input, one at a time, with a progress bar where a person looks on.

    Each has a text under all `fields`: raises RequestError where one has not.
    """
    hidden = not sys.stderr.isatty()
    # Bytes: JSON is UTF-8, whatever the terminal's encoding is.
    with click.progressbar(sys.stdin.buffer, label="rows", file=sys.stderr, show_pos=True, hidden=hidden) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _row(line, number, fields)


def _row(line: bytes, number: int, fields: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"standard input, line {number}: is not JSON. Write one JSON object a line.") from error
    for field in fields:
        if not isinstance(row, dict) or not isinstance(row.get(field), str):
            raise RequestError(f"standard input, line {number}: '{field}' must be a string.")
    found: dict[str, Any] = row
    return found


def write_row(row: dict[str, Any]) -> None:
    """Write one row, at once."""
    from guard.surfaces.walk import dump

    sys.stdout.buffer.write(dump(row) + b"\n")
    sys.stdout.buffer.flush()
