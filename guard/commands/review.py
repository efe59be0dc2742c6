"""`guard review`: rows of prompts and replies, held to the constitution."""

from __future__ import annotations

import click

from guard.commands.context import file_of, progress, telling_errors
from guard.commands.rows import rows_with, write_row


@click.command()
@click.option("--jsonl", is_flag=True, required=True, help="Rows of JSON, each with 'prompt' and 'reply'.")
@click.pass_context
def review(context: click.Context, jsonl: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Review rows from standard input: each gains 'decision' and 'verdicts'."""
    del jsonl
    with telling_errors():
        from guard.library import Guard

        with Guard.from_files(file_of(context), progress=progress) as guard:
            for row in rows_with(("prompt", "reply")):
                reviewed = guard.review(row["prompt"], row["reply"])
                verdicts = [
                    {"principle": v.principle, "score": round(v.score, 4), "fired": v.state == "fired"}
                    for v in reviewed.verdicts
                ]
                write_row({**row, "decision": reviewed.decision, "verdicts": verdicts})
