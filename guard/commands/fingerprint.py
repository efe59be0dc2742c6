"""`guard fingerprint`: build an index of confidential documents or of a customer list, list it, try it out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands.context import progress, telling_errors
from guard.errors import ConfigError

if TYPE_CHECKING:
    from guard.backends import customers, folders
    from guard.types import Progress

_MOST_NAMED = 20  # files of one sort that are named before the rest are counted


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--rows", metavar="FILE", type=click.Path(path_type=Path), help="Make an index of this CSV file instead.")
@click.option(
    "--index", type=click.Path(path_type=Path), help="The index; without it, NAME.fingerprints or NAME.records."
)
@click.option("--ignore", metavar="FOLDER", type=click.Path(path_type=Path), help="What is in here is boilerplate.")
@click.option("--shared", type=click.IntRange(0), help="Text of so many documents is boilerplate; 0: none.  [2]")
@click.option(
    "--columns", metavar="A,B,…", default="", help="Columns of the CSV file; without it, those of rare values."
)
@click.option("--alone", metavar="A,B,…", default="", help="Columns whose values are recognised alone.")
@click.option("--cells", default=2, show_default=True, type=click.IntRange(2, 4), help="Cells that a row takes.")
@click.option("--list", "listing", is_flag=True, help="List what the index holds.")
@click.option("--check", metavar="FILE", help="Say what would be recognised in this file, or in standard input: -.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def fingerprint(
    *,
    folder: Path | None,
    rows: Path | None,
    index: Path | None,
    ignore: Path | None,
    shared: int | None,
    columns: str,
    alone: str,
    cells: int,
    listing: bool,
    check: str | None,
    quiet: bool,
) -> None:
    """Learn confidential documents or customers, to recognise them without keeping them.

    FOLDER holds documents: PDF, DOCX, XLSX, PPTX, HTML or text. Run it again after they change. Name the index in a
    policy under recognize.fingerprints. The exit status is 1 where a file could not be read.
    """
    with telling_errors():
        target = index or _named(folder, rows)
        if listing:
            _list(target)
        elif check:
            _check(target, check)
        elif rows:
            _learn_rows(rows, target, _said(quiet), _split(columns), _split(alone), cells)
        elif folder:
            _learn_folder(folder, target, _said(quiet), ignore, shared)
        else:
            raise click.UsageError("Name a FOLDER, or a CSV file with --rows.")


def _learn_folder(folder: Path, index: Path, say: Progress, ignore: Path | None, shared: int | None) -> None:
    from guard.backends import folders

    report = folders.build(folder, index, say, ignore=ignore, shared_from=shared)
    click.echo(_told(index, report))
    if report.unreadable:
        click.echo(f"{len(report.unreadable)} files could not be read:", err=True)
        for name, reason in list(report.unreadable.items())[:_MOST_NAMED]:
            click.echo(f"  {name}: {reason}", err=True)
        sys.exit(1)


def _told(index: Path, report: folders.Report) -> str:
    documents = [entry for entry in report.entries if entry.role == "document"]
    own, count = sum(entry.own for entry in documents), sum(entry.count for entry in documents)
    lines = [
        f"{index}: {len(documents)} documents, {own} fingerprints of their own and {count - own} of boilerplate; "
        f"{len(report.new)} new, {len(report.changed)} changed, {len(report.removed)} removed."
    ]
    little = [entry.name for entry in documents if entry.little]
    if little:
        named = ", ".join(little[:_MOST_NAMED]) + (", …" if len(little) > _MOST_NAMED else "")
        lines.append(
            f"{len(little)} documents have hardly any text of their own and will not be recognised: {named}. If they"
            " are versions of one document, keep one of them in the folder, or set --shared higher."
        )
    return "\n".join(lines)


def _learn_rows(
    file: Path, index: Path, say: Progress, columns: tuple[str, ...], alone: tuple[str, ...], cells: int
) -> None:
    from guard.backends import customers
    from guard.backends.fingerprints import key_file

    report = customers.build(file, index, say, columns=columns, alone=alone, cells=cells)
    click.echo(_told_of_rows(index, report))
    click.echo(f"Its key is {key_file(index)}: keep it away from the index's copies, and safe.")


def _told_of_rows(index: Path, report: customers.Report) -> str:
    lines = [
        f"{index}: {report.rows} rows, {report.combinations} combinations of cells; {report.alone} values stand alone. "
        f"Columns: {', '.join(report.columns)}."
    ]
    if report.lonely:
        lines.append(f"{report.lonely} rows have too few rare cells to be recognised. Name more columns.")
    if report.weak:
        lines.append(
            f"{report.weak} values are too short, or in too many rows, to be recognised alone; they count with others."
        )
    return "\n".join(lines)


def _list(index: Path) -> None:
    from guard.backends import folders

    for entry in folders.entries(index):
        click.echo(f"{entry.role:<8}  {entry.own:>8} of {entry.count:<8}  {entry.name}")


def _check(index: Path, name: str) -> None:
    from guard.backends.fingerprints import load

    text = _text(name)
    found = load(index).explain(text)
    if not found:
        click.echo("Nothing would be recognised.")
    for result, document in found:
        where = f"characters {result.start} to {result.end}, line {text.count(chr(10), 0, result.start) + 1}"
        click.echo(f"{result.entity_type}  {where}  {result.score:.2f}  {document}".rstrip())


def _text(name: str) -> str:
    from guard.backends.folders import text_of

    if name == "-":
        return text_of(sys.stdin.buffer.read(), ".txt")
    try:
        return text_of(Path(name).read_bytes(), Path(name).suffix.lower())
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read ({error.strerror}). Check the path and its rights.") from error


def _named(folder: Path | None, rows: Path | None) -> Path:
    if rows and folder:
        raise click.UsageError("Give either a FOLDER or --rows.")
    if rows:
        return Path(f"{rows.stem}.records")
    if folder:
        return Path(f"{folder.resolve().name or 'root'}.fingerprints")
    raise click.UsageError("Name a FOLDER, a CSV file with --rows, or an index with --index.")


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _said(quiet: bool) -> Progress:  # noqa: FBT001 - click passes options by name
    return (lambda _: None) if quiet else progress
