"""`guard mask`: rows of texts, masked."""

from __future__ import annotations

import click

from guard.commands.context import file_of, progress, telling_errors
from guard.commands.rows import rows_with, write_row


@click.command()
@click.option("--jsonl", is_flag=True, required=True, help="Rows of JSON, each with 'text'.")
@click.pass_context
def mask(context: click.Context, jsonl: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Mask rows from standard input: each gains 'spans' and 'masked'."""
    del jsonl
    with telling_errors():
        from guard.library import Guard

        with Guard.from_files(file_of(context), progress=progress) as guard:
            for row in rows_with(("text",)):
                masked = guard.find_and_mask(row["text"])
                spans = [
                    {"start": s.start, "end": s.end, "entity": s.entity, "score": round(s.score, 4)}
                    for s in masked.spans
                ]
                write_row({**row, "spans": spans, "masked": masked.text})
