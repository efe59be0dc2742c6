"""What guard's patterns find of the secrets in evals/secrets.jsonl and, where it is installed, what CredSweeper finds.

    python benchmarks/secrets_found.py [--half tuning|held] [--data FILE] [--credsweeper COMMAND] [--misses] [--json]

A row is {"text", "spans": [{"start", "end", "entity"}], "language", "kind", "half"}; kinds that begin with `near-` hold
no secret. A secret is *found* where a finding touches it and *fully masked* where findings cover each of its characters
but space. *Precision* is the share of findings that touch a secret, *character precision* the share of found characters
that are secret, *touched* the share of rows without a secret in which something is found. Only guard's finds that are a
SECRET count. CredSweeper reads each row as a text file, at its default thresholds, once as source code and once with
`--doc`; its finds in both are joined in the last line. The rules were tuned on the half `tuning` alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from guard.backends.stack import Spec, Stack

DATA = Path(__file__).parent.parent / "evals" / "secrets.jsonl"
HALVES = ("tuning", "held")

Extents = list[tuple[int, int]]
Row = dict[str, Any]


def by_guard(rows: Sequence[Row]) -> list[Extents]:
    found = Stack.of(Spec(profile="patterns")).recognize([row["text"] for row in rows])
    return [[(span.start, span.end) for span in spans if span.entity == "SECRET"] for spans in found]


def by_credsweeper(rows: Sequence[Row], command: Sequence[str], *flags: str) -> list[Extents]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "texts")
        folder.mkdir()
        for index, row in enumerate(rows):
            Path(folder, f"{index:04}.txt").write_text(row["text"], encoding="utf-8")
        report = Path(name, "report.json")
        subprocess.run(
            [*command, "--path", str(folder), "--save-json", str(report), "--log", "silence", *flags],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found: list[Extents] = [[] for _ in rows]
        for candidate in json.loads(report.read_text(encoding="utf-8")):
            for line in candidate["line_data_list"]:
                index = int(Path(line["path"]).stem)
                found[index].append(_extent(rows[index]["text"], line))
    return found


def _extent(text: str, line: dict[str, Any]) -> tuple[int, int]:
    """Where a finding stands in the text; CredSweeper counts within the line, from which it may cut space."""
    before = "".join(text.splitlines(keepends=True)[: line["line_num"] - 1])
    at = text.find(line["value"], len(before))
    start = at if at >= 0 else len(before) + max(line["value_start"], 0)
    return start, start + len(line["value"])


def joined(one: Sequence[Extents], other: Sequence[Extents]) -> list[Extents]:
    return [sorted({*a, *b}) for a, b in zip(one, other, strict=True)]


def measure(rows: Sequence[Row], found: Sequence[Extents]) -> dict[str, float]:
    secrets = touched = whole = findings = right = gold_chars = chars = near = near_touched = 0
    for row, extents in zip(rows, found, strict=True):
        text = row["text"]
        covered = _characters(text, extents)
        golds = [(span["start"], span["end"]) for span in row["spans"]]
        marks = [_characters(text, [gold]) for gold in golds]
        secrets += len(golds)
        touched += sum(not mark.isdisjoint(covered) for mark in marks)
        whole += sum(mark <= covered for mark in marks)
        findings += len(extents)
        right += sum(any(start < end_ and begin < end for begin, end_ in golds) for start, end in extents)
        chars += len(covered)
        gold_chars += len(covered.intersection(*[set().union(*marks)]))
        near += not golds
        near_touched += not golds and bool(extents)
    return {
        "secrets": secrets,
        "found": touched / max(secrets, 1),
        "fully_masked": whole / max(secrets, 1),
        "precision": right / max(findings, 1),
        "character_precision": gold_chars / max(chars, 1),
        "touched": near_touched / max(near, 1),
    }


def _characters(text: str, extents: Iterable[tuple[int, int]]) -> set[int]:
    return {i for start, end in extents for i in range(start, end) if not text[i].isspace()}


def misses(rows: Sequence[Row], found: Sequence[Extents]) -> Iterable[str]:
    """A line for each secret that is not fully masked and each finding that touches none."""
    for row, extents in zip(rows, found, strict=True):
        text = row["text"]
        covered = _characters(text, extents)
        golds = [(span["start"], span["end"]) for span in row["spans"]]
        for gold in golds:
            if not _characters(text, [gold]) <= covered:
                yield f"{row['kind']}: not masked: {text[slice(*gold)]!r} in {text!r}"
        for start, end in extents:
            if not any(start < end_ and begin < end for begin, end_ in golds):
                yield f"{row['kind']}: no secret: {text[start:end]!r} in {text!r}"


def table(results: Iterable[tuple[str, str, dict[str, float]]]) -> str:
    lines = [
        "| half | system | secrets | found | fully masked | precision | character precision | near misses touched |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {half} | {system} | {r['secrets']:.0f} | {r['found']:.3f} | {r['fully_masked']:.3f} | {r['precision']:.3f} "
        f"| {r['character_precision']:.3f} | {r['touched']:.3f} |"
        for half, system, r in results
    ]
    return "\n".join(lines)


def by_kind(rows: Sequence[Row], found: Sequence[Extents]) -> str:
    groups: dict[str, tuple[list[Row], list[Extents]]] = defaultdict(lambda: ([], []))
    for row, extents in zip(rows, found, strict=True):
        groups[row["kind"]][0].append(row)
        groups[row["kind"]][1].append(extents)
    lines = ["| kind | rows | fully masked or untouched |", "|---|--:|--:|"]
    for kind, (members, extents_of) in sorted(groups.items()):
        r = measure(members, extents_of)
        lines.append(f"| {kind} | {len(members)} | {r['fully_masked'] if r['secrets'] else 1 - r['touched']:.3f} |")
    return "\n".join(lines)


def command_of(given: str | None) -> list[str]:
    """How CredSweeper is called, or nothing where it is not installed."""
    if given:
        return [given]
    if find_spec("credsweeper"):
        return [sys.executable, "-m", "credsweeper"]
    path = shutil.which("credsweeper")
    return [path] if path else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--half", choices=HALVES, help="only this half")
    parser.add_argument("--credsweeper", help="path of its command, where it is not on the PATH")
    parser.add_argument("--misses", action="store_true", help="print what guard gets wrong")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if options.half in (None, row["half"])]
    systems = {"guard, patterns": by_guard(rows)}
    if command := command_of(options.credsweeper):
        code, prose = by_credsweeper(rows, command), by_credsweeper(rows, command, "--doc")
        systems |= {"CredSweeper": code, "CredSweeper --doc": prose, "CredSweeper, both": joined(code, prose)}
    results = []
    for half in HALVES:
        for name, found in systems.items():
            chosen = [(row, extents) for row, extents in zip(rows, found, strict=True) if row["half"] == half]
            if chosen:
                results.append((half, name, measure([r for r, _ in chosen], [e for _, e in chosen])))
    if options.json:
        print(json.dumps({"rows": len(rows), "results": results}))
        return
    print(f"{options.data.name}, {len(rows)} rows\n\n{table(results)}\n\n{by_kind(rows, systems['guard, patterns'])}")
    if options.misses:
        print("", *misses(rows, systems["guard, patterns"]), sep="\n")


if __name__ == "__main__":
    main()
