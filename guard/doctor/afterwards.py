"""What is checked when guard has ended: its files, what it logged, and whether the audit log is sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from guard.doctor.bench import Bench
from guard.doctor.canaries import Canary
from guard.doctor.report import Cell, Finding, Line, Report
from guard.doctor.searching import Search
from guard.errors import GuardError

_WHERE = "(data folder)"


def check_folder(bench: Bench, planted: Sequence[Canary], report: Report) -> None:
    """Add to the report what the data folder and the log lines hold."""
    key = Canary(bench.key, "the caller's guard key", "", "x-guard-key")
    search = Search([*planted, key])
    files = [file for file in bench.folder.rglob("*") if _is_own(file, bench.folder)]
    wrong = [
        Finding(_WHERE, "", "logged", one.field, one.kind, f"stands in the file {file.relative_to(bench.folder)}")
        for file in files
        for one in search.found(file.read_bytes())
    ]
    wrong += [
        Finding("(log lines)", "", "logged", one.field, one.kind, "stands in a line that was logged")
        for one in search.found("\n".join(bench.written).encode("utf-8", "replace"))
    ]
    if any(bench.key.encode() in raw for raw in bench.capture.sent):
        wrong.append(Finding("(headers)", "", "masked", key.field, key.kind, "left guard"))
    wrong += _unsound(bench)
    state = "sound" if not wrong else "see below"
    words = f"{len(planted)} canaries in none of {len(files)} files, log {state}" if not wrong else state
    report.lines.append(Line(_WHERE, logged=Cell(not wrong, words)))
    report.findings += wrong


def _is_own(file: Path, folder: Path) -> bool:
    return file.is_file() and folder / "models" not in file.parents


def _unsound(bench: Bench) -> list[Finding]:
    try:
        report = bench.reader.verify(bench.reader.public_key)
    except GuardError as error:
        return [Finding(_WHERE, "", "logged", "", "", error.message)]
    wrong = [] if report.ok else [Finding(_WHERE, "", "logged", "", "", "the audit log is not sound")]
    if report.unfinished:
        wrong.append(Finding(_WHERE, "", "logged", "", "", f"{report.unfinished} exchanges are unfinished in the log"))
    return wrong
