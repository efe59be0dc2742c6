"""`guard audit rotate-key`: another key signs the log from now on."""

from __future__ import annotations

from contextlib import closing

import click

from guard.commands.audit_content import steward
from guard.commands.context import config_of, telling_errors


@click.command("rotate-key")
@click.option("--prepare", is_flag=True, help="Only make the key that is to follow, to be copied to other machines.")
@click.option("--reason", help="Why, in a short sentence: it is recorded.")
@click.pass_context
def rotate_key(context: click.Context, prepare: bool, reason: str | None) -> None:  # noqa: FBT001 - click passes by name
    """Let a new key sign the log from now on. The change is an entry, signed by the old key and by the new one."""
    if prepare == (reason is not None):
        raise click.UsageError("Take either --prepare or --reason.")
    with telling_errors():
        from guard.audit import rotating
        from guard.audit.log import store_of

        config = config_of(context)
        private = (config.data / config.audit.path).with_suffix(".key")
        following = rotating.next_of(private)
        if reason is None:
            key = rotating.prepare(private)
            click.echo(f"{following}: the key {key.id.hex()}. Copy it into the data folder of every machine that")
            click.echo("writes this log, readable by guard alone. Then run, on one of them: guard audit rotate-key")
            return
        if config.audit.store != "sqlite" and not following.exists():
            raise click.ClickException(
                "Other machines may write this log, and would have to stop. Run first: guard audit rotate-key --prepare"
            )
        with closing(store_of(config)) as store:
            public = rotating.rotate(store, private, reason, steward())
        click.echo(f"The key {public.id.hex()} signs the log from now on. Hand its public half to who checks the log:")
        click.echo(str(public))
