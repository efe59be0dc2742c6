"""Where a text may hold a block of source code: between fences, or in lines that look like a program.

The lines decide, by a table; who is to be sure asks a model about each block as well. Prose, lists, tables, logs, stack
traces, and files of data and configuration are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard.mask.code_lines import Kind, kind

LEAST_LINES = 3
"""A block has so many lines that are not empty: an `import os` in a sentence is no block."""

DATA = frozenset({
    "console", "csv", "diff", "email", "eml", "html", "http", "ini", "json", "json5", "jsonl", "log", "logs",
    "markdown", "md", "mermaid", "none", "output", "plain", "plaintext", "properties", "rst", "shell-session", "svg",
    "terminal", "text", "toml", "traceback", "tsv", "txt", "xml", "yaml", "yml",
})  # fmt: skip
"""What is behind a fence, or what a model says of a block, where it is no source code."""

_FENCE = re.compile(r"^[ \t>]*(?P<fence>```+|~~~+)[ \t]*(?P<language>[\w+#.-]*)[^\n`]*$", re.MULTILINE)
_BLANKS = 2  # empty lines in a row within a block
_FOREIGN = 30  # neutral lines in a row within a block
_CODE_SHARE = 0.4
_SURE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Block:
    """Characters `start` to `end` of a text. `language` is what its fence says, None without one.

    `sure` says that the lines alone show a program, `likely` that they do unless it is data; else only a model knows.
    """

    start: int
    end: int
    language: str | None
    likely: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    kind: Kind


def blocks(text: str) -> list[Block]:
    """The blocks of a text that may be source code, in order, disjoint."""
    found: list[Block] = []
    last = 0
    for start, end, language, after in _fenced(text):
        found += _unfenced(text, last, start)
        if language.lower() not in DATA:
            found += _whole(text, start, end, language.lower())
        last = after
    return [*found, *_unfenced(text, last, len(text))]


def _fenced(text: str) -> Iterator[tuple[int, int, str, int]]:
    """What stands between fences: where, what the fence says, and where the closing fence ends."""
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence["fence"].startswith(opening["fence"]) and not fence["language"]:
            yield min(opening.end() + 1, fence.start()), fence.start(), opening["language"], fence.end()
            opening = None
    if opening is not None:
        yield min(opening.end() + 1, len(text)), len(text), opening["language"], len(text)


def _whole(text: str, start: int, end: int, language: str) -> Iterator[Block]:
    """A fenced block as a whole, where it is long enough."""
    lines = [line for line in _lines(text, start, end) if line.kind != "blank"]
    if len(lines) >= LEAST_LINES:
        coded = [line for line in lines if line.kind in ("strong", "weak")]
        named = bool(language) and bool(coded)
        yield Block(lines[0].start, lines[-1].end, language, len(coded) * 4 >= len(lines), named or _is_sure(lines))


def _unfenced(text: str, start: int, end: int) -> Iterator[Block]:
    """Runs of lines that look like a program, from its first to its last line of code."""
    run: list[_Line] = []
    for line in (*_lines(text, start, end), _Line(end, end, "other")):
        if line.kind == "other" or _is_idle(run, line):
            yield from _block(run)
            run = []
        else:
            run.append(line)


def _is_idle(run: Sequence[_Line], line: _Line) -> bool:
    """Whether a run ends before `line`, because too much of it was no code."""
    if line.kind in ("strong", "weak"):
        return False
    tail = run[-_FOREIGN:]
    blanks = [item.kind == "blank" for item in tail[-_BLANKS:]]
    if line.kind == "blank" and len(blanks) == _BLANKS and all(blanks):
        return True
    return len(tail) == _FOREIGN and all(item.kind in ("neutral", "blank") for item in tail)


def _block(run: Sequence[_Line]) -> Iterator[Block]:
    """The block that a run of lines makes, closing brackets included, where it has enough lines of code."""
    code = [at for at, line in enumerate(run) if line.kind in ("strong", "weak")]
    if len(code) < 2:
        return
    first, last = code[0], code[-1]
    while first and run[first - 1].kind == "neutral":
        first -= 1
    while last + 1 < len(run) and run[last + 1].kind == "neutral":
        last += 1
    lines = [line for line in run[first : last + 1] if line.kind != "blank"]
    strong = sum(line.kind == "strong" for line in lines)
    coded = strong + sum(line.kind == "weak" for line in lines)
    if len(lines) >= LEAST_LINES and coded >= 2 and strong:
        likely = strong >= 2 and coded >= max(LEAST_LINES, _CODE_SHARE * len(lines))
        yield Block(lines[0].start, lines[-1].end, None, likely, _is_sure(lines))


def _is_sure(lines: Sequence[_Line]) -> bool:
    strong = sum(line.kind == "strong" for line in lines)
    return strong >= LEAST_LINES and strong >= _SURE_SHARE * len(lines)


def _lines(text: str, start: int, end: int) -> Iterator[_Line]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        own = text[start:stop]
        indent = len(own) - len(own.lstrip())
        yield _Line(start + (indent if not own.strip() else 0), start + len(own.rstrip()), kind(own))
        start = stop + 1
