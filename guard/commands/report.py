"""`guard report`: the governance report of a month."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands.acts import record
from guard.commands.context import config_of, progress, telling_errors

if TYPE_CHECKING:
    from guard.console.language import Language


@click.command()
@click.option("--month", help="Which, as 2026-11; the one before this by default.")
@click.option("--language", type=click.Choice(["en", "ko", "ja"]), default="en", show_default=True)
@click.option("--pdf/--no-pdf", default=True, show_default=True, help="Beside the page also a PDF.")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Check the whole log for it.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder for the files.")
@click.pass_context
def report(
    context: click.Context,
    month: str | None,
    language: Language,
    pdf: bool,  # noqa: FBT001 - click passes by name
    verify: bool,  # noqa: FBT001
    out: Path,
) -> None:
    """Write the governance report of a month as a page and as PDF."""
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.labelling import labels_of
        from guard.reporting.gathering import Month, check, gather
        from guard.reporting.scores import spoken
        from guard.reporting.writing import as_html, as_pdf

        config = config_of(context)
        wished = Month.parse(month or _last_month())
        reader = reader_of(config)
        progress(f"reading the entries of {wished.name}")
        labels = labels_of(config)
        gathered = gather(reader, wished, None if labels is None else spoken(labels))
        if verify:
            progress("verifying the log")
        page = as_html(gathered, check(reader) if verify else None, config, language)
        made = {f"guard-{wished.name}.html": page.encode()}
        if pdf:
            progress("making the PDF")
            made[f"guard-{wished.name}.pdf"] = as_pdf(page)
        _write(out, made)
        record(config, "report", wished.name, f"{language}, {'verified' if verify else 'not verified'}")
    for name in made:
        click.echo(out / name)


def _write(out: Path, made: dict[str, bytes]) -> None:
    from guard.errors import ConfigError

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in made.items():
            (out / name).write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror}). Name another folder with --out.") from error


def _last_month() -> str:
    now = datetime.fromtimestamp(time.time(), UTC)
    return f"{now.year - (now.month == 1)}-{(now.month - 2) % 12 + 1:02d}"
