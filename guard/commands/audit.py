"""`guard audit`: read and check the audit log."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import click

from guard.commands.audit_content import COMMANDS, broken_open
from guard.commands.audit_key import rotate_key
from guard.commands.audit_proofs import check_proof, consistency, prove, publish, sign
from guard.commands.context import config_of, telling_errors
from guard.commands.export import export
from guard.times import instant


@click.group()
def audit() -> None:
    """Read and check the audit log."""


audit.add_command(check_proof)
audit.add_command(consistency)
audit.add_command(prove)
audit.add_command(publish)
audit.add_command(rotate_key)
audit.add_command(sign)


@audit.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest first.")
@click.pass_context
def list_exchanges(context: click.Context, limit: int) -> None:
    """List the newest exchanges."""
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.audit.showing import shown

        for row in reader_of(config_of(context)).list(limit):
            who = "/".join(part for part in (row.team, row.application, row.user) if part)
            state = f"{row.outcome}, {row.decision}" if row.outcome else "UNFINISHED"
            line = f"{row.exchange}  {instant(row.time)}  {who:<24}  {row.surface}  {row.model:<20}  {state}"
            click.echo(shown(line))


@audit.command("show")
@click.argument("exchange")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for machines.")
@click.option("--break-glass", type=click.Path(path_type=Path), help="The private key that opens encrypted content.")
@click.option("--reason", help="Why the glass is broken, in a short sentence: it is recorded.")
@click.pass_context
def audit_show(
    context: click.Context,
    exchange: str,
    as_json: bool,  # noqa: FBT001 - click passes by name
    break_glass: Path | None,
    reason: str | None,
) -> None:
    """Show one exchange: what left, what came back, the scores, what was changed and why."""
    if (break_glass is None) != (reason is None):
        raise click.UsageError("--break-glass and --reason go together.")
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.audit.proving import status
        from guard.audit.report import as_text, as_values, proof_line

        config = config_of(context)
        reader = reader_of(config)
        if break_glass is not None and reason is not None:
            recorded = broken_open(config, exchange, break_glass, reason)
        else:
            recorded = reader.show(exchange)
        if recorded is None:
            raise click.ClickException("There is no such exchange. 'guard audit list' names them.")
        with reader.state() as state:
            proof = status(state, exchange, reader.public_key)
        if as_json:
            values = {**as_values(recorded), "proof": dataclasses.asdict(proof)}
            click.echo(json.dumps(values, ensure_ascii=False, indent=2))
        else:
            click.echo(as_text(recorded))
            click.echo(proof_line(proof))


@audit.command("adopt")
@click.pass_context
def audit_adopt(context: click.Context) -> None:
    """Take what files of this machine hold, such as keys, into the PostgreSQL of the log. Stop guard here before."""
    with telling_errors():
        from guard.audit.adopting import SUFFIX
        from guard.audit.log import adopt

        taken = adopt(config_of(context))
        for name, rows in taken.items():
            click.echo(f"{rows} rows of {name}.db are in PostgreSQL. The file is {name}.db{SUFFIX} now: delete it.")
        if not taken:
            click.echo("There is nothing to take over.")


@audit.command("upgrade")
@click.option("--url-env", help="The variable with the address of a role that may create tables in PostgreSQL.")
@click.pass_context
def audit_upgrade(context: click.Context, url_env: str | None) -> None:
    """Make the tables of the log, or bring those of an older guard up to date. No entry is rewritten."""
    with telling_errors():
        from guard.audit.log import upgrade

        done = upgrade(config_of(context), url_env=url_env)
        click.echo("The log was brought up to date." if done else "The log is up to date.")


@audit.command("verify")
@click.option("--public-key", type=click.Path(path_type=Path), help="A public key kept elsewhere.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="A checkpoint kept elsewhere, to find truncation.")
@click.option(
    "--timestamps", type=click.Path(path_type=Path), help="Certificates of a time-stamp authority, to find back-dating."
)
@click.option("--processes", type=click.IntRange(1), help="How many check signatures; else as many as there are cores.")
@click.option("--tokens", type=click.Path(path_type=Path), help="A folder of time-stamps; else the one beside the log.")
@click.pass_context
def audit_verify(
    context: click.Context,
    public_key: Path | None,
    checkpoint: Path | None,
    timestamps: Path | None,
    processes: int | None,
    tokens: Path | None,
) -> None:
    """Check that no entry was altered, removed, reordered or back-dated."""
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.audit.report import stamps_of, verify

        config = config_of(context)
        reader = reader_of(config)
        stamps = stamps_of(reader, config, public_key, timestamps, tokens)
        lines, ok = verify(reader, public_key, checkpoint, stamps, processes or os.cpu_count() or 1)
        for line in lines:
            click.echo(line)
        if not ok:
            sys.exit(1)


for command in (*COMMANDS, export):
    audit.add_command(command)
