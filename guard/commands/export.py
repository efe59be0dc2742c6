"""`guard audit export`: the log, to where people keep their data."""

from __future__ import annotations

import secrets
import sys
import time
from typing import TYPE_CHECKING

import click

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
        from guard.audit.log import reader_of, store_of
        from guard.export import export as write
        from guard.export.places import place_of
        from guard.types import Act

        config = config_of(context)
        reader = reader_of(config)
        chosen: Form = form or "jsonl"
        place = place_of(chosen, target, reader.public_key.origin)
        told = (lambda last: progress(f"entry {last}")) if sys.stderr.isatty() else (lambda _: None)
        done = write(reader, place, content=content, progress=told)
        if done.entries:
            words = "with" if content else "without"
            note = f"entries {done.after + 1} to {done.last} as {chosen}, {words} content"
            name = f"export-{secrets.token_hex(8)}"
            act = Act(name, time.time(), actor or _user(), "command line", "export", target, note)
            store = store_of(config)
            try:
                store.append([act])
            finally:
                store.close()
        click.echo(f"{done.entries} entries were written to {target}; it has all up to entry {done.last}.")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
