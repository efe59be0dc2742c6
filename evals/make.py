"""Writes detect.jsonl from the templates, the values and the hand-written texts.

    python -m evals.make

The same files give the same bytes. The halves share neither a template nor a value of the larger pools, so that what
was fitted to "tuning" can be told from what holds for "held".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals import marks
from evals.slots import POOLS, SLOTS, Draw, Half

HERE = Path(__file__).parent
LANGUAGES = ("en", "ko", "ja")
ROUNDS = 9  # rows made from each template
HALVES: tuple[Half, Half] = ("tuning", "held")


def rows() -> Iterator[dict[str, Any]]:
    """Every row of the set, in order."""
    for language in LANGUAGES:
        for number, (kind, template) in enumerate(marks.records(HERE / "templates" / f"{language}.txt"), 1):
            half = HALVES[number % 2]
            for round_ in range(1, ROUNDS + 1):
                name = f"{language}-{number:03}-{round_}"
                draw = Draw(name, half)
                marked = marks.compiled(template, lambda slot, draw=draw: _value(slot, draw))  # type: ignore[misc]
                yield _row(name, language, kind, half, marked)
        for number, (kind, text) in enumerate(marks.records(HERE / "hand" / f"{language}.txt"), 1):
            yield _row(f"{language}-hand-{number:02}", language, kind, HALVES[number % 2], marks.compiled(text))


def _value(slot: str, draw: Draw) -> tuple[str, str]:
    entity, make = SLOTS[slot]
    value = make(draw)
    return value, "INSTITUTION" if value in POOLS["ko_authority"] else entity


def _row(name: str, language: str, kind: str, half: Half, marked: marks.Marked) -> dict[str, Any]:
    return {
        "id": name, "language": language, "kind": kind, "half": half, "text": marked.text, "spans": marked.spans
    }  # fmt: skip


def content() -> bytes:
    """The file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows()).encode()


if __name__ == "__main__":
    sys.stdout.write(f"{(HERE / 'detect.jsonl').write_bytes(content()):,} bytes\n")
