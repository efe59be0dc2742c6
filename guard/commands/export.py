"""`guard audit export`: the log, to where people keep their data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from guard.commands.acts import record
from guard.commands.context import config_of, progress, telling_errors

if TYPE_CHECKING:
    from guard.export import Form


@click.command("export")
@click.argument("target")
@click.option("--format", "form", type=click.Choice(["jsonl", "parquet", "delta"]), help="As what; jsonl by default.")
@click.option("--content/--no-content", default=False, show_default=True, help="With the masked words of exchanges.")
@click.option("--actor", default="", help="Who exports, for the log; the user of this process by default.")
@click.pass_context
def export(context: click.Context, target: str, form: Form | None, content: bool, actor: str) -> None:  # noqa: FBT001
    """Write the entries that TARGET does not have yet.

    TARGET is a folder, or for Delta Lake also an address such as s3://bucket/table.
    Run again it goes on where it ended. Each run that wrote something leaves an entry of its own in the log.
    """
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.export import export as write
        from guard.export.places import place_of

        config = config_of(context)
        reader = reader_of(config)
        chosen: Form = form or "jsonl"
        place = place_of(chosen, target, reader.public_key.origin)

        def begins(first: int) -> None:
            # On record before a word of it is anywhere else.
            words = "with" if content else "without"
            record(config, "export", target, f"from entry {first} on, as {chosen}, {words} content", actor=actor)

        told = (lambda last: progress(f"entry {last}")) if sys.stderr.isatty() else (lambda _: None)
        done = write(reader, place, content=content, begins=begins, progress=told)
        click.echo(f"{done.entries} entries were written to {target}; it has all up to entry {done.last}.")
